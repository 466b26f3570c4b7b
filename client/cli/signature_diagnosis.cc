#include "client/cli/signature_diagnosis.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/webhook/form_parameters.h"
#include "server/webhook/request_validator.h"

namespace sidwatch {
namespace {

constexpr char kForm[] = "application/x-www-form-urlencoded";
constexpr char kJson[] = "application/json";

// What people run web servers and tunnels on.
constexpr const char* kPorts[] = {"",     "80",   "443",  "3000", "4040",
                                  "5000", "8000", "8080", "8443", "9000"};

// The request, changed in some ways that `changes` names.
struct Variant {
  CapturedRequest request;
  std::vector<std::string> changes;
};

Variant Changed(const Variant& from, std::string change) {
  Variant variant = from;
  variant.changes.push_back(std::move(change));
  return variant;
}

SignatureFault Check(const CapturedRequest& captured) {
  const auto form = ParseForm(captured.body);
  const Parameters parameters = form.ok() ? *form : Parameters();
  const RequestValidator validator({captured.auth_token});
  return validator
      .Validate(
          {.url = captured.url,
           .body_kind = SignedBodyOf(captured.method, captured.content_type),
           .body = captured.body,
           .form = &parameters,
           .signature = captured.signature})
      .fault;
}

// "https://host" + ":8080" + "/path?query". No port for what is no URL.
struct Pieces {
  std::string origin;
  std::string port;  // digits
  std::string rest;
};

Pieces Split(const std::string& url) {
  const size_t mark = url.find("://");
  if (mark == std::string::npos) return {.rest = url};
  const size_t end = std::min(url.find_first_of("/?#", mark + 3), url.size());
  Pieces pieces = {.origin = url.substr(0, end), .rest = url.substr(end)};
  const size_t digits = pieces.origin.find_last_not_of("0123456789") + 1;
  if (pieces.origin[digits - 1] == ':' && digits > mark + 3) {
    pieces.port = pieces.origin.substr(digits);
    pieces.origin.resize(digits - 1);
  }
  return pieces;
}

// Each of these adds to `out` the variants of `from` that it knows.

void AddSchemes(const Variant& from, std::vector<Variant>& out) {
  const absl::string_view url = from.request.url;
  for (const auto& [scheme, other] :
       {std::pair("http://", "https://"), std::pair("https://", "http://")}) {
    if (!absl::StartsWith(url, scheme)) continue;
    Variant variant = Changed(from, absl::StrCat("with ", other));
    variant.request.url = absl::StrCat(other, absl::StripPrefix(url, scheme));
    out.push_back(std::move(variant));
  }
}

void AddPorts(const Variant& from, std::vector<Variant>& out) {
  const Pieces pieces = Split(from.request.url);
  if (pieces.origin.empty()) return;
  for (const absl::string_view port : kPorts) {
    if (port == pieces.port) continue;
    const std::string written = port.empty() ? "" : absl::StrCat(":", port);
    Variant variant = Changed(
        from, port.empty() ? "without a port" : absl::StrCat("with ", written));
    variant.request.url = absl::StrCat(pieces.origin, written, pieces.rest);
    out.push_back(std::move(variant));
  }
}

void AddSlashes(const Variant& from, std::vector<Variant>& out) {
  const std::string& url = from.request.url;
  const size_t end = std::min(url.find_first_of("?#"), url.size());
  const bool has_slash = end > 0 && url[end - 1] == '/';
  Variant variant = Changed(
      from, has_slash ? "without the trailing slash" : "with a trailing slash");
  if (has_slash) {
    variant.request.url.erase(end - 1, 1);
  } else {
    variant.request.url.insert(end, "/");
  }
  out.push_back(std::move(variant));
}

void AddQueryless(const Variant& from, std::vector<Variant>& out) {
  const size_t mark = from.request.url.find('?');
  if (mark == std::string::npos) return;
  Variant variant = Changed(from, "without its query");
  variant.request.url.resize(mark);
  out.push_back(std::move(variant));
}

void AddBodies(const Variant& from, std::vector<Variant>& out) {
  const std::string& body = from.request.body;
  const size_t size = body.find_last_not_of("\r\n") + 1;
  if (size < body.size()) {
    Variant variant = Changed(from, "without the line end after the body");
    variant.request.body.resize(size);
    out.push_back(std::move(variant));
  }
  // Of JSON the URL's hash alone is signed: without its body it always fits.
  if (body.empty() ||
      SignedBodyOf(from.request.method, from.request.content_type) ==
          SignedBody::kJson) {
    return;
  }
  Variant variant = Changed(from, "without the body (as for a GET)");
  variant.request.body.clear();
  variant.request.method = "GET";
  out.push_back(std::move(variant));
}

void AddKinds(const Variant& from, std::vector<Variant>& out) {
  const CapturedRequest& request = from.request;
  const SignedBody kind = SignedBodyOf(request.method, request.content_type);
  for (const auto& [other, type] : {std::pair(SignedBody::kForm, kForm),
                                    std::pair(SignedBody::kJson, kJson)}) {
    if (kind == other) continue;
    Variant variant = Changed(from, absl::StrCat("as a POST of ", type));
    variant.request.method = "POST";
    variant.request.content_type = type;
    out.push_back(std::move(variant));
  }
}

void AddTokens(const Variant& from, std::vector<Variant>& out) {
  const std::string token(absl::StripAsciiWhitespace(from.request.auth_token));
  if (token == from.request.auth_token) return;
  Variant variant =
      Changed(from, "without the blanks around TWILIO_AUTH_TOKEN");
  variant.request.auth_token = token;
  out.push_back(std::move(variant));
}

std::vector<Variant> OneChangeMore(const std::vector<Variant>& variants) {
  std::vector<Variant> more;
  for (const Variant& from : variants) {
    for (const auto& add : {AddSchemes, AddPorts, AddSlashes, AddQueryless,
                            AddBodies, AddKinds, AddTokens}) {
      add(from, more);
    }
  }
  return more;
}

// How many changes at once are worth trying.
int ChangesMax(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kMissing:
    case SignatureFault::kMalformed:
      return 0;
    case SignatureFault::kBodyHash:
      return 1;
    default:
      return 2;
  }
}

std::string ExplainFault(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kMissing:
      return "there is no signature";
    case SignatureFault::kMalformed:
      return "this is no signature of Twilio's: it must be 28 characters of "
             "base64 that end with =";
    case SignatureFault::kUnverifiable:
      return absl::StrCat(
          "no signature covers a body of this content type; "
          "Twilio signs ",
          kForm, " and ", kJson);
    case SignatureFault::kBodyHash:
      return "the body is not the one that bodySHA256 in the URL was made of";
    default:
      return "it fits no usual variation of the request. Most likely the "
             "token is another one (each account and subaccount has its own), "
             "or the body or the URL was changed on the way";
  }
}

}  // namespace

Diagnosis Diagnose(const CapturedRequest& request) {
  const SignatureFault fault = Check(request);
  if (fault == SignatureFault::kNone) {
    return {.genuine = true,
            .text = "genuine: signed with this token for this request"};
  }
  const int changes_max = ChangesMax(fault);
  std::vector<Variant> variants = {{.request = request}};
  for (int changes = 1; changes <= changes_max; ++changes) {
    variants = OneChangeMore(variants);
    for (const Variant& variant : variants) {
      if (Check(variant.request) != SignatureFault::kNone) continue;
      return {.text = absl::StrCat("not genuine as given, but the signature "
                                   "fits ",
                                   absl::StrJoin(variant.changes, " and "),
                                   "\nURL that fits: ", variant.request.url)};
    }
  }
  return {.text = absl::StrCat("not genuine: ", ExplainFault(fault))};
}

}  // namespace sidwatch
