#include "rtc/turn/server.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rtc/turn/framing.h"
#include "rtc/turn/server_testing.h"

namespace turms::rtc::turn {
namespace {

using Kind = Received::Kind;

Bytes channel_data(uint16_t channel, std::string_view payload, size_t padding = 0) {
  Bytes message(4 + payload.size() + padding);
  store_be16(message.data(), channel);
  store_be16(&message[2], static_cast<uint16_t>(payload.size()));
  std::memcpy(&message[4], payload.data(), payload.size());
  return message;
}

TurnFixture::Fill send_to(const TransportAddress& peer, std::string_view data) {
  return [=](stun::Builder& builder) {
    builder.add_xor_address(attribute::kXorPeerAddress, peer).add(attribute::kData, as_bytes(data));
  };
}

TEST(TurnCredentials, CarryExpiryWorkerAndUser) {
  const Secret secret{9};
  const Credentials credentials = mint(secret, TimePoint(1500ms), 2, "PA_x");
  EXPECT_EQ(credentials.username, "2:2:PA_x");  // rounded up: never shorter than asked for
  EXPECT_EQ(credentials.password, password_of(secret, credentials.username));
  EXPECT_NE(credentials.password, password_of(secret, "3:2:PA_x"));
  EXPECT_NE(credentials.password, password_of(Secret{8}, credentials.username));
  const auto username = Username::parse("2:2:PA:x");
  ASSERT_TRUE(username);
  EXPECT_EQ(username->expiry, TimePoint(2s));
  EXPECT_EQ(username->worker, 2u);
  EXPECT_EQ(username->user, "PA:x");
  for (const char* bad : {"", "1", "1:2", "1:2:", ":2:x", "1::x", "-1:2:x", "1:99999999999:x",
                          "99999999999:1:x", "1 :2:x"}) {
    EXPECT_FALSE(Username::parse(bad)) << bad;
  }
  EXPECT_FALSE(Username::parse("1:2:" + std::string(kMaxUser + 1, 'x')));
}

// The example of RFC 8489 section 9.2.2.
TEST(TurnCredentials, LongTermKeyIsMd5OfTheThree) {
  EXPECT_EQ(hex(long_term_key("user", "realm", "pass")), "8493fbc53ba582fb4c044c456bdc40eb");
}

TEST(TurnServer, ChallengesAndAllocates) {
  TurnFixture turn;
  const Message challenge = turn.ask(method::kAllocate, TurnFixture::request_udp);
  EXPECT_EQ(code(challenge), 401);
  EXPECT_EQ(challenge.realm, "turms");
  ASSERT_TRUE(challenge.nonce);
  turn.nonce = *challenge.nonce;
  const Message answer = turn.ask(method::kAllocate, TurnFixture::request_udp);
  EXPECT_EQ(code(answer), 0);
  EXPECT_TRUE(answer.stun().verify_integrity(
      as_text(long_term_key(turn.credentials.username, "turms", turn.credentials.password))));
  EXPECT_EQ(answer.stun().mapped_address(), turn.client.remote);
  EXPECT_EQ(lifetime_of(answer), 600u);
  const auto relayed = relayed_address(answer);
  ASSERT_TRUE(relayed);
  EXPECT_EQ(relayed->ip, turn.media.ip);
  EXPECT_GE(relayed->port, 1024);
  EXPECT_EQ(turn.server.allocations(), 1u);
}

TEST(TurnServer, RefusesWrongCredentials) {
  TurnFixture turn;
  turn.learn_nonce();
  const Credentials good = turn.credentials;
  turn.credentials.password = "guess";
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 401);
  turn.credentials = mint(Secret{5}, turn.now + 300s, TurnFixture::kWorker, "PA_alice");
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 401);
  turn.credentials = mint(turn.secret, turn.now - 1s, TurnFixture::kWorker, "PA_alice");
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 401);
  turn.credentials.username = "not ours";
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 401);
  EXPECT_EQ(turn.server.allocations(), 0u);
  turn.credentials = good;
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 0);
}

