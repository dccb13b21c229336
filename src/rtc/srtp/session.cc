#include "rtc/srtp/session.h"

#include "base/check.h"

namespace turms::rtc::srtp {
namespace {

constexpr size_t kRtpHeader = 12;
constexpr size_t kRtcpHeader = 8;   // what SRTCP leaves in the clear
constexpr size_t kRtcpTrailer = 4;  // E flag and index
constexpr uint32_t kEncryptedFlag = 0x80000000;
constexpr uint32_t kMaxRtcpIndex = 0x7FFFFFFF;

/// Fixed header, CSRCs and extension; 0 when that is no RTP version 2 header or longer than the
/// packet.
size_t rtp_header_size(ByteView packet) {
  if (packet.size() < kRtpHeader || packet[0] >> 6 != 2) return 0;
  size_t size = kRtpHeader + size_t{4} * (packet[0] & 0x0F);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < size + 4) return 0;
    size += 4 + size_t{4} * load_be16(&packet[size + 2]);
  }
  return size <= packet.size() ? size : 0;
}

/// The 48-bit packet index a sequence number most likely stands for, given the highest one known
/// (RFC 3711 section 3.3.1). Nothing where it would lie before the stream's start.
bool guess_index(uint64_t highest, uint16_t sequence, uint64_t& index) {
  const auto distance = static_cast<int16_t>(sequence - static_cast<uint16_t>(highest));
  if (distance < 0 && highest < static_cast<uint64_t>(-distance)) return false;
  index = highest + static_cast<uint64_t>(static_cast<int64_t>(distance));
  return true;
}

enum Label : uint8_t { kRtpKey, kRtpAuth, kRtpSalt, kRtcpKey, kRtcpAuth, kRtcpSalt };

/// RFC 3711 section 4.3.1 with a key derivation rate of zero.
void derive(Profile profile, const MasterKey& master, Label label, MutableByteView out) {
  std::array<uint8_t, 16> iv{};
  std::memcpy(iv.data(), master.salt.data(), salt_size(profile));
  iv[7] ^= label;
  Backend::derive(ByteView(master.key).first(key_size(profile)), iv, out);
}

}  // namespace

Session::Session(Backend& backend, Profile profile, const MasterKey& local, const MasterKey& remote)
    : profile_(profile),
      send_(make_direction(backend, profile, local)),
      receive_(make_direction(backend, profile, remote)) {}

Session::~Session() = default;

Session::Direction Session::make_direction(Backend& backend, Profile profile,
                                           const MasterKey& master) {
  const auto make_cipher = [&](Label key_label, Label auth_label) {
    std::array<uint8_t, 32> key{};
    std::array<uint8_t, 20> auth{};
    const auto key_out = MutableByteView(key).first(key_size(profile));
    const auto auth_out = MutableByteView(auth).first(is_aead(profile) ? 0 : auth.size());
    derive(profile, master, key_label, key_out);
    if (!auth_out.empty()) derive(profile, master, auth_label, auth_out);
    return backend.make_cipher(profile, key_out, auth_out);
  };
  Direction direction;
  direction.rtp = make_cipher(kRtpKey, kRtpAuth);
  direction.rtcp = make_cipher(kRtcpKey, kRtcpAuth);
  derive(profile, master, kRtpSalt, MutableByteView(direction.rtp_salt).first(salt_size(profile)));
  derive(profile, master, kRtcpSalt,
         MutableByteView(direction.rtcp_salt).first(salt_size(profile)));
  return direction;
}

/// CM: salt, SSRC at byte 4, index at byte 8, and two bytes of block counter (RFC 3711
/// section 4.1.1). GCM: salt, SSRC at byte 2, index at byte 6 (RFC 7714 sections 8.1 and 9.1).
void Session::set_iv(uint32_t ssrc, uint64_t index, const std::array<uint8_t, 14>& salt,
                     CipherJob& job) const {
  uint8_t* iv = job.iv.data();
  std::memcpy(iv, salt.data(), salt.size());
  iv[14] = 0;
  iv[15] = 0;
  uint8_t* p = iv + (is_aead(profile_) ? 2 : 4);
  store_be32(p, load_be32(p) ^ ssrc);
  store_be16(p + 4, load_be16(p + 4) ^ static_cast<uint16_t>(index >> 32));
  store_be32(p + 6, load_be32(p + 6) ^ static_cast<uint32_t>(index));
}

