#include "rtc/turn/server_testing.h"

#include <gtest/gtest.h>

namespace turms::rtc::turn {
namespace {

ServerConfig config_of(const TurnFixture& fixture, std::vector<TransportAddress> addresses,
                       const std::function<void(ServerConfig&)>& change) {
  ServerConfig config;
  config.secret = fixture.secret;
  config.worker = TurnFixture::kWorker;
  config.media_addresses = addresses.empty() ? std::vector{fixture.media} : std::move(addresses);
  if (change) change(config);
  return config;
}

}  // namespace

TurnFixture::TurnFixture(std::vector<TransportAddress> addresses,
                         std::function<void(ServerConfig&)> change)
    : server(config_of(*this, std::move(addresses), change), rng) {}

Bytes TurnFixture::build(uint16_t method, stun::Class message_class, const Fill& fill) {
  Bytes buffer(4096);
  stun::TransactionId id;
  rng.fill(id);
  stun::Builder builder(buffer, message_class, id, method);
  if (fill) fill(builder);
  std::string key;
  if (!nonce.empty() && message_class == stun::Class::kRequest) {
    builder.add(0x0006, as_bytes(credentials.username))
        .add(attribute::kRealm, as_bytes("turms"))
        .add(attribute::kNonce, as_bytes(nonce));
    const LongTermKey long_term =
        long_term_key(credentials.username, "turms", credentials.password);
    key = std::string(as_text(long_term));
  }
  const ByteView message = builder.finish(key);
  return {message.begin(), message.end()};
}

Message TurnFixture::ask(uint16_t method, const Fill& fill) {
  Bytes request = build(method, stun::Class::kRequest, fill);
  const Received received = send(request);
  EXPECT_EQ(received.kind, Received::Kind::kResponse);
  auto answer = Message::parse(received.data);
  EXPECT_TRUE(answer);
  EXPECT_EQ(answer->stun().method(), method);
  EXPECT_EQ(as_text(answer->stun().transaction_id()), as_text(ByteView(request).subspan(8, 12)));
  return *answer;
}

void TurnFixture::learn_nonce() {
  nonce.clear();
  const Message answer = ask(method::kAllocate, request_udp);
  ASSERT_TRUE(answer.nonce);
  nonce = *answer.nonce;
}

TransportAddress TurnFixture::allocate(const Fill& fill) {
  learn_nonce();
  const Message answer = ask(method::kAllocate, fill);
  EXPECT_EQ(code(answer), 0);
  return relayed_address(answer).value_or(TransportAddress{});
}

void TurnFixture::request_udp(stun::Builder& builder) {
  builder.add(attribute::kRequestedTransport, std::array<uint8_t, 4>{17});
}

TurnFixture::Fill TurnFixture::peer(const TransportAddress& address) {
  return [address](stun::Builder& builder) {
    builder.add_xor_address(attribute::kXorPeerAddress, address);
  };
}

TurnFixture::Fill TurnFixture::channel(uint16_t number, const TransportAddress& address) {
  return [=](stun::Builder& builder) {
    std::array<uint8_t, 4> value{};
    store_be16(value.data(), number);
    builder.add(attribute::kChannelNumber, value)
        .add_xor_address(attribute::kXorPeerAddress, address);
  };
}

TurnFixture::Fill TurnFixture::lifetime(uint32_t seconds) {
  return [seconds](stun::Builder& builder) {
    std::array<uint8_t, 4> value{};
    store_be32(value.data(), seconds);
    builder.add(attribute::kLifetime, value);
  };
}

uint16_t code(const Message& answer) {
  return answer.stun().message_class() == stun::Class::kSuccess ? 0 : *answer.stun().error_code();
}

std::optional<TransportAddress> relayed_address(const Message& answer) {
  stun::AttributeReader reader(answer.stun().attributes());
  uint16_t type = 0;
  ByteView value;
  while (reader.next(type, value)) {
    if (type == attribute::kXorRelayedAddress) {
      return stun::parse_xor_address(value, answer.stun().transaction_id());
    }
  }
  return std::nullopt;
}

std::optional<uint32_t> lifetime_of(const Message& answer) {
  return answer.lifetime_s;
}

}  // namespace turms::rtc::turn
