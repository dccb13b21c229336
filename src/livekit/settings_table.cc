#include "livekit/settings_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "livekit/ice_servers.h"
#include "livekit/room_configurations.h"

namespace turms::livekit {
namespace {

using config::path;
using config::Value;

Status check_turn_server(std::string_view key, std::string_view value) {
  const auto parsed = parse_turn_server(value);
  if (parsed) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, parsed.error().message));
}

config::Table<RoomDefaults> room_table() {
  config::Table<RoomDefaults> table(config::Change::kAtStart);
  table
      .flag("livekit.room.auto_create", &RoomDefaults::auto_create,
            "A room comes into being when its first participant joins.")
      .time("livekit.room.empty_timeout", &RoomDefaults::empty_timeout, 1s, 0,
            config::kYearInSeconds, "Seconds an unused room stays before its first participant.")
      .time("livekit.room.departure_timeout", &RoomDefaults::departure_timeout, 1s, 0,
            config::kYearInSeconds, "Seconds a room stays after its last participant left.")
      .number("livekit.room.max_participants", &RoomDefaults::max_participants, 0, 1000000,
              "Participants in a room that does not say itself; 0: no limit.")
      // Read in this order.
      .add(config::flag("livekit.room.playout_delay.enabled", "false",
                        "Ask receivers of video to keep their jitter buffers within the "
                        "following."),
           [](RoomDefaults& room, const Value& value) {
             if (value.flag) room.playout_delay.emplace();
           })
      .add(config::number("livekit.room.playout_delay.min", "100", 0, 10000,
                          "Milliseconds, at least."),
           [](RoomDefaults& room, const Value& value) {
             if (room.playout_delay) {
               room.playout_delay->min_ms = static_cast<uint32_t>(value.number);
             }
           })
      .add(config::number("livekit.room.playout_delay.max", "2000", 0, 10000,
                          "Milliseconds, at most; less than the minimum: as the minimum."),
           [](RoomDefaults& room, const Value& value) {
             if (room.playout_delay) {
               room.playout_delay->max_ms =
                   std::max(room.playout_delay->min_ms, static_cast<uint32_t>(value.number));
             }
           })
      .flag("livekit.rtc.congestion_control.enabled", &RoomDefaults::follows_bandwidth,
            "Video follows the bandwidth of each subscriber; else each gets what it asks for.")
      .flag("livekit.rtc.congestion_control.allow_pause", &RoomDefaults::allow_pause,
            "Video whose lowest layer does not fit a subscriber's bandwidth is paused; else it is "
            "sent all the same.")
      .flag("livekit.room.sync_streams", &RoomDefaults::sync_streams,
            "Offer the tracks of one stream (a camera and its microphone) as one, so that browsers "
            "play them in step; of rooms that do not ask for it themselves.")
      .number("livekit.room.audio_sources", &RoomDefaults::audio_sources, 0, 1000,
              "In a room with more live microphones than this only those that speak are forwarded, "
              "at most so many at once. Sound of screens, agents and phone lines always is. 0: "
              "all.")
      .flag("livekit.enable_participant_data_blob", &RoomDefaults::enable_data_blobs,
            "Let participants lay down data for others to fetch: up to 64000 bytes each.")
      .flag("livekit.room.enable_remote_unmute", &RoomDefaults::enable_remote_unmute,
            "Let room admins unmute the tracks of others.");
  return table;
}

config::Table<Limits> limits_table() {
  config::Table<Limits> table(config::Change::kAtStart);
  table
      .number("livekit.limit.max_metadata_size", &Limits::metadata, 0, 16777216,
              "Bytes of metadata of a room or participant.")
      .number("livekit.limit.max_attributes_size", &Limits::attributes, 0, 16777216,
              "Bytes of a participant's attributes, keys and values together.")
      .number("livekit.limit.max_room_name_length", &Limits::room_name, 1, 4096,
              "Bytes of a room's name.")
      .number("livekit.limit.max_participant_identity_length", &Limits::identity, 1, 4096,
              "Bytes of a participant's identity.")
      .number("livekit.limit.max_participant_name_length", &Limits::name, 1, 4096,
              "Bytes of a participant's name.");
  return table;
}

