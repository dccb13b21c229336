#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/rtcp/packets.h"
#include "sfu/forward_context.h"
#include "sfu/frame_selector.h"
#include "sfu/layer_policy.h"
#include "sfu/parameters.h"
#include "sfu/redundancy_control.h"
#include "sfu/rewriter.h"
#include "sfu/sent_packets.h"
#include "sfu/source_packet.h"

namespace turms::sfu {

class PublishedTrack;
class ReceiveStream;
struct RoomCounters;
struct Stamp;
struct Transport;

/// One published track on its way to one subscriber: a single continuous RTP stream made of
/// whichever encoding is being forwarded. Owned by the room.
///
/// Deciding is apart from writing: a packet that is to go out gets its number and an entry in
/// SentPackets, and is written from that and the source's packet when it leaves: at once, when its
/// turn has come, again, or as RTX.
///
/// Sequence numbers are contiguous but for packets that are still expected from the publisher,
/// whose places are kept; timestamps and VP8 picture ids never go back from one encoding to the
/// next.
class SubscribedTrack {
 public:
  static constexpr int kMaxResends = 3;

  /// `playout_delay`: what the room asks receivers to keep to.
  SubscribedTrack(const SendTrackParameters& parameters, const LayerRequest& request,
                  PublishedTrack& source, Transport& transport, uint16_t first_sequence,
                  const std::optional<PlayoutDelay>& playout_delay);

  [[nodiscard]] SubscriptionId id() const { return id_; }
  /// What is being forwarded; `next_source` is what shall be.
  [[nodiscard]] PublishedTrack& source() const { return *source_; }
  [[nodiscard]] Transport& transport() const { return transport_; }
  [[nodiscard]] rtc::Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] int current() const { return current_; }
  [[nodiscard]] bool has_transport_sequence() const { return transport_sequence_at_ != 0; }

  /// Can the subscriber make use of this packet's codec?
  [[nodiscard]] bool accepts(const SourcePacket& packet) const {
    return codecs_[packet.codec].payload_type != kNoPayloadType ||
           (!packet.primary.empty() &&
            codecs_[packet.primary_codec].payload_type != kNoPayloadType);
  }
  /// The same of a packet of any track.
  [[nodiscard]] bool accepts(const PublishedTrack& track, const SourcePacket& packet) const;
  /// Begins to forward `stream`, with this packet of it. It is one that can_start.
  void begin(const ForwardContext& context, const ReceiveStream& stream, const SourcePacket& packet,
             int layers_inside);
  /// The source is about to go, or has not begun: `track` takes its place.
  void change_source(PublishedTrack& track);
  void stop() { current_ = -1; }
  /// What the source sent before `sequence` was left out on purpose: no places are kept for it.
  void go_on_at(int64_t sequence) {
    source_first_ = sequence;
    source_highest_ = sequence - 1;
  }
  /// The source of sound was muted: what was being heard fades out instead of breaking off.
  /// `trailer` ends the frames when the track is encrypted.
  void send_silence(TimePoint now, RoomCounters& counters, ByteView trailer);
  /// The source is left out from here on. Where it goes on later its numbers do too, so the end of
  /// what was sent is told as what it is, a pause, not left to be taken for loss.
  void send_pause(TimePoint now, RoomCounters& counters, ByteView trailer);
  /// The source is muted or left out and nothing was sent yet: silence, or packets without payload,
  /// since some clients (pion) know of no track before its first packet.
  void introduce(TimePoint now, RoomCounters& counters, ByteView trailer);
  /// Fetch what forward() will touch into the cache: first the track itself, a little later what it
  /// points to. With a hundred subscribers none of it is there otherwise.
  void prefetch_state() const {
    const auto* p = reinterpret_cast<const char*>(this);
    for (size_t line = 0; line < kHotBytes; line += 64) __builtin_prefetch(p + line, 1);
  }
  void prefetch_place() const { sent_.prefetch(next_sequence_); }
  /// Up to which spatial layer inside the current encoding is wanted, if it has several.
  void request_layers(int spatial);
  /// Is there one among them that only a key frame brings?
  [[nodiscard]] bool needs_key_frame() const;
  /// Spatial layer being forwarded, an encoding or one inside; -1: none.
  [[nodiscard]] int current_layer() const;
  /// A packet of the current encoding: decides, and writes it unless it has to wait for its turn.
  void forward(const ForwardContext& context, const SourcePacket& packet);
  /// The turn of a packet that was decided on and left queued. When its source no longer has it,
  /// its number is filled when the subscriber asks for it.
  void write_queued(const ForwardContext& context, uint16_t out_sequence);
  /// It will not be sent.
  void drop_queued(uint16_t out_sequence);
  /// The turn of a packet that was asked for again.
  void resend_queued(const ForwardContext& context, uint16_t out_sequence);
  /// About `size` bytes to test the path with: what was sent lately, again, else padding. Bytes
  /// sent; 0: this subscription has nothing to send.
  size_t send_probe(const ForwardContext& context, size_t size);

