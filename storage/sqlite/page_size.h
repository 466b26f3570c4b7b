#ifndef SIDWATCH_STORAGE_SQLITE_PAGE_SIZE_H_
#define SIDWATCH_STORAGE_SQLITE_PAGE_SIZE_H_

#include <cstddef>

#include "storage/message.h"
#include "storage/status_event.h"

namespace sidwatch {

// Roughly what these take in memory and on the wire, for pages with a limit in
// bytes.
size_t SizeBytes(const StatusEvent& event);
size_t SizeBytes(const Message& message);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_PAGE_SIZE_H_
