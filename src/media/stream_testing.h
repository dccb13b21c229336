#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "media/addresses.h"
#include "media/media_testing.h"
#include "rtc/stream_framing.h"
#include "rtc/turn/credentials.h"
#include "rtc/turn/framing.h"
#include "rtc/turn/message.h"

namespace turms::media {

/// One end of a socket pair, as a listener would hand it over.
class SocketPairStream final : public net::ByteStream {
 public:
  explicit SocketPairStream(int fd) : fd_(fd) {}
  ~SocketPairStream() override { ::close(fd_); }
  int fd() const override { return fd_; }
  const net::Address& remote() const override { return remote_; }
  const net::Address& local() const override { return local_; }
  Outcome read(MutableByteView into) override {
    const ssize_t count = ::recv(fd_, into.data(), into.size(), 0);
    if (count > 0) return {.size = static_cast<size_t>(count)};
    return {.closed = count == 0 || errno != EAGAIN};
  }
  Outcome write(ByteView data) override {
    const ssize_t count = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (count >= 0) return {.size = static_cast<size_t>(count)};
    return {.closed = errno != EAGAIN};
  }

 private:
  int fd_;
  net::Address remote_ = net::Address::v4({198, 51, 100, 7}, 40000);
  net::Address local_ = net::Address::v4({127, 0, 0, 1}, 7881);
};

/// How a test's client reaches the engine.
enum class Way : uint8_t { kTcp, kTurnTcp, kTurnUdp };

/// A participant's side of one transport that does not use UDP to the media port: rtc::Peer in the
/// client role over a stream, or through the embedded TURN server.
class StreamClient final : public net::FdHandler {
 public:
  StreamClient(net::Loop& loop, Engine& engine, RoomId room, TransportId transport, Way way)
      : loop_(loop), engine_(engine), way_(way), timer_(loop), id(transport) {
    static const rtc::dtls::Context dtls;
    static const std::unique_ptr<rtc::srtp::Backend> srtp = rtc::srtp::Backend::create();
    const std::string n = std::to_string(id.value);
    server_ice_ = {engine.ufrag_prefix(room, {}) + "server" + n, "serverpasswordserverpassword"};
    const rtc::IceCredentials client_ice{"client" + n, "clientpasswordclientpassword"};
    engine.create_transport({.id = id, .room = room, .local_ice = server_ice_});
    engine.set_remote(id, {client_ice, dtls.fingerprint()});
    const LocalCandidate candidate = engine.candidates(id).at(0);
    media_ = to_rtc(*net::Address::parse(candidate.address, candidate.port));
    path_.remote = media_;
    peer = std::make_unique<rtc::Peer>(loop.now(),
                                       rtc::PeerConfig{.role = rtc::PeerRole::kClient,
                                                       .local_ice = client_ice,
                                                       .dtls_role = rtc::DtlsRole::kClient,
                                                       .aggressive_nomination = true},
                                       rtc::PeerResources{dtls, *srtp, rng_});
    if (way_ == Way::kTcp) {
      start_peer();
      return;
    }
    access_ = engine.turn_access(room, {}, "PA_" + n, 300s).value();
    if (way_ == Way::kTurnUdp) {
      turn_server_ = net::Address::v4({127, 0, 0, 1}, access_.udp_port);
      watch_ = loop_.core().watch(socket_.fd(), this, true, false);
    }
    ask(rtc::turn::method::kAllocate, request_udp);
  }
  ~StreamClient() override { close(); }

