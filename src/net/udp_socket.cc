#include "net/udp_socket.h"

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace turms::net {

namespace {

constexpr size_t kReceiveMessages = 64;
constexpr size_t kReceiveBuffer = 64 * 1024;
/// As the kernel's UDP_MAX_SEGMENTS.
constexpr size_t kMaxSegments = 128;
constexpr size_t kSendMessages = 64;
/// So many refusals without a success between them turn segmentation off.
constexpr int kRefusalsToGiveUp = 4;

/// The size of coalesced segments, the time of arrival and the address it arrived at.
constexpr size_t kReceivedControlSize =
    CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(in6_pktinfo));
/// The size of segments and the address to send from.
constexpr size_t kSentControlSize = CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(in6_pktinfo));

template <class T>
T control_value(const cmsghdr* control) {
  T value;
  std::memcpy(&value, CMSG_DATA(control), sizeof value);
  return value;
}

/// After those that are there; the buffer has room.
template <class T>
void add_control(msghdr& header, int level, int type, const T& value) {
  auto* const control =
      reinterpret_cast<cmsghdr*>(static_cast<uint8_t*>(header.msg_control) + header.msg_controllen);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(control), &value, sizeof value);
  header.msg_controllen += CMSG_SPACE(sizeof value);
}

bool is_refused_segmentation(int error) {
  return error == EIO || error == EINVAL || error == EOPNOTSUPP;
}

/// Binding to the device would not do: the kernel takes a datagram to another address of this
/// machine as one of that address's device.
bool take_from_this_machine_only(int fd) {
  std::array code = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                           static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, if_nametoindex("lo"), 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace

struct UdpSocket::State {
  int fd = -1;
  Address local;
  bool segmentation = true;
  int refusals = 0;
  uint64_t truncated = 0;
  Duration waited{};

  std::unique_ptr<uint8_t[]> buffers;
  std::array<mmsghdr, kReceiveMessages> received{};
  std::array<iovec, kReceiveMessages> received_parts{};
  std::array<sockaddr_storage, kReceiveMessages> sources{};
  alignas(cmsghdr) uint8_t received_control[kReceiveMessages][kReceivedControlSize]{};
  std::vector<ReceivedDatagram> datagrams;  // never more than reserved

  std::array<mmsghdr, kSendMessages> sent{};
  std::array<iovec, kSendMessages> sent_parts{};
  std::array<sockaddr_storage, kSendMessages> destinations{};
  alignas(cmsghdr) uint8_t sent_control[kSendMessages][kSentControlSize]{};

  State() : buffers(std::make_unique_for_overwrite<uint8_t[]>(kReceiveMessages * kReceiveBuffer)) {
    datagrams.reserve(kReceiveMessages * kMaxSegments);
    for (size_t i = 0; i < kReceiveMessages; ++i) {
      received_parts[i] = {buffers.get() + i * kReceiveBuffer, kReceiveBuffer};
      received[i].msg_hdr.msg_iov = &received_parts[i];
      received[i].msg_hdr.msg_iovlen = 1;
      received[i].msg_hdr.msg_name = &sources[i];
      received[i].msg_hdr.msg_control = received_control[i];
    }
    for (size_t i = 0; i < kSendMessages; ++i) {
      sent[i].msg_hdr.msg_iov = &sent_parts[i];
      sent[i].msg_hdr.msg_iovlen = 1;
      sent[i].msg_hdr.msg_name = &destinations[i];
      sent[i].msg_hdr.msg_control = sent_control[i];
    }
  }
  ~State() {
    if (fd >= 0) ::close(fd);
  }

  void take_apart(size_t index);
  /// Of the message at `index`.
  [[nodiscard]] Duration time_in_kernel(size_t index);
  void prepare(size_t index, const OutgoingDatagrams& message);
  void add_source(msghdr& header, const Address& source) const;
  bool send_one_by_one(const OutgoingDatagrams& message, SendOutcome& outcome);
};

Result<UdpSocket> UdpSocket::bind(const Address& address, const UdpOptions& options) {
  auto state = std::make_unique<State>();
  const auto failed = [&] {
    return fail(ErrorCode::kUnavailable,
                "cannot bind UDP " + address.to_string() + ": " + std::strerror(errno));
  };
  state->fd =
      ::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (state->fd < 0) return failed();
  const auto set = [&](int level, int option, int value) {
    return setsockopt(state->fd, level, option, &value, sizeof value) == 0;
  };
  if (options.this_machine_only && !take_from_this_machine_only(state->fd)) return failed();
  if (!address.is_v4()) set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (address.is_unspecified()) {
    address.is_v4() ? set(IPPROTO_IP, IP_PKTINFO, 1)
                    : set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);  // IPv4 in mapped form too
  }
  // FORCE goes beyond net.core.*mem_max where the process may; the plain one is cut to it.
  if (!set(SOL_SOCKET, SO_RCVBUFFORCE, options.kernel_buffer_bytes)) {
    set(SOL_SOCKET, SO_RCVBUF, options.kernel_buffer_bytes);
  }
  if (!set(SOL_SOCKET, SO_SNDBUFFORCE, options.kernel_buffer_bytes)) {
    set(SOL_SOCKET, SO_SNDBUF, options.kernel_buffer_bytes);
  }
  set(IPPROTO_UDP, UDP_GRO, 1);
  set(SOL_SOCKET, SO_TIMESTAMPNS, 1);
  // Never fragmented: a lost fragment loses the packet, and many middleboxes drop them all. It also
  // spares the kernel an identification number for each datagram.
  set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (!address.is_v4()) set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  sockaddr_storage storage{};
  socklen_t length = address.to_sockaddr(storage);
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(state->fd, name, length) != 0) return failed();
  length = sizeof storage;
  if (getsockname(state->fd, name, &length) != 0) return failed();
  state->local = Address::from_sockaddr(name);
  return UdpSocket(std::move(state));
}

