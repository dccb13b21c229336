#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

Answer nobody_holds_meetings() {
  return refused({im::Code::kConferenceNotImplemented, "No conference provider is running"});
}

}  // namespace

TURMS_HANDLER(create_meeting) {
  (void)caller;
  (void)request;
  (void)environment;
  co_return nobody_holds_meetings();
}
TURMS_HANDLER(delete_meeting) {
  (void)caller;
  (void)request;
  (void)environment;
  co_return nobody_holds_meetings();
}
TURMS_HANDLER(query_meetings) {
  (void)caller;
  (void)request;
  (void)environment;
  co_return nobody_holds_meetings();
}
TURMS_HANDLER(update_meeting) {
  (void)caller;
  (void)request;
  (void)environment;
  co_return nobody_holds_meetings();
}
TURMS_HANDLER(update_meeting_invitation) {
  (void)caller;
  (void)request;
  (void)environment;
  co_return nobody_holds_meetings();
}
TURMS_HANDLER(query_meeting_state) {
  (void)caller;
  (void)request;
  (void)environment;
  co_return nobody_holds_meetings();
}

}  // namespace turms::gateway::handlers