  void close() {
    if (watch_.fd >= 0) loop_.core().unwatch(watch_);
    watch_ = {};
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// Another stream for the same peer, beside the former or in its place.
  void reconnect() {
    close();
    ended = false;
    rest_.clear();
  }

  void on_ready(const net::Poller::Event&) override {
    if (way_ == Way::kTurnUdp) {
      for (const net::ReceivedDatagram& datagram : socket_.receive_batch()) {
        on_turn(datagram.data);
      }
      return settle();
    }
    std::array<uint8_t, 65536> buffer;
    const ssize_t count = reading ? ::recv(fd_, buffer.data(), buffer.size(), 0) : -1;
    if (count == 0) {
      ended = true;
      return close();
    }
    if (count > 0) rest_.insert(rest_.end(), buffer.begin(), buffer.begin() + count);
    if (!reading) loop_.core().change(watch_, false, false);
    while (take_message()) {
    }
    settle();
  }

  void settle() {
    drive_peer(loop_, timer_, *peer, closed, [this](ByteView datagram) { send(datagram); });
  }
  void send_rtp(ByteView packet) {
    std::array<uint8_t, 2048> buffer;
    std::copy(packet.begin(), packet.end(), buffer.begin());
    const size_t size = peer->protect_rtp(buffer, packet.size());
    TURMS_CHECK(size > 0);
    send(ByteView(buffer).first(size));
  }
  /// As it is, on the stream.
  void send_bytes(ByteView bytes) {
    if (fd_ < 0) return open_stream(bytes);
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes = bytes.subspan(static_cast<size_t>(count));
      } else if (errno == EAGAIN) {
        pollfd wait{.fd = fd_, .events = POLLOUT, .revents = 0};
        ::poll(&wait, 1, 1000);
      } else {
        return;  // the other end is gone, which reading will show
      }
    }
  }

 private:
  using Fill = std::function<void(rtc::stun::Builder&)>;

  static void request_udp(rtc::stun::Builder& builder) {
    builder.add(rtc::turn::attribute::kRequestedTransport, std::array<uint8_t, 4>{17});
  }

  void start_peer() {
    peer->set_remote(loop_.now(), server_ice_, engine_.fingerprint());
    peer->add_candidate_pair(loop_.now(), path_, 100);
    settle();
  }

  void open_stream(ByteView first) {
    int pair[2];
    TURMS_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    fd_ = pair[0];
    watch_ = loop_.core().watch(fd_, this, true, false);
    adopted = engine_.adopt_stream(
        {.kind = way_ == Way::kTcp ? AdoptedStream::Kind::kIce : AdoptedStream::Kind::kTurn,
         .stream = std::make_unique<SocketPairStream>(pair[1]),
         .received = Bytes(first.begin(), first.end())});
  }

  void send(ByteView datagram) {
    if (way_ == Way::kTcp) {
      const auto header = rtc::stream_frame_header(datagram.size());
      Bytes frame(header.begin(), header.end());
      frame.insert(frame.end(), datagram.begin(), datagram.end());
      return send_bytes(frame);
    }
    // Now on a channel, now in indications, which both have to arrive.
    if (bound_ && ++sent_ % 2 == 0) {
      Bytes message(4);
      store_be16(message.data(), kChannel);
      store_be16(&message[2], static_cast<uint16_t>(datagram.size()));
      message.insert(message.end(), datagram.begin(), datagram.end());
      return send_turn(message);
    }
    Bytes buffer(4096);
    rtc::stun::Builder builder(buffer, rtc::stun::Class::kIndication, {1, 2, 3},
                               rtc::turn::method::kSend);
    builder.add_xor_address(rtc::turn::attribute::kXorPeerAddress, media_)
        .add(rtc::turn::attribute::kData, datagram);
    send_turn(builder.finish({}));
  }
  void send_turn(ByteView message) {
    if (way_ == Way::kTurnUdp) {
      const net::OutgoingDatagrams out{.destination = turn_server_, .data = message};
      socket_.send_batch({&out, 1});
      return;
    }
    Bytes padded(message.begin(), message.end());
    padded.resize((padded.size() + 3) / 4 * 4);
    send_bytes(padded);
  }
  void ask(uint16_t method, const Fill& fill) {
    Bytes buffer(4096);
    rtc::stun::Builder builder(buffer, rtc::stun::Class::kRequest, {1, 2, 3}, method);
    fill(builder);
    std::string key;
    if (!nonce_.empty()) {
      builder.add(0x0006, as_bytes(access_.username))
          .add(rtc::turn::attribute::kRealm, as_bytes("turms"))
          .add(rtc::turn::attribute::kNonce, as_bytes(nonce_));
      const auto long_term = rtc::turn::long_term_key(access_.username, "turms", access_.password);
      key = std::string(as_text(long_term));
    }
    send_turn(builder.finish(key));
  }

