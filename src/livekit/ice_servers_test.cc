#include "livekit/ice_servers.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

constexpr WallTime kNow{1'700'000'000'500};

TEST(IceServers, EmbeddedOnesNameEveryWay) {
  IceServerConfig config{.turn_host = "media.example.org", .turn_tls_port = 443};
  const media::TurnAccess access{"user", "password", "192.0.2.1", 3478};
  EXPECT_TRUE(ice_servers(config, kNow, "PA_1", std::nullopt).empty());
  auto told = ice_servers(config, kNow, "PA_1", access);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].urls, (std::vector<std::string>{"turn:media.example.org:3478?transport=udp",
                                                    "turns:media.example.org:443?transport=tcp"}));
  EXPECT_EQ(told[0].username, "user");
  EXPECT_EQ(told[0].credential, "password");
  config = {.turn_tcp_port = 7881};
  told = ice_servers(config, kNow, "PA_1", media::TurnAccess{"user", "password", "2001:db8::1", 0});
  EXPECT_EQ(told.at(0).urls, std::vector<std::string>{"turn:[2001:db8::1]:7881?transport=tcp"});
}

TEST(IceServers, OthersGetStaticOrTimeLimitedCredentials) {
  IceServerConfig config;
  config.stun_servers = {"stun.example.org:3478"};
  config.turn_servers = {
      *parse_turn_server("host=a.example.org port=5349 protocol=tls username=u credential=c"),
      *parse_turn_server("host=b.example.org secret=north ttl=3600")};
  const auto told = ice_servers(config, kNow, "PA_1", std::nullopt);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].urls, std::vector<std::string>{"turns:a.example.org:5349?transport=tcp"});
  EXPECT_EQ(told[0].username, "u");
  EXPECT_EQ(told[0].credential, "c");
  EXPECT_EQ(told[1].urls, std::vector<std::string>{"turn:b.example.org:3478?transport=udp"});
  EXPECT_EQ(told[1].username, "1700003600:PA_1");
  // echo -n 1700003600:PA_1 | openssl dgst -sha1 -hmac north -binary | base64
  EXPECT_EQ(told[1].credential, "yuzthm71VtVn1yeF250w4pJ16B4=");
  EXPECT_EQ(told[2].urls, std::vector<std::string>{"stun:stun.example.org:3478"});
  EXPECT_TRUE(told[2].username.empty());
}

TEST(IceServers, NonsenseIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no host"},
      {"turn.example.org", "'turn.example.org' is not of the form name=value"},
      {"host=h port=0 secret=s", "port is not from 1 to 65535"},
      {"host=h port=3478x secret=s", "port is not from 1 to 65535"},
      {"host=h protocol=sctp secret=s", "protocol is not udp, tcp or tls"},
      {"host=h username=u", "neither a secret nor a username and a credential"},
      {"host=h secret=s ttl=5", "ttl is not from 60 to 2592000 seconds"},
      {"host=h color=red", "unknown name 'color'"},
  };
  for (const auto& [text, message] : cases) {
    const auto parsed = parse_turn_server(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, message);
  }
}

}  // namespace
}  // namespace turms::livekit
