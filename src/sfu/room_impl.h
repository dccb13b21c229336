#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "sfu/audio_selector.h"
#include "sfu/dominant_speaker.h"
#include "sfu/layer_policy.h"
#include "sfu/part.h"
#include "sfu/published_track.h"
#include "sfu/room.h"
#include "sfu/subscribed_track.h"
#include "sfu/timer_heap.h"
#include "sfu/transport.h"

namespace turms::sfu {

/// Between measurements of what flows; every second one is told.
inline constexpr Duration kTick = 500ms;
inline constexpr Duration kReceiverReport = 1s;

class Room::Impl {
 public:
  explicit Impl(const RoomConfig& config);

  // room.cc: what the control plane asks for.
  void add_transport(TransportId id, TransportSink& sink, bool has_path);
  void transport_connected(TimePoint now, TransportId id);
  void set_path_limits(TimePoint now, TransportId id, const PathLimits& limits);
  void leave_out_layers(TimePoint now, int layers);
  void remove_transport(TimePoint now, TransportId id);
  void add_receive_track(TimePoint now, const ReceiveTrackParameters& parameters);
  void set_receive_muted(TimePoint now, TrackId id, bool muted);
  void remove_receive_track(TimePoint now, TrackId id);
  void add_send_track(TimePoint now, const SendTrackParameters& parameters,
                      const LayerRequest& request);
  void set_layer_request(TimePoint now, SubscriptionId id, const LayerRequest& request);
  void request_key_frame(TimePoint now, SubscriptionId id);
  void set_send_source(TimePoint now, SubscriptionId id, TrackId source);
  void remove_send_track(TimePoint now, SubscriptionId id);

  // room_media.cc: the way of a packet.
  void handle_rtp(TimePoint now, TransportId id, std::span<const MutableByteView> packets);

  // room_control.cc: RTCP, timers, reports.
  void handle_rtcp(TimePoint now, TransportId id, ByteView packet);
  void handle_timeout(TimePoint now);
  [[nodiscard]] TimePoint next_timeout() const { return timers_.next(); }

  // room_parts.cc: other parts of the room.
  void add_part(TimePoint now, PartId id, PartSink& sink, bool home);
  void add_replica(TimePoint now, PartId origin, const ReceiveTrackParameters& parameters);
  void handle_part(TimePoint now, PartId from, std::span<const ByteView> messages);
  void settle_parts(TimePoint now);

  bool take_events(RoomEvents& events);
  [[nodiscard]] const RoomCounters& counters() const { return counters_; }

  // room_statistics.cc
  [[nodiscard]] RoomSnapshot snapshot(TimePoint now, std::span<const TransportId> transports) const;

 private:
  Transport* find_transport(TransportId id);
  void introduce_muted(TimePoint now, SubscribedTrack& subscription);
  void set_muted(TimePoint now, PublishedTrack& track, bool muted);

  // room_statistics.cc: what flows, and why no more.
  [[nodiscard]] LayerLimit limit_of(const SubscribedTrack& subscription) const;
  void note_limit(SubscribedTrack& subscription);
  void forget_limit(SubscribedTrack& subscription);
  void count_change(const LayerDecision& before, const LayerDecision& after);
  [[nodiscard]] SubscriptionStatistics statistics_of(TimePoint now,
                                                     const SubscribedTrack& subscription) const;
  void tell_statistics(TimePoint now);

  // room_path.cc: what leaves on a subscriber's path, and when.
  void control_path(TimePoint now, SubscribedTrack& subscription);
  /// Decides anew what the transport's subscriptions send, and how fast it leaves.
  void allocate(TimePoint now, Transport& transport);
  void share_out(TimePoint now, Transport& transport);
  void measure_paths(TimePoint now);
  /// After anything that may have changed what the path's timer is for.
  void settle_path(TimePoint now, Transport& transport);
  void pace(TimePoint now, Transport& transport);
  size_t send_probe(const ForwardContext& context, Transport& transport, size_t size);

