#include "livekit/room_report.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <cmath>

namespace turms::livekit {
namespace {

namespace json = boost::json;

using media::LayerLimit;

constexpr std::string_view kNotNegotiated = "not_negotiated";

std::string size(const LayerChoice& layer) {
  if (layer.spatial < 0) return "nothing";
  if (layer.width == 0 || layer.height == 0) return fmt::format("layer {}", layer.spatial);
  return fmt::format("{}x{}", layer.width, layer.height);
}

std::string beside_best(const SubscriptionReport& s, const LayerChoice& layer) {
  if (layer.spatial < 0 || layer.spatial == s.best.spatial) return size(layer);
  return fmt::format("{} of {}", size(layer), size(s.best));
}

std::string network(const SubscriptionReport& s, const std::optional<media::PathStatistics>& path) {
  // Of the best size there is, fewer pictures.
  const bool fewer =
      s.allocated.spatial == s.best.spatial || s.allocated.spatial == s.wanted.spatial;
  const std::string what =
      beside_best(s, s.allocated) + (fewer ? " with fewer pictures a second" : "");
  if (!path) return what + ": the network carries no more";
  return fmt::format("{}: the network carries {}", what,
                     rate_text(static_cast<double>(path->estimate_bps)));
}

constexpr std::string_view kNotConnected = "nothing yet: its connection is not up";
constexpr std::string_view kMuted = "nothing: muted by the publisher";

std::string explain_sound(const SubscriptionReport& s) {
  switch (s.statistics.limit) {
    case LayerLimit::kNotConnected:
      return std::string(kNotConnected);
    case LayerLimit::kMuted:
      return std::string(kMuted);
    case LayerLimit::kSubscriber:
      return "nothing: the subscriber wants none";
    case LayerLimit::kOthersSpeak:
      return "nothing: others speak";
    default:
      return "sound as it is published";
  }
}

std::string explain_video(const SubscriptionReport& s,
                          const std::optional<media::PathStatistics>& path) {
  switch (s.statistics.limit) {
    case LayerLimit::kNotConnected:
      return std::string(kNotConnected);
    case LayerLimit::kMuted:
      return std::string(kMuted);
    case LayerLimit::kSubscriber:
      if (s.wanted.spatial < 0) return "nothing: the subscriber wants none, or does not show it";
      return beside_best(s, s.sent) + ": the subscriber asks for no more";
    case LayerLimit::kPublisher:
      if (s.statistics.active_layers == 0) return "nothing: the publisher sends none";
      return beside_best(s, s.sent) + ": the publisher sends no more";
    case LayerLimit::kPaused:
      return path ? fmt::format("paused: the network carries {}",
                                rate_text(static_cast<double>(path->estimate_bps)))
                  : "paused: the network carries too little";
    case LayerLimit::kKeyFrame:
      if (s.sent.spatial < 0) return "nothing yet: waits for a key frame of " + size(s.allocated);
      return fmt::format("{}: waits for a key frame of {}", size(s.sent), size(s.allocated));
    case LayerLimit::kNetwork:
      return network(s, path);
    case LayerLimit::kServer:
      return beside_best(s, s.sent) + ": the server is short of time";
    case LayerLimit::kNone:
    case LayerLimit::kOthersSpeak:
      break;
  }
  return size(s.sent) + ", the best there is";
}

double ms(uint32_t us) {
  return std::round(static_cast<double>(us) / 10) / 100;
}

double rounded(double value) {
  return std::round(value * 10'000) / 10'000;
}

json::value to_value(const LayerChoice& layer) {
  if (layer.spatial < 0) return nullptr;
  json::object out{{"spatial", layer.spatial}};
  if (layer.temporal >= 0) out["temporal"] = layer.temporal;
  if (layer.width != 0 && layer.height != 0) {
    out["width"] = layer.width;
    out["height"] = layer.height;
  }
  return out;
}

std::string_view kind_of(TrackType type) {
  return type == TrackType::kVideo ? "video" : "audio";
}

json::value to_value(const PublishedReport& published) {
  json::array layers;
  for (const LayerReport& report : published.layers) {
    const media::LayerStatistics& s = report.statistics;
    json::object layer{{"active", report.active},
                       {"bits_per_second", s.bits_per_second},
                       {"packets", s.packets},
                       {"packets_lost", s.packets_lost},
                       {"jitter_ms", ms(s.jitter_us)}};
    if (published.type == TrackType::kVideo) {
      layer["layer"] = to_value(report.layer);
      layer["frames_per_second"] = std::round(s.frames_per_second * 10) / 10;
    }
    layers.push_back(std::move(layer));
  }
  return json::object{{"track", published.track},
                      {"kind", kind_of(published.type)},
                      {"source", name_of(published.source)},
                      {"codec", published.codec},
                      {"muted", published.muted},
                      {"layers", std::move(layers)}};
}

json::value to_value(const media::PathStatistics& path) {
  return json::object{{"estimate_bits_per_second", path.estimate_bps},
                      {"acknowledged_bits_per_second", path.acknowledged_bps},
                      {"wanted_bits_per_second", path.wanted_bps},
                      {"allocated_bits_per_second", path.allocated_bps},
                      {"limited_by", rtc::bwe::to_string(path.reason)},
                      {"loss", rounded(path.loss)},
                      {"round_trip_ms", ms(path.round_trip_us)},
                      {"queue_ms", ms(path.queue_us)},
                      {"pacer_ms", ms(path.pacer_us)},
                      {"probes", path.probes},
                      {"probe_results", path.probe_results},
                      {"padding_bytes", path.padding_bytes},
                      {"feedback", path.fallback ? "reports" : "transport"}};
}

json::value to_value(const SubscriptionReport& s,
                     const std::optional<media::PathStatistics>& path) {
  json::object out{{"track", s.track},        {"publisher", s.publisher},
                   {"kind", kind_of(s.type)}, {"source", name_of(s.source)},
                   {"codec", s.codec},        {"limit", limit_of(s)},
                   {"why", explain(s, path)}};
  if (!s.negotiated) return out;
  const media::SubscriptionStatistics& n = s.statistics;
  if (s.type == TrackType::kVideo) {
    out["best"] = to_value(s.best);
    out["wanted"] = to_value(s.wanted);
    out["allocated"] = to_value(s.allocated);
    out["sent"] = to_value(s.sent);
    out["paused"] = n.paused;
    out["key_frame_requests"] = n.key_frame_requests;
  }
  out["bits_per_second"] = n.bits_per_second;
  out["packets"] = n.packets;
  out["packets_lost"] = n.packets_lost;
  out["resends"] = n.resends;
  out["round_trip_ms"] = ms(n.round_trip_us);
  out["jitter_ms"] = ms(n.jitter_us);
  return out;
}

json::object to_value(const ParticipantReport& participant) {
  json::array published;
  for (const auto& track : participant.published) published.push_back(to_value(track));
  json::array subscriptions;
  for (const auto& subscription : participant.subscriptions) {
    subscriptions.push_back(to_value(subscription, participant.path));
  }
  return {{"identity", participant.identity},
          {"sid", participant.sid},
          {"name", participant.name},
          {"published", std::move(published)},
          {"path", participant.path ? to_value(*participant.path) : json::value()},
          {"subscriptions", std::move(subscriptions)}};
}

}  // namespace

std::string_view name_of(TrackSource source) {
  switch (source) {
    case TrackSource::kCamera:
      return "camera";
    case TrackSource::kMicrophone:
      return "microphone";
    case TrackSource::kScreenShare:
      return "screen_share";
    case TrackSource::kScreenShareAudio:
      return "screen_share_audio";
    case TrackSource::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view limit_of(const SubscriptionReport& subscription) {
  return subscription.negotiated ? to_string(subscription.statistics.limit) : kNotNegotiated;
}

std::string explain(const SubscriptionReport& subscription,
                    const std::optional<media::PathStatistics>& path) {
  if (!subscription.negotiated) return "nothing yet: its client has not accepted it";
  return subscription.type == TrackType::kVideo ? explain_video(subscription, path)
                                                : explain_sound(subscription);
}

std::string rate_text(double bits_per_second) {
  if (bits_per_second < 1e6) return fmt::format("{:.0f} kbit/s", bits_per_second / 1e3);
  return fmt::format("{:.1f} Mbit/s", bits_per_second / 1e6);
}

std::string to_json(const RoomReport& report) {
  json::array participants;
  for (const auto& participant : report.participants) {
    participants.push_back(to_value(participant));
  }
  return json::serialize(json::object{{"room", report.name},
                                      {"sid", report.sid},
                                      {"participants", std::move(participants)},
                                      {"truncated", report.truncated}});
}

std::string to_json(const ParticipantReport& report) {
  return json::serialize(to_value(report));
}

}  // namespace turms::livekit