UdpSocket::UdpSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
UdpSocket::UdpSocket(UdpSocket&& other) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept = default;
UdpSocket::~UdpSocket() = default;

int UdpSocket::fd() const {
  return state_->fd;
}
const Address& UdpSocket::local() const {
  return state_->local;
}
uint64_t UdpSocket::truncated() const {
  return state_->truncated;
}
Duration UdpSocket::waited() const {
  return state_->waited;
}
bool UdpSocket::segmentation() const {
  return state_->segmentation;
}

std::span<ReceivedDatagram> UdpSocket::receive_batch() {
  State& s = *state_;
  for (size_t i = 0; i < kReceiveMessages; ++i) {
    s.received[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    s.received[i].msg_hdr.msg_controllen = kReceivedControlSize;
  }
  const int messages = recvmmsg(s.fd, s.received.data(), kReceiveMessages, 0, nullptr);
  s.datagrams.clear();
  s.waited = messages > 0 ? s.time_in_kernel(0) : Duration{};
  for (int i = 0; i < messages; ++i) s.take_apart(static_cast<size_t>(i));
  return s.datagrams;
}

Duration UdpSocket::State::time_in_kernel(size_t index) {
  msghdr& header = received[index].msg_hdr;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    const auto arrival = control_value<timespec>(c);
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const Duration waited_for = std::chrono::seconds(now.tv_sec - arrival.tv_sec) +
                                std::chrono::nanoseconds(now.tv_nsec - arrival.tv_nsec);
    // The wall clock may have been set meanwhile.
    return std::clamp<Duration>(waited_for, 0s, 10s);
  }
  return {};
}

void UdpSocket::State::take_apart(size_t index) {
  msghdr& header = received[index].msg_hdr;
  size_t left = received[index].msg_len;
  size_t segment = left;
  Address arrived_at = local;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      const int size = control_value<int>(c);
      if (size > 0) segment = static_cast<size_t>(size);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      const auto info = control_value<in_pktinfo>(c);
      std::array<uint8_t, 4> ip;
      std::memcpy(ip.data(), &info.ipi_spec_dst, ip.size());
      arrived_at = Address::v4(ip, local.port());
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      const auto info = control_value<in6_pktinfo>(c);
      std::array<uint8_t, 16> ip;
      std::memcpy(ip.data(), &info.ipi6_addr, ip.size());
      arrived_at = Address::v6(ip, local.port());
    }
  }
  if ((header.msg_flags & MSG_TRUNC) != 0 || segment > kMaxDatagram) {
    ++truncated;
    return;
  }
  const Address source = Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&sources[index]));
  auto* data = static_cast<uint8_t*>(received_parts[index].iov_base);
  // An empty datagram is one too, but nothing that anyone here could use.
  while (left > 0 && datagrams.size() < datagrams.capacity()) {
    const size_t size = std::min(segment, left);
    datagrams.push_back({{data, size}, source, arrived_at});
    data += size;
    left -= size;
  }
}

