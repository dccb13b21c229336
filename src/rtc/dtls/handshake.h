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

namespace turms::rtc::dtls {

/// The handshake of one transport, by OpenSSL, over a BIO of our own that keeps datagram
/// boundaries.
///
/// Time. OpenSSL times its retransmissions with the real clock, also inside SSL_do_handshake. To
/// put them on ours, the timer callback (DTLS_set_timer_cb) answers with an hour, so that OpenSSL
/// never retransmits, and this class does: it keeps the records of the last flight and sends them
/// again, with record numbers of their own, until the next flight is written or the handshake ends.
///
/// Bounds: kMaxFlightRecords records of a flight, sent again kMaxRetransmissions times.
class Handshake {
 public:
  enum class State : uint8_t { kRunning, kDone, kFailed };
  static constexpr size_t kMaxFlightRecords = 64;
  static constexpr int kMaxRetransmissions = 12;

  Handshake(const Context& context, DtlsRole role, srtp::Backend& backend);
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  /// With an empty datagram: takes the first step.
  State advance(TimePoint now, ByteView datagram);
  [[nodiscard]] TimePoint next_timeout() const { return deadline_; }
  State handle_timeout(TimePoint now);

  [[nodiscard]] std::vector<Bytes> take_outgoing();

  // When done:
  [[nodiscard]] std::optional<Fingerprints> remote_fingerprints() const;
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
  void number_plain(Bytes& record);
  void seal_again(Bytes& record);

  ssl_st* ssl_ = nullptr;
  DtlsRole role_;
  srtp::Backend& backend_;
  TimePoint deadline_ = kNever;
  Duration timeout_ = Transport::kFirstTimeout;
  int retransmissions_ = 0;
  ByteView incoming_;           // during advance() only
  std::vector<Bytes> written_;  // records, during advance() only
  std::vector<Bytes> flight_;   // records of the last flight
  std::vector<Bytes> outgoing_;
  uint64_t next_sequence_[2] = {0, 0};  // per epoch
  uint64_t next_nonce_ = 0;
  Bytes finished_record_;
};

}  // namespace turms::rtc::dtls