bool Session::prepare_rtp(MutableByteView buffer, size_t size, CipherJob& job) {
  if (size > buffer.size() || buffer.size() - size < tag_size(profile_)) return false;
  const size_t header = rtp_header_size(buffer.first(size));
  if (header == 0) return false;

  const uint16_t sequence = load_be16(&buffer[2]);
  const uint32_t ssrc = load_be32(&buffer[8]);
  uint64_t index = sequence;
  SendStream* stream = send_streams_.find(ssrc);
  if (stream == nullptr) {
    stream = send_streams_.insert(ssrc);
    if (stream == nullptr) return false;
    stream->index = index;
  } else if (!guess_index(stream->index, sequence, index)) {
    return false;
  }
  stream->index = std::max(stream->index, index);

  job.authenticated = buffer.data();
  job.authenticated_size = header;
  job.text = buffer.data() + header;
  job.text_size = size - header;
  job.tag = buffer.data() + size;
  if (!is_aead(profile_)) {
    // The rollover counter is authenticated behind the packet and not sent (RFC 3711 section 4.2);
    // it stands where the tag will.
    store_be32(job.tag, static_cast<uint32_t>(index >> 16));
    job.trailer_size = 4;
  }
  set_iv(ssrc, index, send_.rtp_salt, job);
  return true;
}

size_t Session::protect_rtp(MutableByteView buffer, size_t size) {
  CipherJob job;
  if (!prepare_rtp(buffer, size, job)) return 0;
  send_.rtp->seal(job);
  return size + tag_size(profile_);
}

void Session::protect_rtp_batch(Backend& backend, std::span<BatchPacket> packets) {
  std::array<Backend::SealRequest, Backend::kMaxBatch> waiting;
  size_t count = 0;
  for (BatchPacket& packet : packets) {
    Session& session = *packet.session;
    Backend::SealRequest& request = waiting[count];
    request.cipher = session.send_.rtp.get();
    if (!session.prepare_rtp(packet.buffer, packet.size, request.job)) {
      packet.size = 0;
      continue;
    }
    packet.size += tag_size(session.profile_);
    if (is_aead(session.profile_)) {
      request.cipher->seal(request.job);
    } else if (++count == waiting.size()) {
      backend.seal_cm_batch(waiting);
      count = 0;
    }
  }
  if (count != 0) backend.seal_cm_batch(std::span(waiting).first(count));
}

Unprotected Session::unprotect_rtp(MutableByteView packet) {
  const size_t tag = tag_size(profile_);
  if (packet.size() < tag) return {UnprotectError::kMalformed, {}};
  const MutableByteView plain = packet.first(packet.size() - tag);
  const size_t header = rtp_header_size(plain);
  if (header == 0) return {UnprotectError::kMalformed, {}};

  const uint16_t sequence = load_be16(&packet[2]);
  const uint32_t ssrc = load_be32(&packet[8]);
  uint64_t index = sequence;
  ReceiveStream* stream = receive_streams_.find(ssrc);
  if (stream == nullptr) {
    if (receive_streams_.size() == kMaxReceiveStreams) return {UnprotectError::kTableFull, {}};
  } else {
    if (!guess_index(stream->highest, sequence, index) || stream->is_too_old(index)) {
      return {UnprotectError::kTooOld, {}};
    }
    if (stream->is_seen(index)) return {UnprotectError::kReplay, {}};
  }

  CipherJob job;
  job.authenticated = packet.data();
  job.authenticated_size = header;
  job.text = packet.data() + header;
  job.text_size = plain.size() - header;
  job.tag = packet.data() + plain.size();
  std::array<uint8_t, 16> received_tag;
  if (!is_aead(profile_)) {
    std::memcpy(received_tag.data(), job.tag, tag);
    store_be32(job.tag, static_cast<uint32_t>(index >> 16));
    job.trailer_size = 4;
    job.tag = received_tag.data();
  }
  set_iv(ssrc, index, receive_.rtp_salt, job);
  if (!receive_.rtp->open(job)) return {UnprotectError::kAuthentication, {}};

  if (stream == nullptr) stream = receive_streams_.insert(ssrc);
  stream->mark(index);
  return {UnprotectError::kNone, plain};
}

