#include "gateway/broadcast.h"

#include "gateway/frame.h"

namespace turms::gateway {

const net::SharedBytes& Broadcast::message() {
  if (!message_) message_ = net::SharedBytes::of(std::string(notification_));
  return *message_;
}

const net::SharedBytes& Broadcast::framed() {
  if (!framed_) {
    std::string bytes;
    bytes.reserve(notification_.size() + 5);
    append_frame_length(bytes, notification_.size());
    bytes.append(notification_);
    framed_ = net::SharedBytes::of(std::move(bytes));
  }
  return *framed_;
}

}  // namespace turms::gateway
