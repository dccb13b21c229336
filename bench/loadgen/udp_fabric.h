#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/loadgen/fabric.h"

namespace turms::loadgen {

/// Many endpoints on one UDP socket: endpoint i has the loopback address 127.1.x.y, and all have
/// the same port. To a server they are different peers; to the kernel one socket, so that hundreds
/// of clients are read with a few system calls.
class UdpFabric final : public Fabric {
 public:
  static constexpr size_t kMaxEndpoints = 65535;

  UdpFabric();
  ~UdpFabric() override;
  UdpFabric(const UdpFabric&) = delete;
  UdpFabric& operator=(const UdpFabric&) = delete;

  [[nodiscard]] int fd() const override { return fd_; }
  [[nodiscard]] rtc::TransportAddress address(size_t endpoint) const override;
  [[nodiscard]] rtc::Protocol protocol() const override { return rtc::Protocol::kUdp; }

  /// What one recvmmsg drained.
  std::span<Datagram> receive() override;

  /// Runs of equal-size datagrams of one endpoint to one destination share a segmented message.
  void send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) override;
  void flush() override;
  [[nodiscard]] uint64_t dropped() const override;

  [[nodiscard]] uint64_t send_failures() const { return send_failures_; }

 private:
  struct Outgoing {
    size_t endpoint = 0;
    rtc::TransportAddress to;
    size_t offset = 0;
    size_t size = 0;
    size_t segment = 0;
  };

  int fd_ = -1;
  uint16_t port_ = 0;
  std::vector<uint8_t> receive_buffer_;
  std::vector<Datagram> received_;
  std::vector<uint8_t> send_buffer_;
  std::vector<Outgoing> outgoing_;
  uint64_t send_failures_ = 0;
};

}  // namespace turms::loadgen
