#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "rtc/parameters.h"
#include "rtc/srtp/backend.h"

namespace turms::rtc::dtls {

enum class ContentType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

inline constexpr size_t kRecordHeader = 13;

/// The header of the first record of a datagram and all its bytes (RFC 6347 section 4.1).
struct RecordView {
  ContentType type{};
  uint16_t epoch = 0;
  uint64_t sequence = 0;  // 48 bits
  ByteView bytes;         // with the header

  /// Nothing when there is no whole DTLS record. What follows it starts at bytes.size().
  static std::optional<RecordView> parse(ByteView datagram);
};

/// What a finished handshake leaves behind, from which records are written and read.
struct Secrets {
  std::array<uint8_t, 48> master{};
  std::array<uint8_t, 32> client_random{};
  std::array<uint8_t, 32> server_random{};
  bool aes256 = false;  // ..._AES_256_GCM_SHA384 instead of ..._AES_128_GCM_SHA256
  uint64_t next_sequence = 0;
  /// The explicit nonce of the next record: continues after those of the handshake, since one must
  /// never come twice under one key.
  uint64_t next_nonce = 0;
};

/// The record layer of DTLS 1.2 with AES-GCM (RFC 5288) in epoch 1, after the handshake. OpenSSL
/// could do this too, but its connection object holds 40 KB for as long as it lives; this is 150
/// bytes, and for each direction that is used the expanded key, about 1 KB: to expand it for each
/// record costs five times as much as to seal the record.
class Records {
 public:
  static constexpr size_t kOverhead = kRecordHeader + 8 + 16;  // header, nonce, tag

  /// `backend` outlives it.
  Records(DtlsRole role, const Secrets& secrets, srtp::Backend& backend);

  /// Where in a record its content lies.
  static constexpr size_t kContentOffset = kRecordHeader + 8;

  /// Appends one record to `out`.
  void seal(ContentType type, ByteView plain, Bytes& out);
  /// Makes a record of the `size` bytes that lie at kContentOffset of `out`, in place. Returns its
  /// size, which `out` has room for.
  size_t seal_in_place(ContentType type, size_t size, MutableByteView out);
  /// The size of the plain content written to `out`; nothing when it is of another epoch, does not
  /// authenticate, was seen before, or does not fit. `out` is overwritten in any case.
  std::optional<size_t> open(const RecordView& record, MutableByteView out);
  /// The same for a record that this side wrote itself, during the handshake.
  std::optional<size_t> open_own(const RecordView& record, MutableByteView out);

 private:
  struct Direction {
    std::array<uint8_t, 32> key{};
    std::array<uint8_t, 4> salt{};
    std::unique_ptr<srtp::Cipher> cipher;  // from the first record on
  };
  srtp::Cipher& cipher(Direction& direction);
  std::optional<size_t> decrypt(Direction& direction, const RecordView& record,
                                MutableByteView out);

  srtp::Backend* backend_;
  Direction write_;
  Direction read_;
  bool aes256_;
  uint64_t next_sequence_;
  uint64_t next_nonce_;
  uint64_t highest_ = 0;  // received
  uint64_t seen_ = 0;     // bit i: highest_ - i (RFC 6347 section 4.1.2.6)
};

}  // namespace turms::rtc::dtls