  bool take_message() {
    size_t offset = 0;
    size_t size = 0;
    size_t total = 0;
    if (way_ == Way::kTcp) {
      const rtc::StreamFrame frame = rtc::next_stream_frame(rest_);
      if (frame.kind != rtc::StreamFrame::Kind::kDatagram) return false;
      std::tie(offset, size, total) = std::tuple(frame.offset, frame.size, frame.total);
    } else {
      const rtc::turn::Frame frame = rtc::turn::next_frame(rest_);
      if (frame.kind != rtc::turn::Frame::Kind::kMessage) return false;
      std::tie(size, total) = std::tuple(frame.size, frame.padded);
    }
    Bytes message(rest_.begin() + static_cast<ptrdiff_t>(offset),
                  rest_.begin() + static_cast<ptrdiff_t>(offset + size));
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(total));
    way_ == Way::kTcp ? on_datagram(message) : on_turn(message);
    return true;
  }

  void on_turn(MutableByteView bytes) {
    if ((bytes[0] & 0xf0) == 0x40) return on_datagram(bytes.subspan(4, load_be16(&bytes[2])));
    const auto message = rtc::turn::Message::parse(bytes);
    TURMS_CHECK(message);
    if (message->data) {
      const auto offset = static_cast<size_t>(message->data->data() - bytes.data());
      return on_datagram(bytes.subspan(offset, message->data->size()));
    }
    if (message->stun().message_class() == rtc::stun::Class::kError) {
      error = message->stun().error_code().value_or(0);
      if (!message->nonce || !nonce_.empty()) return;
      nonce_ = *message->nonce;
      return ask(rtc::turn::method::kAllocate, request_udp);
    }
    switch (message->stun().method()) {
      case rtc::turn::method::kAllocate:
        return ask(rtc::turn::method::kCreatePermission, [&](rtc::stun::Builder& builder) {
          builder.add_xor_address(rtc::turn::attribute::kXorPeerAddress, media_);
        });
      case rtc::turn::method::kCreatePermission:
        ask(rtc::turn::method::kChannelBind, [&](rtc::stun::Builder& builder) {
          std::array<uint8_t, 4> number{};
          store_be16(number.data(), kChannel);
          builder.add(rtc::turn::attribute::kChannelNumber, number)
              .add_xor_address(rtc::turn::attribute::kXorPeerAddress, media_);
        });
        return start_peer();
      case rtc::turn::method::kChannelBind:
        bound_ = true;
        return;
      default:
        return;
    }
  }

  void on_datagram(MutableByteView datagram) {
    const rtc::Received received = peer->receive(loop_.now(), path_, datagram);
    if (received.kind != rtc::Received::Kind::kRtp) return;
    ++rtp_count;
    if (on_rtp) on_rtp(received.packet);
  }

  static constexpr uint16_t kChannel = 0x4001;

  net::Loop& loop_;
  Engine& engine_;
  const Way way_;
  net::Timer timer_;
  Rng rng_{11};
  net::LoopCore::Watch watch_;
  rtc::Path path_;
  rtc::TransportAddress media_;
  rtc::IceCredentials server_ice_;
  int fd_ = -1;
  Bytes rest_;
  net::UdpSocket socket_ = std::move(*net::UdpSocket::bind(net::Address::v4({127, 0, 0, 1}, 0)));
  net::Address turn_server_;
  TurnAccess access_;
  std::string nonce_;
  bool bound_ = false;
  uint64_t sent_ = 0;

 public:
  const TransportId id;
  std::unique_ptr<rtc::Peer> peer;
  std::function<void(ByteView)> on_rtp;
  uint64_t rtp_count = 0;
  uint16_t error = 0;    // of TURN, the last one
  bool adopted = false;  // what the engine said
  bool closed = false;   // the goodbye came
  bool ended = false;    // the stream did
  bool reading = true;
};

}  // namespace turms::media