TEST(TurnServer, WantsAllPartsOfTheCredentials) {
  TurnFixture turn;
  Bytes buffer(512);
  stun::Builder builder(buffer, stun::Class::kRequest, {}, method::kAllocate);
  TurnFixture::request_udp(builder);
  const ByteView message = builder.finish("key");
  Bytes request(message.begin(), message.end());
  const Received received = turn.send(request);
  EXPECT_EQ(code(*Message::parse(received.data)), 400);
}

TEST(TurnServer, NoncesGrowStaleAndBelongToTheirClient) {
  TurnFixture turn;
  turn.learn_nonce();
  const std::string former = turn.nonce;
  turn.client.remote.port = 40001;
  Message answer = turn.ask(method::kAllocate, TurnFixture::request_udp);
  EXPECT_EQ(code(answer), 438);
  EXPECT_TRUE(answer.nonce && *answer.nonce != former);
  turn.client.remote.port = 40000;
  turn.now += Server::kNonceLifetime + 1s;
  turn.credentials = mint(turn.secret, turn.now + 300s, TurnFixture::kWorker, "PA_alice");
  answer = turn.ask(method::kAllocate, TurnFixture::request_udp);
  EXPECT_EQ(code(answer), 438);
  turn.nonce = *answer.nonce;
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 0);
  turn.nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  EXPECT_EQ(code(turn.ask(method::kRefresh)), 438);
}

TEST(TurnServer, AnswersARepeatedAllocateAndRefusesASecond) {
  TurnFixture turn;
  turn.learn_nonce();
  Bytes request = turn.build(method::kAllocate, stun::Class::kRequest, TurnFixture::request_udp);
  const auto first = relayed_address(*Message::parse(turn.send(request).data));
  const auto again = relayed_address(*Message::parse(turn.send(request).data));
  EXPECT_TRUE(first && first == again);
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 437);
  EXPECT_EQ(turn.server.allocations(), 1u);
}

TEST(TurnServer, RefusesWhatItDoesNotOffer) {
  TurnFixture turn;
  turn.learn_nonce();
  const auto with = [](auto more) {
    return [more](stun::Builder& builder) {
      TurnFixture::request_udp(builder);
      more(builder);
    };
  };
  using B = stun::Builder;
  EXPECT_EQ(code(turn.ask(method::kAllocate)), 400);
  EXPECT_EQ(code(turn.ask(
                method::kAllocate,
                [](B& b) { b.add(attribute::kRequestedTransport, std::array<uint8_t, 4>{6}); })),
            442);
  EXPECT_EQ(code(turn.ask(method::kAllocate, with([](B& b) {
                            b.add(attribute::kEvenPort, std::array<uint8_t, 1>{0x80});
                          }))),
            508);
  EXPECT_EQ(code(turn.ask(method::kAllocate, with([](B& b) {
                            b.add(attribute::kReservationToken, std::array<uint8_t, 8>{});
                          }))),
            508);
  EXPECT_EQ(code(turn.ask(method::kAllocate, with([](B& b) {
                            b.add(attribute::kRequestedAddressFamily,
                                  std::array<uint8_t, 4>{kFamilyIpv6});
                          }))),
            440);
  EXPECT_EQ(code(turn.ask(method::kAllocate, with([](B& b) {
                            b.add(attribute::kRequestedAddressFamily,
                                  std::array<uint8_t, 4>{kFamilyIpv4});
                            b.add(attribute::kReservationToken, std::array<uint8_t, 8>{});
                          }))),
            400);
  const Message unknown =
      turn.ask(method::kAllocate, with([](B& b) { b.add(0x7ABC, std::array<uint8_t, 4>{}); }));
  EXPECT_EQ(code(unknown), 420);
  EXPECT_EQ(turn.server.allocations(), 0u);
  // An even port alone is one of many.
  const TransportAddress even =
      turn.allocate(with([](B& b) { b.add(attribute::kEvenPort, std::array<uint8_t, 1>{0}); }));
  EXPECT_EQ(even.port % 2, 0);
}