  // room_layers.cc: who gets what.
  void reselect(TimePoint now, SubscribedTrack& subscription);
  LayerDemand demand_of(const SubscribedTrack& subscription);
  void leave_out(LayerDemand& demand) const;
  int asked_temporal(const SubscribedTrack& subscription) const;
  void reselect_all(TimePoint now, PublishedTrack& track);
  void apply(TimePoint now, SubscribedTrack& subscription, const LayerDecision& decision);
  static int layers_inside(const SubscribedTrack& subscription, PublishedTrack& track);
  void wait_for(TimePoint now, SubscribedTrack& subscription, ReceiveStream& stream);
  void stop_waiting(SubscribedTrack& subscription);
  void start_forwarding(SubscribedTrack& subscription, ReceiveStream& stream);
  void stop_forwarding(SubscribedTrack& subscription);
  void detach(SubscribedTrack& subscription);
  void want_key_frame(TimePoint now, ReceiveStream& stream);
  void activate(TimePoint now, PublishedTrack& track, int layer);
  void deactivate(PublishedTrack& track, int layer);
  void deactivate_all(PublishedTrack& track);
  void update_activity(TimePoint now, PublishedTrack& track);
  bool fails(TimePoint now, PublishedTrack& track, int layer);
  void give_up(TimePoint now, PublishedTrack& track, int layer);
  void note_frame(TimePoint now, PublishedTrack& track, int layer);

  // room_media.cc
  void accept(TimePoint now, Transport& transport, MutableByteView bytes);
  void forward(TimePoint now, ReceiveStream& stream, const SourcePacket& packet);
  void distribute(TimePoint now, ReceiveStream& stream, const SourcePacket& packet);
  void forward_burst(TimePoint now);
  static void prefetch(const std::vector<SubscribedTrack*>& forwarders, size_t current);
  void begin_below(TimePoint now, ReceiveStream& stream, const SourcePacket& packet);
  void begin_waiters(const ForwardContext& context, ReceiveStream& stream,
                     const SourcePacket& packet);
  void read_dependencies(TimePoint now, ReceiveStream& stream, SourcePacket& packet,
                         const PacketExtensions& extensions, bool newest);
  void keep_parameter_sets(ReceiveStream& stream, const SourcePacket& packet);
  [[nodiscard]] bool may_begin(const ReceiveStream& stream, const SourcePacket& packet,
                               const SubscribedTrack& subscription) const;
  void note_layer(TimePoint now, ReceiveStream& stream, SourcePacket& packet);
  void on_discontinuity(TimePoint now, ReceiveStream& stream);
  /// Other parts have to forget what came before, too.
  static void begin_again(ReceiveStream& stream);
  void request_lost(TimePoint now, ReceiveStream& stream);
  void mark(TimePoint now, Transport& transport, ReceiveStream& stream);
  void mark(TimePoint now, PublishedTrack& track);
  void mark(TimePoint now, SubscribedTrack& subscription);

  // room_audio.cc: who speaks, and whose sound is forwarded.
  void observe_level(TimePoint now, PublishedTrack& track, const SourcePacket& packet, bool newest);
  bool select_audio(TimePoint now, ReceiveStream& stream, const SourcePacket& packet);
  static Duration sound_since(PublishedTrack& track, const SourcePacket& packet);
  void observe(TimePoint now, PublishedTrack& track, uint8_t level, Duration elapsed);
  void leave_out(TimePoint now, ReceiveStream& stream, const SourcePacket& packet);
  void take_in(TimePoint now, ReceiveStream& stream, const SourcePacket& packet);
  void fall_silent(PublishedTrack& track);
  void speaker_turn(TimePoint now);
  void update_speakers(TimePoint now);
  void put_dominant_first();

