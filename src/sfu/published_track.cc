#include "sfu/published_track.h"

#include <algorithm>

namespace turms::sfu {

namespace {

constexpr Duration kVideoHistory = 1500ms;
constexpr Duration kAudioHistory = 500ms;

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
      clock_rate_(clock_rate_of(parameters)) {
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

LayerStatistics PublishedTrack::layer_statistics(int layer) const {
  if (!is_svc()) return streams_[static_cast<size_t>(layer)]->statistics();
  LayerStatistics s;
  const LayerActivity& activity = streams_.front()->layers[static_cast<size_t>(layer)];
  s.packets = activity.packets;
  s.bytes = activity.bytes;
  s.bits_per_second = activity.bits_per_second;
  const LayerStatistics whole = streams_.front()->statistics();
  s.jitter_us = whole.jitter_us;
  if (layer == 0) s.packets_lost = whole.packets_lost;
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
