#include "tests/emulator/faults.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace sidwatch {
namespace {

using Json = nlohmann::json;

constexpr double kDelayMsMax = 24.0 * 3600 * 1000;

struct Rate {
  const char* key;
  double Faults::*member;
};
constexpr Rate kRates[] = {
    {"reorder", &Faults::reorder},
    {"duplicate", &Faults::duplicate},
    {"drop", &Faults::drop},
    {"bad_signature", &Faults::bad_signature},
    {"reply_429", &Faults::reply_429},
    {"reply_5xx", &Faults::reply_5xx},
    {"hang", &Faults::hang},
    {"accept_then_drop", &Faults::accept_then_drop},
    {"callback_before_reply", &Faults::callback_before_reply},
};

absl::Status BadValue(absl::string_view key, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("fault \"", key, "\": must be ", wanted));
}

absl::StatusOr<double> NumberIn(absl::string_view key, const Json& value,
                                double max, absl::string_view wanted) {
  if (!value.is_number()) return BadValue(key, wanted);
  const auto number = value.get<double>();
  if (!(number >= 0 && number <= max)) return BadValue(key, wanted);
  return number;
}

absl::StatusOr<double> RateIn(absl::string_view key, const Json& value) {
  return NumberIn(key, value, 1, "a rate from 0 to 1");
}

absl::Status ReadErrorCodes(const Json& value, Faults& faults) {
  if (!value.is_object()) {
    return BadValue("error_codes", "an object of error code and rate");
  }
  double sum = 0;
  for (const auto& [text, rate_value] : value.items()) {
    int code = 0;
    if (!absl::SimpleAtoi(text, &code) || code <= 0) {
      return BadValue("error_codes", "an object of error code and rate");
    }
    const absl::StatusOr<double> rate =
        RateIn(absl::StrCat("error_codes.", text), rate_value);
    if (!rate.ok()) return rate.status();
    faults.error_codes[code] = *rate;
    sum += *rate;
  }
  if (sum > 1) return BadValue("error_codes", "rates whose sum is at most 1");
  return absl::OkStatus();
}

absl::Status ReadFault(const std::string& key, const Json& value,
                       Faults& faults) {
  if (key == "error_codes") return ReadErrorCodes(value, faults);
  if (key == "delay_ms") {
    const absl::StatusOr<double> delay = NumberIn(
        key, value, kDelayMsMax, "a number of milliseconds, at most a day");
    if (!delay.ok()) return delay.status();
    faults.delay = absl::Milliseconds(*delay);
    return absl::OkStatus();
  }
  for (const Rate& rate : kRates) {
    if (key != rate.key) continue;
    const absl::StatusOr<double> number = RateIn(key, value);
    if (!number.ok()) return number.status();
    faults.*rate.member = *number;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("fault \"", key, "\": there is none of that name"));
}

}  // namespace

absl::StatusOr<Faults> ParseFaults(absl::string_view json) {
  const Json parsed = Json::parse(
      json.begin(), json.end(),
      [](int depth, Json::parse_event_t, Json&) { return depth <= 4; },
      /*allow_exceptions=*/false);
  if (!parsed.is_object()) {
    return absl::InvalidArgumentError("faults: must be a JSON object");
  }
  Faults faults;
  for (const auto& [key, value] : parsed.items()) {
    const absl::Status read = ReadFault(key, value, faults);
    if (!read.ok()) return read;
  }
  return faults;
}

std::string FaultsJson(const Faults& faults) {
  Json json = {{"delay_ms", absl::ToDoubleMilliseconds(faults.delay)},
               {"error_codes", Json::object()}};
  for (const Rate& rate : kRates) json[rate.key] = faults.*rate.member;
  for (const auto& [code, rate] : faults.error_codes) {
    json["error_codes"][absl::StrCat(code)] = rate;
  }
  return json.dump();
}

FaultDice::FaultDice(Faults faults, uint32_t seed)
    : faults_(std::move(faults)), random_(seed) {}

void FaultDice::Set(Faults faults) {
  MutexLock lock(mu_);
  faults_ = std::move(faults);
}

Faults FaultDice::faults() const {
  MutexLock lock(mu_);
  return faults_;
}

bool FaultDice::Happens(double Faults::*rate) {
  MutexLock lock(mu_);
  return RollLocked() < faults_.*rate;
}

int FaultDice::DrawErrorCode() {
  MutexLock lock(mu_);
  double roll = RollLocked();
  for (const auto& [code, rate] : faults_.error_codes) {
    if (roll < rate) return code;
    roll -= rate;
  }
  return 0;
}

double FaultDice::RollLocked() {
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

}  // namespace sidwatch
