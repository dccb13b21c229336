#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "media/send_buffer.h"
#include "media/worker_metrics.h"
#include "net/udp_socket.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"

namespace turms::media {

class Outlet;

/// What a worker sends: gathers the outlets that have something until the end of the turn, encrypts
/// what gains from company, and gives the datagrams of all to the kernel together.
class Sender {
 public:
  /// All outlive it.
  Sender(net::UdpSocket& socket, rtc::srtp::Backend& srtp, WorkerMetrics& metrics)
      : socket_(socket), srtp_(srtp), metrics_(metrics) {}

  /// `arrived`: when what this turn answers had reached the kernel.
  void set_time(TimePoint now, TimePoint arrived) {
    now_ = now;
    arrived_ = arrived;
  }
  [[nodiscard]] TimePoint now() const { return now_; }

  // For outlets.
  /// Flushed at the end of the turn.
  void will_flush(Outlet& outlet) { sending_.push_back(&outlet); }
  /// A buffer until flushed(); flushed at the end of the turn.
  std::unique_ptr<SendBuffer> take_buffer(Outlet& outlet);
  void give_back(std::unique_ptr<SendBuffer> buffer) { buffers_.give_back(std::move(buffer)); }
  /// Its place in a buffer is taken; it is encrypted there before it leaves.
  void protect_later(const rtc::srtp::Session::BatchPacket& packet) {
    unprotected_.push_back(packet);
  }
  /// A packet of so many bytes was added to a buffer.
  void added(size_t bytes) { waiting_bytes_ += bytes; }
  void count_failed() { metrics_.drop(DatagramDrop::kSendFailed); }

  /// Sends what all outlets have waiting.
  void flush();
  /// One datagram at once.
  void send(const net::OutgoingDatagrams& message) { send_all({&message, 1}); }

 private:
  void protect_batch();
  /// How many datagrams the kernel took.
  uint64_t send_all(std::span<const net::OutgoingDatagrams> messages);

  net::UdpSocket& socket_;
  rtc::srtp::Backend& srtp_;
  WorkerMetrics& metrics_;
  TimePoint now_;
  TimePoint arrived_;
  SendBufferPool buffers_;
  // Of the turn; they keep their memory.
  std::vector<Outlet*> sending_;
  size_t waiting_bytes_ = 0;
  std::vector<rtc::srtp::Session::BatchPacket> unprotected_;
  std::vector<net::OutgoingDatagrams> messages_;
};

}  // namespace turms::media
