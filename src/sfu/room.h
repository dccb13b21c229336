#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "sfu/parameters.h"
#include "sfu/part_message.h"
#include "sfu/transport_sink.h"

namespace turms::sfu {

struct RoomConfig {
  /// Random: where outgoing sequence numbers and timestamps begin.
  uint64_t seed = 1;
  /// Wall clock at TimePoint{} in the process's time line: what sender reports count from.
  WallTime wall_at_zero;
  RoomSettings settings{};
};

/// What was decided for subscriptions of video, and what is tried on their paths.
struct DecisionCounters {
  uint64_t layers_raised = 0;  // to a higher spatial layer
  uint64_t layers_lowered = 0;
  uint64_t paused = 0;  // for want of bandwidth
  uint64_t resumed = 0;
  uint64_t probes = 0;         // bursts to test paths
  uint64_t probe_results = 0;  // those of them that told a rate
  /// Subscriptions that there are now, by LayerLimit.
  std::array<uint64_t, kLayerLimitCount> limited{};
  bool operator==(const DecisionCounters&) const = default;
};

/// Packets that were not forwarded or used, by reason. Counted since the room was made.
struct RoomCounters {
  uint64_t received_packets = 0;
  uint64_t forwarded_packets = 0;
  uint64_t retransmitted_packets = 0;
  uint64_t malformed_rtp = 0;
  uint64_t malformed_rtcp = 0;
  uint64_t unknown_transport = 0;
  uint64_t unknown_ssrc = 0;
  uint64_t unknown_payload_type = 0;
  /// Forwarded although the payload is not of the form its codec has, encrypted ones for instance.
  uint64_t opaque = 0;
  uint64_t duplicate = 0;  // or so late that nobody waits for it any more
  uint64_t muted = 0;
  uint64_t oversized = 0;
  uint64_t sink_refused = 0;
  uint64_t pacer_refused = 0;
  uint64_t repairs_refused = 0;     // asked for again beyond the budget
  uint64_t pacer_dropped = 0;       // waited too long
  uint64_t handed_over = 0;         // to other parts, once for each
  uint64_t handover_dropped = 0;    // no room on the way to another part
  uint64_t handover_refused = 0;    // from another part: malformed, or of no track that is here
  uint64_t refused_parameters = 0;  // unknown or duplicate ids, too many tracks
  DecisionCounters decisions;
};

/// What a room tells since it was last asked. Reuse one object: vectors keep their memory.
struct RoomEvents {
  struct LayerChange {
    TrackId track;
    int spatial = 0;
    bool started = false;  // else: stopped
  };
  /// A layer started with its first packet since its track was added or it stopped; it stopped when
  /// its packets stay away while other layers of the track go on, or its track was muted.
  std::vector<LayerChange> layers;

  bool speakers_changed = false;
  /// First whoever has the floor, if it speaks, then the loudest. Who speaks is told within 300 ms,
  /// other levels of the same at most each 300 ms.
  std::vector<Speaker> speakers;

  std::vector<StreamState> stream_states;

  /// About each second, those with traffic since the last time.
  std::vector<TrackStatistics> tracks;
  std::vector<SubscriptionStatistics> subscriptions;
  std::vector<PathStatistics> paths;

  [[nodiscard]] bool empty() const {
    return layers.empty() && !speakers_changed && stream_states.empty() && tracks.empty() &&
           subscriptions.empty();
  }
  void clear();
};

/// The forwarding of one room: published tracks, subscribed tracks, and what flows between them.
/// Plain packets in, plain packets out through each transport's sink, time as an argument. Owned by
/// a media worker (or the simulator) and touched by its thread only. After warm-up forwarding
/// allocates nothing; work is proportional to what changed.
///
/// A room may have parts on several threads or machines, each a Room with some of the transports:
/// what one part's publishers send is handed to the parts that have subscribers for it, as messages
/// (part_message.h). One part is the home, which decides who speaks and whose sound is forwarded.
///
/// Bounds: kMaxTransports transports, kMaxTracksPerTransport published and
/// kMaxSubscriptionsPerTransport subscribed tracks each; beyond, additions are refused and counted.
/// Control messages may overtake each other across participants, so an unknown id is counted and
/// otherwise ignored.
class Room {
 public:
  static constexpr size_t kMaxTransports = 10'000;
  static constexpr size_t kMaxTracksPerTransport = 256;
  static constexpr size_t kMaxSubscriptionsPerTransport = 4096;
  /// Of each kind in a snapshot; the rest is left out.
  static constexpr size_t kMaxSnapshot = 16'384;

