#ifndef SIDWATCH_TESTS_EMULATOR_MESSAGE_LIST_H_
#define SIDWATCH_TESTS_EMULATOR_MESSAGE_LIST_H_

#include <string>

#include "storage/status_event.h"
#include "tests/emulator/message_book.h"

namespace sidwatch {

// The page of a list call (FACTS 4.3) as JSON: newest first, filtered by To,
// From and DateSent (also `DateSent<`, `DateSent>`), PageSize 1–1000. The links
// to the other pages carry a PageToken and are to be followed as they are.
std::string ListMessages(const MessageBook& book,
                         const std::string& account_sid,
                         const Parameters& query);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_MESSAGE_LIST_H_
