#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sfu/audio_level_observer.h"
#include "sfu/audio_selector.h"
#include "sfu/layer_policy.h"
#include "sfu/parameters.h"
#include "sfu/part.h"
#include "sfu/receive_stream.h"
#include "sfu/source_packet.h"

namespace turms::sfu {

struct Transport;

/// A track that one participant publishes: its encodings, and the subscriptions to it. Owned by the
/// room. Where a room has several parts, each has every track: the one in which the publisher's
/// transport is takes care of what arrives, the others have replicas.
class PublishedTrack {
 public:
  /// Further ones are ignored.
  static constexpr size_t kMaxCodecs = 16;

  PublishedTrack(const ReceiveTrackParameters& parameters, Transport& transport);

  [[nodiscard]] TrackId id() const { return id_; }
  [[nodiscard]] bool is_video() const { return format_.is_video; }
  [[nodiscard]] rtc::MediaKind kind() const { return kind_; }
  [[nodiscard]] bool screen_share() const { return screen_share_; }
  /// What each choice costs; `demand` is of a subscription to it.
  void describe(LayerDemand& demand);
  [[nodiscard]] const std::string& mid() const { return mid_; }
  [[nodiscard]] Transport& transport() const { return transport_; }
  [[nodiscard]] const std::vector<rtc::CodecParameters>& codecs() const { return format_.codecs; }
  [[nodiscard]] const PayloadTypes& payload_types() const { return format_.payload_types; }
  [[nodiscard]] const SourceFormat& format() const { return format_; }
  [[nodiscard]] bool encrypted() const { return format_.encrypted; }
  [[nodiscard]] const rtc::ExtensionMap& extensions() const { return extensions_; }
  [[nodiscard]] uint32_t clock_rate() const { return clock_rate_; }
  /// Can lost packets be asked for again?
  [[nodiscard]] bool nack() const { return nack_; }
  [[nodiscard]] std::vector<std::unique_ptr<ReceiveStream>>& streams() { return streams_; }
  [[nodiscard]] ReceiveStream& stream(int encoding) {
    return *streams_[static_cast<size_t>(encoding)];
  }
  /// Is it one stream with spatial layers inside?
  [[nodiscard]] bool is_svc() const {
    return streams_.size() == 1 && streams_.front()->spatial_layers > 1;
  }
  /// Encodings or spatial layers.
  [[nodiscard]] int layer_count() const {
    return is_svc() ? streams_.front()->spatial_layers : static_cast<int>(streams_.size());
  }
  /// Bit per active layer.
  [[nodiscard]] uint8_t active_layers() const;
  [[nodiscard]] ReceiveStream& stream_of_layer(int layer) { return stream(is_svc() ? 0 : layer); }
  [[nodiscard]] LayerActivity& layer(int layer) {
    return is_svc() ? streams_.front()->layers[static_cast<size_t>(layer)]
                    : stream(layer).layers.front();
  }
  [[nodiscard]] LayerStatistics layer_statistics(TimePoint now, int layer) const;
  [[nodiscard]] TrackStatistics statistics(TimePoint now) const;

  /// A packet from the history of one of its streams. Valid until the next packet is stored.
  [[nodiscard]] std::optional<SourcePacket> read_stored(const ReceiveStream& stream,
                                                        uint16_t sequence) const;

  /// Whose source this is or, as soon as it has begun, will be.
  std::vector<SubscribedTrack*> subscriptions;
  /// Those that it is forwarded to until their next source has begun.
  std::vector<SubscribedTrack*> leaving;
  bool muted = false;

  // Kept by the room.
  AudioLevelObserver level;
  Microphone microphone;
  bool left_out = false;  // its newest packet, for others speak
  int64_t left_out_from = 0;
  bool in_speaker_list = false;
  TimePoint last_audible;        // last packet loud enough for speech
  uint32_t last_audio_time = 0;  // RTP time of the last packet with a level
  bool in_tick_list = false;
  /// The part of the room that it is published in: this is a replica, fed from there. Null: here.
  Part* origin = nullptr;
  std::vector<Share> shares;  // with other parts, of one that is published here
  uint8_t asks = 0;           // bit i: the origin shall ask for a key frame of encoding i
  uint8_t wants_told = 0;     // to the origin
  bool in_unsettled = false;  // other parts may have to be told something of it
  bool selected = true;       // what the home decided last of this microphone
  bool selected_told = true;  // to the origin
  TimePoint last_packet;      // of any layer
  TimePoint resumed;          // when one came after all had been silent
  Timer activity_timer{Timer::Kind::kActivity, this};

 private:
  [[nodiscard]] uint32_t first_guess(int layer, int layer_count) const;

  TrackId id_;
  rtc::MediaKind kind_;
  std::string mid_;
  Transport& transport_;
  SourceFormat format_;
  rtc::ExtensionMap extensions_;
  uint32_t clock_rate_;
  bool nack_ = false;
  bool screen_share_;
  std::array<LayerAnnouncement, kMaxSpatialLayers> announced_;
  std::vector<std::unique_ptr<ReceiveStream>> streams_;
};

}  // namespace turms::sfu
