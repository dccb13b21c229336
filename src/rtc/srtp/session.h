#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "rtc/parameters.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/profile.h"
#include "rtc/srtp/stream_table.h"

namespace turms::rtc::srtp {

enum class UnprotectError : uint8_t {
  kNone,
  kMalformed,       // too short, or a header longer than the packet
  kAuthentication,  // the tag does not fit
  kReplay,          // seen before
  kTooOld,          // behind the replay window
  kTableFull,       // a new SSRC beyond the bound
  kUnencrypted,     // SRTCP without the E flag: not negotiated here
};

struct Unprotected {
  UnprotectError error = UnprotectError::kNone;
  MutableByteView packet;  // plain RTP or RTCP, at the place of the input
};

/// SRTP and SRTCP of one peer, both directions (RFC 3711, RFC 7714). Owned by the peer, lives on
/// its thread. Bounds: kMaxReceiveStreams and kMaxSendStreams SSRCs per kind; a packet of a further
/// SSRC is refused. The streams of a session are never forgotten, since a second use of an SSRC and
/// index under the same key would repeat an IV.
class Session {
 public:
  static constexpr size_t kMaxReceiveStreams = 2048;
  static constexpr size_t kMaxSendStreams = 16384;

  Session(Backend& backend, Profile profile, const MasterKey& local, const MasterKey& remote);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Profile profile() const { return profile_; }

  /// Encrypts in place. The plain packet is the first `size` bytes of `buffer`, which has room for
  /// kMaxRtpOverhead (kMaxRtcpOverhead) more. Returns the new size; 0 when the packet is malformed,
  /// the room too small, or the stream table full. Sequence numbers of an SSRC may go back by less
  /// than 2^15, but the same number must not be protected twice. Let a stream start below 2^15:
  /// where its first packets are lost around a wrap the receiver could not tell the rollover
  /// counter (RFC 3711 section 3.3.1).
  [[nodiscard]] size_t protect_rtp(MutableByteView buffer, size_t size);
  [[nodiscard]] size_t protect_rtcp(MutableByteView buffer, size_t size);

  /// Decrypts in place.
  [[nodiscard]] Unprotected unprotect_rtp(MutableByteView packet);
  [[nodiscard]] Unprotected unprotect_rtcp(MutableByteView packet);

  struct BatchPacket {
    Session* session = nullptr;
    MutableByteView buffer;  // as in protect_rtp
    size_t size = 0;         // in: plain; out: protected, 0 as in protect_rtp
  };
  /// As protect_rtp for each, in any order of sessions and profiles and any number; all sessions
  /// are of `backend`. Packets of one SSRC keep their order.
  static void protect_rtp_batch(Backend& backend, std::span<BatchPacket> packets);

 private:
  bool prepare_rtp(MutableByteView buffer, size_t size, CipherJob& job);
  void set_iv(uint32_t ssrc, uint64_t index, const std::array<uint8_t, 14>& salt,
              CipherJob& job) const;

  struct Direction {
    std::unique_ptr<Cipher> rtp;
    std::unique_ptr<Cipher> rtcp;
    std::array<uint8_t, 14> rtp_salt{};
    std::array<uint8_t, 14> rtcp_salt{};
  };
  static Direction make_direction(Backend& backend, Profile profile, const MasterKey& master);

  Profile profile_;
  Direction send_;
  Direction receive_;
  StreamTable<SendStream> send_streams_{kMaxSendStreams};
  StreamTable<ReceiveStream> receive_streams_{kMaxReceiveStreams};
  StreamTable<ReceiveStream> receive_rtcp_streams_{kMaxReceiveStreams};
  /// One for all SSRCs: (SSRC, index) stays unique, and receivers care for nothing else.
  uint32_t next_rtcp_index_ = 0;
};

}  // namespace turms::rtc::srtp