TEST(TurnServer, OffersTheFamiliesOfItsMedia) {
  const TransportAddress v6 = TransportAddress::ipv6({0x20, 0x01, 0x0d, 0xb8}, 7882);
  TurnFixture turn({TransportAddress::ipv4(192, 0, 2, 10, 7882), v6});
  const TransportAddress relayed = turn.allocate([](stun::Builder& b) {
    TurnFixture::request_udp(b);
    b.add(attribute::kRequestedAddressFamily, std::array<uint8_t, 4>{kFamilyIpv6});
  });
  EXPECT_EQ(relayed.ip, v6.ip);
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(turn.media))), 443);
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(v6))), 0);
  EXPECT_EQ(code(turn.ask(method::kRefresh,
                          [](stun::Builder& b) {
                            b.add(attribute::kRequestedAddressFamily,
                                  std::array<uint8_t, 4>{kFamilyIpv4});
                          })),
            443);
}

TEST(TurnServer, TellsThatASecondFamilyIsMissing) {
  TurnFixture turn;
  turn.learn_nonce();
  const Message answer = turn.ask(method::kAllocate, [](stun::Builder& b) {
    TurnFixture::request_udp(b);
    b.add(attribute::kAdditionalAddressFamily, std::array<uint8_t, 4>{kFamilyIpv6});
  });
  EXPECT_EQ(code(answer), 0);
  stun::AttributeReader reader(answer.stun().attributes());
  uint16_t type = 0;
  ByteView value;
  std::string error;
  while (reader.next(type, value)) {
    if (type == attribute::kAddressErrorCode) error = hex(value);
  }
  EXPECT_EQ(error, "02000428");  // IPv6: 440
}

TEST(TurnServer, CountsAllocationsPerUserAndInAll) {
  TurnFixture turn({}, [](ServerConfig& config) {
    config.max_allocations_per_user = 2;
    config.max_allocations = 3;
  });
  const auto allocate_from = [&](uint16_t port) {
    turn.client.remote.port = port;
    turn.learn_nonce();
    return code(turn.ask(method::kAllocate, TurnFixture::request_udp));
  };
  EXPECT_EQ(allocate_from(1), 0);
  EXPECT_EQ(allocate_from(2), 0);
  EXPECT_EQ(allocate_from(3), 486);
  // Other credentials of the same user count with them.
  turn.credentials = mint(turn.secret, turn.now + 400s, TurnFixture::kWorker, "PA_alice");
  EXPECT_EQ(allocate_from(4), 486);
  turn.credentials = mint(turn.secret, turn.now + 300s, TurnFixture::kWorker, "PA_bob");
  EXPECT_EQ(allocate_from(5), 0);
  EXPECT_EQ(allocate_from(6), 486);
  turn.client.remote.port = 5;
  turn.learn_nonce();
  EXPECT_EQ(code(turn.ask(method::kRefresh, TurnFixture::lifetime(0))), 0);
  EXPECT_EQ(allocate_from(6), 0);
}

TEST(TurnServer, SendsAUserOfAnotherWorkerThere) {
  TurnFixture turn;
  turn.learn_nonce();
  turn.credentials = mint(turn.secret, turn.now + 300s, 1, "PA_alice");
  Bytes request = turn.build(method::kAllocate, stun::Class::kRequest, TurnFixture::request_udp);
  const Bytes before = request;
  const Received received = turn.send(request);
  EXPECT_EQ(received.kind, Kind::kMisdirected);
  EXPECT_EQ(received.worker, 1u);
  EXPECT_EQ(request, before);
  // The other worker takes it as it is: it shares the secret.
  TurnFixture other({}, [](ServerConfig& config) { config.worker = 1; });
  other.now = turn.now;
  EXPECT_EQ(code(*Message::parse(other.server.receive(turn.now, turn.client, request).data)), 0);
  // Only who has good credentials is passed on.
  turn.credentials.password = "guess";
  EXPECT_EQ(code(turn.ask(method::kAllocate, TurnFixture::request_udp)), 401);
}

