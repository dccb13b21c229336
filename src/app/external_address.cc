#include "app/external_address.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "base/config.h"
#include "base/random.h"
#include "net/loop_core.h"
#include "net/resolver.h"
#include "net/udp_socket.h"
#include "rtc/stun/message.h"

namespace turms::app {

namespace {

constexpr uint16_t kStunPort = 3478;
constexpr Duration kRepeat = std::chrono::milliseconds(500);

/// Asks all servers until one has answered.
class Probe final : public net::FdHandler {
 public:
  Probe(net::Loop& loop, net::UdpSocket socket)
      : loop_(loop), resolver_(loop), timer_(loop), socket_(std::move(socket)) {
    Rng::from_entropy().fill(transaction_);
    watch_ = loop_.core().watch(socket_.fd(), this, true, false);
  }
  ~Probe() override { loop_.core().unwatch(watch_); }

  void ask(const HostAndPort& server) {
    resolver_.resolve(server.host, server.port, [this](Result<std::vector<net::Address>> found) {
      if (!found) return;
      const auto v4 = std::ranges::find_if(*found, &net::Address::is_v4);
      if (v4 == found->end()) return;
      servers_.push_back(*v4);
      send(*v4);
    });
  }
  void repeat() {
    timer_.start(kRepeat, [this] {
      for (const net::Address& server : servers_) send(server);
      repeat();
    });
  }

  void on_ready(const net::Poller::Event&) override {
    for (const net::ReceivedDatagram& datagram : socket_.receive_batch()) {
      const auto message = rtc::stun::Message::parse(datagram.data);
      if (!message || message->message_class() != rtc::stun::Class::kSuccess) continue;
      if (message->transaction_id() != transaction_ || !message->mapped_address()) continue;
      const rtc::TransportAddress mapped = *message->mapped_address();
      if (mapped.family != rtc::TransportAddress::Family::kIpv4) continue;
      address_ = net::Address::v4({mapped.ip[0], mapped.ip[1], mapped.ip[2], mapped.ip[3]}, 0);
    }
  }

  [[nodiscard]] const std::optional<net::Address>& address() const { return address_; }

 private:
  void send(const net::Address& server) {
    std::array<uint8_t, rtc::stun::kMaxBuiltSize> buffer;
    rtc::stun::Builder builder(buffer, rtc::stun::Class::kRequest, transaction_);
    const net::OutgoingDatagrams request{.destination = server, .data = builder.finish({})};
    socket_.send_batch({&request, 1});
  }

  net::Loop& loop_;
  net::Resolver resolver_;
  net::Timer timer_;
  net::UdpSocket socket_;
  net::LoopCore::Watch watch_;
  rtc::stun::TransactionId transaction_{};
  std::vector<net::Address> servers_;
  std::optional<net::Address> address_;
};

}  // namespace

Result<HostAndPort> parse_host_and_port(std::string_view text, uint16_t default_port) {
  const size_t colon = text.rfind(':');
  HostAndPort out{std::string(text.substr(0, colon)), default_port};
  if (colon != text.npos) {
    const auto port = config::parse_integer(text.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' has no port 1..65535", text));
    }
    out.port = static_cast<uint16_t>(*port);
  }
  const bool good = !out.host.empty() && std::ranges::all_of(out.host, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (!good) return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not host:port", text));
  return out;
}

Result<net::Address> external_address(net::Loop& loop, const std::vector<std::string>& servers,
                                      Duration limit) {
  auto socket = net::UdpSocket::bind(net::Address(), {.kernel_buffer_bytes = 64 * 1024});
  if (!socket) return std::unexpected(socket.error());
  Probe probe(loop, std::move(*socket));
  for (const std::string& text :
       std::span(servers).first(std::min(servers.size(), kMaxStunServers))) {
    const auto server = parse_host_and_port(text, kStunPort);
    if (!server) return std::unexpected(server.error());
    probe.ask(*server);
  }
  probe.repeat();
  if (loop.run_until([&] { return probe.address().has_value(); }, limit)) return *probe.address();
  return fail(ErrorCode::kUnavailable, "no STUN server has answered");
}

}  // namespace turms::app
