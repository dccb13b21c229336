#include "link/udp_ends.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace turms::link {
namespace {

constexpr size_t kMaxDatagram = 65'535;
constexpr int kBuffer = 8 << 20;  // a burst that does not fit would be a loss that nobody asked for

std::unexpected<Error> failed(std::string_view what) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

Result<sockaddr_in> parse(const std::string& text) {
  const size_t colon = text.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  uint16_t port = 0;
  if (colon == std::string::npos ||
      ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr) != 1 ||
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ec != std::errc{}) {
    return fail(ErrorCode::kInvalidArgument, text + ": not an IPv4 address and a port");
  }
  out.sin_port = htons(port);
  return out;
}

Descriptor make_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return socket;
  // Beyond the system's bound only for root; else up to it.
  for (const auto& [forced, plain] :
       {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}}) {
    if (::setsockopt(socket.get(), SOL_SOCKET, forced, &kBuffer, sizeof(kBuffer)) < 0) {
      (void)::setsockopt(socket.get(), SOL_SOCKET, plain, &kBuffer, sizeof(kBuffer));
    }
  }
  return socket;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<std::unique_ptr<UdpEnds>> UdpEnds::open(const std::string& listen, const std::string& to) {
  const Result<sockaddr_in> here = parse(listen);
  const Result<sockaddr_in> there = parse(to);
  if (!here) return std::unexpected(here.error());
  if (!there) return std::unexpected(there.error());
  auto ends = std::unique_ptr<UdpEnds>(new UdpEnds());
  ends->server_ = *there;
  ends->listen_ = make_socket();
  if (!ends->listen_.valid()) return failed("socket");
  if (::bind(ends->listen_.get(), generic(*here), sizeof(*here)) < 0) return failed(listen);
  return ends;
}

std::vector<int> UdpEnds::descriptors() const {
  std::vector<int> out{listen_.get()};
  for (const Flow& flow : flows_) out.push_back(flow.to_server.get());
  return out;
}

void UdpEnds::read(int descriptor, const Take& take) {
  if (descriptor == listen_.get()) return read_clients(take);
  for (size_t i = 0; i < flows_.size(); ++i) {
    if (flows_[i].to_server.get() == descriptor) return read_server(i, take);
  }
}

void UdpEnds::read_clients(const Take& take) {
  std::array<uint8_t, kMaxDatagram> buffer;
  for (int i = 0; i < kMaxRead; ++i) {
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    const ssize_t size = ::recvfrom(listen_.get(), buffer.data(), buffer.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0) return;
    const size_t flow = flow_of(from);
    if (flow == kMaxFlows) {
      ++write_failures;
      continue;
    }
    take(Way::kUp, {Bytes(buffer.begin(), buffer.begin() + size), flow});
  }
}

void UdpEnds::read_server(size_t flow, const Take& take) {
  std::array<uint8_t, kMaxDatagram> buffer;
  for (int i = 0; i < kMaxRead; ++i) {
    const ssize_t size = ::recv(flows_[flow].to_server.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return;
    take(Way::kDown, {Bytes(buffer.begin(), buffer.begin() + size), flow});
  }
}

size_t UdpEnds::flow_of(const sockaddr_in& client) {
  const uint64_t key = static_cast<uint64_t>(client.sin_addr.s_addr) << 16 | client.sin_port;
  if (const auto known = by_client_.find(key); known != by_client_.end()) return known->second;
  if (flows_.size() == kMaxFlows) return kMaxFlows;
  Descriptor socket = make_socket();
  if (!socket.valid() || ::connect(socket.get(), generic(server_), sizeof(server_)) < 0) {
    return kMaxFlows;
  }
  flows_.push_back({client, std::move(socket)});
  return by_client_[key] = flows_.size() - 1;
}

void UdpEnds::write(Way way, Packet packet) {
  const Flow& flow = flows_[packet.tag];
  const ssize_t sent =
      way == Way::kUp ? ::send(flow.to_server.get(), packet.bytes.data(), packet.bytes.size(), 0)
                      : ::sendto(listen_.get(), packet.bytes.data(), packet.bytes.size(), 0,
                                 generic(flow.client), sizeof(flow.client));
  if (sent < 0) ++write_failures;
}

std::string UdpEnds::describe() const {
  sockaddr_in own{};
  socklen_t length = sizeof(own);
  ::getsockname(listen_.get(), reinterpret_cast<sockaddr*>(&own), &length);
  return fmt::format(R"(,"port":{})", ntohs(own.sin_port));
}

}  // namespace turms::link
