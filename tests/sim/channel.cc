#include "sim/channel.h"

#include "base/check.h"
#include "rtc/dtls/context.h"
#include "rtc/srtp/backend.h"

namespace turms::sim {

namespace {

constexpr uint16_t kFirstClientPort = 40000;

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(ChannelFactory::Send send) : send_(std::move(send)) {}

  MutableByteView receive(TimePoint, Datagram& datagram) override { return datagram.bytes; }
  void send(TimePoint, MutableByteView buffer, size_t size, sfu::PacketKind) override {
    send_({kFirstClientPort, Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size))});
  }
  [[nodiscard]] bool connected() const override { return true; }

 private:
  ChannelFactory::Send send_;
};

class PlainFactory final : public ChannelFactory {
 public:
  Pair make(TimePoint, Send from_client, Send from_server) override {
    return {std::make_unique<PlainChannel>(std::move(from_client)),
            std::make_unique<PlainChannel>(std::move(from_server))};
  }
};

/// A real peer. A client is behind an address translator: it always sends from the same local
/// address, and the port outside is what tells its addresses apart.
class PeerChannel final : public Channel {
 public:
  PeerChannel(TimePoint now, const rtc::PeerConfig& config, const rtc::PeerResources& resources,
              ChannelFactory::Send send)
      : peer_(now, config, resources), role_(config.role), send_(std::move(send)) {}

  void set_remote(TimePoint now, const rtc::IceCredentials& ice,
                  const rtc::DtlsFingerprint& fingerprint) {
    peer_.set_remote(now, ice, fingerprint);
    if (role_ == rtc::PeerRole::kClient) peer_.add_candidate_pair(now, path(0), 1);
    drain();
  }
  MutableByteView receive(TimePoint now, Datagram& datagram) override {
    // An address that was left hears nothing any more.
    if (role_ == rtc::PeerRole::kClient && datagram.client_port != port_) return {};
    rtc::Received received = peer_.receive(now, path(datagram.client_port), datagram.bytes);
    drain();
    bool media =
        received.kind == rtc::Received::Kind::kRtp || received.kind == rtc::Received::Kind::kRtcp;
    return media ? received.packet : MutableByteView();
  }
  void send(TimePoint, MutableByteView buffer, size_t size, sfu::PacketKind kind) override {
    size_t total = kind == sfu::PacketKind::kRtp ? peer_.protect_rtp(buffer, size)
                                                 : peer_.protect_rtcp(buffer, size);
    const rtc::Path* to = peer_.selected_path();
    if (total == 0 || to == nullptr) return;
    emit(*to, buffer.first(total));
  }
  [[nodiscard]] bool connected() const override { return peer_.connected(); }
  [[nodiscard]] TimePoint next_timeout() const override { return peer_.next_timeout(); }
  void handle_timeout(TimePoint now) override {
    peer_.handle_timeout(now);
    drain();
  }
  void change_address() override { ++port_; }

 private:
  [[nodiscard]] rtc::Path path(uint16_t client_port) const {
    auto server = rtc::TransportAddress::ipv4(192, 0, 2, 2, 7882);
    if (role_ == rtc::PeerRole::kClient) return {{}, server};
    return {server, rtc::TransportAddress::ipv4(192, 0, 2, 1, client_port)};
  }
  void emit(const rtc::Path& to, ByteView bytes) {
    uint16_t port = role_ == rtc::PeerRole::kClient ? port_ : to.remote.port;
    send_({port, Bytes(bytes.begin(), bytes.end())});
  }
  void drain() {
    while (auto transmit = peer_.poll_transmit()) emit(transmit->path, transmit->datagram);
    while (auto event = peer_.poll_event()) {
      TURMS_CHECK(event->kind != rtc::PeerEvent::Kind::kFailed);
    }
  }

  rtc::Peer peer_;
  rtc::PeerRole role_;
  ChannelFactory::Send send_;
  uint16_t port_ = kFirstClientPort;
};

class PeerFactory final : public ChannelFactory {
 public:
  explicit PeerFactory(Rng& rng) : rng_(rng) {}

  Pair make(TimePoint now, Send from_client, Send from_server) override {
    rtc::PeerConfig client;
    client.role = rtc::PeerRole::kClient;
    client.dtls_role = rtc::DtlsRole::kClient;
    client.local_ice = {rng_.token(8), rng_.token(24)};
    rtc::PeerConfig server;
    server.role = rtc::PeerRole::kServer;
    server.dtls_role = rtc::DtlsRole::kServer;
    server.local_ice = {rng_.token(8), rng_.token(24)};
    rtc::PeerResources of_client{client_dtls(), *srtp_, rng_};
    rtc::PeerResources of_server{server_dtls(), *srtp_, rng_};
    auto a = std::make_unique<PeerChannel>(now, client, of_client, std::move(from_client));
    auto b = std::make_unique<PeerChannel>(now, server, of_server, std::move(from_server));
    b->set_remote(now, client.local_ice, client_dtls().fingerprint());
    a->set_remote(now, server.local_ice, server_dtls().fingerprint());
    return {std::move(a), std::move(b)};
  }

 private:
  // Keys are the same for all runs of a process: making them is slow and tells nothing.
  static const rtc::dtls::Context& client_dtls() {
    static const rtc::dtls::Context context;
    return context;
  }
  static const rtc::dtls::Context& server_dtls() {
    static const rtc::dtls::Context context;
    return context;
  }

  Rng& rng_;
  std::unique_ptr<rtc::srtp::Backend> srtp_ = rtc::srtp::Backend::create();
};

}  // namespace

std::unique_ptr<ChannelFactory> ChannelFactory::plain() {
  return std::make_unique<PlainFactory>();
}

std::unique_ptr<ChannelFactory> ChannelFactory::encrypted(Rng& rng) {
  return std::make_unique<PeerFactory>(rng);
}

}  // namespace turms::sim