  explicit Room(const RoomConfig& config);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  /// `sink` must outlive the transport. `has_path`: there is a network behind it and a receiver
  /// that reports, so that video follows its bandwidth.
  void add_transport(TransportId id, TransportSink& sink, bool has_path = false);
  /// ICE and DTLS are up: what is subscribed begins to flow, key frames are asked for.
  void transport_connected(TimePoint now, TransportId id);
  void set_path_limits(TimePoint now, TransportId id, const PathLimits& limits);
  /// Nobody gets more than so many spatial layers below the top of a source, whatever is asked for:
  /// there is no time for more. Screens keep theirs; without layers, and of screens, from the
  /// second on half the frames are left out where that is possible.
  void leave_out_layers(TimePoint now, int layers);
  /// With its tracks and subscriptions, and the subscriptions to its tracks.
  void remove_transport(TimePoint now, TransportId id);

  void add_receive_track(TimePoint now, const ReceiveTrackParameters& parameters);
  /// Muted: packets are dropped at the door; speakers and statistics pause.
  void set_receive_muted(TimePoint now, TrackId id, bool muted);
  void remove_receive_track(TimePoint now, TrackId id);

  void add_send_track(TimePoint now, const SendTrackParameters& parameters,
                      const LayerRequest& request);
  void set_layer_request(TimePoint now, SubscriptionId id, const LayerRequest& request);
  /// From now on this published track instead: another codec of the same, for instance. The stream
  /// goes on under its SSRC; until the new source's first key frame it stays with the old one.
  void set_send_source(TimePoint now, SubscriptionId id, TrackId source);
  void remove_send_track(TimePoint now, SubscriptionId id);
  /// Its subscriber needs a key frame and cannot say so in RTCP; as if it had sent a PLI.
  void request_key_frame(TimePoint now, SubscriptionId id);

  /// Another part of this room, for as long as the room is; `sink` leads there and outlives it.
  /// `home`: it is the home, in place of this one. Again: it was made anew, and knows nothing.
  void add_part(TimePoint now, PartId id, PartSink& sink, bool home);
  /// A track that is published in another part. Muting it there is enough.
  void add_replica(TimePoint now, PartId origin, const ReceiveTrackParameters& parameters);
  /// What another part sent, in order. Used during the call only.
  void handle_part(TimePoint now, PartId from, std::span<const ByteView> messages);
  /// After calls that may have changed what other parts have to know, once for several of them.
  void settle_parts(TimePoint now);

  /// Decrypted RTP packets of this transport in the order they came, in buffers of their own; the
  /// room may change their bytes. A frame that arrived at once is best handed over at once: each
  /// subscriber's state is then visited once a burst instead of once a packet.
  void handle_rtp(TimePoint now, TransportId id, std::span<const MutableByteView> packets);
  void handle_rtp(TimePoint now, TransportId id, MutableByteView packet) {
    handle_rtp(now, id, std::span<const MutableByteView>(&packet, 1));
  }
  /// A decrypted compound RTCP packet.
  void handle_rtcp(TimePoint now, TransportId id, ByteView packet);

  /// When handle_timeout has work to do; kNever: not before something else happens.
  [[nodiscard]] TimePoint next_timeout() const;
  void handle_timeout(TimePoint now);

  /// Replaces `events` by what happened since the last call; false when nothing did.
  bool take_events(RoomEvents& events);

  [[nodiscard]] const RoomCounters& counters() const;
  /// What is known now: of everything, or of what these transports publish and receive. Looks at
  /// each subscription that it tells of, so it is for whoever asks, not for every packet or tick.
  [[nodiscard]] RoomSnapshot snapshot(TimePoint now, std::span<const TransportId> transports) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace turms::sfu
