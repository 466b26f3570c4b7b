#ifndef SIDWATCH_CLIENT_CLI_RECORDS_H_
#define SIDWATCH_CLIENT_CLI_RECORDS_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "client/cli/table.h"
#include "client/cli/text.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

// Messages and events in each of the output formats.

// One line of protobuf JSON with the proto's own field names, with its end.
std::string JsonLine(const google::protobuf::Message& message);

// CSV lines, with their end. The columns are the proto's field names. A
// terminal gets the fields printable, a file gets them as they are.
std::string MessageCsvHeader();
std::string CsvLine(const v1::Message& message, const OutputStyle& style);
std::string EventCsvHeader();
std::string CsvLine(const v1::StatusEvent& event, const OutputStyle& style);

// A row of `list`, under MessageTableHeader.
std::vector<std::string> MessageTableHeader();
std::vector<Cell> TableRow(const v1::Message& message,
                           const OutputStyle& style);

// Everything that is known of a message, a line each.
std::string MessageCard(const v1::Message& message,
                        const std::string& explanation,
                        const OutputStyle& style);

// Good, bad, or not decided yet.
Colour StatusColour(v1::MessageStatus status);

// delivered, read, received: it has arrived.
bool IsArrived(v1::MessageStatus status);

// "callback", "send reply" …
std::string SourceWord(v1::EventSource source);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_RECORDS_H_
