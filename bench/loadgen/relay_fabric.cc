#include "bench/loadgen/relay_fabric.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "rtc/turn/credentials.h"
#include "rtc/turn/framing.h"

namespace turms::loadgen {
namespace {

namespace stun = rtc::stun;
namespace turn = rtc::turn;

constexpr size_t kReadBuffer = 256 * 1024;
constexpr size_t kMaxRecord = 16384;  // plain bytes of one TLS record
constexpr size_t kBatch = 64;
constexpr uint64_t kUdpTag = UINT64_MAX;
constexpr uint16_t kFirstChannel = 0x4000;
constexpr size_t kChannelHeader = 4;

auto failed(const char* what) {
  return fail(ErrorCode::kUnavailable, std::string("TURN over TLS: ") + what);
}

}  // namespace

RelayFabric::Stream::~Stream() {
  SSL_free(tls);
  if (fd >= 0) ::close(fd);
}

RelayFabric::RelayFabric(uint16_t port, Rng& rng)
    : port_(port),
      rng_(rng),
      context_(SSL_CTX_new(TLS_client_method())),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  TURMS_CHECK(context_ != nullptr && epoll_ >= 0);
  SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // OpenSSL writes without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kUdpTag}};
  TURMS_CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, udp_.fd(), &event) == 0);
}

RelayFabric::~RelayFabric() {
  streams_.clear();
  SSL_CTX_free(context_);
  ::close(epoll_);
}

Status RelayFabric::use_relay(size_t endpoint, const RelayCredentials& credentials) {
  if (endpoint >= streams_.size()) streams_.resize(endpoint + 1);
  streams_[endpoint] = std::make_unique<Stream>();
  Stream& stream = *streams_[endpoint];
  stream.credentials = credentials;
  stream.in.resize(kReadBuffer);
  if (Status status = connect(stream); !status) return status;
  if (Status status = allocate(stream); !status) return status;
  ::fcntl(stream.fd, F_SETFL, O_NONBLOCK);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = endpoint}};
  TURMS_CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.fd, &event) == 0);
  stream.allocated = true;
  return {};
}

