#include "server/watch/resume_token.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "base/ids.h"

namespace sidwatch {
namespace {

// Layout: version, flags, sequence (big endian), store, selection, check sum.
constexpr char kVersion = 1;
constexpr char kSnapshotPending = 1;
constexpr size_t kSequenceAt = 2;
constexpr size_t kStoreAt = kSequenceAt + sizeof(int64_t);
constexpr size_t kSelectionAt =
    kStoreAt + std::tuple_size_v<ResumeToken::Fingerprint>;
constexpr size_t kCheckSumAt =
    kSelectionAt + std::tuple_size_v<ResumeToken::Fingerprint>;
constexpr size_t kCheckSumSize = 8;
constexpr size_t kTokenSize = kCheckSumAt + kCheckSumSize;

std::string CheckSum(absl::string_view payload) {
  return Sha256(absl::StrCat("sidwatch resume token:", payload))
      .substr(0, kCheckSumSize);
}

ResumeToken::Fingerprint ReadFingerprint(absl::string_view bytes) {
  ResumeToken::Fingerprint fingerprint;
  std::copy_n(bytes.begin(), fingerprint.size(), fingerprint.begin());
  return fingerprint;
}

absl::string_view View(const ResumeToken::Fingerprint& fingerprint) {
  return absl::string_view(fingerprint.data(), fingerprint.size());
}

void AppendInt64(std::string& out, int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

int64_t ReadInt64(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return static_cast<int64_t>(value);
}

// Texts and lists go in with their lengths, so that no two selections give
// the same bytes.
void AppendText(std::string& out, absl::string_view text) {
  AppendInt64(out, static_cast<int64_t>(text.size()));
  out.append(text.data(), text.size());
}

void AppendSet(std::string& out, std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  AppendInt64(out, static_cast<int64_t>(texts.size()));
  for (const std::string& text : texts) AppendText(out, text);
}

void AppendTime(std::string& out, const std::optional<absl::Time>& time) {
  out.push_back(time.has_value() ? 1 : 0);
  if (time) AppendInt64(out, absl::ToUnixNanos(*time));
}

template <typename T, typename ToText>
std::vector<std::string> Texts(const std::vector<T>& values, ToText to_text) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const T& value : values) texts.push_back(to_text(value));
  return texts;
}

std::string Canonical(const MessageSids& sids) {
  std::string out = "message_sids";
  AppendSet(out, Texts(sids.sids, [](const MessageSid& sid) {
              return std::string(sid.blob());
            }));
  return out;
}

std::string Canonical(const RequestIds& ids) {
  std::string out = "request_ids";
  AppendText(out, ids.account_sid);
  AppendSet(out, ids.request_ids);
  return out;
}

std::string Canonical(const MessageFilter& filter) {
  std::string out = "filter";
  AppendSet(out, filter.account_sids);
  AppendSet(out, Texts(filter.statuses, [](const StatusText& status) {
              return status.ToString();
            }));
  AppendInt64(out, static_cast<int64_t>(filter.labels.size()));
  for (const auto& [key, value] : filter.labels) {
    AppendText(out, key);
    AppendText(out, value);
  }
  AppendSet(out, filter.senders);
  AppendSet(out, filter.recipients);
  AppendSet(out, Texts(filter.error_codes,
                       [](int code) { return absl::StrCat(code); }));
  AppendText(out, filter.direction);
  out.push_back(filter.final_only ? 1 : 0);
  AppendTime(out, filter.create_time_from);
  AppendTime(out, filter.create_time_to);
  return out;
}

absl::Status TokenError(absl::string_view reason, absl::string_view problem) {
  return DetailedError(absl::StatusCode::kInvalidArgument,
                       absl::StrCat("resume_token: ", problem),
                       {.reason = std::string(reason),
                        .fields = {{"resume_token", std::string(problem)}}});
}

absl::Status TokenInvalidError() {
  return TokenError("TOKEN_INVALID",
                    "is not one of this service's, or is damaged; give the "
                    "bytes of a response as they came, or start without one");
}

}  // namespace

ResumeToken::Fingerprint FingerprintOf(absl::string_view store_identity) {
  return ReadFingerprint(Sha256(store_identity));
}

ResumeToken::Fingerprint FingerprintOf(const Selection& selection) {
  return ReadFingerprint(Sha256(std::visit(
      [](const auto& chosen) { return Canonical(chosen); }, selection)));
}

std::string ToBytes(const ResumeToken& token) {
  std::string bytes;
  bytes.reserve(kTokenSize);
  bytes.push_back(kVersion);
  bytes.push_back(token.snapshot_pending ? kSnapshotPending : 0);
  AppendInt64(bytes, token.sequence);
  absl::StrAppend(&bytes, View(token.store), View(token.selection));
  absl::StrAppend(&bytes, CheckSum(bytes));
  return bytes;
}

absl::StatusOr<ResumeToken> ParseResumeToken(absl::string_view bytes) {
  if (bytes.size() != kTokenSize || bytes[0] != kVersion ||
      bytes.substr(kCheckSumAt) != CheckSum(bytes.substr(0, kCheckSumAt))) {
    return TokenInvalidError();
  }
  const char flags = bytes[1];
  const int64_t sequence = ReadInt64(bytes.substr(kSequenceAt));
  // Only somebody who computed the check sum himself comes this far with
  // these.
  if ((flags & ~kSnapshotPending) != 0 || sequence < 0) {
    return TokenInvalidError();
  }
  return ResumeToken{.store = ReadFingerprint(bytes.substr(kStoreAt)),
                     .selection = ReadFingerprint(bytes.substr(kSelectionAt)),
                     .sequence = sequence,
                     .snapshot_pending = (flags & kSnapshotPending) != 0};
}

absl::Status CheckSelection(const ResumeToken& token,
                            const ResumeToken::Fingerprint& selection) {
  if (token.selection == selection) return absl::OkStatus();
  return TokenError("SELECTOR_MISMATCH",
                    "was given for other message_sids, request_ids or filter; "
                    "ask for the same ones, or start without it");
}

absl::Status CheckPosition(const ResumeToken& token,
                           const LogPosition& position) {
  if (token.store != FingerprintOf(position.identity) ||
      token.sequence > position.last_sequence) {
    return DetailedError(
        absl::StatusCode::kFailedPrecondition,
        "resume_token was given by another store, or by this one before it "
        "was restored; start without it",
        {.reason = "STORE_CHANGED"});
  }
  // A snapshot that starts again needs nothing of the log before it.
  if (token.snapshot_pending) return absl::OkStatus();
  if (token.sequence < position.trimmed_sequence) return TokenExpiredError();
  return absl::OkStatus();
}

absl::Status TokenExpiredError() {
  return DetailedError(absl::StatusCode::kOutOfRange,
                       "events after this resume_token are gone by retention; "
                       "start without it",
                       {.reason = "TOKEN_EXPIRED"});
}

}  // namespace sidwatch