  /// The subscriber misses this one: sends it again if that is worth it.
  void resend(const ForwardContext& context, uint16_t out_sequence);
  /// What a report block says since the one before.
  struct Reported {
    int64_t lost = 0;
    int64_t expected = 0;
    Duration round_trip{};
  };
  /// `now_ntp` is the middle of our clock's NTP time, as in our sender reports.
  Reported on_report_block(TimePoint now, uint32_t now_ntp, const rtc::rtcp::ReportBlock& block);
  /// It asks for a key frame: until one comes, nothing from before is of use to it.
  void ask_key_frame() {
    key_frame_asked_at_ = next_sequence_;
    ++key_frame_requests_;
  }
  void key_frame_begins() { key_frame_asked_at_.reset(); }

  /// RTP time of this stream at `now`.
  [[nodiscard]] uint32_t rtp_time_at(TimePoint now) const;
  [[nodiscard]] uint64_t packets() const { return packets_; }
  [[nodiscard]] uint64_t payload_bytes() const { return payload_bytes_; }
  /// Updates the rate from the bytes of the last `interval`.
  void measure(Duration interval);
  /// All but what the room knows: active layers and the limit.
  [[nodiscard]] SubscriptionStatistics statistics(TimePoint now) const;

  // Kept by the room.
  PublishedTrack* next_source;  // other than source() until it has begun
  LayerRequest request;
  LayerDecision decision;
  bool hold_back = false;            // the base frame rate only, until a lower layer takes over
  bool stale = false;                // its inputs changed since it was decided on
  size_t forwarder_position = 0;     // in the current encoding's forwarders
  ReceiveStream* waiting = nullptr;  // of next_source: for a packet to begin with
  size_t waiter_position = 0;        // in its waiters
  bool in_report_list = false;
  bool in_tick_list = false;
  std::optional<LayerLimit> counted_limit;  // of video

 private:
  static constexpr size_t kMaxTemplate = 96;
  static constexpr size_t kHotBytes = 384;  // from the beginning
  static constexpr uint8_t kNoPayloadType = 0xFF;

  struct OutCodec {
    uint8_t payload_type = kNoPayloadType;
    uint8_t rtx_payload_type = 0;
    uint8_t red_payload_type = 0;  // not 0: plain packets of the codec can be sent as RED
  };
  /// Packets that one of RED carries again, at most.
  static constexpr size_t kRedundancy = RedundancyControl::kMax;
  /// How a packet that was decided on is written: for the first time, again to the last byte, or
  /// inside a packet of the RTX stream.
  enum class Form : uint8_t { kFirst, kAgain, kRtx };

  /// What differs between the headers of one packet's forms.
  struct Target {
    uint8_t payload_type = 0;
    bool marker = false;
    uint16_t sequence = 0;
    rtc::Ssrc ssrc;
  };

  /// A packet of our own making.
  struct Made {
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    uint8_t payload_type = 0;
    rtc::Ssrc ssrc;
    bool marker = false;
    ByteView prefix;
    ByteView payload;
  };

  struct Selected {
    OutCodec codec;
    ByteView payload;
  };

  void build_template();
  void match_codecs();
  [[nodiscard]] uint32_t continued_timestamp(const ForwardContext& context,
                                             const ReceiveStream& stream,
                                             const SourcePacket& packet) const;

  // Deciding.
  [[nodiscard]] bool wanted(const SourcePacket& packet);
  [[nodiscard]] bool wanted_late(const SourcePacket& packet);
  [[nodiscard]] bool wanted_vp8(const SourcePacket& packet);
  [[nodiscard]] SentPackets::Entry* decide(const ForwardContext& context,
                                           const SourcePacket& packet);
  [[nodiscard]] SentPackets::Entry* decide_late(const ForwardContext& context,
                                                const SourcePacket& packet);
  void start_numbers(const SourcePacket& packet);
  void note_newest(const ForwardContext& context, const SentPackets::Entry& entry,
                   const SourcePacket& packet);
  [[nodiscard]] bool ends_picture(const SourcePacket& packet) const {
    return packet.marker ||
           (packet.layering > Layering::kVp8 && selector_ && selector_->ends_picture(packet));
  }
  SentPackets::Entry& record(uint16_t source_sequence, uint8_t encoding, SentPackets::State state,
                             uint32_t now_ms);
  void keep_places(const ForwardContext& context, int64_t first, int64_t last, uint8_t encoding);
  void skip_picture(const SourcePacket& packet);