TEST(TurnServer, RefreshesEndsAndExpires) {
  TurnFixture turn;
  turn.allocate();
  EXPECT_EQ(lifetime_of(turn.ask(method::kRefresh, TurnFixture::lifetime(1))), 600u);
  EXPECT_EQ(lifetime_of(turn.ask(method::kRefresh, TurnFixture::lifetime(900))), 900u);
  EXPECT_EQ(lifetime_of(turn.ask(method::kRefresh, TurnFixture::lifetime(100000))), 3600u);
  EXPECT_EQ(turn.server.next_timeout(), turn.now + 1h);
  // What a session has may be kept up after its credentials have expired.
  turn.now += 50min;
  EXPECT_EQ(lifetime_of(turn.ask(method::kRefresh)), 600u);
  turn.now += 10min;
  turn.server.handle_timeout(turn.now - 1ns);
  EXPECT_EQ(turn.server.allocations(), 1u);
  turn.server.handle_timeout(turn.now);
  EXPECT_EQ(turn.server.allocations(), 0u);
  EXPECT_EQ(turn.server.next_timeout(), kNever);

  TurnFixture other;
  other.allocate();
  EXPECT_EQ(lifetime_of(other.ask(method::kRefresh, TurnFixture::lifetime(0))), 0u);
  EXPECT_EQ(other.server.allocations(), 0u);
  EXPECT_EQ(code(other.ask(method::kRefresh)), 437);
}

TEST(TurnServer, AnotherUserMayNotTouchAnAllocation) {
  TurnFixture turn;
  turn.allocate();
  turn.credentials = mint(turn.secret, turn.now + 300s, TurnFixture::kWorker, "PA_bob");
  EXPECT_EQ(code(turn.ask(method::kRefresh, TurnFixture::lifetime(0))), 441);
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(turn.media))), 441);
  EXPECT_EQ(turn.server.allocations(), 1u);
}

TEST(TurnServer, PermitsOurOwnMediaOnly) {
  TurnFixture turn;
  EXPECT_EQ((turn.learn_nonce(),
             code(turn.ask(method::kCreatePermission, TurnFixture::peer(turn.media)))),
            437);
  turn.allocate();
  const auto other = TransportAddress::ipv4(10, 0, 0, 1, 80);
  EXPECT_EQ(code(turn.ask(method::kCreatePermission)), 400);
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(other))), 403);
  EXPECT_EQ(code(turn.ask(method::kCreatePermission,
                          [&](stun::Builder& b) {
                            TurnFixture::peer(turn.media)(b);
                            TurnFixture::peer(other)(b);
                          })),
            403);
  // All or none: nothing may be sent yet.
  Bytes send = turn.build(method::kSend, stun::Class::kIndication, send_to(turn.media, "hello"));
  EXPECT_EQ(turn.send(send).drop, DropReason::kNoPermission);
  // The port does not matter for the permission, and does for what is sent.
  TransportAddress port = turn.media;
  port.port = 9;
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(port))), 0);
  send = turn.build(method::kSend, stun::Class::kIndication, send_to(port, "hello"));
  EXPECT_EQ(turn.send(send).drop, DropReason::kNoPermission);
}

