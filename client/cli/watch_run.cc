#include "client/cli/watch_run.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/exit_status.h"
#include "client/cli/interrupt.h"
#include "client/cli/records.h"

namespace sidwatch {
namespace {

void NoteUnknown(const v1::WatchCreated& created) {
  if (created.unknown_message_sids_size() > 0) {
    Note(absl::StrCat("not known yet, waiting for it: ",
                      absl::StrJoin(created.unknown_message_sids(), " ")));
  }
  if (created.unknown_request_ids_size() > 0) {
    Note(absl::StrCat("not known yet, waiting for it: request ",
                      absl::StrJoin(created.unknown_request_ids(), " ")));
  }
}

// Says once for each interruption, not for each try, that we are waiting.
StatusWatchOptions MakeOptions(bool& interrupted,
                               const CommandContext& context) {
  StatusWatchOptions options;
  options.retry = context.options.retry;
  options.on_interruption = [&interrupted](const absl::Status& why,
                                           absl::Duration) {
    if (!interrupted) {
      Note(absl::StrCat("the watch broke off, going on as soon as possible (",
                        why.message(), ")"));
    }
    interrupted = true;
  };
  return options;
}

}  // namespace

void Outcomes::Note(const v1::Message& message) {
  Set(message.message_sid().empty() ? message.request_id()
                                    : message.message_sid(),
      {.final = message.final(), .arrived = IsArrived(message.status())});
}

void Outcomes::Note(const v1::StatusEvent& event) {
  Set(event.message_sid(),
      {.final = event.final(), .arrived = IsArrived(event.message_status())});
}

bool Outcomes::AllArrived() const {
  for (const auto& [key, state] : arrived_) {
    if (state.final && !state.arrived) return false;
  }
  return true;
}

void Outcomes::Set(const std::string& key, State state) {
  const auto [place, added] = arrived_.try_emplace(key);
  if (!added && !place->second.final) --open_;
  place->second = state;
  if (!state.final) ++open_;
}

int RunWatchOf(v1::WatchStatusRequest request, bool until_final, LifeView& view,
               const CommandContext& context) {
  const bool filtered =
      request.message_sids().empty() && request.request_ids().empty();
  bool broken = false;
  const auto watch = context.client.WatchStatus(std::move(request),
                                                MakeOptions(broken, context));
  const Interrupt interrupt([&watch] { watch->Cancel(); });
  Outcomes outcomes;
  bool caught_up = false;
  v1::WatchStatusResponse response;
  while (watch->Next(&response)) {
    broken = false;
    if (response.has_created()) NoteUnknown(response.created());
    if (response.has_snapshot_message()) {
      outcomes.Note(response.snapshot_message());
      view.Show(response.snapshot_message());
    }
    if (response.has_event()) {
      outcomes.Note(response.event());
      view.Show(response.event());
    }
    caught_up =
        caught_up || response.has_snapshot_done() || response.has_progress();
    // A list ends by the server's word; of a filter only we know.
    const bool all_final =
        until_final && filtered && caught_up && outcomes.AllFinal();
    if (all_final || !view.good()) watch->Cancel();
  }
  if (interrupt.exit_status() != 0) return interrupt.exit_status();
  if (!view.good()) return kExitRefused;
  const bool all_final = until_final && filtered && outcomes.AllFinal();
  if (!watch->status().ok() && !all_final) {
    return ReportFailure(watch->status(), context);
  }
  return !until_final || outcomes.AllArrived() ? kExitDone : kExitNotDelivered;
}

}  // namespace sidwatch
