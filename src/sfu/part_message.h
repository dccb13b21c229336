#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "sfu/parameters.h"

/// What the parts of one room tell each other, a part being what is on one worker: packets one way,
/// what is wanted of them the other way. Plain values with a layout of their own, for a ring in
/// memory as for a connection between machines.
namespace turms::sfu {

/// A part of a room: its worker's number.
using PartId = StrongInt<struct PartTag, uint32_t>;

struct PartMessage {
  enum class Kind : uint8_t {
    // From where the track is published to where it is subscribed to.
    kBegin,         // what follows of this encoding has nothing to do with what was before
    kPacket,        // number: its sequence, unwrapped; payload: the RTP packet
    kState,         // flags: kMuted, kLeftOut
    kSenderReport,  // number: NTP time; value: RTP time; age_us: since it came
    kParameterSet,  // detail: rtc::Codec; payload: as in a packet of its own
    // From where it is subscribed to to where it is published.
    kWant,      // detail: bit i: encoding i has subscribers; kSubscribed: there is somebody at all
    kKeyFrame,  // of this encoding; number: the newest packet that has come there, unwrapped
    // To the home, where it is decided who speaks, and from there.
    kLevel,     // detail: −dBov; value: µs of sound; flags: kSelects
    kSelected,  // flags: kForwarded
    kFloor,     // number: the transport of whoever speaks (no track)
  };
  static constexpr uint8_t kKinds = 10;

  // Of kPacket.
  static constexpr uint8_t kDiscontinuity = 1;  // decoding begins anew
  static constexpr uint8_t kResumes = 2;        // what is missing before it was left out on purpose
  // Of kState.
  static constexpr uint8_t kMuted = 1;
  static constexpr uint8_t kLeftOut = 2;
  // Of kWant.
  static constexpr uint8_t kSubscribed = 0x80;
  // Of kLevel.
  static constexpr uint8_t kSelects = 1;  // the selection is asked, kSelected is the answer
  // Of kSelected.
  static constexpr uint8_t kForwarded = 1;

  Kind kind = Kind::kPacket;
  uint8_t encoding = 0;  // < kMaxSpatialLayers
  uint8_t flags = 0;
  uint8_t detail = 0;
  uint32_t value = 0;
  uint32_t age_us = 0;
  TrackId track;
  uint64_t number = 0;
  ByteView payload;  // the rest of the message

  /// Before the payload: kind, encoding, flags, detail, value, age, track, number, in network byte
  /// order.
  static constexpr size_t kHeaderSize = 28;

  /// `out` has room for kHeaderSize and the payload. Bytes written.
  size_t write(uint8_t* out) const;
  /// Nothing when it is too short or of no known kind, or names no possible encoding.
  static std::optional<PartMessage> parse(ByteView bytes);
};

/// The way from one part to another, in order. Called on the room's thread.
class PartSink {
 public:
  virtual ~PartSink() = default;
  /// Room for a message of `size` bytes; empty: it does not fit now, and is not sent.
  virtual MutableByteView reserve(size_t size) = 0;
  /// All of the last reservation is a message. It leaves with publish().
  virtual void commit() = 0;
  virtual void publish() = 0;
};

}  // namespace turms::sfu
