#pragma once

#include "base/ids.h"
#include "gateway/proto.h"
#include "im/delivery.h"

namespace turms::gateway {

/// Words what the server itself tells clients.
class NotificationEncoder final : public im::PushEncoder {
 public:
  im::Payload encode(const im::Event& event) override;
};

/// A request passed on to those it concerns: as it came, its id included, but for the amendments.
/// Takes the request's content.
im::Payload encode_relay(UserId requester, proto::TurmsRequest& request,
                         const im::Amendments& amendments);

}  // namespace turms::gateway