TEST(TurnServer, RelaysIndications) {
  TurnFixture turn;
  const TransportAddress relayed = turn.allocate();
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(turn.media))), 0);
  Bytes send = turn.build(method::kSend, stun::Class::kIndication, send_to(turn.media, "hello"));
  const Received received = turn.send(send);
  ASSERT_EQ(received.kind, Kind::kRelayed);
  EXPECT_EQ(as_text(received.data), "hello");
  EXPECT_GE(received.data.data(), send.data());
  EXPECT_EQ(received.relayed, relayed);
  EXPECT_EQ(received.peer, turn.media);

  Bytes out(Server::kMaxHeader + 5 + Server::kMaxPadding, 0);
  std::memcpy(&out[Server::kMaxHeader], "world", 5);
  const auto envelope = turn.server.to_client(turn.now, relayed, turn.media, 5,
                                              MutableByteView(out).first(Server::kMaxHeader));
  ASSERT_TRUE(envelope);
  EXPECT_EQ(*envelope->client, turn.client);
  const ByteView message = ByteView(out).subspan(Server::kMaxHeader - envelope->header_size,
                                                 envelope->header_size + 5 + envelope->padding);
  const auto data = Message::parse(message);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->stun().message_class(), stun::Class::kIndication);
  EXPECT_EQ(data->stun().method(), method::kData);
  ASSERT_EQ(data->peers().size(), 1u);
  EXPECT_EQ(data->peers()[0], turn.media);
  ASSERT_TRUE(data->data);
  EXPECT_EQ(as_text(*data->data), "world");

  turn.now += Server::kPermissionLifetime;
  EXPECT_EQ(turn.send(send).drop, DropReason::kNoPermission);
  EXPECT_FALSE(turn.server.to_client(turn.now, relayed, turn.media, 5,
                                     MutableByteView(out).first(Server::kMaxHeader)));
}

TEST(TurnServer, RelaysOverChannels) {
  TurnFixture turn;
  const TransportAddress relayed = turn.allocate();
  Bytes early = channel_data(0x4000, "hello");
  EXPECT_EQ(turn.send(early).drop, DropReason::kNoChannel);
  EXPECT_EQ(code(turn.ask(method::kChannelBind, TurnFixture::channel(0x4000, turn.media))), 0);
  Bytes data = channel_data(0x4000, "hello", 3);
  const Received received = turn.send(data);
  ASSERT_EQ(received.kind, Kind::kRelayed);
  EXPECT_EQ(as_text(received.data), "hello");
  EXPECT_EQ(received.relayed, relayed);
  EXPECT_EQ(received.peer, turn.media);
  EXPECT_EQ(turn.send(early = channel_data(0x4001, "hello")).drop, DropReason::kNoChannel);

  Bytes headroom(Server::kMaxHeader);
  const auto envelope = turn.server.to_client(turn.now, relayed, turn.media, 5, headroom);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->header_size, 4u);
  EXPECT_EQ(envelope->padding, 0u);  // over UDP
  EXPECT_EQ(hex(ByteView(headroom).last(4)), "40000005");

  // The permission that came with the binding ends first, and is refreshed by either.
  turn.now += Server::kPermissionLifetime;
  EXPECT_EQ(turn.send(data).drop, DropReason::kNoPermission);
  EXPECT_EQ(code(turn.ask(method::kChannelBind, TurnFixture::channel(0x4000, turn.media))), 0);
  EXPECT_EQ(turn.send(data).kind, Kind::kRelayed);
}

TEST(TurnServer, PadsChannelDataInStreams) {
  for (const Transport transport : {Transport::kTcp, Transport::kTls}) {
    TurnFixture turn;
    turn.client.transport = transport;
    const TransportAddress relayed = turn.allocate();
    EXPECT_EQ(code(turn.ask(method::kChannelBind, TurnFixture::channel(0x4FFF, turn.media))), 0);
    Bytes headroom(Server::kMaxHeader);
    const auto padding = [&](size_t size) {
      return turn.server.to_client(turn.now, relayed, turn.media, size, headroom)->padding;
    };
    EXPECT_EQ(padding(4), 0u);
    EXPECT_EQ(padding(5), 3u);
    EXPECT_EQ(padding(7), 1u);
  }
}

