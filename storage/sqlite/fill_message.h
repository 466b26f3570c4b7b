#ifndef SIDWATCH_STORAGE_SQLITE_FILL_MESSAGE_H_
#define SIDWATCH_STORAGE_SQLITE_FILL_MESSAGE_H_

#include "storage/message.h"
#include "storage/reservation.h"
#include "storage/store.h"

namespace sidwatch {

// What is learnt of a message beside its statuses, from whoever tells first:
// what is there already stays, for events' raw parameters rest on it
// (raw_parameters.h).

// From a report. Returns whether it told anything new.
bool FillFromReport(const AppendWrite& write, Message& message);

// From the create reply, which also corrects the sender and the service as
// long as the message has no events.
void FillFromReply(const SendCreated& created, Message& message);

// From the message of a reservation, which turned out to be this one: it
// becomes one sent from here.
void FillFromPlaceholder(const Message& placeholder, Message& message);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_FILL_MESSAGE_H_
