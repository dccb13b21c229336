#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strong_int.h"
#include "rtc/parameters.h"

/// What the control plane tells a room about its transports and tracks, and what it hears back:
/// plain values. Every id is chosen by the control plane and unique for the life of the process.
namespace turms::sfu {

using RoomId = StrongInt<struct MediaRoomTag, uint64_t>;
using TransportId = StrongInt<struct TransportTag, uint64_t>;
/// A published (received) track.
using TrackId = StrongInt<struct TrackTag, uint64_t>;
/// A subscribed (sent) track: one published track on one transport.
using SubscriptionId = StrongInt<struct SubscriptionTag, uint64_t>;

/// Simulcast or SVC spatial layers, lowest first: LiveKit's LOW, MEDIUM, HIGH.
inline constexpr int kMaxSpatialLayers = 3;

struct ReceiveTrackParameters {
  TrackId id;
  TransportId transport;
  rtc::MediaKind kind = rtc::MediaKind::kAudio;
  std::string mid;
  /// Most preferred first; packets of any of them are accepted.
  std::vector<rtc::CodecParameters> codecs;
  /// Lowest layer first. One without rid and SSRC matches by mid alone.
  std::vector<rtc::EncodingParameters> encodings;
  rtc::ExtensionMap extensions;
};

struct SendTrackParameters {
  SubscriptionId id;
  TransportId transport;
  TrackId source;
  std::string mid;
  rtc::Ssrc ssrc;
  rtc::Ssrc rtx_ssrc;  // 0: no RTX
  /// What the subscriber accepts; the entry whose codec equals the source packet's is used, others'
  /// packets are dropped.
  std::vector<rtc::CodecParameters> codecs;
  rtc::ExtensionMap extensions;
};

/// What the subscriber asks for. Bandwidth allocation, when it comes, lowers it, never raises it.
struct LayerRequest {
  bool paused = false;
  int max_spatial = kMaxSpatialLayers - 1;
  int max_temporal = 3;
};

struct Speaker {
  TrackId track;
  float level = 0;  // 0..1, linear
};

struct TrackStatistics {
  TrackId track;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t packets_lost = 0;
  uint32_t bits_per_second = 0;
  uint8_t active_layers = 0;  // bit i: layer i had packets in the last second
};

struct SubscriptionStatistics {
  SubscriptionId subscription;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t packets_lost = 0;  // from receiver reports
  uint32_t round_trip_us = 0;
  uint32_t bits_per_second = 0;
  int current_spatial = -1;  // -1: nothing is being forwarded
};

}  // namespace turms::sfu
