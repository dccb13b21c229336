#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strong_int.h"
#include "rtc/bwe/limiting_reason.h"
#include "rtc/parameters.h"
#include "sfu/layer_limit.h"

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

/// What the receiver's jitter buffer is asked to keep to, in every video packet until the receiver
/// has acknowledged one (the playout-delay header extension; steps of 10 ms, at most 40.95 s).
struct PlayoutDelay {
  uint32_t min_ms = 0;
  uint32_t max_ms = 0;
};

/// What holds for all tracks of a room.
struct RoomSettings {
  std::optional<PlayoutDelay> playout_delay;
  /// Ends the frames that the server makes itself (silence after a mute) on encrypted tracks, so
  /// that receivers do not try to decrypt them: LiveKit's JoinResponse.sif_trailer.
  Bytes server_frame_trailer;
  /// Where more microphones than this are live, only those that speak are forwarded, at most so
  /// many at once (AudioSelector). Tracks without levels always are. 0: all.
  uint32_t audio_sources = 0;
  /// Video follows the bandwidth of each subscriber's path; else each gets what it asks for.
  bool follows_bandwidth = true;
  /// A subscription whose lowest layer does not fit its path is paused; else it is sent all the
  /// same.
  bool allow_pause = true;
};

/// What a publisher announces of a layer; zero: not told.
struct LayerAnnouncement {
  uint32_t pixels = 0;
  uint32_t bits_per_second = 0;
};

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
  /// End-to-end encrypted: of a payload only what the codec's packets carry in the clear is read,
  /// and nothing is changed.
  bool encrypted = false;
  /// Sound that no selection of microphones leaves out (RoomSettings.audio_sources).
  bool always_forwarded = false;
  bool screen_share = false;
  std::array<LayerAnnouncement, kMaxSpatialLayers> layers{};
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
  /// The subscriber reads LiveKit's packet trailers; from others they are kept.
  bool packet_trailer = false;
};

/// What the subscriber asks for. Bandwidth lowers it, never raises it.
struct LayerRequest {
  bool paused = false;
  /// Simulcast encodings and SVC layers alike.
  int max_spatial = kMaxSpatialLayers - 1;
  int max_temporal = 3;
  /// Pictures a second; 0: all. Temporal layers are left out until no more come, or none is left.
  uint32_t max_fps = 0;
  uint32_t tile_pixels = 0;  // shown at; 0: not known
  bool pinned = false;       // before others, as the speaker is
};

/// What a subscriber's path is held to, whatever it carries.
struct PathLimits {
  uint64_t max_bps = 0;             // 0: no limit
  std::optional<bool> allow_pause;  // else as RoomSettings says
};

struct Speaker {
  TrackId track;
  /// 0 to 1, linear. Whoever has the floor is told a step above all others.
  float level = 0;
};

struct LayerStatistics {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  /// Of an SVC stream, whose layers share their sequence numbers, the loss is told of layer 0.
  uint64_t packets_lost = 0;
  uint32_t bits_per_second = 0;
  uint32_t jitter_us = 0;
  float frames_per_second = 0;  // of video that is flowing
  uint32_t queue_us = 0;        // one-way delay above the least of the last minute
};

struct TrackStatistics {
  TrackId track;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t packets_lost = 0;
  uint32_t bits_per_second = 0;
  uint8_t active_layers = 0;  // bit i: layer i is flowing, and gets through
  uint8_t layer_count = 1;    // encodings, or spatial layers seen so far
  std::array<LayerStatistics, kMaxSpatialLayers> layers{};
};

struct SubscriptionStatistics {
  SubscriptionId subscription;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t packets_lost = 0;  // from receiver reports
  uint32_t round_trip_us = 0;
  uint32_t bits_per_second = 0;
  int current_spatial = -1;  // -1: nothing is being forwarded
  int current_temporal = -1;
  uint32_t jitter_us = 0;  // from receiver reports
  /// Of video: what is wanted, and what of it the path was found to carry; -1: nothing.
  int wanted_spatial = -1;
  int allocated_spatial = -1;
  int allocated_temporal = -1;
  bool paused = false;  // for want of bandwidth
  TrackId source;       // what is forwarded, or shall be
  uint8_t active_layers = 0;
  LayerLimit limit = LayerLimit::kNone;
  uint32_t resends = 0;             // packets sent again because they were asked for
  uint32_t key_frame_requests = 0;  // of the subscriber
};

/// A subscription was paused for want of bandwidth, or goes on.
struct StreamState {
  SubscriptionId subscription;
  bool paused = false;
};

/// What a subscriber's path carries.
struct PathStatistics {
  TransportId transport;
  uint64_t estimate_bps = 0;
  uint64_t wanted_bps = 0;        // if all subscriptions had the best layer that they want
  uint64_t allocated_bps = 0;     // what they were given
  uint64_t acknowledged_bps = 0;  // what came through lately; 0: not known
  uint64_t padding_bytes = 0;     // sent as probes so far
  uint32_t probes = 0;            // bursts to test the path so far
  uint32_t probe_results = 0;     // those of them that told a rate
  uint32_t round_trip_us = 0;
  uint32_t queue_us = 0;  // on the path, above its least delay
  uint32_t pacer_us = 0;  // in our own queue
  float loss = 0;         // share of packets
  rtc::bwe::LimitingReason reason = rtc::bwe::LimitingReason::kNone;
  bool fallback = false;  // no transport-wide feedback: by REMB and receiver reports
};

/// What a room knows at one moment. Of a room on several workers, one part of it.
struct RoomSnapshot {
  std::vector<TrackStatistics> tracks;
  std::vector<SubscriptionStatistics> subscriptions;
  std::vector<PathStatistics> paths;
  bool truncated = false;  // there is more than Room::kMaxSnapshot of something
};

}  // namespace turms::sfu
