#include "client/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
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

// A value check that CLI11 runs and whose complaint names the flag.
template <typename Parse>
CLI::Validator Checked(Parse parse) {
  return CLI::Validator(
      [parse](std::string& text) {
        const auto value = parse(text);
        return value.ok() ? std::string()
                          : std::string(value.status().message());
      },
      "");
}

template <typename Map>
void CopyInto(const std::vector<std::string>& texts, Map& map) {
  // Each is well-formed, or CLI11 would not have come so far.
  const auto values = ParseKeyValues(texts);
  for (const auto& [key, value] : *values) map[key] = value;
}

// Two equal keys are a mistake of the caller, not a wish for the last one.
void RefuseRepeatedKeys(CLI::Option* option,
                        const std::vector<std::string>& texts) {
  const auto values = ParseKeyValues(texts);
  if (!values.ok()) {
    throw CLI::ValidationError(option->get_name(),
                               std::string(values.status().message()));
  }
}

CLI::Option* AddKeyValues(CLI::App& app, const std::string& name,
                          std::vector<std::string>& texts,
                          const std::string& help) {
  return app.add_option(name, texts, help)
      ->type_name("KEY=VALUE")
      ->check(Checked(ParseKeyValue))
      ->type_size(1)
      ->allow_extra_args(false);
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
    health_ = app_.add_subcommand("health", "Ask whether the server serves");
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
  void CheckSend();
  void CheckWatch();

  Command ReadCommand();
  SendCommand ReadSend();
  WatchCommand ReadWatch();
  GetCommand ReadGet();
  ListCommand ReadList();

  std::string Explain(const CLI::ParseError& error);

  CLI::App app_;
  CommandLine line_;
  std::string output_ = "table";
  std::string timeout_;

  CLI::App* send_ = nullptr;
  CLI::App* watch_ = nullptr;
  CLI::App* get_ = nullptr;
  CLI::App* list_ = nullptr;
  CLI::App* history_ = nullptr;
  CLI::App* verify_ = nullptr;
  CLI::App* health_ = nullptr;

  // What several commands have.
  std::vector<std::string> sids_;
  std::vector<std::string> request_ids_;
  std::vector<std::string> labels_;
  std::vector<std::string> senders_;
  std::vector<std::string> recipients_;
  bool all_ = false;

  // send
  std::string to_, from_, service_, body_, send_at_, request_id_;
  std::vector<std::string> media_, params_;
  bool watch_sent_ = false;

  // watch
  std::string since_ = "snapshot";
  bool keep_open_ = false;
  bool until_final_ = false;

  // list
  std::vector<std::string> statuses_;
  std::vector<int> error_codes_;
  int64_t limit_ = kListLimitDefault;

  VerifyCommand verify_command_;
};

