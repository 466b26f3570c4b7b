#include "client/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/values.h"

namespace sidwatch {
namespace {

constexpr int64_t kListLimitDefault = 50;

constexpr char kFooter[] =
    "Exit status: 0 done, 1 refused or not found, 2 wrong use, 3 server not\n"
    "reachable, 4 whether it was sent is not known, 5 watched to the end and\n"
    "not delivered, 130 Ctrl-C.\n";

// Takes one value of an option. What it refuses is told with the option's name.
using Taker = std::function<absl::Status(const std::string&)>;

CLI::Option* Add(CLI::App& app, const std::string& name, const char* type,
                 const std::string& help, Taker take) {
  const auto take_all = [name, take](const CLI::results_t& values) {
    for (const std::string& value : values) {
      if (const absl::Status status = take(value); !status.ok()) {
        throw CLI::ValidationError(name, std::string(status.message()));
      }
    }
    return true;
  };
  return app.add_option(name, take_all, help)->type_name(type);
}

// An option that may be given again and again, with one value each time.
CLI::Option* AddMany(CLI::App& app, const std::string& name, const char* type,
                     const std::string& help, Taker take) {
  return Add(app, name, type, help + "; repeatable", std::move(take))
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false);
}

// Takers.

Taker Into(std::string& text) {
  return [&text](const std::string& value) {
    text = value;
    return absl::OkStatus();
  };
}

Taker Into(google::protobuf::RepeatedPtrField<std::string>& texts) {
  return [&texts](const std::string& value) {
    *texts.Add() = value;
    return absl::OkStatus();
  };
}

Taker IntoSids(google::protobuf::RepeatedPtrField<std::string>& sids) {
  return [&sids](const std::string& value) {
    auto sid = ParseMessageSid(value);
    if (sid.ok()) *sids.Add() = *std::move(sid);
    return sid.status();
  };
}

Taker Into(google::protobuf::Map<std::string, std::string>& map) {
  return [&map](const std::string& text) {
    const auto value = ParseKeyValue(text);
    if (!value.ok()) return value.status();
    // Not a wish for the last one.
    if (map.contains(value->first)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", value->first, "\" is given twice"));
    }
    map[value->first] = value->second;
    return absl::OkStatus();
  };
}

// Everything the parser writes to. CLI11 binds to addresses, so this stays
// where it is until the command line has been read.
class Parser {
 public:
  Parser()
      : app_("Sends through Twilio by way of sidwatch, and watches.",
             "sidwatch") {
    app_.set_version_flag("--version", "sidwatch " SIDWATCH_VERSION "\n",
                          "Print the version and end");
    app_.set_help_flag("--help,-h", "Print this and end");
    app_.footer(kFooter);
    app_.fallthrough();
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(34);
    AddCommon();
    AddSend();
    AddWatch();
    AddGet();
    AddList();
    AddHistory();
    AddVerify();
    app_.add_subcommand("health", "Ask whether the server serves")
        ->callback([this] { line_.command = HealthCommand(); });
  }

  absl::StatusOr<CommandLine> Parse(int argc, const char* const* argv);

 private:
  void AddCommon();
  void AddSend();
  void AddWatch();
  void AddGet();
  void AddList();
  void AddHistory();
  void AddVerify();

  // What no single value shows. Throw CLI::ParseError.
  void CheckSend() const;
  void CheckWatch() const;

  std::string Explain(const CLI::ParseError& error) const;

  CLI::App app_;
  CommandLine line_;
  std::string output_ = "table";

  SendCommand send_;
  WatchCommand watch_;
  std::string since_ = "snapshot";
  bool keep_open_ = false;
  bool watch_all_ = false;
  GetCommand get_;
  ListCommand list_{.limit = kListLimitDefault};
  bool list_all_ = false;
  HistoryCommand history_;
  VerifyCommand verify_{.method = "POST",
                        .content_type = "application/x-www-form-urlencoded"};
};