void UdpSocket::State::prepare(size_t index, const OutgoingDatagrams& message) {
  msghdr& header = sent[index].msg_hdr;
  header.msg_namelen = message.destination.to_sockaddr(destinations[index], !local.is_v4());
  sent_parts[index] = {const_cast<uint8_t*>(message.data.data()), message.data.size()};
  header.msg_controllen = 0;
  if (message.segment_size != 0 && message.data.size() > message.segment_size) {
    add_control(header, SOL_UDP, UDP_SEGMENT, message.segment_size);
  }
  if (local.is_unspecified() && !message.source.is_unspecified()) {
    add_source(header, message.source);
  }
}

void UdpSocket::State::add_source(msghdr& header, const Address& source) const {
  sockaddr_storage storage;
  source.to_sockaddr(storage, !local.is_v4());
  if (local.is_v4()) {
    in_pktinfo info{};
    info.ipi_spec_dst = reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
    add_control(header, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    // An IPv4 destination takes the mapped form too.
    in6_pktinfo info{};
    info.ipi6_addr = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
    add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

UdpSocket::SendOutcome UdpSocket::send_batch(std::span<const OutgoingDatagrams> messages) {
  State& s = *state_;
  SendOutcome outcome;
  while (outcome.consumed < messages.size()) {
    const auto rest = messages.subspan(outcome.consumed);
    if (!s.segmentation && rest[0].count() > 1) {
      if (!s.send_one_by_one(rest[0], outcome)) return outcome;
      continue;
    }
    size_t count = 0;
    while (count < std::min(rest.size(), kSendMessages) &&
           (s.segmentation || rest[count].count() == 1)) {
      s.prepare(count, rest[count]);
      ++count;
    }
    const int sent = sendmmsg(s.fd, s.sent.data(), static_cast<unsigned>(count), 0);
    if (sent > 0) {
      for (int i = 0; i < sent; ++i) {
        const size_t pieces = rest[static_cast<size_t>(i)].count();
        outcome.datagrams += pieces;
        if (pieces > 1) s.refusals = 0;
      }
      outcome.consumed += static_cast<size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      outcome.blocked = true;
      return outcome;
    }
    if (rest[0].count() > 1 && (is_refused_segmentation(errno) || errno == EMSGSIZE)) {
      if (errno != EMSGSIZE && ++s.refusals >= kRefusalsToGiveUp) s.segmentation = false;
      if (!s.send_one_by_one(rest[0], outcome)) return outcome;
      continue;
    }
    outcome.failed += rest[0].count();
    ++outcome.consumed;
  }
  return outcome;
}

/// False: the kernel's buffer is full. What was left of the message is counted as failed then, for
/// half a message cannot be given back.
bool UdpSocket::State::send_one_by_one(const OutgoingDatagrams& message, SendOutcome& outcome) {
  OutgoingDatagrams piece{.destination = message.destination, .source = message.source};
  size_t offset = 0;
  for (; offset < message.data.size(); offset += message.segment_size) {
    piece.data = message.data.subspan(
        offset, std::min<size_t>(message.segment_size, message.data.size() - offset));
    prepare(0, piece);
    if (sendmsg(fd, &sent[0].msg_hdr, 0) >= 0) {
      ++outcome.datagrams;
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      outcome.blocked = true;
      if (offset == 0) return false;
      break;
    }
    ++outcome.failed;
  }
  if (offset < message.data.size()) {
    outcome.failed +=
        (message.data.size() - offset + message.segment_size - 1) / message.segment_size;
  }
  ++outcome.consumed;
  return !outcome.blocked;
}

}  // namespace turms::net
