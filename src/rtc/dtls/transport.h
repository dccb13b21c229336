#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/dtls/fingerprint.h"
#include "rtc/dtls/records.h"
#include "rtc/parameters.h"
#include "rtc/srtp/profile.h"

namespace turms::rtc::dtls {

class Context;
class Handshake;

/// One DTLS 1.2 association (RFC 6347) that keys SRTP (RFC 5764). Owned by a peer, lives on its
/// thread. OpenSSL does the handshake and is let go of when that is done; what comes after
/// (application data, alerts, the last flight again) goes through Records. It accepts any
/// certificate: compare remote_fingerprint() before trusting what comes out.
///
/// Bounds: kMaxOutgoing datagrams not yet taken; further ones are lost as on a network. The last
/// flight is repeated kMaxRepeats times.
class Transport {
 public:
  static constexpr size_t kMaxDatagram = 1200;
  static constexpr size_t kMaxOutgoing = 16;
  static constexpr int kMaxRepeats = 16;
  /// Of a flight, doubled from one retransmission to the next.
  static constexpr Duration kFirstTimeout = std::chrono::milliseconds(100);
  static constexpr Duration kMaxTimeout = std::chrono::seconds(2);

  enum class State : uint8_t { kNew, kHandshake, kConnected, kClosed, kFailed };

  /// `backend` ciphers records after the handshake; it outlives the transport.
  Transport(const Context& context, DtlsRole role, srtp::Backend& backend);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// The client sends its ClientHello; a server needs no start.
  void start(TimePoint now);
  /// False when it is no DTLS. Call read() until it returns 0 while the datagram is still there.
  bool receive(TimePoint now, ByteView datagram);
  /// Plain application data of what receive() took, one record per call; 0 when there is no more. A
  /// record that does not fit is lost.
  size_t read(MutableByteView out);
  /// Application data as one datagram. False unless connected and not too large.
  bool send(ByteView data);
  /// Makes a datagram of the `size` bytes of application data that lie at Records::kContentOffset
  /// of `out`, in place, without queueing it. Its size; 0 unless connected.
  size_t protect(MutableByteView out, size_t size);
  /// Sends close_notify.
  void close();

  [[nodiscard]] TimePoint next_timeout() const;
  void handle_timeout(TimePoint now);

  [[nodiscard]] State state() const { return state_; }
  /// Of the certificate the remote side proved to own; null before connected.
  [[nodiscard]] const DtlsFingerprint* remote_fingerprint(
      FingerprintHash hash = FingerprintHash::kSha256) const {
    return remote_fingerprints_ ? &(*remote_fingerprints_)[static_cast<size_t>(hash)] : nullptr;
  }

  struct SrtpKeys {
    srtp::Profile profile{};
    srtp::MasterKey local;
    srtp::MasterKey remote;
  };
  /// Nothing when no SRTP profile was agreed on; once connected, and once.
  [[nodiscard]] std::optional<SrtpKeys> take_srtp_keys();

  /// Datagrams to send, in order.
  [[nodiscard]] std::vector<Bytes> take_outgoing();

 private:
  void after_handshake();
  void on_handshake_done();
  void repeat_last_flight();
  void queue(Bytes datagram);

  srtp::Backend& backend_;
  DtlsRole role_;
  State state_ = State::kNew;
  std::unique_ptr<Handshake> handshake_;  // until connected
  std::optional<Records> records_;        // from then on
  ByteView incoming_;                     // what read() has not looked at
  std::vector<Bytes> early_data_;         // application data that came with the last flight
  std::vector<Bytes> outgoing_;
  std::optional<Fingerprints> remote_fingerprints_;
  std::unique_ptr<SrtpKeys> srtp_keys_;
  /// Server: its Finished message, to be repeated when the client repeats its own (RFC 6347 section
  /// 4.2.4).
  Bytes finished_;
  uint64_t next_plain_sequence_ = 0;  // of epoch 0, for the ChangeCipherSpec before it
  int repeats_ = 0;
};

}  // namespace turms::rtc::dtls
