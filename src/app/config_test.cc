#include "app/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/certificates.h"
#include "app/media_config.h"
#include "app/options.h"
#include "im/settings_table.h"
#include "livekit/room_configurations.h"
#include "media/settings_table.h"

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

TEST_F(ConfigTest, UpstreamsKeysHaveUpstreamsDefaults) {
  const std::pair<const char*, const char*> defaults[] = {
      {"turms.service.message.default-available-messages-number-without-total", "1000"},
      {"turms.service.message.max-available-messages-number-without-total", "1000"},
      {"turms.service.message.default-available-messages-number-with-total", "1"},
      {"turms.service.message.max-available-messages-number-with-total", "1000"},
      {"turms.service.message.use-conversation-id", "false"},
      {"turms.service.message.is-recalled-message-visible", "false"},
      {"turms.service.message.max-text-limit", "500"},
      {"turms.service.message.available-recall-duration-seconds", "300"},
      {"turms.service.conversation.read-receipt.update-read-date-when-user-querying-message",
       "false"},
      {"turms.service.notification.message-created.notify-message-recipients", "true"},
      {"turms.service.notification.message-created.notify-requester-other-online-sessions", "true"},
      {"turms.service.notification.message-updated.notify-message-recipients", "true"},
      {"turms.service.notification.meeting-invitation-updated.notify-meeting-participants", "true"},
      {"turms.service.group.info.user-defined-attributes.allowed-attributes", ""},
      {"turms.service.conference.meeting.id.type", "DIGIT_9"},
      {"turms.service.conference.meeting.name.max-length", "20"},
      {"turms.service.conference.meeting.intro.max-length", "200"},
      {"turms.service.conference.meeting.password.policy", "PROHIBITED"},
      {"turms.service.conference.meeting.password.type", "NUMERIC"},
      {"turms.service.conference.meeting.password.min-length", "6"},
      {"turms.service.conference.meeting.password.max-length", "6"},
      {"turms.service.conference.meeting.scheduling.max-allowed-start-date-offset-seconds", "0"},
      {"turms.service.conference.meeting.scheduling.allow-cancel", "true"},
  };
  for (const auto& [key, value] : defaults) {
    const Option* option = find_option(key);
    ASSERT_NE(option, nullptr) << key;
    EXPECT_EQ(option->fallback, value) << key;
  }
}

TEST_F(ConfigTest, WordsAndNumbersOfMeetingsAreRead) {
  const auto settings = [](std::vector<std::string> assignments) {
    for (std::string& one : assignments) one = "turms.service.conference.meeting." + one;
    const auto config = Config::load({.assignments = std::move(assignments)});
    EXPECT_TRUE(config) << config.error().message;
    return im::meeting_table().read(*config);
  };
  const auto defaults = settings({});
  EXPECT_EQ(defaults.password, im::MeetingSettings::Password::kProhibited);
  EXPECT_EQ(defaults.password_size.min, 6u);
  EXPECT_EQ(defaults.id_digits, 9);
  const auto read =
      settings({"password.policy=SYSTEM_GENERATED", "password.type=ALPHABETIC", "id.type=DIGIT_10",
                "name.max-length=7", "scheduling.allow-cancel=false"});
  EXPECT_EQ(read.password, im::MeetingSettings::Password::kMade);
  EXPECT_EQ(read.password_characters.find_first_of("0123456789"), std::string::npos);
  EXPECT_EQ(read.id_digits, 10);
  EXPECT_EQ(read.name_size.max, 7u);
  EXPECT_FALSE(read.allow_cancel);
  const auto refused =
      Config::load({.assignments = {"turms.service.conference.meeting.id.type=DIGIT_8"}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("must be one of DIGIT_9, DIGIT_10, not 'DIGIT_8'"),
            std::string::npos)
      << refused.error().message;
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
  const auto made = service_config(*config);
  ASSERT_TRUE(made) << made.error().message;
  const auto& ice = made->ice;
  ASSERT_EQ(ice.turn_servers.size(), 2u);
  EXPECT_EQ(ice.turn_servers[0].host, "turn.example.org");
  EXPECT_EQ(ice.turn_servers[0].port, 443);
  EXPECT_EQ(ice.turn_servers[1].secret, "s");
  EXPECT_EQ(config->show().find("credential"), std::string::npos);
  EXPECT_EQ(error_of("livekit: {rtc: {turn_servers: [{host: h}]}}\n"),
            "1: livekit.rtc.turn_servers: neither a secret nor a username and a credential");
}

TEST_F(ConfigTest, SecretsOfTurnServersMayStandInFiles) {
  const std::string path = testing::TempDir() + "turn_secret_" + std::to_string(::getpid());
  const auto configured = [&] {
    return Config::load(
        {.assignments = {"livekit.rtc.turn_servers=host=t.example.org secret_file=" + path}});
  };
  ASSERT_TRUE(configured());
  const auto missing = service_config(*configured());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "livekit.rtc.turn_servers: no secret in " + path);
  std::ofstream(path) << "from a file\n";
  const auto made = service_config(*configured());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->ice.turn_servers.at(0).secret, "from a file");
  std::filesystem::remove(path);
}

