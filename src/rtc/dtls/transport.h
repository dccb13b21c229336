#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/parameters.h"
#include "rtc/srtp/profile.h"

struct ssl_st;
struct timeval;

namespace turms::rtc::dtls {

class Context;

/// One DTLS 1.2 association (RFC 6347) that keys SRTP (RFC 5764), over OpenSSL with a BIO of our
/// own that keeps datagram boundaries. Owned by a peer, lives on its thread. It accepts any
/// certificate: compare remote_fingerprint() before trusting what comes out.
///
/// Time. OpenSSL times its retransmissions with the real clock, also inside SSL_read. To put them
/// on ours, the timer callback answers with an hour, so that OpenSSL by itself never finds its
/// deadline passed; the BIO is told of each start and stop of the timer
/// (BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT), from which deadline_ is kept on our time line; and when that
/// has passed, OpenSSL's deadline, whose address came with the same control, is set into the past
/// just before DTLSv1_handle_timeout. In OpenSSL 3.0 and 3.1 that address is of the deadline
/// itself, from 3.2 on of a copy: Context checks the version.
///
/// Bounds: kMaxOutgoing datagrams not yet taken; further ones are lost as on a network.
class Transport {
 public:
  static constexpr size_t kMaxDatagram = 1200;
  static constexpr size_t kMaxOutgoing = 16;
  static constexpr Duration kFirstTimeout = std::chrono::milliseconds(100);
  static constexpr Duration kMaxTimeout = std::chrono::seconds(2);

  enum class State : uint8_t { kNew, kHandshake, kConnected, kClosed, kFailed };

  Transport(const Context& context, DtlsRole role);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// The client sends its ClientHello; a server needs no start.
  void start(TimePoint now);
  /// False when it is no DTLS.
  bool receive(TimePoint now, ByteView datagram);
  /// Plain application data of what receive() took, one record per call; 0 when there is no more.
  /// What does not fit is lost.
  size_t read(MutableByteView out);
  /// Application data into one datagram. False unless connected and not too large.
  bool send(ByteView data);
  /// Sends close_notify.
  void close();

  [[nodiscard]] TimePoint next_timeout() const { return deadline_; }
  void handle_timeout(TimePoint now);

  [[nodiscard]] State state() const { return state_; }
  /// SHA-256 of the certificate the remote side proved to own; once connected.
  [[nodiscard]] const std::optional<DtlsFingerprint>& remote_fingerprint() const {
    return remote_fingerprint_;
  }

  struct SrtpKeys {
    srtp::Profile profile{};
    srtp::MasterKey local;
    srtp::MasterKey remote;
  };
  /// Nothing when no SRTP profile was agreed on; once connected.
  [[nodiscard]] std::optional<SrtpKeys> export_srtp_keys() const;

  /// Datagrams to send, in order.
  [[nodiscard]] std::vector<Bytes> take_outgoing();

 private:
  friend struct BioCallbacks;

  void advance_handshake();
  void prepare_to_write();
  void on_handshake_done();
  void handle_error(int result);

  ssl_st* ssl_ = nullptr;
  DtlsRole role_;
  State state_ = State::kNew;
  TimePoint now_{};
  TimePoint deadline_ = kNever;
  Duration timeout_ = kFirstTimeout;
  timeval* openssl_deadline_ = nullptr;
  ByteView incoming_;  // during receive() only
  std::vector<Bytes> outgoing_;
  std::optional<DtlsFingerprint> remote_fingerprint_;
};

}  // namespace turms::rtc::dtls