size_t Session::protect_rtcp(MutableByteView buffer, size_t size) {
  const size_t tag = tag_size(profile_);
  if (size > buffer.size() || buffer.size() - size < tag + kRtcpTrailer) return 0;
  if (size < kRtcpHeader || buffer[0] >> 6 != 2) return 0;
  if (next_rtcp_index_ > kMaxRtcpIndex) return 0;  // this key is used up (RFC 3711 section 9.2)
  const uint32_t index = next_rtcp_index_++;

  CipherJob job;
  std::array<uint8_t, kRtcpHeader + kRtcpTrailer> additional;
  job.text = buffer.data() + kRtcpHeader;
  job.text_size = size - kRtcpHeader;
  if (is_aead(profile_)) {
    // Tag, then index; both header and index word are the additional data (RFC 7714 section 9.2).
    std::memcpy(additional.data(), buffer.data(), kRtcpHeader);
    store_be32(additional.data() + kRtcpHeader, kEncryptedFlag | index);
    store_be32(buffer.data() + size + tag, kEncryptedFlag | index);
    job.authenticated = additional.data();
    job.authenticated_size = additional.size();
    job.tag = buffer.data() + size;
  } else {
    // Index, then tag (RFC 3711 section 3.4).
    store_be32(buffer.data() + size, kEncryptedFlag | index);
    job.authenticated = buffer.data();
    job.authenticated_size = kRtcpHeader;
    job.trailer_size = kRtcpTrailer;
    job.tag = buffer.data() + size + kRtcpTrailer;
  }
  set_iv(load_be32(&buffer[4]), index, send_.rtcp_salt, job);
  send_.rtcp->seal(job);
  return size + tag + kRtcpTrailer;
}

Unprotected Session::unprotect_rtcp(MutableByteView packet) {
  const size_t tag = tag_size(profile_);
  if (packet.size() < kRtcpHeader + kRtcpTrailer + tag || packet[0] >> 6 != 2) {
    return {UnprotectError::kMalformed, {}};
  }
  const MutableByteView plain = packet.first(packet.size() - tag - kRtcpTrailer);
  const size_t word_offset = is_aead(profile_) ? plain.size() + tag : plain.size();
  const uint32_t word = load_be32(&packet[word_offset]);
  if ((word & kEncryptedFlag) == 0) return {UnprotectError::kUnencrypted, {}};
  const uint32_t index = word & ~kEncryptedFlag;
  const uint32_t ssrc = load_be32(&packet[4]);

  ReceiveStream* stream = receive_rtcp_streams_.find(ssrc);
  if (stream == nullptr) {
    if (receive_rtcp_streams_.size() == kMaxReceiveStreams) {
      return {UnprotectError::kTableFull, {}};
    }
  } else {
    if (stream->is_too_old(index)) return {UnprotectError::kTooOld, {}};
    if (stream->is_seen(index)) return {UnprotectError::kReplay, {}};
  }

  CipherJob job;
  std::array<uint8_t, kRtcpHeader + kRtcpTrailer> additional;
  job.text = packet.data() + kRtcpHeader;
  job.text_size = plain.size() - kRtcpHeader;
  if (is_aead(profile_)) {
    std::memcpy(additional.data(), packet.data(), kRtcpHeader);
    store_be32(additional.data() + kRtcpHeader, word);
    job.authenticated = additional.data();
    job.authenticated_size = additional.size();
    job.tag = packet.data() + plain.size();
  } else {
    job.authenticated = packet.data();
    job.authenticated_size = kRtcpHeader;
    job.trailer_size = kRtcpTrailer;
    job.tag = packet.data() + plain.size() + kRtcpTrailer;
  }
  set_iv(ssrc, index, receive_.rtcp_salt, job);
  if (!receive_.rtcp->open(job)) return {UnprotectError::kAuthentication, {}};

  if (stream == nullptr) stream = receive_rtcp_streams_.insert(ssrc);
  stream->mark(index);
  return {UnprotectError::kNone, plain};
}

}  // namespace turms::rtc::srtp