Status RelayFabric::connect(Stream& stream) {
  stream.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (stream.fd < 0 ||
      ::connect(stream.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return failed("no connection");
  }
  const int on = 1;
  const timeval limit{.tv_sec = kSetupLimitS, .tv_usec = 0};
  ::setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(stream.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(stream.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  stream.tls = SSL_new(context_);
  TURMS_CHECK(stream.tls != nullptr);
  SSL_set_fd(stream.tls, stream.fd);
  SSL_set_tlsext_host_name(stream.tls, "turn.example.com");
  if (SSL_connect(stream.tls) != 1) return failed("no handshake");
  return {};
}

/// Without credentials first, to learn realm and nonce (RFC 8489 section 9.2.3.1).
Status RelayFabric::allocate(Stream& stream) {
  const auto udp = [](stun::Builder& builder) {
    builder.add(turn::attribute::kRequestedTransport,
                std::array<uint8_t, 4>{turn::kUdpProtocol, 0, 0, 0});
  };
  for (int attempt = 0; attempt < 2; ++attempt) {
    request(stream, turn::method::kAllocate, udp);
    write(stream);
    turn::Frame frame;
    do {
      if (!read(stream)) return failed("no answer");
      frame = turn::next_frame(ByteView(stream.in).first(stream.filled));
    } while (frame.kind == turn::Frame::Kind::kNeedMore);
    if (frame.kind == turn::Frame::Kind::kInvalid) return failed("invalid frame");
    const auto answer = turn::Message::parse(ByteView(stream.in).first(frame.size));
    stream.filled = 0;
    if (!answer || answer->stun().method() != turn::method::kAllocate)
      return failed("unexpected answer");
    if (answer->stun().message_class() == stun::Class::kSuccess) return {};
    if (!answer->realm || !answer->nonce) return failed("no challenge");
    stream.realm = *answer->realm;
    stream.nonce = *answer->nonce;
    stream.key = as_text(turn::long_term_key(stream.credentials.username, stream.realm,
                                             stream.credentials.password));
  }
  return failed("no allocation");
}

template <class Fill>
void RelayFabric::request(Stream& stream, uint16_t method, Fill fill) {
  std::array<uint8_t, 2048> buffer;
  stun::TransactionId id;
  rng_.fill(id);
  stun::Builder builder(buffer, stun::Class::kRequest, id, method);
  fill(builder);
  if (!stream.key.empty()) {
    builder
        .add(static_cast<uint16_t>(stun::Attribute::kUsername),
             as_bytes(stream.credentials.username))
        .add(turn::attribute::kRealm, as_bytes(stream.realm))
        .add(turn::attribute::kNonce, as_bytes(stream.nonce));
  }
  const ByteView message = builder.finish(stream.key);
  TURMS_CHECK(!message.empty());
  stream.out.insert(stream.out.end(), message.begin(), message.end());
}

void RelayFabric::bind_channel(Stream& stream, uint16_t channel,
                               const rtc::TransportAddress& peer) {
  request(stream, turn::method::kChannelBind, [&](stun::Builder& builder) {
    std::array<uint8_t, 4> number{};
    store_be16(number.data(), channel);
    builder.add(turn::attribute::kChannelNumber, number)
        .add_xor_address(turn::attribute::kXorPeerAddress, peer);
  });
}

void RelayFabric::send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) {
  if (endpoint >= streams_.size() || !streams_[endpoint]) {
    udp_.send(endpoint, to, data);
    return;
  }
  Stream& stream = *streams_[endpoint];
  if (!stream.allocated || stream.out.size() + data.size() > kMaxUnsent) return;
  auto peer = std::ranges::find(stream.peers, to);
  if (peer == stream.peers.end()) {
    if (stream.peers.size() == kMaxPeers) return;
    // The stream keeps the order: the channel is bound when its data arrives.
    bind_channel(stream, static_cast<uint16_t>(kFirstChannel + stream.peers.size()), to);
    stream.peers.push_back(to);
    peer = stream.peers.end() - 1;
  }
  std::array<uint8_t, kChannelHeader> header;
  store_be16(header.data(), static_cast<uint16_t>(kFirstChannel + (peer - stream.peers.begin())));
  store_be16(header.data() + 2, static_cast<uint16_t>(data.size()));
  stream.out.insert(stream.out.end(), header.begin(), header.end());
  stream.out.insert(stream.out.end(), data.begin(), data.end());
  stream.out.resize(stream.out.size() + (4 - data.size() % 4) % 4);
  if (!std::exchange(stream.waiting, true)) unsent_.push_back(&stream);
}

void RelayFabric::write(Stream& stream) {
  while (!stream.out.empty()) {
    const int sent = SSL_write(stream.tls, stream.out.data(), static_cast<int>(stream.out.size()));
    if (sent <= 0) return;
    stream.out.erase(stream.out.begin(), stream.out.begin() + sent);
  }
}

void RelayFabric::flush() {
  udp_.flush();
  std::vector<Stream*> rest;
  for (Stream* stream : unsent_) {
    write(*stream);
    stream->waiting = !stream->out.empty();
    if (stream->waiting) rest.push_back(stream);
  }
  unsent_ = std::move(rest);
}

std::span<Fabric::Datagram> RelayFabric::receive() {
  if (const auto datagrams = udp_.receive(); !datagrams.empty()) return datagrams;
  for (Stream* stream : read_) {
    stream->filled -= stream->taken;
    std::memmove(stream->in.data(), stream->in.data() + stream->taken, stream->filled);
    stream->taken = 0;
  }
  read_.clear();
  received_.clear();
  std::array<epoll_event, kBatch> events;
  const int count = ::epoll_wait(epoll_, events.data(), kBatch, 0);
  for (int i = 0; i < count; ++i) {
    const uint64_t endpoint = events[static_cast<size_t>(i)].data.u64;
    if (endpoint == kUdpTag) continue;
    Stream& stream = *streams_[endpoint];
    if (!read(stream)) {
      fmt::print(stderr, "endpoint {}: the relay closed the connection\n", endpoint);
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, stream.fd, nullptr);
      continue;
    }
    read_.push_back(&stream);
    take_frames(endpoint, stream);
  }
  return received_;
}

bool RelayFabric::read(Stream& stream) {
  // A whole record at a time, so that OpenSSL keeps nothing of which epoll does not know. Blocking
  // streams give one.
  const bool blocking = (::fcntl(stream.fd, F_GETFL) & O_NONBLOCK) == 0;
  ERR_clear_error();
  do {
    const int size =
        SSL_read(stream.tls, stream.in.data() + stream.filled,
                 static_cast<int>(std::min(kMaxRecord, stream.in.size() - stream.filled)));
    if (size <= 0) return !blocking && SSL_get_error(stream.tls, size) == SSL_ERROR_WANT_READ;
    stream.filled += static_cast<size_t>(size);
  } while (!blocking && stream.in.size() - stream.filled >= kMaxRecord);
  return true;
}

void RelayFabric::take_frames(size_t endpoint, Stream& stream) {
  for (;;) {
    const MutableByteView rest =
        MutableByteView(stream.in).first(stream.filled).subspan(stream.taken);
    const turn::Frame frame = turn::next_frame(rest);
    TURMS_CHECK(frame.kind != turn::Frame::Kind::kInvalid);
    if (frame.kind == turn::Frame::Kind::kNeedMore) return;
    stream.taken += frame.padded;
    if ((rest[0] & 0xC0) == 0) {
      const auto answer = stun::Message::parse(rest.first(frame.size));
      if (answer && answer->message_class() == stun::Class::kError) {
        fmt::print(stderr, "endpoint {}: the relay refuses method {}: {}\n", endpoint,
                   answer->method(), answer->error_code().value_or(0));
      }
      continue;
    }
    const size_t peer = static_cast<size_t>(load_be16(rest.data())) - kFirstChannel;
    if (peer >= stream.peers.size()) continue;
    received_.push_back(
        {endpoint, stream.peers[peer], rest.subspan(kChannelHeader, frame.size - kChannelHeader)});
  }
}

}  // namespace turms::loadgen
