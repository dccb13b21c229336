#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/strong_int.h"

/// What a negotiation settles and a peer needs to know: plain values, shared by the control plane
/// (which negotiates) and the media workers (which only obey).
namespace turms::rtc {

using Ssrc = StrongInt<struct SsrcTag, uint32_t>;

enum class MediaKind : uint8_t { kAudio, kVideo };

enum class Codec : uint8_t { kOpus, kRed, kPcmu, kPcma, kVp8, kH264, kVp9, kAv1, kH265 };

/// "audio/opus", as in SDP and in LiveKit's messages.
const char* mime_type(Codec codec);

struct IceCredentials {
  std::string ufrag;     // 4..256 ice-chars
  std::string password;  // 22..256 ice-chars
};

/// Who sends the DTLS ClientHello. kServer is a=setup:passive.
enum class DtlsRole : uint8_t { kServer, kClient };

/// Hash functions of a=fingerprint (RFC 8122 section 5) that certificates are compared by; the
/// better the later.
enum class FingerprintHash : uint8_t { kSha1, kSha256, kSha384, kSha512 };
inline constexpr size_t kFingerprintHashCount = 4;
/// Bytes of its digest.
constexpr size_t digest_size(FingerprintHash hash) {
  constexpr std::array<size_t, kFingerprintHashCount> kSizes = {20, 32, 48, 64};
  return kSizes[static_cast<size_t>(hash)];
}

struct DtlsFingerprint {
  FingerprintHash hash = FingerprintHash::kSha256;
  std::array<uint8_t, 64> digest{};  // zeros behind digest_size()
  bool operator==(const DtlsFingerprint&) const = default;
};

/// RTP header extensions this project understands. The numeric ids on the wire differ per
/// transport.
enum class Extension : uint8_t {
  kMid,                // urn:ietf:params:rtp-hdrext:sdes:mid
  kRid,                // urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
  kRepairedRid,        // urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
  kAudioLevel,         // urn:ietf:params:rtp-hdrext:ssrc-audio-level
  kTransportSequence,  // http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
  kAbsSendTime,        // http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
  kDependencyDescriptor,  // https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
  kVideoOrientation,  // urn:3gpp:video-orientation
  kPlayoutDelay,      // http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
  kAbsCaptureTime,    // http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time
};
inline constexpr size_t kExtensionCount = 10;

/// Extension → id on the wire, 1..14 for the one-byte form, up to 255 for the two-byte form; 0
/// where not negotiated.
class ExtensionMap {
 public:
  [[nodiscard]] uint8_t id(Extension extension) const {
    return ids_[static_cast<size_t>(extension)];
  }
  void set(Extension extension, uint8_t id) { ids_[static_cast<size_t>(extension)] = id; }
  [[nodiscard]] std::optional<Extension> find(uint8_t id) const {
    for (size_t i = 0; id != 0 && i < kExtensionCount; ++i) {
      if (ids_[i] == id) return static_cast<Extension>(i);
    }
    return std::nullopt;
  }

 private:
  std::array<uint8_t, kExtensionCount> ids_{};
};

/// One negotiated payload type of an m-section.
struct CodecParameters {
  Codec codec = Codec::kOpus;
  uint8_t payload_type = 0;
  /// Payload type of the RTX format bound to it (RFC 4588, a=fmtp apt=), 0 when there is none.
  uint8_t rtx_payload_type = 0;
  uint32_t clock_rate = 0;  // Hz
  uint8_t channels = 1;
  std::string fmtp;  // as in a=fmtp, without the payload type
  bool nack = false;
  bool pli = false;
  bool transport_cc = false;
  bool congestion_feedback = false;  // RFC 8888 in its place, for all of the transport
};

/// One simulcast encoding, or the only one.
struct EncodingParameters {
  std::string rid;  // empty when signalled by SSRC
  Ssrc ssrc;        // 0 when signalled by rid: learned from the first packet
  Ssrc rtx_ssrc;    // 0 when there is none, or learned
};

}  // namespace turms::rtc
