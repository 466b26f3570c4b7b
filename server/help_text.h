#ifndef SIDWATCH_SERVER_HELP_TEXT_H_
#define SIDWATCH_SERVER_HELP_TEXT_H_

#include <string>

namespace sidwatch {

// What --help prints: usage, commands, and every setting of the schema with
// its default and range, at most 79 columns wide.
std::string HelpText();

// What --version prints: "sidwatchd 1.2.3".
std::string VersionText();

// "1.2.3", as the build was configured.
std::string ProgramVersion();

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_HELP_TEXT_H_
