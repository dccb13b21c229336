#include "app/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "app/certificates.h"
#include "app/media_config.h"
#include "app/options.h"

namespace turms::app {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  ~ConfigTest() override { std::filesystem::remove(file_); }

  Result<Config> load(const std::string& yaml, std::vector<std::string> assignments = {},
                      bool dev = false) {
    std::ofstream(file_) << yaml;
    return Config::load({.dev = dev, .file = file_, .assignments = std::move(assignments)});
  }

  std::string error_of(const std::string& yaml) {
    auto config = load(yaml);
    if (config) return "";
    std::string message = config.error().message;
    return message.substr(message.find(':') + 1);
  }

  std::filesystem::path file_ = std::filesystem::temp_directory_path() /
                                ("turms_config_test_" + std::to_string(::getpid()) + ".yaml");
};

TEST_F(ConfigTest, DefaultsDevFileAndAssignmentsInThatOrder) {
  auto config = Config::load({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->text("http.bind"), "0.0.0.0");
  EXPECT_TRUE(config->map("livekit.keys").empty());

  config = load("http: {port: 1}\nadmin: {port: 2}\n", {"admin.port=3"}, true);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->text("http.bind"), "127.0.0.1");
  EXPECT_EQ(config->map("livekit.keys").at("devkey"), "secret");
  EXPECT_EQ(config->number("http.port"), 1);
  EXPECT_EQ(config->number("admin.port"), 3);
}

TEST_F(ConfigTest, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(error_of("http:\n  prot: 1\n"),
            "2: unknown key 'http.prot', did you mean 'http.port'?");
  EXPECT_EQ(error_of("http:\n  port: 70000\n"),
            "2: http.port must be a number from 0 to 65535, not '70000'");
  EXPECT_EQ(error_of("http:\n  port: [1]\n"), "2: http.port must be number");
  EXPECT_EQ(error_of("livekit:\n  enabled: maybe\n"),
            "2: livekit.enabled must be true or false, not 'maybe'");
  EXPECT_EQ(error_of("http: {}\nqqqqqqqq: 1\n"), "2: unknown key 'qqqqqqqq'");
  EXPECT_NE(error_of("a: b: c\n"), "");
  EXPECT_NE(error_of("livekit: {rtc: {udp_port: 9-8}}\n"), "");
  EXPECT_NE(error_of("- 1\n"), "");
  EXPECT_FALSE(Config::load({.assignments = {"http.port"}}));
  EXPECT_FALSE(Config::load({.file = "/nonexistent/turms.yaml"}));
}

TEST_F(ConfigTest, BoundsAtTheirEdges) {
  EXPECT_TRUE(Config::load({.assignments = {"http.port=65535"}}));
  EXPECT_FALSE(Config::load({.assignments = {"http.port=65536"}}));
  EXPECT_TRUE(Config::load({.assignments = {"http.port=0"}}));
  EXPECT_FALSE(Config::load({.assignments = {"http.port=-1"}}));
}

TEST_F(ConfigTest, AddressesAreAddresses) {
  auto config = load("livekit: {rtc: {node_ip: '203.0.113.1, 2001:db8::1'}}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->list("livekit.rtc.node_ip"),
            (std::vector<std::string>{"203.0.113.1", "2001:db8::1"}));
  EXPECT_EQ(load("livekit: {rtc: {node_ip: '203.0.113.1 '}}\n")->list("livekit.rtc.node_ip"),
            std::vector<std::string>{"203.0.113.1"});
  EXPECT_EQ(error_of("livekit: {rtc: {node_ip: 203.0.113.300}}\n"),
            "1: livekit.rtc.node_ip must be an IP address without a port, not '203.0.113.300'");
  for (const char* key : {"livekit.rtc.node_ip", "livekit.rtc.bind", "http.bind", "admin.bind",
                          "turms.gateway.websocket.host", "turms.gateway.tcp.host"}) {
    for (const char* bad : {"media.example.org", "203.0.113.1:7882", "203.0.113.300", "[::1]"}) {
      EXPECT_FALSE(Config::load({.assignments = {std::string(key) + "=" + bad}})) << key << bad;
    }
    for (const char* good : {"203.0.113.1", "::", "2001:db8::1"}) {
      EXPECT_TRUE(Config::load({.assignments = {std::string(key) + "=" + good}})) << key << good;
    }
  }
  EXPECT_FALSE(Config::load({.assignments = {"livekit.rtc.ips.includes=10.0.0.0/33"}}));
  EXPECT_FALSE(Config::load({.assignments = {"livekit.rtc.stun_servers=stun:stun.example.org:1"}}));
}

