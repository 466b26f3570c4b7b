#include "server/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/option_schema.h"

namespace sidwatch {
namespace {

constexpr size_t kFileMax = 1024 * 1024;

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the config file ", path, " cannot be read: ", std::strerror(errno)));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the config file ", path, " is larger than 1 MiB"));
  }
  return text;
}

// One key with what an error about it needs.
struct Entry {
  std::string key;
  const toml::node* node;
  std::string place;  // "FILE:LINE"

  absl::Status Refuse(absl::string_view problem) const {
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": ", absl::CHexEscape(key), " ", problem));
  }
};

// The file's keys, top to bottom, so that the first error is the first line's.
std::vector<Entry> EntriesOf(const toml::table& table,
                             const std::string& path) {
  std::vector<Entry> entries;
  for (const auto& [key, node] : table) {
    entries.push_back({std::string(key.str()), &node,
                       absl::StrCat(path, ":", key.source().begin.line)});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.node->source().begin < b.node->source().begin;
  });
  return entries;
}

absl::StatusOr<std::string> TextOf(const Entry& entry) {
  if (const auto* text = entry.node->as_string()) return text->get();
  if (const auto* number = entry.node->as_integer()) {
    return absl::StrCat(number->get());
  }
  if (const auto* number = entry.node->as_floating_point()) {
    return absl::StrCat(number->get());
  }
  if (const auto* boolean = entry.node->as_boolean()) {
    return std::string(boolean->get() ? "true" : "false");
  }
  return entry.Refuse("must be text in quotes, a number, true or false");
}

absl::Status CheckKey(const Entry& entry, const std::string& name) {
  const Setting* setting = FindSetting(name);
  if (setting != nullptr && setting->is_secret()) {
    return entry.Refuse(absl::StrCat("is a secret and not for this file: use ",
                                     name, "-file or the variable ",
                                     setting->variable()));
  }
  if (setting != nullptr) return absl::OkStatus();
  if (name == "account") {
    return entry.Refuse(
        "is not in this version yet: give the one account as "
        "twilio-account-sid");
  }
  return entry.Refuse(absl::StrCat("is not a setting; the nearest is ",
                                   NearestSettingName(name)));
}

absl::StatusOr<toml::table> ParseToml(const std::string& text,
                                      const std::string& path) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ":", error.source().begin.line,
        ": is not TOML: ", absl::CHexEscape(std::string(error.description()))));
  }
}

}  // namespace

absl::StatusOr<std::map<std::string, FileValue>> ReadConfigFile(
    const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWhole(path);
  if (!text.ok()) return text.status();
  const absl::StatusOr<toml::table> table = ParseToml(*text, path);
  if (!table.ok()) return table.status();

  std::map<std::string, FileValue> values;
  for (const Entry& entry : EntriesOf(*table, path)) {
    const std::string name = absl::StrReplaceAll(entry.key, {{"_", "-"}});
    if (absl::Status status = CheckKey(entry, name); !status.ok()) {
      return status;
    }
    absl::StatusOr<std::string> value = TextOf(entry);
    if (!value.ok()) return value.status();
    const bool added =
        values
            .emplace(name, FileValue{*std::move(value),
                                     absl::StrCat(entry.place, ": ", name)})
            .second;
    if (!added) return entry.Refuse("is given twice: keep one");
  }
  return values;
}

}  // namespace sidwatch