  // room_parts.cc: to other parts ...
  Part* find_part(PartId id);
  void begin_again(Part& part);
  /// Something of the track may have to be told: with settle_parts().
  void unsettle(PublishedTrack& track);
  void unsettle_replica(PublishedTrack& track) {
    if (track.origin != nullptr) unsettle(track);
  }
  void share(TimePoint now, PublishedTrack& track, Part& part);
  bool settle(PublishedTrack& track);
  void forget_handed(PublishedTrack& track);
  void hand_over(TimePoint now, ReceiveStream& stream, const SourcePacket& packet, bool newest);
  bool begin_handing(TimePoint now, Share& share, const ReceiveStream& stream);
  bool send_report(TimePoint now, Part& part, const ReceiveStream& stream);
  void tell_level(PublishedTrack& track, const SourcePacket& packet, uint8_t level, bool newest);
  void publish_parts();
  // ... and from them.
  bool handle(TimePoint now, Part& from, const PartMessage& message);
  bool on_handed(TimePoint now, ReceiveStream& stream, const PartMessage& message);
  bool on_packet(TimePoint now, ReceiveStream& stream, const PartMessage& message);
  void on_state(TimePoint now, PublishedTrack& track, uint8_t state);
  bool on_want(TimePoint now, Part& from, TrackId id, uint8_t wants);
  void apply_wants(TimePoint now, PublishedTrack& track, Share& share, uint8_t wants);
  void on_level(TimePoint now, PublishedTrack& track, const PartMessage& message);

  // room_control.cc
  void on_sender_report(TimePoint now, Transport& transport, const rtc::rtcp::PacketView& packet);
  void on_report_blocks(TimePoint now, Transport& transport, const rtc::rtcp::PacketView& packet);
  void on_nack(TimePoint now, Transport& transport, const rtc::rtcp::PacketView& packet);
  void on_picture_loss(TimePoint now, Transport& transport, rtc::Ssrc media);
  void ask_key_frame(TimePoint now, SubscribedTrack& subscription);
  void send_key_frame_request(TimePoint now, ReceiveStream& stream);
  void send_nacks(TimePoint now, ReceiveStream& stream);
  void send_feedback(TimePoint now, Transport& transport);
  void send_receiver_reports(TimePoint now, Transport& transport);
  void send_sender_reports(TimePoint now, Transport& transport);
  void tick(TimePoint now);
  [[nodiscard]] uint64_t ntp(TimePoint now) const;

  RoomConfig config_;
  Rng rng_;
  RoomCounters counters_;
  TimerHeap timers_;  // before everything that has timers
  AskedLayers asked_;
  int left_out_layers_ = 0;
  AudioSelector audio_selector_;

  std::unordered_map<TransportId, std::unique_ptr<Transport>> transports_;
  std::unordered_map<TrackId, std::unique_ptr<PublishedTrack>> tracks_;
  std::unordered_map<SubscriptionId, std::unique_ptr<SubscribedTrack>> subscriptions_;

  std::vector<std::unique_ptr<Part>> parts_;
  Part* home_ = nullptr;  // null: this is the home
  /// Publishers elsewhere: they have tracks here, and no connection.
  std::unordered_map<TransportId, std::unique_ptr<Transport>> remote_publishers_;
  std::vector<PublishedTrack*> unsettled_;
  Timer parts_timer_{Timer::Kind::kParts, nullptr};

  // With traffic since the last tick.
  std::vector<PublishedTrack*> ticking_tracks_;
  std::vector<SubscribedTrack*> ticking_subscriptions_;
  Timer tick_timer_{Timer::Kind::kTick, nullptr};
  TimePoint last_tick_;
  TimePoint last_statistics_;
  bool statistics_turn_ = false;  // every second tick

  std::vector<PublishedTrack*> speaker_candidates_;  // audible lately, or speaking
  DominantSpeaker dominant_speaker_;
  std::vector<Speaker> speakers_;  // as last told
  std::vector<Speaker> new_speakers_;
  std::vector<TrackId> told_speaking_;  // their tracks, ascending
  std::vector<TrackId> new_speaking_;
  TimePoint levels_told_;
  TransportId speaking_transport_;  // whose video is on the stage
  Timer speaker_timer_{Timer::Kind::kSpeakers, nullptr};

  RoomEvents events_;

  // Accepted and not yet written for the subscribers; empty between calls.
  ReceiveStream* burst_stream_ = nullptr;
  std::vector<SourcePacket> burst_;

  // Kept to save allocations.
  std::vector<LayerDemand> demands_;
  std::vector<SubscribedTrack*> demanding_;
  std::vector<rtc::rtp::SeqNum> lost_;
  std::vector<rtc::rtcp::ReportBlock> blocks_;
};

}  // namespace turms::sfu