  [[nodiscard]] int temporal_limit() const { return hold_back ? 0 : decision.temporal; }

  // Leaving.
  /// Writes it, or has it wait for its turn.
  void leave(const ForwardContext& context, SentPackets::Entry& entry, const SourcePacket& packet);
  bool again(const ForwardContext& context, SentPackets::Entry& entry);
  size_t send_padding_packet(const ForwardContext& context, size_t padding);
  void commit(const ForwardContext& context, ByteView written, bool numbered = true);

  // Writing.
  /// The one way out for what publishers sent: from what was decided and the source's packet.
  template <Form form>
  bool write(const ForwardContext& context, SentPackets::Entry& entry, const SourcePacket& packet);
  bool write_as_red(const ForwardContext& context, SentPackets::Entry& entry,
                    const SourcePacket& packet);
  [[nodiscard]] MutableByteView reserve(const ForwardContext& context, size_t size);
  [[nodiscard]] Stamp take_stamp(const ForwardContext& context) const;
  void put_header(uint8_t* out, const Target& target, uint32_t timestamp, const Stamp& stamp) const;
  [[nodiscard]] size_t write_header(const SourcePacket& packet, const SentPackets::Entry& entry,
                                    const Target& target, const Stamp& stamp, MutableByteView out);
  [[nodiscard]] size_t write_rare_header(const SourcePacket& packet,
                                         const SentPackets::Entry& entry, const Target& target,
                                         const Stamp& stamp, MutableByteView out);
  [[nodiscard]] size_t write_descriptor(const SourcePacket& packet, uint16_t number_offset,
                                        MutableByteView out);
  [[nodiscard]] size_t append_descriptor(const SourcePacket& packet, uint16_t number_offset,
                                         MutableByteView out) const;
  /// Does the subscriber have to be told other active decode targets than the packet says?
  [[nodiscard]] bool changes_targets(const SourcePacket& packet) const;
  /// What of the packet the subscriber gets: all, or the Opus inside RED where it does not take
  /// RED or `red` is not wanted.
  [[nodiscard]] Selected select(const SourcePacket& packet, bool red) const;
  /// Is RED worth its bits? As long as nothing else needs them.
  [[nodiscard]] bool affords_red() const;
  /// Is it sent the Opus inside a packet of RED?
  [[nodiscard]] bool takes_apart(const SourcePacket& packet) const {
    return !packet.primary.empty() &&
           select(packet, affords_red()).payload.data() == packet.primary.data();
  }
  /// Does more redundancy have to be put into the packet than its publisher did?
  [[nodiscard]] bool makes_red(const SourcePacket& packet) const;
  [[nodiscard]] size_t header_size(const SourcePacket& packet) const;
  void count_sent(const ForwardContext& context, size_t head, size_t payload);

  // Of our own making.
  void open(const ForwardContext& context, const SourcePacket& packet);
  void send_filler(const ForwardContext& context, SentPackets::Entry& entry);
  bool send_padding(const ForwardContext& context, uint16_t out_sequence);
  bool send_made(const ForwardContext& context, const Made& made);
  void write_silence(TimePoint now, RoomCounters& counters, ByteView trailer);
  void write_frames(TimePoint now, RoomCounters& counters, ByteView frame, size_t codec, int count);
  void send_parameter_sets(const ForwardContext& context, const ReceiveStream& stream,
                           const SourcePacket& packet);

  // Repairing.
  bool send_again(const ForwardContext& context, SentPackets::Entry& entry,
                  const SourcePacket& packet);
  bool resend_parameter_set(const ForwardContext& context, const SentPackets::Entry& entry);
  [[nodiscard]] std::optional<SourcePacket> read_source(const SentPackets::Entry& entry) const;
  size_t redundancy(const SourcePacket& packet, OutCodec codec,
                    std::array<rtc::rtp::RedBlock, kRedundancy>& blocks) const;
  [[nodiscard]] std::optional<rtc::rtp::RedBlock> earlier(const SourcePacket& packet,
                                                          size_t back) const;
  [[nodiscard]] bool is_opus(uint8_t payload_type) const;
  void fill_from_red(const ForwardContext& context, const SourcePacket& packet);

