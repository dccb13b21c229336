#include "im/delivery.h"

#include <algorithm>

#include "base/check.h"
#include "im/ports/bus.h"

namespace turms::im {
namespace {

bool anybody(const Audience& audience) {
  return (audience.recipients && !audience.recipients->empty()) ||
         audience.other_sessions_of_caller || audience.calling_session;
}

}  // namespace

void Delivery::dispatch(const Caller& caller, const Effects& effects,
                        const std::function<Encoded(const Amendments&)>& encode) {
  if (anybody(effects.relay.audience)) {
    publish(&caller, effects.relay.audience, encode(effects.relay.amendments));
  }
  for (const Push& push : effects.pushes) {
    if (!anybody(push.audience)) continue;
    TURMS_CHECK(encoder_ != nullptr);
    publish(&caller, push.audience, encoder_->encode(push.event));
  }
}

void Delivery::push(const Push& push) {
  if (!push.audience.recipients || push.audience.recipients->empty()) return;
  TURMS_CHECK(encoder_ != nullptr);
  publish(nullptr, push.audience, encoder_->encode(push.event));
}

void Delivery::publish(const Caller* caller, const Audience& audience, Encoded encoded) {
  Envelope envelope;
  envelope.recipients = audience.recipients;
  envelope.extensions_only = audience.extensions_only;
  envelope.payload = std::move(encoded.payload);
  envelope.addition = std::move(encoded.addition);
  if (caller != nullptr) {
    if (audience.other_sessions_of_caller || audience.calling_session) {
      const bool named =
          audience.recipients && std::find(audience.recipients->begin(), audience.recipients->end(),
                                           caller->user_id) != audience.recipients->end();
      if (!named) envelope.caller_id = caller->user_id;
    }
    if (!audience.calling_session) envelope.except = *caller;
  }
  bus_.publish(envelope);
}

}  // namespace turms::im
