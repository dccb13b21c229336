#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/dtls/records.h"
#include "rtc/dtls/transport.h"

struct bio_method_st;
struct bio_st;
struct ssl_st;
struct timeval;

namespace turms::rtc::dtls {

/// The handshake of one transport, by OpenSSL, over a BIO of our own that keeps datagram
/// boundaries.
///
/// Time. OpenSSL times its retransmissions with the real clock, also inside SSL_do_handshake. To
/// put them on ours, the timer callback answers with an hour, so that OpenSSL by itself never finds
/// its deadline passed; the BIO is told of each start and stop of the timer
/// (BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT), from which deadline_ is kept on our time line; and when that
/// has passed, OpenSSL's deadline, whose address came with the same control, is set into the past
/// just before DTLSv1_handle_timeout. In OpenSSL 3.0 and 3.1 that address is of the deadline
/// itself, from 3.2 on of a copy: Context checks the version.
class Handshake {
 public:
  enum class State : uint8_t { kRunning, kDone, kFailed };

  Handshake(const Context& context, DtlsRole role);
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  /// With an empty datagram: takes the first step.
  State advance(TimePoint now, ByteView datagram);
  [[nodiscard]] TimePoint next_timeout() const { return deadline_; }
  State handle_timeout(TimePoint now);

  [[nodiscard]] std::vector<Bytes> take_outgoing();

  // When done:
  [[nodiscard]] std::optional<DtlsFingerprint> remote_fingerprint() const;
  [[nodiscard]] std::optional<Transport::SrtpKeys> export_srtp_keys() const;
  [[nodiscard]] Secrets export_secrets() const;
  /// One record of application data that came with the last flight; 0 when there is no more.
  size_t read(MutableByteView out);
  /// Our Finished as it was sent.
  [[nodiscard]] const Bytes& finished_record() const { return finished_record_; }
  [[nodiscard]] uint64_t next_plain_sequence() const { return next_sequence_[0]; }

 private:
  struct Callbacks;

  State result_of(int result);
  void note_written(ByteView records);

  ssl_st* ssl_ = nullptr;
  DtlsRole role_;
  TimePoint now_{};
  TimePoint deadline_ = kNever;
  Duration timeout_ = Transport::kFirstTimeout;
  timeval* openssl_deadline_ = nullptr;
  ByteView incoming_;  // during advance() only
  std::vector<Bytes> outgoing_;
  uint64_t next_sequence_[2] = {0, 0};  // per epoch
  uint64_t next_nonce_ = 0;
  Bytes finished_record_;
};

}  // namespace turms::rtc::dtls
