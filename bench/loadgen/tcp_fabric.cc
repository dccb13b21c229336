#include "bench/loadgen/tcp_fabric.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "rtc/stream_framing.h"

namespace turms::loadgen {
namespace {

constexpr size_t kReadBuffer = 256 * 1024;
constexpr size_t kBatch = 64;

}  // namespace

TcpFabric::TcpFabric() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  TURMS_CHECK(epoll_ >= 0);
}

TcpFabric::~TcpFabric() {
  for (const auto& stream : streams_) {
    if (stream && stream->fd >= 0) ::close(stream->fd);
  }
  ::close(epoll_);
}

/// Only tells the endpoints apart: the kernel chooses the address that the server sees.
rtc::TransportAddress TcpFabric::address(size_t endpoint) const {
  const auto number = static_cast<uint32_t>(endpoint);
  rtc::TransportAddress out = rtc::TransportAddress::ipv4(127, 0, 0, 1, 0);
  out.protocol = rtc::Protocol::kTcp;
  out.channel = number + 1;
  return out;
}

bool TcpFabric::connect(size_t endpoint, Stream& stream, const rtc::TransportAddress& to) {
  stream.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  std::memcpy(&address.sin_addr, to.ip.data(), 4);
  if (stream.fd < 0 ||
      ::connect(stream.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return false;
  }
  const int on = 1;
  ::setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(stream.fd, F_SETFL, O_NONBLOCK);
  stream.remote = to;
  stream.in.resize(kReadBuffer);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = endpoint}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.fd, &event) == 0;
}

void TcpFabric::send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) {
  if (endpoint >= streams_.size()) streams_.resize(endpoint + 1);
  if (!streams_[endpoint]) {
    streams_[endpoint] = std::make_unique<Stream>();
    if (!connect(endpoint, *streams_[endpoint], to)) return;
  }
  Stream& stream = *streams_[endpoint];
  if (stream.remote != to || stream.out.size() + data.size() > kMaxUnsent) return;
  const auto header = rtc::stream_frame_header(data.size());
  stream.out.insert(stream.out.end(), header.begin(), header.end());
  stream.out.insert(stream.out.end(), data.begin(), data.end());
  if (!std::exchange(stream.waiting, true)) unsent_.push_back(&stream);
}

void TcpFabric::flush() {
  std::vector<Stream*> rest;
  for (Stream* stream : unsent_) {
    const ssize_t sent =
        ::send(stream->fd, stream->out.data(), stream->out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) stream->out.erase(stream->out.begin(), stream->out.begin() + sent);
    if (stream->out.empty()) {
      stream->waiting = false;
    } else {
      rest.push_back(stream);
    }
  }
  unsent_ = std::move(rest);
}

std::span<Fabric::Datagram> TcpFabric::receive() {
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
    read(events[static_cast<size_t>(i)].data.u64,
         *streams_[events[static_cast<size_t>(i)].data.u64]);
  }
  return received_;
}

void TcpFabric::read(size_t endpoint, Stream& stream) {
  const ssize_t size = ::recv(stream.fd, stream.in.data() + stream.filled,
                              stream.in.size() - stream.filled, MSG_DONTWAIT);
  if (size <= 0) {
    if (size == 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, stream.fd, nullptr);
    return;
  }
  stream.filled += static_cast<size_t>(size);
  read_.push_back(&stream);
  for (;;) {
    const MutableByteView rest =
        MutableByteView(stream.in).first(stream.filled).subspan(stream.taken);
    const rtc::StreamFrame frame = rtc::next_stream_frame(rest);
    TURMS_CHECK(frame.kind != rtc::StreamFrame::Kind::kInvalid);
    if (frame.kind == rtc::StreamFrame::Kind::kNeedMore) return;
    received_.push_back({endpoint, stream.remote, rest.subspan(frame.offset, frame.size)});
    stream.taken += frame.total;
  }
}

}  // namespace turms::loadgen