TEST_F(ConfigTest, AMeetingsPasswordIsOfAKnownPolicy) {
  const std::string key = "turms.service.conference.meeting.password.policy=";
  for (const char* policy : {"PROHIBITED", "USER_INPUT_OPTIONAL", "USER_INPUT_REQUIRED",
                             "USER_INPUT_OR_SYSTEM_GENERATED", "SYSTEM_GENERATED"}) {
    EXPECT_TRUE(Config::load({.assignments = {key + policy}})) << policy;
  }
  EXPECT_FALSE(Config::load({.assignments = {key + "WHATEVER"}}));
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
  EXPECT_EQ(config->number("http.port"), 7880);
  const auto ports = media::parse_ports(config->text("livekit.rtc.udp_port"));
  ASSERT_TRUE(ports);
  EXPECT_EQ(ports->first, 7882);
  EXPECT_EQ(ports->count, 3);
}

TEST_F(ConfigTest, TakesEveryKeyOfALiveKitFile) {
  // The names of LiveKit 1.13.5's config-sample.yaml and of pkg/config, with their kinds of values.
  const char* const theirs = R"(
port: 7900
bind_addresses: ["127.0.0.1", "::1"]
log_level: warn
region: us-west-2
development: false
enable_data_tracks: true
enable_participant_data_blob: false
prometheus_port: 6789
debug_handler: {port: 7070}
debug_handler_port: {port: 7070}
keys: {key1: secret1, key2: 1234}
redis:
  address: redis.host:6379
  db: 0
  username: myuser
  sentinel_addresses: [a:1, b:2]
  tls: {enabled: true, insecure: false, ca_cert_file: /path/to/ca.crt}
  cluster_addresses: [a:6379]
rtc:
  port_range_start: 50000
  port_range_end: 60000
  tcp_port: 7881
  use_external_ip: false
  advertise_internal_ip: true
  skip_external_ip_validation: true
  external_ip_only: false
  use_ice_lite: true
  stun_servers: [server1]
  turn_servers:
    - {host: myhost.com, port: 443, protocol: tls, secret: "", secret_file: /x, ttl: 14400, username: "", credential: ""}
  congestion_control: {enabled: true, allow_pause: true}
  allow_tcp_fallback: true
  tcp_fallback_rtt_threshold: 0
  allow_udp_unstable_fallback: false
  packet_buffer_size: 500
  packet_buffer_size_video: 500
  packet_buffer_size_audio: 200
  pli_throttle: {low_quality: 500ms, mid_quality: 1s, high_quality: 1s}
  enable_loopback_candidate: true
  interfaces: {includes: [en0], excludes: [docker0]}
  ips: {includes: [10.0.0.0/16], excludes: [192.168.1.0/24]}
  use_mdns: true
  strict_acks: true
  batch_io: {batch_size: 128, max_flush_interval: 2ms}
  data_channel_max_buffered_amount: 0
  datachannel_slow_threshold: 0
  datachannel_lossy_target_latency: 100ms
  datachannel_data_track_target_latency: 100ms
  reconnect_on_publication_error: true
  reconnect_on_subscription_error: true
  reconnect_on_data_channel_error: true
  force_tcp: false
  enable_warp: false
logging: {level: debug, pion_level: error, json: false, sample: false, component_levels: {a: info}}
room:
  auto_create: true
  empty_timeout: 300
  departure_timeout: 20
  max_participants: 0
  enabled_codecs:
    - mime: audio/opus
    - mime: video/vp8
  enable_remote_unmute: true
  playout_delay: {enabled: true, min: 100, max: 2000}
  sync_streams: true
  create_room_timeout: 10s
  create_room_attempts: 3
  update_batch_target_size: 131072
  max_metadata_size: 1000
  max_room_name_length: 100
  max_participant_identity_length: 100
  room_configurations:
    meeting: {name: meeting, empty_timeout: 60, agents: [{agent_name: scribe, metadata: m}], tags: {a: b}}
webhook:
  api_key: key1
  urls: ["https://your-host.com/handler"]
  url_notifier: {num_workers: 10, queue_size: 100}
  resource_url_notifier: {max_age: 30s, max_depth: 200}
  filter_params: {include_events: [room_started], exclude_events: [room_finished]}
signal_relay: {retry_timeout: 30s, stream_buffer_size: 1000}
psrpc: {max_attempts: 3, timeout: 500ms}
audio: {active_level: 30, min_percentile: 40, update_interval: 500, smooth_intervals: 4, active_red_encoding: true}
video: {dynacast_pause_delay: 5s, codec_regression_threshold: 5, stream_tracker_manager: {video: {}}}
turn:
  enabled: false
  udp_port: 3478
  tls_port: 5349
  relay_range_start: 1024
  relay_range_end: 30000
  external_tls: true
  domain: turn.myhost.com
  ttl_seconds: 300
  allow_restricted_peer_cidrs: [10.0.0.0/8]
  deny_peer_cidrs: [10.0.0.0/8]
  bind_addresses: [0.0.0.0]
ingress: {rtmp_base_url: "rtmp://h/live", whip_base_url: "http://h/whip"}
sip: {}
node_selector:
  kind: sysload
  sort_by: sysload
  algorithm: lowest
  sysload_limit: 0.7
  cpu_load_limit: 0.9
  regions: [{name: us-west-2, lat: 44.19434095976287, lon: -123.0674908379146}]
limit:
  num_tracks: -1
  bytes_per_sec: 1_000_000_000
  subscription_limit_video: 0
  subscription_limit_audio: 0
  max_metadata_size: 2000
  max_attributes_size: 65536
  max_participant_name_length: 256
  max_data_blob_key_length: 256
  max_data_blobs_size: 64000
  max_data_track_custom_encoding_length: 32
agents: {enable_user_data_recording: false, target_load: 0.7}
metric: {timestamper_config: {one_way_delay_estimator_min_interval: 5s}}
trace: {jaeger_url: ""}
node_stats: {stats_update_interval: 2s, stats_rate_measurement_intervals: [10s]}
api: {execution_timeout: 2s, check_interval: 100ms}
)";
  std::string nested = "livekit:\n";
  std::istringstream lines(theirs);
  for (std::string line; std::getline(lines, line);) nested += "  " + line + "\n";
  const auto pasted = load(nested);
  ASSERT_TRUE(pasted) << pasted.error().message;
  const auto environment = Config::load({.environment = {{Config::kConfigVariable, theirs}}});
  ASSERT_TRUE(environment) << environment.error().message;
  for (const Config* config : {&*pasted, &*environment}) {
    EXPECT_EQ(config->number("http.port"), 7900);
    EXPECT_EQ(config->list("livekit.bind_addresses"),
              (std::vector<std::string>{"127.0.0.1", "::1"}));
    EXPECT_EQ(config->text("log.level"), "debug");
    EXPECT_EQ(config->number("livekit.prometheus.port"), 6789);
    EXPECT_EQ(config->map("livekit.keys"), (Config::Map{{"key1", "secret1"}, {"key2", "1234"}}));
    EXPECT_EQ(config->duration("livekit.webhook.resource_url_notifier.max_age"), 30s);
    EXPECT_EQ(config->list("livekit.webhook.filter_params.include_events"),
              std::vector<std::string>{"room_started"});
    EXPECT_EQ(config->number("livekit.limit.max_metadata_size"), 2000) << "not the older name's";
    EXPECT_EQ(config->number("livekit.limit.max_room_name_length"), 100);
    const auto rooms =
        livekit::parse_room_configurations(config->text("livekit.room.room_configurations"));
    ASSERT_TRUE(rooms);
    EXPECT_EQ(rooms->at("meeting").empty_timeout_s, 60u);
    ASSERT_EQ(rooms->at("meeting").agents.size(), 1u);
    EXPECT_EQ(rooms->at("meeting").agents[0].agent_name, "scribe");
    const auto& warnings = config->warnings();
    const auto warned = [&](std::string_view words) {
      return std::ranges::any_of(
          warnings, [&](const std::string& line) { return line.find(words) != line.npos; });
    };
    EXPECT_TRUE(warned("livekit.redis.address has no effect") ||
                warned("livekit.redis has no effect"));
    EXPECT_TRUE(warned("livekit.logging.json has no effect"));
    EXPECT_TRUE(warned("livekit.keys.key1 is shorter than 32 bytes"));
    EXPECT_FALSE(warned("livekit.port"));
  }
  // Ours win.
  const auto both = load(nested + "http: {port: 1}\nlog: {level: error}\n");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->number("http.port"), 1);
  EXPECT_EQ(both->text("log.level"), "error");
}

