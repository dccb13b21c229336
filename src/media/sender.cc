#include "media/sender.h"

#include <poll.h>

#include <algorithm>

#include "media/outlet.h"

namespace turms::media {

namespace {

/// How long to wait for the kernel to take more before datagrams are dropped, as a network would.
constexpr int kSendWaitMs = 5;

}  // namespace

std::unique_ptr<SendBuffer> Sender::take_buffer(Outlet& outlet) {
  if (waiting_bytes_ >= kEarlyFlushBytes) flush();
  will_flush(outlet);
  return buffers_.take();
}

void Sender::flush() {
  if (sending_.empty()) return;
  protect_batch();
  messages_.clear();
  for (Outlet* outlet : sending_) outlet->flush(messages_);
  for (std::span rest(messages_); !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), kMessagesPerCall));
    rest = rest.subspan(part.size());
    const uint64_t datagrams = send_all(part);
    metrics_.sent_within(monotonic_now() - arrived_, datagrams);
  }
  for (Outlet* outlet : sending_) outlet->flushed();
  sending_.clear();
  waiting_bytes_ = 0;
}

void Sender::protect_batch() {
  if (unprotected_.empty()) return;
  rtc::srtp::Session::protect_rtp_batch(srtp_, unprotected_);
  for (const auto& packet : unprotected_) {
    if (packet.size != 0) continue;
    // It lies among others that leave, and must not leave in the clear.
    std::fill(packet.buffer.begin(), packet.buffer.end(), 0);
    metrics_.drop(DatagramDrop::kSendFailed);
  }
  unprotected_.clear();
}

uint64_t Sender::send_all(std::span<const net::OutgoingDatagrams> messages) {
  int64_t bytes = 0;
  uint64_t datagrams = 0;
  for (const net::OutgoingDatagrams& message : messages) {
    bytes += static_cast<int64_t>(message.data.size());
  }
  metrics_.sent_bytes.add(bytes);
  while (!messages.empty()) {
    const net::UdpSocket::SendOutcome outcome = socket_.send_batch(messages);
    datagrams += outcome.datagrams;
    metrics_.drop(DatagramDrop::kSendFailed, outcome.failed);
    messages = messages.subspan(outcome.consumed);
    if (messages.empty() || !outcome.blocked) continue;
    pollfd wait{.fd = socket_.fd(), .events = POLLOUT, .revents = 0};
    if (::poll(&wait, 1, kSendWaitMs) > 0) continue;
    for (const net::OutgoingDatagrams& message : messages) {
      metrics_.drop(DatagramDrop::kSendBlocked, message.count());
    }
    break;
  }
  metrics_.sent.add(static_cast<int64_t>(datagrams));
  return datagrams;
}

}  // namespace turms::media
