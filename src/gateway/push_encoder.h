#pragma once

#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "gateway/proto.h"
#include "im/delivery.h"

namespace turms::gateway {

/// Words what the server itself tells clients.
class NotificationEncoder final : public im::PushEncoder {
 public:
  im::Encoded encode(const im::Event& event) override;
};

/// A request passed on to those it concerns: as it came, its id included, but for the amendments.
/// Takes the request's content.
im::Encoded encode_relay(UserId requester, proto::TurmsRequest& request,
                         const im::Amendments& amendments);

/// A notification of nothing but the place of a message, to be appended to another one.
std::string encode_place(MessageId id, int64_t sequence, WallTime delivery_date);

}  // namespace turms::gateway
