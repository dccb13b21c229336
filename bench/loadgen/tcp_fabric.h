#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/loadgen/fabric.h"

namespace turms::loadgen {

/// Each endpoint has a TCP connection of its own to the server, made by its first datagram and
/// framed as ICE wants it (RFC 4571).
///
/// Bounds: kMaxUnsent bytes wait in a connection; further datagrams are lost.
class TcpFabric final : public Fabric {
 public:
  static constexpr size_t kMaxUnsent = 1024 * 1024;

  TcpFabric();
  ~TcpFabric() override;
  TcpFabric(const TcpFabric&) = delete;
  TcpFabric& operator=(const TcpFabric&) = delete;

  [[nodiscard]] int fd() const override { return epoll_; }
  [[nodiscard]] rtc::TransportAddress address(size_t endpoint) const override;
  [[nodiscard]] rtc::Protocol protocol() const override { return rtc::Protocol::kTcp; }
  std::span<Datagram> receive() override;
  void send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) override;
  void flush() override;

 private:
  struct Stream {
    int fd = -1;
    rtc::TransportAddress remote;
    std::vector<uint8_t> in;
    size_t filled = 0;  // of `in`
    size_t taken = 0;   // handed out by the last receive()
    std::vector<uint8_t> out;
    bool waiting = false;  // in unsent_
  };

  bool connect(size_t endpoint, Stream& stream, const rtc::TransportAddress& to);
  void read(size_t endpoint, Stream& stream);

  int epoll_ = -1;
  std::vector<std::unique_ptr<Stream>> streams_;  // by endpoint
  std::vector<Stream*> read_;                     // by the last receive()
  std::vector<Stream*> unsent_;
  std::vector<Datagram> received_;
};

}  // namespace turms::loadgen