TEST_F(ConfigTest, WhatCannotBeReachedIsRefused) {
  const auto error = [](std::vector<std::string> assignments) {
    const auto config = Config::load({.assignments = std::move(assignments)});
    EXPECT_TRUE(config) << config.error().message;
    const auto engine = engine_config(*config);
    return engine ? std::string() : engine.error().message;
  };
  EXPECT_EQ(error({"livekit.rtc.node_ip=203.0.113.1,198.51.100.1"}), "");
  EXPECT_EQ(error({"livekit.rtc.node_ip=203.0.113.1,2001:db8::1", "livekit.rtc.bind=::"}), "");
  EXPECT_EQ(error({"livekit.rtc.node_ip=2001:db8::1"}),
            "livekit.rtc.node_ip 2001:db8::1 cannot be reached: livekit.rtc.bind is 0.0.0.0");
  EXPECT_EQ(error({"livekit.rtc.node_ip=203.0.113.1", "livekit.rtc.bind=2001:db8::1"}),
            "livekit.rtc.node_ip 203.0.113.1 cannot be reached: livekit.rtc.bind is 2001:db8::1");
  EXPECT_EQ(error({"livekit.rtc.force_tcp=true", "livekit.rtc.tcp_port=0"}),
            "livekit.rtc.force_tcp needs a livekit.rtc.tcp_port");
}

TEST_F(ConfigTest, OnePortMayServeEverything) {
  net::Loop loop;
  const auto doors = [&](std::vector<std::string> assignments) {
    const auto config = Config::load({.assignments = std::move(assignments)});
    EXPECT_TRUE(config) << config.error().message;
    const auto certificates = Certificates::load(loop, *config);
    EXPECT_TRUE(certificates);
    return media_doors(*config, **certificates);
  };
  auto made = doors({});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->plain->port, 7881);
  EXPECT_FALSE(made->tls || made->plain_is_http);
  EXPECT_EQ(made->advertised_tls_port, 0);
  made = doors({"http.port=443", "livekit.rtc.tcp_port=443"});
  EXPECT_TRUE(made->plain_is_http && !made->plain);
  made = doors({"livekit.rtc.tcp_port=0"});
  EXPECT_FALSE(made->plain || made->plain_is_http);
  // Without a certificate TURN over TLS is told only where somebody else ends it.
  made = doors({"livekit.turn.enabled=true"});
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->tls);
  made = doors({"livekit.turn.enabled=true", "livekit.turn.external_tls=true",
                "livekit.turn.domain=turn.example.org", "livekit.turn.advertised_tls_port=443"});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->tls->port, 5349);
  EXPECT_EQ(made->tls->door.tls, nullptr);
  EXPECT_EQ(made->advertised_tls_port, 443);
  made = doors({"livekit.turn.enabled=true", "livekit.turn.external_tls=true"});
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.starts_with("livekit.turn.domain"));
  made = doors({"http.proxy_protocol=true"});
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.starts_with("http.proxy_protocol"));
  EXPECT_FALSE(Config::load({.assignments = {"http.trusted_proxies=10.0.0.0/8,x"}}));
}

TEST_F(ConfigTest, TurnServersAreTextsOrPairs) {
  auto config = load(
      "livekit:\n  rtc:\n    turn_servers:\n      - host: turn.example.org\n        port: 443\n"
      "        protocol: tls\n        username: u\n        credential: c\n"
      "      - host=b.example.org secret=s\n");
  ASSERT_TRUE(config) << config.error().message;
  const auto ice = ice_server_config(*config);
  ASSERT_EQ(ice.turn_servers.size(), 2u);
  EXPECT_EQ(ice.turn_servers[0].host, "turn.example.org");
  EXPECT_EQ(ice.turn_servers[0].port, 443);
  EXPECT_EQ(ice.turn_servers[1].secret, "s");
  EXPECT_EQ(config->show().find("credential"), std::string::npos);
  EXPECT_EQ(error_of("livekit: {rtc: {turn_servers: [{host: h}]}}\n"),
            "1: livekit.rtc.turn_servers: neither a secret nor a username and a credential");
}