void Parser::AddCommon() {
  TrackingClientOptions& client = line_.client;
  app_.add_option("--server", client.server, "Where sidwatchd serves gRPC")
      ->type_name("HOST:PORT")
      ->envname("SIDWATCH_SERVER")
      ->check([](const std::string& server) {
        return std::string(server.empty() ? "needs host:port" : "");
      })
      ->capture_default_str();
  Add(app_, "--token-file", "FILE",
      "File with the caller's token; or SIDWATCH_TOKEN",
      Into(client.token_file))
      ->check(CLI::ExistingFile);
  Add(app_, "--tls-ca", "FILE", "PEM file with whom to trust; this means TLS",
      Into(client.tls_ca_file));
  CLI::Option* cert =
      Add(app_, "--tls-cert", "FILE", "PEM file with our certificate",
          Into(client.tls_cert_file));
  CLI::Option* key = Add(app_, "--tls-key", "FILE", "PEM file with its key",
                         Into(client.tls_key_file));
  cert->needs(key);
  key->needs(cert);
  Add(app_, "--timeout", "TIME", "How long a call may take, like 500ms or 2m",
      [&client](const std::string& text) {
        const auto timeout = ParseTimeout(text);
        if (timeout.ok()) client.read_timeout = client.send_timeout = *timeout;
        return timeout.status();
      });
  app_.add_option("--output", output_, "table, json (one object a line) or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->type_name("FORMAT")
      ->capture_default_str();
}

void Parser::AddSend() {
  CLI::App& app = *app_.add_subcommand("send", "Send one message");
  v1::SendTrackedRequest& request = send_.request;
  Add(app, "--to", "N", "Whom to: +15551234567, whatsapp:+1555…",
      Into(*request.mutable_to()))
      ->required();
  CLI::Option* from =
      Add(app, "--from", "N", "The sender", Into(*request.mutable_from()));
  Add(app, "--service", "MG…", "Or a messaging service",
      Into(*request.mutable_messaging_service_sid()))
      ->excludes(from);
  Add(app, "--body", "TEXT", "The text", Into(*request.mutable_body()));
  AddMany(app, "--media", "URL", "A picture or such",
          Into(*request.mutable_media_urls()));
  AddMany(app, "--label", "KEY=VALUE", "A label to find it by",
          Into(*request.mutable_labels()));
  Add(app, "--send-at", "TIME", "2030-01-31T09:00:00Z, or +90m",
      [&request](const std::string& text) {
        const auto time = ParseSendTime(text, absl::Now());
        if (time.ok()) {
          request.mutable_send_at()->set_seconds(absl::ToUnixSeconds(*time));
        }
        return time.status();
      });
  Add(app, "--request-id", "ID",
      "The same id is at most one message; made up if absent",
      Into(*request.mutable_request_id()));
  AddMany(app, "--param", "KEY=VALUE", "A further parameter of Twilio's",
          Into(*request.mutable_extra_parameters()));
  app.add_flag("--watch", send_.watch, "Watch it until it is final");
  app.callback([this] {
    CheckSend();
    line_.command = send_;
  });
}

void Parser::AddWatch() {
  CLI::App& app = *app_.add_subcommand("watch", "Watch messages, live");
  v1::WatchStatusRequest& request = watch_.request;
  Add(app, "SID", "SM…", "Which messages",
      IntoSids(*request.mutable_message_sids()))
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args();
  AddMany(app, "--request-id", "ID", "By request id",
          Into(*request.mutable_request_ids()));
  AddMany(app, "--label", "KEY=VALUE", "All with these labels",
          [&request](const std::string& text) {
            return Into(*request.mutable_filter()->mutable_labels())(text);
          });
  app.add_flag("--all", watch_all_, "All messages there are");
  app.add_option("--since", since_, "Where to begin")
      ->check(CLI::IsMember({"snapshot", "now", "beginning"}))
      ->type_name("START")
      ->capture_default_str();
  CLI::Option* keep = app.add_flag("--keep-open", keep_open_,
                                   "Go on when all of them are final");
  app.add_flag("--until-final", watch_.until_final,
               "End when all of them are final; 5 if one failed")
      ->excludes(keep);
  app.callback([this] {
    CheckWatch();
    watch_.request.set_start(since_ == "now" ? v1::WATCH_START_NOW
                             : since_ == "beginning"
                                 ? v1::WATCH_START_BEGINNING
                                 : v1::WATCH_START_SNAPSHOT);
    watch_.request.set_keep_open(keep_open_);
    line_.command = watch_;
  });
}

void Parser::AddGet() {
  CLI::App& app = *app_.add_subcommand("get", "Show one message");
  v1::GetMessageRequest& request = get_.request;
  CLI::Option* sid = Add(app, "SID", "SM…", "Which message",
                         [&request](const std::string& text) {
                           const auto parsed = ParseMessageSid(text);
                           if (parsed.ok()) request.set_message_sid(*parsed);
                           return parsed.status();
                         });
  Add(app, "--request-id", "ID", "Or by its request id",
      [&request](const std::string& text) {
        request.set_request_id(text);
        return absl::OkStatus();
      })
      ->excludes(sid);
  app.callback([this] {
    if (get_.request.key_case() == v1::GetMessageRequest::KEY_NOT_SET) {
      throw CLI::RequiredError("SID");
    }
    line_.command = get_;
  });
}

void Parser::AddList() {
  CLI::App& app = *app_.add_subcommand("list", "List messages, newest first");
  v1::MessageFilter& filter = list_.filter;
  AddMany(app, "--status", "STATUS", "queued, delivered …",
          [&filter](const std::string& text) {
            const auto status = ParseStatus(text);
            if (status.ok()) filter.add_statuses(*status);
            return status.status();
          });
  AddMany(app, "--label", "KEY=VALUE", "With this label",
          Into(*filter.mutable_labels()));
  AddMany(app, "--from", "N", "From this sender",
          Into(*filter.mutable_senders()));
  AddMany(app, "--to", "N", "To this recipient",
          Into(*filter.mutable_recipients()));
  AddMany(app, "--error-code", "CODE", "30003 …",
          [&filter](const std::string& text) {
            const auto code = ParsePositive(text);
            if (code.ok()) filter.add_error_codes(*code);
            return code.status();
          });
  CLI::Option* limit =
      Add(app, "--limit", "N",
          absl::StrCat("How many at most, ", kListLimitDefault, " if not said"),
          [this](const std::string& text) {
            const auto number = ParsePositive(text);
            if (number.ok()) list_.limit = *number;
            return number.status();
          });
  app.add_flag("--all", list_all_, "However many there are")->excludes(limit);
  app.callback([this] {
    if (list_all_) list_.limit = 0;
    line_.command = list_;
  });
}

void Parser::AddHistory() {
  CLI::App& app =
      *app_.add_subcommand("history", "Show what became of one message");
  Add(app, "SID", "SM…", "Which message", [this](const std::string& text) {
    const auto parsed = ParseMessageSid(text);
    if (parsed.ok()) history_.message_sid = *parsed;
    return parsed.status();
  })->required();
  app.callback([this] { line_.command = history_; });
}

void Parser::AddVerify() {
  CLI::App& app = *app_.add_subcommand(
      "verify", "Check a captured callback with TWILIO_AUTH_TOKEN");
  Add(app, "--url", "URL", "The URL as Twilio called it", Into(verify_.url))
      ->required();
  Add(app, "--signature", "S", "X-Twilio-Signature", Into(verify_.signature))
      ->required();
  app.add_option("--method", verify_.method, "POST or GET")
      ->transform(CLI::IsMember({"POST", "GET"}, CLI::ignore_case))
      ->type_name("METHOD")
      ->capture_default_str();
  app.add_option("--content-type", verify_.content_type, "Of the body")
      ->type_name("TYPE")
      ->capture_default_str();
  Add(app, "--body-file", "FILE", "The raw body; - for standard input",
      Into(verify_.body_file));
  app.callback([this] { line_.command = verify_; });
}

void Parser::CheckSend() const {
  const v1::SendTrackedRequest& request = send_.request;
  if (request.body().empty() && request.media_urls().empty() &&
      request.extra_parameters().empty()) {
    throw CLI::RequiredError("--body, --media or --param");
  }
}

void Parser::CheckWatch() const {
  const v1::WatchStatusRequest& request = watch_.request;
  const int ways = (request.message_sids().empty() ? 0 : 1) +
                   (request.request_ids().empty() ? 0 : 1) +
                   (request.has_filter() ? 1 : 0) + (watch_all_ ? 1 : 0);
  if (ways != 1) {
    throw CLI::ValidationError(
        "watch", ways == 0
                     ? "say what: SIDs, --request-id, --label or --all"
                     : "give one of SIDs, --request-id, --label and --all");
  }
}

std::string Parser::Explain(const CLI::ParseError& error) const {
  for (const CLI::App* command : app_.get_subcommands()) {
    return absl::StrCat(error.what(), "\nSee: sidwatch ", command->get_name(),
                        " --help");
  }
  std::vector<std::string> known;
  for (const CLI::App* command : app_.get_subcommands({})) {
    known.push_back(command->get_name());
  }
  // No command was understood: the first word that is no flag was meant.
  const std::vector<std::string> words = app_.remaining();
  const auto word =
      std::find_if(words.begin(), words.end(),
                   [](const std::string& text) { return text[0] != '-'; });
  if (word == words.end()) {
    return absl::StrCat(error.get_name() == "RequiredError"
                            ? "say what to do: send, watch, get, list …"
                            : error.what(),
                        "\nSee: sidwatch --help");
  }
  const std::string meant = NearestWord(*word, known);
  return absl::StrCat("there is no command \"", *word, "\"",
                      meant.empty() ? "\nSee: sidwatch --help"
                                    : "; did you mean " + meant + "?");
}

absl::StatusOr<CommandLine> Parser::Parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      return absl::InvalidArgumentError(Explain(error));
    }
    std::ostringstream text, ignored;
    app_.exit(error, text, ignored);
    line_.command = ShowCommand{.text = text.str()};
  }
  line_.output = output_ == "json"  ? OutputFormat::kJson
                 : output_ == "csv" ? OutputFormat::kCsv
                                    : OutputFormat::kTable;
  const char* token = std::getenv("SIDWATCH_TOKEN");
  if (token != nullptr && line_.client.token_file.empty()) {
    line_.client.token = token;
  }
  return line_;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc,
                                             const char* const* argv) {
  return Parser().Parse(argc, argv);
}

}  // namespace sidwatch
