#include "sfu/published_track.h"

#include <algorithm>

namespace turms::sfu {

namespace {

constexpr Duration kVideoHistory = 1500ms;
constexpr Duration kAudioHistory = 500ms;
/// Measurements of a layer that has just begun, while its encoder still rises.
constexpr int kSettled = 3;
/// Longer than between two measurements.
constexpr Duration kQuiet = 2s;

uint32_t clock_rate_of(const ReceiveTrackParameters& parameters) {
  if (!parameters.codecs.empty() && parameters.codecs.front().clock_rate != 0) {
    return parameters.codecs.front().clock_rate;
  }
  return parameters.kind == rtc::MediaKind::kVideo ? 90'000 : 48'000;
}

}  // namespace

PublishedTrack::PublishedTrack(const ReceiveTrackParameters& parameters, Transport& transport)
    : id_(parameters.id),
      kind_(parameters.kind),
      mid_(parameters.mid),
      transport_(transport),
      format_{.codecs = parameters.codecs,
              .is_video = parameters.kind == rtc::MediaKind::kVideo,
              .encrypted = parameters.encrypted},
      extensions_(parameters.extensions),
      clock_rate_(clock_rate_of(parameters)),
      screen_share_(parameters.screen_share),
      announced_(parameters.layers) {
  auto& codecs = format_.codecs;
  if (codecs.size() > kMaxCodecs) codecs.resize(kMaxCodecs);
  format_.payload_types = PayloadTypes(codecs);
  microphone.always = parameters.always_forwarded;
  nack_ = std::any_of(codecs.begin(), codecs.end(), [](const auto& c) { return c.nack; });
  auto encodings = parameters.encodings;
  if (encodings.empty()) encodings.emplace_back();
  if (encodings.size() > kMaxSpatialLayers) encodings.resize(kMaxSpatialLayers);
  for (const auto& encoding : encodings) {
    streams_.push_back(std::make_unique<ReceiveStream>(*this, static_cast<uint8_t>(streams_.size()),
                                                       encoding, clock_rate_,
                                                       is_video() ? kVideoHistory : kAudioHistory));
  }
}

uint8_t PublishedTrack::active_layers() const {
  unsigned bits = 0;
  if (is_svc()) {
    const auto& layers = streams_.front()->layers;
    for (size_t i = 0; i < layers.size(); ++i) bits |= (layers[i].active ? 1U : 0U) << i;
  } else {
    for (size_t i = 0; i < streams_.size(); ++i) bits |= (streams_[i]->active() ? 1U : 0U) << i;
  }
  return static_cast<uint8_t>(bits);
}

void PublishedTrack::describe(LayerDemand& demand) {
  demand.screen_share = screen_share_;
  demand.layer_count = layer_count();
  demand.active_layers = active_layers();
  std::array<uint32_t, kMaxTemporalLayers> below{};  // of an SVC stream, the layers below
  for (int s = 0; s < demand.layer_count; ++s) {
    const auto index = static_cast<size_t>(s);
    const LayerCost& cost = layer(s).cost;
    const LayerAnnouncement& announced = announced_[index];
    demand.pixels[index] = announced.pixels;
    demand.temporal_count = std::max(demand.temporal_count, cost.temporal_count());
    demand.peak[index] = cost.peak();
    const uint32_t least = cost.age() < kSettled ? first_guess(s, demand.layer_count) : 0;
    for (int t = 0; t < kMaxTemporalLayers; ++t) {
      auto& bps = demand.bits_per_second[index][static_cast<size_t>(t)];
      bps = std::max(cost.bits_per_second(t), least) + below[static_cast<size_t>(t)];
      if (is_svc()) below[static_cast<size_t>(t)] = bps;
    }
  }
}

/// Before a layer's rate is known: what was announced, or what is usual.
uint32_t PublishedTrack::first_guess(int layer, int layer_count) const {
  constexpr std::array<uint32_t, kMaxSpatialLayers> kUsual = {150'000, 500'000, 1'700'000};
  const uint32_t announced = announced_[static_cast<size_t>(layer)].bits_per_second;
  if (announced != 0) return announced / 10 * 8;  // encoders stay below
  if (layer_count == 1) return 0;                 // there is nothing to choose
  return kUsual[static_cast<size_t>(kMaxSpatialLayers - layer_count + layer)];
}

LayerStatistics PublishedTrack::layer_statistics(TimePoint now, int layer) const {
  const bool inside = is_svc();
  const ReceiveStream& stream = *streams_[inside ? 0 : static_cast<size_t>(layer)];
  const LayerActivity& activity = stream.layers[inside ? static_cast<size_t>(layer) : 0];
  LayerStatistics s = stream.statistics();
  if (inside) {
    s.packets = activity.packets;
    s.bytes = activity.bytes;
    s.bits_per_second = activity.bits_per_second;
    if (layer != 0) s.packets_lost = 0;
  }
  // Who is silent is measured no more.
  if (now - activity.last_packet > kQuiet) s.bits_per_second = 0;
  if (is_video() && activity.active && activity.interval > Duration::zero()) {
    s.frames_per_second = 1'000'000.0F / static_cast<float>(to_us(activity.interval));
  }
  return s;
}

TrackStatistics PublishedTrack::statistics(TimePoint now) const {
  TrackStatistics s;
  s.track = id_;
  s.layer_count = static_cast<uint8_t>(layer_count());
  for (int i = 0; i < layer_count(); ++i) {
    LayerStatistics& layer = s.layers[static_cast<size_t>(i)];
    layer = layer_statistics(now, i);
    s.packets += layer.packets;
    s.bytes += layer.bytes;
    s.packets_lost += layer.packets_lost;
    s.bits_per_second += layer.bits_per_second;
  }
  s.active_layers = active_layers();
  return s;
}

std::optional<SourcePacket> PublishedTrack::read_stored(const ReceiveStream& stream,
                                                        uint16_t sequence) const {
  auto view = rtc::rtp::PacketView::parse(stream.history.find(sequence));
  if (!view) return std::nullopt;
  PacketExtensions extensions(*view, extensions_);
  auto packet = SourcePacket::read(*view, extensions, format_);
  if (!packet) return std::nullopt;
  packet->encoding = stream.encoding();
  if (stream.dependencies) packet->read_dependencies(extensions, *stream.dependencies, false);
  // History is much shorter than half the number space.
  auto newest = rtc::rtp::SeqNum(static_cast<uint16_t>(stream.highest()));
  packet->sequence = stream.highest() + rtc::rtp::SeqNum(sequence).distance_from(newest);
  return packet;
}

}  // namespace turms::sfu
