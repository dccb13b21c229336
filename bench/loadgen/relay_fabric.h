#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "bench/loadgen/fabric.h"
#include "bench/loadgen/udp_fabric.h"
#include "rtc/turn/message.h"

namespace turms::loadgen {

/// Endpoints reach the server over UDP until they are given a relay: then through an allocation of
/// its TURN server, over a TLS connection of their own (RFC 8656 section 3.1), or nowhere when that
/// is not to be had. The certificate is not verified.
///
/// Connecting and allocating block, for at most kSetupLimitS per answer. Channels are not
/// refreshed: they are good for at least the five minutes of their permissions.
///
/// Bounds: kMaxUnsent bytes wait in a connection; further datagrams are lost. An endpoint reaches
/// kMaxPeers addresses.
class RelayFabric final : public Fabric {
 public:
  static constexpr size_t kMaxUnsent = 1024 * 1024;
  static constexpr size_t kMaxPeers = 16;
  static constexpr int kSetupLimitS = 5;

  /// `port`: TCP port of TURN over TLS on 127.0.0.1.
  RelayFabric(uint16_t port, Rng& rng);
  ~RelayFabric() override;
  RelayFabric(const RelayFabric&) = delete;
  RelayFabric& operator=(const RelayFabric&) = delete;

  [[nodiscard]] int fd() const override { return epoll_; }
  /// Of a relayed endpoint too: only tells it apart.
  [[nodiscard]] rtc::TransportAddress address(size_t endpoint) const override {
    return udp_.address(endpoint);
  }
  [[nodiscard]] rtc::Protocol protocol() const override { return rtc::Protocol::kUdp; }
  Status use_relay(size_t endpoint, const RelayCredentials& credentials) override;
  std::span<Datagram> receive() override;
  void send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) override;
  void flush() override;

 private:
  struct Stream {
    ~Stream();

    SSL* tls = nullptr;
    int fd = -1;
    bool allocated = false;  // before: nothing is sent
    RelayCredentials credentials;
    std::string realm;
    std::string nonce;
    std::string key;                           // of MESSAGE-INTEGRITY; empty before the challenge
    std::vector<rtc::TransportAddress> peers;  // by channel, from kFirstChannel
    std::vector<uint8_t> in;
    size_t filled = 0;  // of `in`
    size_t taken = 0;   // handed out by the last receive()
    std::vector<uint8_t> out;
    bool waiting = false;  // in unsent_
  };

  Status connect(Stream& stream);
  Status allocate(Stream& stream);
  /// Queues a request, signed once the challenge is known.
  template <class Fill>
  void request(Stream& stream, uint16_t method, Fill fill);
  /// Queues.
  void bind_channel(Stream& stream, uint16_t channel, const rtc::TransportAddress& peer);
  void write(Stream& stream);
  /// Whether the stream lives.
  bool read(Stream& stream);
  void take_frames(size_t endpoint, Stream& stream);

  uint16_t port_;
  Rng& rng_;
  UdpFabric udp_;
  SSL_CTX* context_ = nullptr;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Stream>> streams_;  // by endpoint; nothing: over UDP
  std::vector<Stream*> read_;                     // by the last receive()
  std::vector<Stream*> unsent_;
  std::vector<Datagram> received_;
};

}  // namespace turms::loadgen
