#include "link/tun_ends.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace turms::link {
namespace {

constexpr size_t kMaxPacket = 65'535;
/// Packets in the device while this process waits for its turn: drops are the link's business.
constexpr int kDeviceQueue = 10'000;

std::unexpected<Error> failed(std::string_view what) {
  return fail(
      errno == EPERM || errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
      fmt::format("{}: {}", what, std::strerror(errno)));
}

void name(ifreq& request, const std::string& device) {
  device.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
}

sockaddr address_of(const std::string& text) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, text.c_str(), &in.sin_addr);
  sockaddr out;
  std::memcpy(&out, &in, sizeof(out));
  return out;
}

Status bring_up(int socket, const std::string& device) {
  ifreq request{};
  name(request, device);
  if (::ioctl(socket, SIOCGIFFLAGS, &request) < 0) return failed(device);
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  if (::ioctl(socket, SIOCSIFFLAGS, &request) < 0) return failed("bring up " + device);
  return {};
}

Status configure(const std::string& device, const std::string& address, int mtu) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed("socket");
  if (Status up = bring_up(socket.get(), "lo"); !up) return up;
  ifreq request{};
  name(request, device);
  request.ifr_addr = address_of(address);
  if (::ioctl(socket.get(), SIOCSIFADDR, &request) < 0) return failed("address of " + device);
  request.ifr_netmask = address_of("255.255.255.0");
  if (::ioctl(socket.get(), SIOCSIFNETMASK, &request) < 0) return failed("mask of " + device);
  request.ifr_mtu = mtu;
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) < 0) return failed("MTU of " + device);
  request.ifr_qlen = kDeviceQueue;
  if (::ioctl(socket.get(), SIOCSIFTXQLEN, &request) < 0) return failed("queue of " + device);
  return bring_up(socket.get(), device);
}

/// Browsers look for their address by the way to somewhere far; that way leads to the server.
Status route_everything(const std::string& gateway) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  rtentry route{};
  route.rt_dst = address_of("0.0.0.0");
  route.rt_genmask = address_of("0.0.0.0");
  route.rt_gateway = address_of(gateway);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  if (::ioctl(socket.get(), SIOCADDRT, &route) < 0) return failed("default route");
  return {};
}

}  // namespace

Result<TunEnds::Side> TunEnds::open_side(const TunConfig& config, bool is_server) {
  Side side;
  if (is_server && !config.server_net.empty()) {
    side.net = Descriptor(::open(config.server_net.c_str(), O_RDONLY | O_CLOEXEC));
    if (!side.net.valid()) return failed(config.server_net);
    if (::setns(side.net.get(), CLONE_NEWNET) < 0) return failed("enter " + config.server_net);
  } else {
    if (::unshare(CLONE_NEWNET) < 0) return failed("make a network namespace");
    side.net = Descriptor(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!side.net.valid()) return failed("/proc/self/ns/net");
  }
  side.tun = Descriptor(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  // Containers may be without it, for root too.
  if (!side.tun.valid()) {
    return fail(ErrorCode::kPermissionDenied, failed("/dev/net/tun").error().message);
  }
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  // One server may have several links, whose networks differ in the third part.
  const std::string device = "link" + config.subnet.substr(config.subnet.rfind('.') + 1);
  name(request, device);
  if (::ioctl(side.tun.get(), TUNSETIFF, &request) < 0) return failed("make " + device);
  const std::string own = config.subnet + (is_server ? ".1" : ".2");
  if (Status status = configure(device, own, config.mtu); !status) {
    return std::unexpected(status.error());
  }
  if (!is_server) {
    if (Status status = route_everything(config.subnet + ".1"); !status) {
      return std::unexpected(status.error());
    }
  }
  return side;
}

Result<std::unique_ptr<TunEnds>> TunEnds::open(const TunConfig& config) {
  in_addr parsed;
  if (::inet_pton(AF_INET, (config.subnet + ".1").c_str(), &parsed) != 1) {
    return fail(ErrorCode::kInvalidArgument, config.subnet + ": not three parts of an address");
  }
  auto ends = std::unique_ptr<TunEnds>(new TunEnds());
  ends->config_ = config;
  for (const bool is_server : {true, false}) {
    Result<Side> side = open_side(config, is_server);
    if (!side) return std::unexpected(side.error());
    (is_server ? ends->server_ : ends->client_) = std::move(*side);
  }
  return ends;
}

std::vector<int> TunEnds::descriptors() const {
  return {server_.tun.get(), client_.tun.get()};
}

void TunEnds::read(int descriptor, const Take& take) {
  const Way way = descriptor == client_.tun.get() ? Way::kUp : Way::kDown;
  std::array<uint8_t, kMaxPacket> buffer;
  for (int i = 0; i < kMaxRead; ++i) {
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size <= 0) return;
    take(way, {Bytes(buffer.begin(), buffer.begin() + size)});
  }
}

void TunEnds::write(Way way, Packet packet) {
  const int to = (way == Way::kUp ? server_ : client_).tun.get();
  if (::write(to, packet.bytes.data(), packet.bytes.size()) < 0) ++write_failures;
}

std::string TunEnds::describe() const {
  return fmt::format(
      R"(,"server_net":"/proc/{0}/fd/{1}","client_net":"/proc/{0}/fd/{2}","server_ip":"{3}.1","client_ip":"{3}.2")",
      ::getpid(), server_.net.get(), client_.net.get(), config_.subnet);
}

}  // namespace turms::link