TEST(TurnServer, AChannelHasOnePeerAndAPeerOneChannel) {
  TurnFixture turn(
      {TransportAddress::ipv4(192, 0, 2, 10, 7882), TransportAddress::ipv4(192, 0, 2, 11, 7882)});
  const TransportAddress second = TransportAddress::ipv4(192, 0, 2, 11, 7882);
  turn.allocate();
  const auto bind = [&](uint16_t number, const TransportAddress& peer) {
    return code(turn.ask(method::kChannelBind, TurnFixture::channel(number, peer)));
  };
  EXPECT_EQ(bind(0x3FFF, turn.media), 400);
  EXPECT_EQ(bind(0x5000, turn.media), 400);
  EXPECT_EQ(bind(0x4000, TransportAddress::ipv4(10, 0, 0, 1, 80)), 403);
  EXPECT_EQ(bind(0x4000, TransportAddress::ipv4(192, 0, 2, 10, 80)), 403);
  EXPECT_EQ(bind(0x4000, turn.media), 0);
  EXPECT_EQ(bind(0x4000, second), 400);
  EXPECT_EQ(bind(0x4001, turn.media), 400);
  EXPECT_EQ(bind(0x4001, second), 0);
  turn.now += Server::kChannelLifetime - 1s;
  EXPECT_EQ(lifetime_of(turn.ask(method::kRefresh)), 600u);
  turn.now += 1s;
  EXPECT_EQ(bind(0x4000, second), 0);
}

TEST(TurnServer, ForgetsAStreamThatIsClosed) {
  TurnFixture turn;
  turn.client.transport = Transport::kTcp;
  const TransportAddress relayed = turn.allocate();
  turn.server.client_gone(turn.client);
  turn.server.client_gone(turn.client);
  EXPECT_EQ(turn.server.allocations(), 0u);
  Bytes headroom(Server::kMaxHeader);
  EXPECT_FALSE(turn.server.to_client(turn.now, relayed, turn.media, 5, headroom));
}

TEST(TurnServer, FollowsItsMediaAddresses) {
  TurnFixture turn;
  const TransportAddress relayed = turn.allocate();
  EXPECT_EQ(code(turn.ask(method::kChannelBind, TurnFixture::channel(0x4000, turn.media))), 0);
  const TransportAddress added = TransportAddress::ipv4(203, 0, 113, 1, 7882);
  turn.server.set_media_addresses({added, turn.media});
  Bytes headroom(Server::kMaxHeader);
  EXPECT_TRUE(turn.server.to_client(turn.now, relayed, turn.media, 5, headroom));
  EXPECT_EQ(code(turn.ask(method::kCreatePermission, TurnFixture::peer(added))), 0);
  turn.server.set_media_addresses({added});
  EXPECT_FALSE(turn.server.to_client(turn.now, relayed, turn.media, 5, headroom));
}

TEST(TurnServer, IsAStunServerToo) {
  TurnFixture turn;
  const Message answer = turn.ask(stun::kBindingMethod);
  EXPECT_EQ(code(answer), 0);
  EXPECT_EQ(answer.stun().mapped_address(), turn.client.remote);
  turn.nonce = "any";
  Bytes check = turn.build(stun::kBindingMethod, stun::Class::kRequest, {});
  EXPECT_EQ(turn.send(check).drop, DropReason::kUnexpected);
}