void Parser::AddCommon() {
  TrackingClientOptions& client = line_.client;
  app_.add_option("--server", client.server, "Where sidwatchd serves gRPC")
      ->type_name("HOST:PORT")
      ->envname("SIDWATCH_SERVER")
      ->capture_default_str();
  app_.add_option("--token-file", client.token_file,
                  "File with the caller's token; or SIDWATCH_TOKEN")
      ->type_name("FILE");
  app_.add_option("--tls-ca", client.tls_ca_file,
                  "PEM file with whom to trust; this means TLS")
      ->type_name("FILE");
  CLI::Option* cert = app_.add_option("--tls-cert", client.tls_cert_file,
                                      "PEM file with our certificate")
                          ->type_name("FILE");
  CLI::Option* key =
      app_.add_option("--tls-key", client.tls_key_file, "PEM file with its key")
          ->type_name("FILE");
  cert->needs(key);
  key->needs(cert);
  app_.add_option("--timeout", timeout_,
                  "How long a call may take, like 500ms or 2m")
      ->type_name("TIME")
      ->check(Checked(ParseTimeout));
  app_.add_option("--output", output_, "table, json (one object a line) or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
}

void Parser::AddSend() {
  send_ = app_.add_subcommand("send", "Send one message");
  send_->add_option("--to", to_, "Whom to: +15551234567, whatsapp:+1555…")
      ->type_name("N")
      ->required();
  CLI::Option* from =
      send_->add_option("--from", from_, "The sender")->type_name("N");
  send_->add_option("--service", service_, "Or a messaging service, MG…")
      ->type_name("MG")
      ->excludes(from);
  send_->add_option("--body", body_, "The text")->type_name("TEXT");
  send_->add_option("--media", media_, "URL of a picture or such; repeatable")
      ->type_name("URL")
      ->type_size(1)
      ->allow_extra_args(false);
  AddKeyValues(*send_, "--label", labels_, "A label to find it by; repeatable");
  send_->add_option("--send-at", send_at_, "2030-01-31T09:00:00Z, or +90m")
      ->type_name("TIME")
      ->check(Checked([](absl::string_view text) {
        return ParseSendTime(text, absl::UnixEpoch());
      }));
  send_
      ->add_option("--request-id", request_id_,
                   "The same id is at most one message; made up if absent")
      ->type_name("ID");
  AddKeyValues(*send_, "--param", params_,
               "A further parameter of Twilio's; repeatable");
  send_->add_flag("--watch", watch_sent_, "Watch it until it is final");
}

void Parser::AddWatch() {
  watch_ = app_.add_subcommand("watch", "Watch messages, live");
  watch_->add_option("SID", sids_, "Which messages")
      ->type_name("SM…")
      ->check(Checked(ParseMessageSid));
  watch_->add_option("--request-id", request_ids_, "By request id; repeatable")
      ->type_size(1)
      ->allow_extra_args(false);
  AddKeyValues(*watch_, "--label", labels_,
               "All messages with this label; repeatable, all must match");
  watch_->add_flag("--all", all_, "All messages there are");
  watch_->add_option("--since", since_, "Where to begin")
      ->check(CLI::IsMember({"snapshot", "now", "beginning"}))
      ->capture_default_str();
  CLI::Option* keep_open = watch_->add_flag("--keep-open", keep_open_,
                                            "Go on when all of them are final");
  watch_
      ->add_flag("--until-final", until_final_,
                 "End when all of them are final; 5 if one failed")
      ->excludes(keep_open);
}

void Parser::AddGet() {
  get_ = app_.add_subcommand("get", "Show one message");
  CLI::Option* sid = get_->add_option("SID", sids_, "Which message")
                         ->expected(1)
                         ->type_name("SM…")
                         ->check(Checked(ParseMessageSid));
  get_->add_option("--request-id", request_id_, "Or by its request id")
      ->excludes(sid);
}

void Parser::AddList() {
  list_ = app_.add_subcommand("list", "List messages, newest first");
  list_->add_option("--status", statuses_, "queued, delivered …; repeatable")
      ->type_name("STATUS")
      ->check(Checked(ParseStatus))
      ->type_size(1)
      ->allow_extra_args(false);
  AddKeyValues(*list_, "--label", labels_, "With this label; repeatable");
  list_->add_option("--from", senders_, "From this sender; repeatable")
      ->type_size(1)
      ->allow_extra_args(false);
  list_->add_option("--to", recipients_, "To this recipient; repeatable")
      ->type_size(1)
      ->allow_extra_args(false);
  list_->add_option("--error-code", error_codes_, "30003 …; repeatable")
      ->type_name("CODE")
      ->type_size(1)
      ->allow_extra_args(false);
  CLI::Option* limit = list_->add_option("--limit", limit_, "How many at most")
                           ->type_name("N")
                           ->check(CLI::PositiveNumber)
                           ->capture_default_str();
  list_->add_flag("--all", all_, "However many there are")->excludes(limit);
}

void Parser::AddHistory() {
  history_ = app_.add_subcommand("history", "Show what became of one message");
  history_->add_option("SID", sids_, "Which message")
      ->required()
      ->expected(1)
      ->type_name("SM…")
      ->check(Checked(ParseMessageSid));
}

void Parser::AddVerify() {
  verify_ = app_.add_subcommand(
      "verify", "Check a captured callback with TWILIO_AUTH_TOKEN");
  VerifyCommand& command = verify_command_;
  verify_->add_option("--url", command.url, "The URL as Twilio called it")
      ->type_name("URL")
      ->required();
  verify_->add_option("--signature", command.signature, "X-Twilio-Signature")
      ->type_name("S")
      ->required();
  command.method = "POST";
  verify_->add_option("--method", command.method, "POST or GET")
      ->check(CLI::IsMember({"POST", "GET"}, CLI::ignore_case))
      ->capture_default_str();
  command.content_type = "application/x-www-form-urlencoded";
  verify_->add_option("--content-type", command.content_type, "Of the body")
      ->type_name("TYPE")
      ->capture_default_str();
  verify_
      ->add_option("--body-file", command.body_file,
                   "The raw body; - for standard input")
      ->type_name("FILE");
}

void Parser::CheckSend() {
  if (body_.empty() && media_.empty() && params_.empty()) {
    throw CLI::RequiredError("--body, --media or --param");
  }
  RefuseRepeatedKeys(send_->get_option("--label"), labels_);
  RefuseRepeatedKeys(send_->get_option("--param"), params_);
}

void Parser::CheckWatch() {
  RefuseRepeatedKeys(watch_->get_option("--label"), labels_);
  const int ways = (sids_.empty() ? 0 : 1) + (request_ids_.empty() ? 0 : 1) +
                   (labels_.empty() ? 0 : 1) + (all_ ? 1 : 0);
  if (ways != 1) {
    throw CLI::ValidationError(
        "watch", ways == 0
                     ? "say what: SIDs, --request-id, --label or --all"
                     : "give one of SIDs, --request-id, --label and --all");
  }
}

SendCommand Parser::ReadSend() {
  SendCommand command{.watch = watch_sent_};
  v1::SendTrackedRequest& request = command.request;
  request.set_to(to_);
  request.set_from(from_);
  request.set_messaging_service_sid(service_);
  request.set_body(body_);
  request.set_request_id(request_id_);
  for (const std::string& url : media_) request.add_media_urls(url);
  CopyInto(labels_, *request.mutable_labels());
  CopyInto(params_, *request.mutable_extra_parameters());
  if (!send_at_.empty()) {
    const absl::Time time = *ParseSendTime(send_at_, absl::Now());
    request.mutable_send_at()->set_seconds(absl::ToUnixSeconds(time));
  }
  return command;
}

WatchCommand Parser::ReadWatch() {
  WatchCommand command{.until_final = until_final_};
  v1::WatchStatusRequest& request = command.request;
  for (const std::string& sid : sids_) {
    request.add_message_sids(*ParseMessageSid(sid));
  }
  for (const std::string& id : request_ids_) request.add_request_ids(id);
  if (!labels_.empty()) {
    CopyInto(labels_, *request.mutable_filter()->mutable_labels());
  }
  request.set_start(since_ == "now"         ? v1::WATCH_START_NOW
                    : since_ == "beginning" ? v1::WATCH_START_BEGINNING
                                            : v1::WATCH_START_SNAPSHOT);
  request.set_keep_open(keep_open_);
  return command;
}

GetCommand Parser::ReadGet() {
  GetCommand command;
  if (sids_.empty()) {
    command.request.set_request_id(request_id_);
  } else {
    command.request.set_message_sid(*ParseMessageSid(sids_[0]));
  }
  return command;
}

ListCommand Parser::ReadList() {
  ListCommand command{.limit = all_ ? 0 : limit_};
  v1::MessageFilter& filter = command.filter;
  for (const std::string& text : statuses_) {
    filter.add_statuses(*ParseStatus(text));
  }
  CopyInto(labels_, *filter.mutable_labels());
  for (const std::string& sender : senders_) filter.add_senders(sender);
  for (const std::string& number : recipients_) filter.add_recipients(number);
  for (const int code : error_codes_) filter.add_error_codes(code);
  return command;
}

Command Parser::ReadCommand() {
  if (send_->parsed()) {
    CheckSend();
    return ReadSend();
  }
  if (watch_->parsed()) {
    CheckWatch();
    return ReadWatch();
  }
  if (get_->parsed()) {
    if (sids_.empty() && request_id_.empty()) throw CLI::RequiredError("SID");
    return ReadGet();
  }
  if (list_->parsed()) {
    RefuseRepeatedKeys(list_->get_option("--label"), labels_);
    return ReadList();
  }
  if (history_->parsed()) {
    return HistoryCommand{.message_sid = *ParseMessageSid(sids_[0])};
  }
  if (verify_->parsed()) {
    VerifyCommand& command = verify_command_;
    command.method = absl::AsciiStrToUpper(command.method);
    return command;
  }
  return HealthCommand{};
}

std::string Parser::Explain(const CLI::ParseError& error) {
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
    line_.command = ReadCommand();
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
  if (!timeout_.empty()) {
    line_.client.read_timeout = line_.client.send_timeout =
        *ParseTimeout(timeout_);
  }
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
