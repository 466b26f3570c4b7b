#ifndef SIDWATCH_SERVER_WEBHOOK_PUBLIC_URL_H_
#define SIDWATCH_SERVER_WEBHOOK_PUBLIC_URL_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// The paths that Twilio calls.
inline constexpr absl::string_view kStatusRoute = "/twilio/status";
inline constexpr absl::string_view kInboundRoute = "/twilio/inbound";
inline constexpr absl::string_view kEventsRoute = "/twilio/events";

// Our base URL as Twilio sees and signs it (the setting public-url).
//
// An ingress may pass the path of the base URL on or cut it off; both work
// (CONTRACT 3). A target that begins with that path and goes on with one of
// our routes came whole and is appended to the origin; any other is appended
// to the whole base URL.
//
// Thread safety: immutable.
class PublicUrl {
 public:
  // Errors: INVALID_ARGUMENT, saying what is wrong: no http(s) URL, http to a
  // host that is not loopback, a query. A fragment and slashes at the end are
  // dropped: Twilio signs no fragment.
  static absl::StatusOr<PublicUrl> Parse(absl::string_view text);

  // The URL that Twilio called when `target` (raw, with its query) arrived.
  std::string UrlOf(absl::string_view target) const;

  // The one of our routes that `path` (raw, without query) is, with or without
  // the base URL's own path; "" when it is none. Compared byte by byte.
  absl::string_view RouteOf(absl::string_view path) const;

  // Without a slash at the end.
  const std::string& text() const { return text_; }

 private:
  PublicUrl(std::string text, size_t origin_size)
      : text_(std::move(text)), origin_size_(origin_size) {}

  // What stands behind the base URL's own path when `path` begins with it and
  // goes on with one of our routes; else "".
  absl::string_view RouteBehindBase(absl::string_view path) const;
  absl::string_view base_path() const {
    return absl::string_view(text_).substr(origin_size_);
  }

  std::string text_;
  size_t origin_size_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_PUBLIC_URL_H_
