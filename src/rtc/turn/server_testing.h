#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/random.h"
#include "rtc/turn/message.h"
#include "rtc/turn/server.h"

namespace turms::rtc::turn {

/// A server on virtual time, and what a client would say to it.
struct TurnFixture {
  static constexpr uint32_t kWorker = 3;

  Secret secret{1, 2, 3};
  TimePoint now{1000s};
  Rng rng{7};
  TransportAddress media = TransportAddress::ipv4(192, 0, 2, 10, 7882);
  Client client{TransportAddress::ipv4(198, 51, 100, 5, 40000), media, Transport::kUdp};
  Credentials credentials = mint(secret, now + 300s, kWorker, "PA_alice");
  std::string nonce;
  Server server;

  explicit TurnFixture(std::vector<TransportAddress> addresses = {},
                       std::function<void(ServerConfig&)> change = {});

  using Fill = std::function<void(stun::Builder&)>;
  /// A message, signed with `credentials` when `nonce` is known.
  Bytes build(uint16_t method, stun::Class message_class, const Fill& fill);
  Received send(Bytes& message) { return server.receive(now, client, message); }
  /// A request's answer, as parsed; views into the server's buffer.
  Message ask(uint16_t method, const Fill& fill = {});
  /// Takes a nonce from a challenge.
  void learn_nonce();
  /// Learns a nonce and allocates: the relayed address.
  TransportAddress allocate(const Fill& fill = request_udp);

  static void request_udp(stun::Builder& builder);
  static Fill peer(const TransportAddress& address);
  static Fill channel(uint16_t number, const TransportAddress& address);
  static Fill lifetime(uint32_t seconds);
};

/// 0: a success.
uint16_t code(const Message& answer);
std::optional<TransportAddress> relayed_address(const Message& answer);
std::optional<uint32_t> lifetime_of(const Message& answer);

}  // namespace turms::rtc::turn