TEST_F(ConfigTest, TheEnvironmentMayHoldTheKeys) {
  const auto config = Config::load(
      {.environment = {{Config::kKeysVariable, "k1: s1\nk2: s2"}, {Config::kRegionVariable, "eu"}},
       .assignments = {"livekit.keys.k3=a=b"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->map("livekit.keys"), (Config::Map{{"k1", "s1"}, {"k2", "s2"}, {"k3", "a=b"}}));
  EXPECT_EQ(config->text("livekit.region"), "eu");
  EXPECT_FALSE(Config::load({.environment = {{Config::kKeysVariable, "k1"}}}));
  EXPECT_FALSE(Config::load({.environment = {{Config::kConfigVariable, "prot: 1"}}}));
}

TEST_F(ConfigTest, MapsTakeDottedNames) {
  const auto config = Config::load({.assignments = {"livekit.keys.APIx=one", "livekit.keys.b.c=two",
                                                    "livekit.redis.address=r:1"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->map("livekit.keys"), (Config::Map{{"APIx", "one"}, {"b.c", "two"}}));
  EXPECT_FALSE(Config::load({.assignments = {"livekit.keys.=x"}}));
  EXPECT_FALSE(Config::load({.assignments = {"livekit.port.x=1"}}));
}

TEST_F(ConfigTest, EmptySecretsAreRefused) {
  EXPECT_NE(error_of("livekit:\n  keys: {k: ''}\n").find("livekit.keys.k is an empty secret"),
            std::string::npos);
  EXPECT_NE(error_of("livekit:\n  keys: {k: }\n"), "");
  EXPECT_NE(error_of("livekit:\n  keys:\n    '': secret\n"), "");
  EXPECT_NE(error_of("plugins: {livekit: {url: 'http://h', api_key: k, api_secret: ''}}\n"), "");
  EXPECT_NE(error_of("plugins: {other: {api_secret: ''}}\n"), "");
  EXPECT_FALSE(Config::load({.assignments = {"livekit.keys=k:"}}));
  EXPECT_FALSE(Config::load({.assignments = {"livekit.keys.k="}}));
  EXPECT_FALSE(Config::load({.dev = true, .assignments = {"livekit.keys.k="}}));
  EXPECT_FALSE(Config::load({.environment = {{Config::kKeysVariable, "k: ''"}}}));
}

TEST_F(ConfigTest, ShortSecretsAreWarnedOf) {
  const std::string fine(kShortestSecret, 'x');
  const auto warnings = [](std::vector<std::string> assignments, bool dev = false) {
    const auto config = Config::load({.dev = dev, .assignments = std::move(assignments)});
    return config ? config->warnings().size() : 99;
  };
  EXPECT_EQ(warnings({"livekit.keys.k=" + fine}), 0u);
  EXPECT_EQ(warnings({"livekit.keys.k=" + fine.substr(1)}), 1u);
  EXPECT_EQ(warnings({"plugins.livekit.url=http://h", "plugins.livekit.api_key=k",
                      "plugins.livekit.api_secret=short"}),
            1u);
  EXPECT_EQ(warnings({"plugins.other.secret=short"}), 1u);
  EXPECT_EQ(warnings({}, true), 0u) << "development is as it is";
}

TEST(Durations, AsGoWritesThem) {
  EXPECT_EQ(config::parse_duration_ms("5s"), 5000);
  EXPECT_EQ(config::parse_duration_ms("1m30s"), 90'000);
  EXPECT_EQ(config::parse_duration_ms("1.5h"), 5'400'000);
  EXPECT_EQ(config::parse_duration_ms("500ms"), 500);
  EXPECT_EQ(config::parse_duration_ms("7"), 7000);
  for (const char* wrong : {"", "s", "-5s", "5x", "5s5", "1e3s", "nan", "99999999h"}) {
    EXPECT_FALSE(config::parse_duration_ms(wrong)) << wrong;
  }
}

TEST_F(ConfigTest, PluginsReadTheirOwnGroup) {
  auto config = load("plugins: {example: {greeting: hello}, livekit: {token_ttl_seconds: 60}}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->plugin_settings("example"), (Config::Map{{"greeting", "hello"}}));
  EXPECT_EQ(config->plugin_settings("livekit").at("token_ttl_seconds"), "60");
}

TEST_F(ConfigTest, PluginsSayWhatTheyMayBeTold) {
  int asked = 0;
  const auto load_with = [&](const std::string& yaml, std::vector<std::string> assignments = {}) {
    std::ofstream(file_) << yaml;
    return Config::load({.file = file_,
                         .assignments = std::move(assignments),
                         .describe_plugins = [&](const std::string& directory,
                                                 const std::vector<std::string>& names) {
                           ++asked;
                           EXPECT_EQ(directory, "/where");
                           EXPECT_EQ(names, std::vector<std::string>{"bot"});
                           return std::vector<config::Option>{
                               config::number("plugins.bot.pace", "3", 1, 9, "How fast."),
                               config::secret(config::text("plugins.bot.word", "", "Its word."))};
                         }});
  };
  const std::string base = "plugins:\n  dir: /where\n  enabled: [bot]\n  bot:\n";
  auto config = load_with(base + "    word: topsecret\n    hook_failures: 2\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->plugin_settings("bot"),
            (Config::Map{{"pace", "3"}, {"word", "topsecret"}, {"hook_failures", "2"}}));
  EXPECT_EQ(config->plugin_setting("bot", "pace"), "3");
  EXPECT_EQ(config->plugin_setting("bot", "none"), "");
  EXPECT_EQ(config->show().find("topsecret"), std::string::npos);
  EXPECT_TRUE(load_with(config->show()));
  // A running server does not load them again for that.
  asked = 0;
  EXPECT_TRUE(config->with_changes({{"log.level", "warn"}}));
  EXPECT_TRUE(config->read_again());
  EXPECT_EQ(asked, 0);

  config = load_with(base + "    pace: 10\n");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            file_.string() + ":5: plugins.bot.pace must be a number from 1 to 9, not '10'");
  config = load_with(base, {"plugins.bot.pce=1"});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "--set plugins.bot.pce: unknown key 'plugins.bot.pce', did you mean "
            "'plugins.bot.pace'?");
  EXPECT_TRUE(load_with(base, {"plugins.other.anything=1"})) << "of one that says nothing";
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
