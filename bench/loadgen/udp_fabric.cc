#include "bench/loadgen/udp_fabric.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace turms::loadgen {
namespace {

constexpr size_t kBatch = 64;
constexpr size_t kBufferSize = 65536;
constexpr size_t kMaxSegments = 60;
constexpr size_t kMaxMessage = 60000;
constexpr size_t kMaxQueued = 8 * 1024 * 1024;

in_addr endpoint_ip(size_t endpoint) {
  return {htonl(0x7f010000u + static_cast<uint32_t>(endpoint) + 1)};
}

sockaddr_in to_sockaddr(const rtc::TransportAddress& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(address.port);
  std::memcpy(&out.sin_addr, address.ip.data(), 4);
  return out;
}

rtc::TransportAddress from_sockaddr(const sockaddr_in& in) {
  std::array<uint8_t, 4> ip;
  std::memcpy(ip.data(), &in.sin_addr, 4);
  return rtc::TransportAddress::ipv4(ip[0], ip[1], ip[2], ip[3], ntohs(in.sin_port));
}

}  // namespace

UdpFabric::UdpFabric() : receive_buffer_(kBatch * kBufferSize) {
  fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  TURMS_CHECK(fd_ >= 0);
  const int on = 1;
  const int buffer = 32 * 1024 * 1024;
  ::setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  ::setsockopt(fd_, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
  // The forced form goes beyond the system's bound and needs root; else the bound it is.
  if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  }
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  // One socket for all of 127.1.0.0/16 must be bound to any address; this keeps it off the network.
  TURMS_CHECK(::setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_ANY);
  TURMS_CHECK(::bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
  socklen_t length = sizeof any;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &length);
  port_ = ntohs(any.sin_port);
}

UdpFabric::~UdpFabric() {
  ::close(fd_);
}

uint64_t UdpFabric::dropped() const {
  std::array<uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t length = sizeof values;
  if (::getsockopt(fd_, SOL_SOCKET, SO_MEMINFO, values.data(), &length) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

rtc::TransportAddress UdpFabric::address(size_t endpoint) const {
  sockaddr_in in{};
  in.sin_addr = endpoint_ip(endpoint);
  in.sin_port = htons(port_);
  return from_sockaddr(in);
}

std::span<UdpFabric::Datagram> UdpFabric::receive() {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> sources;
  struct Control {
    alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int))];
  };
  std::array<Control, kBatch> controls;
  for (size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {receive_buffer_.data() + i * kBufferSize, kBufferSize};
    messages[i].msg_hdr = {.msg_name = &sources[i],
                           .msg_namelen = sizeof(sockaddr_in),
                           .msg_iov = &vectors[i],
                           .msg_iovlen = 1,
                           .msg_control = controls[i].bytes,
                           .msg_controllen = sizeof controls[i].bytes,
                           .msg_flags = 0};
  }
  received_.clear();
  const int count = ::recvmmsg(fd_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    msghdr& header = messages[i].msg_hdr;
    size_t endpoint = kMaxEndpoints;
    size_t segment = messages[i].msg_len;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        in_pktinfo info;
        std::memcpy(&info, CMSG_DATA(c), sizeof info);
        endpoint = ntohl(info.ipi_addr.s_addr) - 0x7f010000u - 1;
      } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        int size;
        std::memcpy(&size, CMSG_DATA(c), sizeof size);
        segment = static_cast<size_t>(size);
      }
    }
    const rtc::TransportAddress source = from_sockaddr(sources[i]);
    uint8_t* data = static_cast<uint8_t*>(vectors[i].iov_base);
    for (size_t at = 0; at < messages[i].msg_len; at += segment) {
      received_.push_back(
          {endpoint, source,
           MutableByteView(data + at, std::min<size_t>(segment, messages[i].msg_len - at))});
    }
  }
  return received_;
}

void UdpFabric::send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) {
  if (send_buffer_.size() + data.size() > kMaxQueued) flush();
  const size_t offset = send_buffer_.size();
  send_buffer_.insert(send_buffer_.end(), data.begin(), data.end());
  if (!outgoing_.empty()) {
    Outgoing& last = outgoing_.back();
    const bool whole = last.size % last.segment == 0;  // a shorter segment may only be the last
    if (last.endpoint == endpoint && last.to == to && whole && data.size() <= last.segment &&
        last.size / last.segment < kMaxSegments && last.size + data.size() <= kMaxMessage) {
      last.size += data.size();
      return;
    }
  }
  outgoing_.push_back({endpoint, to, offset, data.size(), data.size()});
}

void UdpFabric::flush() {
  struct Control {
    alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
  };
  size_t next = 0;
  while (next < outgoing_.size()) {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> vectors;
    std::array<sockaddr_in, kBatch> destinations;
    std::array<Control, kBatch> controls{};
    const size_t count = std::min(kBatch, outgoing_.size() - next);
    for (size_t i = 0; i < count; ++i) {
      const Outgoing& out = outgoing_[next + i];
      vectors[i] = {send_buffer_.data() + out.offset, out.size};
      destinations[i] = to_sockaddr(out.to);
      msghdr& header = messages[i].msg_hdr;
      header = {.msg_name = &destinations[i],
                .msg_namelen = sizeof(sockaddr_in),
                .msg_iov = &vectors[i],
                .msg_iovlen = 1,
                .msg_control = controls[i].bytes,
                .msg_controllen = sizeof controls[i].bytes,
                .msg_flags = 0};
      cmsghdr* c = CMSG_FIRSTHDR(&header);
      c->cmsg_level = IPPROTO_IP;
      c->cmsg_type = IP_PKTINFO;
      c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
      in_pktinfo info{};
      info.ipi_spec_dst = endpoint_ip(out.endpoint);
      std::memcpy(CMSG_DATA(c), &info, sizeof info);
      if (out.size > out.segment) {
        c = CMSG_NXTHDR(&header, c);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        const auto segment = static_cast<uint16_t>(out.segment);
        std::memcpy(CMSG_DATA(c), &segment, sizeof segment);
      } else {
        header.msg_controllen = CMSG_SPACE(sizeof(in_pktinfo));
      }
    }
    const int sent = ::sendmmsg(fd_, messages.data(), static_cast<unsigned>(count), 0);
    if (sent <= 0) {
      ++send_failures_;
      ++next;
    } else {
      next += static_cast<size_t>(sent);
    }
  }
  outgoing_.clear();
  send_buffer_.clear();
}

}  // namespace turms::loadgen