TEST(TurnServer, DropsAndCountsTheRest) {
  TurnFixture turn;
  const auto dropped = [&](Bytes message) { return turn.send(message).drop; };
  EXPECT_EQ(dropped({}), DropReason::kMalformed);
  EXPECT_EQ(dropped({0x40, 0x00}), DropReason::kMalformed);
  EXPECT_EQ(dropped({0x40, 0x00, 0x00, 0x09, 1, 2, 3, 4}), DropReason::kMalformed);
  EXPECT_EQ(dropped({0x50, 0x00, 0x00, 0x00}), DropReason::kMalformed);
  EXPECT_EQ(dropped(channel_data(0x4000, "x")), DropReason::kNoAllocation);
  EXPECT_EQ(dropped(turn.build(method::kSend, stun::Class::kIndication, send_to(turn.media, "x"))),
            DropReason::kNoAllocation);
  EXPECT_EQ(dropped(turn.build(method::kSend, stun::Class::kIndication, {})),
            DropReason::kMalformed);
  EXPECT_EQ(dropped(turn.build(method::kData, stun::Class::kIndication, {})),
            DropReason::kUnexpected);
  EXPECT_EQ(dropped(turn.build(method::kAllocate, stun::Class::kSuccess, {})),
            DropReason::kUnexpected);
  EXPECT_EQ(dropped(turn.build(0x00A, stun::Class::kRequest, {})), DropReason::kUnexpected);
  EXPECT_EQ(turn.server.dropped(DropReason::kMalformed), 5u);
  EXPECT_EQ(turn.server.dropped(DropReason::kUnexpected), 3u);
  turn.allocate();
  EXPECT_EQ(code(turn.ask(method::kChannelBind, TurnFixture::channel(0x4000, turn.media))), 0);
  EXPECT_EQ(dropped(channel_data(0x4000, std::string(Server::kMaxDatagram + 1, 'x'))),
            DropReason::kTooLong);
}

TEST(TurnClassification, TellsTurnFromOtherDatagrams) {
  TurnFixture turn;
  for (const uint16_t method : {method::kAllocate, method::kRefresh, method::kSend,
                                method::kCreatePermission, method::kChannelBind}) {
    EXPECT_TRUE(is_turn(turn.build(method, stun::Class::kRequest, {})));
    EXPECT_TRUE(is_turn(turn.build(method, stun::Class::kIndication, {})));
  }
  EXPECT_TRUE(is_turn(channel_data(0x4000, "x")));
  EXPECT_FALSE(is_turn(turn.build(stun::kBindingMethod, stun::Class::kRequest, {})));
  EXPECT_FALSE(is_turn(Bytes{0x80, 0x60, 0, 0}));
  EXPECT_FALSE(is_turn(Bytes{0, 3}));
}

TEST(TurnFraming, FindsMessagesInAStream) {
  TurnFixture turn;
  Bytes stream = channel_data(0x4000, "hello", 3);
  const Bytes request = turn.build(method::kRefresh, stun::Class::kRequest, {});
  stream.insert(stream.end(), request.begin(), request.end());
  for (size_t size = 0; size < 12; ++size) {
    EXPECT_EQ(next_frame(ByteView(stream).first(size)).kind, Frame::Kind::kNeedMore) << size;
  }
  Frame frame = next_frame(stream);
  EXPECT_EQ(frame.kind, Frame::Kind::kMessage);
  EXPECT_EQ(frame.size, 9u);
  EXPECT_EQ(frame.padded, 12u);
  frame = next_frame(ByteView(stream).subspan(12));
  EXPECT_EQ(frame.kind, Frame::Kind::kMessage);
  EXPECT_EQ(frame.size, request.size());
  EXPECT_EQ(frame.padded, request.size());
  EXPECT_EQ(next_frame(Bytes{'G', 'E', 'T', ' '}).kind, Frame::Kind::kInvalid);
  EXPECT_EQ(next_frame(Bytes{0x50}).kind, Frame::Kind::kInvalid);
  EXPECT_EQ(next_frame(Bytes{0x16, 3, 1}).kind, Frame::Kind::kNeedMore);
  EXPECT_EQ(next_frame(Bytes{0, 1, 0, 3}).kind, Frame::Kind::kInvalid);
  EXPECT_EQ(next_frame(Bytes{0x40, 0, 0xFF, 0xFF}).kind, Frame::Kind::kInvalid);
}

}  // namespace
}  // namespace turms::rtc::turn