config::Table<LoadLimits> load_table() {
  const auto percent = [](double LoadLimits::*field) {
    return [field](LoadLimits& load, const Value& value) {
      load.*field = static_cast<double>(value.number) / 100;
    };
  };
  config::Table<LoadLimits> table(config::Change::kAtStart);
  table
      .add(config::number("livekit.limit.max_cpu", "85", 0, 100,
                          "Percent of a CPU: when every media worker uses so much, or the LiveKit "
                          "service does, nobody new gets in (HTTP status 503). Who is in stays, "
                          "and may come back. 0: no limit."),
           percent(&LoadLimits::admit_cpu))
      .number("livekit.limit.max_packets_per_sec", &LoadLimits::admit_packets_per_second, 0,
              1000000000,
              "Packets that the media workers receive and send a second, beyond which nobody new "
              "gets in. 0: no limit.")
      .add(config::number("livekit.limit.reduce_layers_cpu", "92", 0, 100,
                          "Percent of a CPU: a media worker that uses so much leaves out the top "
                          "layers of video, for all alike, until it has time again. 0: never."),
           percent(&LoadLimits::shed_cpu));
  return table;
}

config::Table<WebhookConfig> webhook_table() {
  config::Table<WebhookConfig> table(config::Change::kAtStart);
  table.list("livekit.webhook.urls", &WebhookConfig::urls, "Where webhooks go.")
      .text("livekit.webhook.api_key", &WebhookConfig::api_key,
            "The key whose secret signs webhooks. Empty: the first of livekit.keys.")
      .list("livekit.webhook.filter_params.include_events", &WebhookConfig::include_events,
            "Only these events are sent. Empty: all.")
      .list("livekit.webhook.filter_params.exclude_events", &WebhookConfig::exclude_events,
            "These events are not sent.")
      .number("livekit.webhook.url_notifier.queue_size", &WebhookConfig::queue_size, 1, 1000000,
              "Events kept for one URL until they are delivered; of more the oldest go.")
      .duration("livekit.webhook.resource_url_notifier.max_age", &WebhookConfig::max_age, "1h",
                1000, 7LL * 24 * 3600 * 1000,
                "An event that could not be delivered for so long is dropped.");
  return table;
}

config::Table<IceServerConfig> ice_table() {
  config::Table<IceServerConfig> table(config::Change::kAtStart);
  table
      .add(config::list("livekit.rtc.turn_servers", "",
                        "TURN servers of others that clients are told: host, port, protocol (udp, "
                        "tcp or tls) and username and credential, or secret (or secret_file) and "
                        "ttl. In one text: name=value with blanks between.",
                        check_turn_server),
           [](IceServerConfig& ice, const Value& value) {
             for (const std::string& text : value.list) {
               ice.turn_servers.push_back(*parse_turn_server(text));
             }
           })
      .secret()
      .text("livekit.turn.domain", &IceServerConfig::turn_host,
            "Name of this server in the addresses of its TURN server. Empty: the first address of "
            "media.")
      .time("livekit.turn.ttl_seconds", &IceServerConfig::turn_ttl, 1s, 30, config::kYearInSeconds,
            "How long credentials for the TURN server are good for a new allocation.");
  return table;
}

config::Option yaml(std::string key, std::string help, config::Check check) {
  config::Option option = config::text(std::move(key), "", std::move(help), std::move(check));
  option.type = config::OptionType::kYaml;
  option.max = 1024 * 1024;
  return option;
}

config::Table<ServiceConfig> make_table() {
  config::Table<ServiceConfig> table(config::Change::kAtStart);
  table
      // Where they are kept without any is whose business that directory is.
      .declare(config::secret(config::pairs(
          "livekit.keys", "",
          "API keys and their secrets. Without any, one pair is made at first start and kept in "
          "the data directory.")))
      .declare(config::text("livekit.key_file", "",
                            "YAML file of API keys and their secrets, in place of livekit.keys. "
                            "Others must not be able to read it."))
      .text("livekit.region", &ServiceConfig::region, "Region that clients are told.")
      .add(yaml("livekit.room.room_configurations",
                "Settings of rooms by the name that a CreateRoom request (room_preset) or a token "
                "(roomPreset) gives: empty_timeout, departure_timeout, max_participants, metadata, "
                "min_playout_delay, max_playout_delay, sync_streams, agents, tags.",
                check_room_configurations),
           [](ServiceConfig& service, const Value& value) {
             service.room_configurations = *parse_room_configurations(value.text);
           })
      .include(&ServiceConfig::room, room_table())
      .include(&ServiceConfig::limits, limits_table())
      .include(&ServiceConfig::load, load_table())
      .include(&ServiceConfig::webhook, webhook_table())
      .include(&ServiceConfig::ice, ice_table());
  return table;
}

}  // namespace

const config::Table<ServiceConfig>& settings_table() {
  static const config::Table<ServiceConfig> table = make_table();
  return table;
}

}  // namespace turms::livekit