TEST_F(ConfigTest, AMeetingsPasswordIsOfAKnownPolicy) {
  const std::string key = "turms.service.conference.meeting.password.policy=";
  for (const char* policy : {"PROHIBITED", "USER_INPUT_OPTIONAL", "USER_INPUT_REQUIRED"}) {
    EXPECT_TRUE(Config::load({.assignments = {key + policy}})) << policy;
  }
  EXPECT_FALSE(Config::load({.assignments = {key + "SYSTEM_GENERATED"}}));
  EXPECT_FALSE(Config::load({.assignments = {key}}));
}

TEST_F(ConfigTest, TakesAPastedLiveKitFile) {
  auto config = load(
      "livekit:\n  port: 7880\n  rtc: {udp_port: 7882-7884, use_external_ip: true, tcp_port: "
      "7881}\n"
      "  redis: {address: 'a:1'}\n  keys: {k1: s1, k2: s2}\n  webhook: {api_key: k1, urls: "
      "['http://h/a', 'http://h/b']}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->map("livekit.keys").size(), 2u);
  EXPECT_EQ(config->list("livekit.webhook.urls"),
            (std::vector<std::string>{"http://h/a", "http://h/b"}));
  EXPECT_EQ(config->warnings().size(), 2u);  // port, redis
  const auto ports = parse_ports(config->text("livekit.rtc.udp_port"));
  ASSERT_TRUE(ports);
  EXPECT_EQ(ports->first, 7882);
  EXPECT_EQ(ports->count, 3);
}

TEST_F(ConfigTest, PluginsReadTheirOwnGroup) {
  auto config = load("plugins: {example: {greeting: hello}, livekit: {token_ttl_seconds: 60}}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->plugin_settings("example"), (Config::Map{{"greeting", "hello"}}));
  EXPECT_EQ(config->plugin_settings("livekit").at("token_ttl_seconds"), "60");
}

TEST_F(ConfigTest, ShowMasksSecretsAndLoadsAgain) {
  auto config = Config::load(
      {.assignments = {"livekit.keys=k: topsecret", "plugins.livekit.api_secret=topsecret"}});
  ASSERT_TRUE(config);
  const std::string shown = config->show();
  EXPECT_EQ(shown.find("topsecret"), std::string::npos);
  auto again = load(shown);
  EXPECT_TRUE(again) << again.error().message;
}

TEST_F(ConfigTest, TextsOfAFileMayHoldCommas) {
  auto config = load(
      "livekit:\n  keys: {k1: 'a,b: c'}\n  webhook: {urls: ['http://h/a?x=1,2', 'http://h/b']}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->map("livekit.keys"), (Config::Map{{"k1", "a,b: c"}}));
  EXPECT_EQ(config->list("livekit.webhook.urls"),
            (std::vector<std::string>{"http://h/a?x=1,2", "http://h/b"}));
  const auto nested = load("livekit:\n  webhook:\n    urls:\n      - [a]\n");
  ASSERT_FALSE(nested);
  EXPECT_NE(nested.error().message.find(":4: livekit.webhook.urls"), std::string::npos);
}

TEST_F(ConfigTest, ShowsWhatOtherPluginsAreTold) {
  auto config = load("plugins: {example: {greeting: hello, api_secret: topsecret}}\n");
  ASSERT_TRUE(config) << config.error().message;
  const std::string shown = config->show();
  EXPECT_EQ(shown.find("topsecret"), std::string::npos);
  auto again = load(shown);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->plugin_settings("example").at("greeting"), "hello");
}

TEST(ConfigurationReference, NamesEveryKey) {
  EXPECT_NE(configuration_reference().find("| `http.port` | number 0..65535 | `7880` |"),
            std::string::npos);
}

}  // namespace
}  // namespace turms::app