  // Read for each packet.
  PublishedTrack* source_;
  Transport& transport_;
  int current_ = -1;
  uint8_t temporal_ = 0;  // highest temporal layer being forwarded
  uint8_t header_size_ = 0;
  uint8_t extensions_end_ = 0;  // in the template, before its padding; 0: not of the one-byte form
  uint8_t transport_sequence_at_ = 0;  // places of values in the template; 0: none
  uint8_t send_time_at_ = 0;
  uint8_t audio_level_at_ = 0;
  uint8_t sparse_ = 0;  // SparseExtension bits the subscriber takes
  uint8_t epoch_ = 0;   // of the stream being forwarded
  uint8_t red_distance_ = RedundancyControl().distance();  // as redundancy_ says
  uint16_t next_sequence_ = 0;
  int64_t source_highest_ = 0;  // the newest packet dealt with
  int64_t source_first_ = 0;    // where forwarding of this encoding began
  uint32_t timestamp_offset_ = 0;
  Numbers offsets_;                          // of VP8 and VP9 picture ids, or of frame numbers
  std::unique_ptr<FrameSelector> selector_;  // where the encoding has layers inside
  std::array<uint8_t, kMaxTemplate> template_{};
  std::array<OutCodec, 16> codecs_{};  // by the source's codec index
  SentPackets sent_;

  // Of the newest packet sent.
  uint8_t last_payload_type_ = 0;
  uint8_t last_rtx_payload_type_ = 0;
  uint32_t last_timestamp_ = 0;
  TimePoint last_sent_;
  std::array<Numbers, kLayerings> last_numbers_{};
  uint16_t begin_sequence_ = 0;   // the next number when forwarding began
  uint32_t begin_timestamp_ = 0;  // of the packet that forwarding began with
  uint32_t told_targets_ = 0;     // active decode targets as the subscriber knows them
  bool started_ = false;
  int last_encoding_ = -1;

  // Of the newest packet left out.
  uint32_t skipped_timestamp_ = 0;
  uint16_t skipped_picture_id_ = 0;
  bool skipping_ = false;  // it is the newest packet of all
  bool skipped_any_ = false;

  uint64_t packets_ = 0;
  uint64_t bytes_ = 0;
  uint64_t payload_bytes_ = 0;

  SubscriptionId id_;
  rtc::Ssrc ssrc_;
  rtc::Ssrc rtx_ssrc_;
  std::vector<rtc::CodecParameters> accepted_;
  rtc::ExtensionMap extensions_;
  std::string mid_;
  bool packet_trailer_ = false;
  /// To be sent until the receiver has acknowledged a packet that had it.
  std::optional<PlayoutDelay> playout_delay_;
  uint32_t playout_delay_sent_ = 0;  // number of the first packet that had it
  uint16_t next_rtx_sequence_ = 0;
  std::unique_ptr<RedundancyControl> redundancy_;  // of sound
  std::optional<uint16_t> key_frame_asked_at_;
  Duration round_trip_ = 100ms;
  uint32_t round_trip_us_ = 0;
  int64_t lost_ = 0;
  uint32_t highest_reported_ = 0;
  uint32_t key_frame_timestamp_ = 0;  // as its source has it
  bool paced_ = false;                // what is being written was counted by the pacer
  uint32_t jitter_ = 0;               // in clock units, as reported
  uint64_t measured_bytes_ = 0;
  uint32_t bits_per_second_ = 0;
  uint32_t resends_ = 0;
  uint32_t key_frame_requests_ = 0;
};

inline SentPackets::Entry& SubscribedTrack::record(uint16_t source_sequence, uint8_t encoding,
                                                   SentPackets::State state, uint32_t now_ms) {
  uint16_t out_sequence = next_sequence_++;
  SentPackets::Entry& entry = sent_.claim(out_sequence, now_ms);
  entry.out_sequence = out_sequence;
  entry.source_sequence = source_sequence;
  entry.timestamp_offset = timestamp_offset_;
  entry.number_offset = offsets_.picture;
  entry.tl0_offset = offsets_.tl0;
  entry.encoding = encoding & 3;
  entry.epoch = epoch_ & 3;
  entry.resends = 0;
  entry.marker = 0;
  entry.red = 0;
  entry.state = state;
  entry.time_ms = now_ms & SentPackets::kTimeMask;
  return entry;
}

}  // namespace turms::sfu
