#include "rtc/dtls/handshake.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rtc/dtls/context.h"

namespace turms::rtc::dtls {
namespace {

/// Longer than any handshake lives, in microseconds: OpenSSL's own deadline.
constexpr unsigned kNeverByItself = 3'600'000'000;

}  // namespace

/// The datagram BIO: one write is one datagram, one read takes the whole current one.
struct Handshake::Callbacks {
  static Handshake& self(BIO* bio) { return *static_cast<Handshake*>(BIO_get_data(bio)); }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto* p = reinterpret_cast<const uint8_t*>(data);
    self(bio).note_written({p, static_cast<size_t>(size)});
    auto& outgoing = self(bio).outgoing_;
    // OpenSSL retransmits a flight one record per datagram, each of which can be lost. As in the
    // first transmission they share datagrams (RFC 6347 section 4.1.1).
    if (!outgoing.empty() &&
        outgoing.back().size() + static_cast<size_t>(size) <= Transport::kMaxDatagram) {
      outgoing.back().insert(outgoing.back().end(), p, p + size);
    } else if (outgoing.size() < Transport::kMaxOutgoing) {
      outgoing.emplace_back(p, p + size);
    }
    return size;
  }
  static int read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    ByteView& incoming = self(bio).incoming_;
    if (incoming.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t taken = std::min(incoming.size(), static_cast<size_t>(size));
    std::memcpy(out, incoming.data(), taken);
    incoming = {};  // the rest of a datagram is lost, as with a socket
    return static_cast<int>(taken);
  }
  static long control(BIO* bio, int command, long, void* argument) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return Transport::kMaxDatagram;
      case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT: {
        Handshake& handshake = self(bio);
        auto* deadline = static_cast<timeval*>(argument);
        const bool stopped = deadline->tv_sec == 0 && deadline->tv_usec == 0;
        handshake.openssl_deadline_ = deadline;
        handshake.deadline_ = stopped ? kNever : handshake.now_ + handshake.timeout_;
        return 1;
      }
      default:
        return 0;
    }
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rtc datagram");
      TURMS_CHECK(method != nullptr);
      BIO_meth_set_create(method, create);
      BIO_meth_set_write(method, write);
      BIO_meth_set_read(method, read);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }

  /// How long the timer should run that is being started: `previous` is 0 for a new flight.
  static unsigned timer(SSL* ssl, unsigned previous) {
    auto& handshake = *static_cast<Handshake*>(SSL_get_app_data(ssl));
    handshake.timeout_ = previous == 0
                             ? Transport::kFirstTimeout
                             : std::min<Duration>(handshake.timeout_ * 2, Transport::kMaxTimeout);
    return kNeverByItself;
  }
};

Handshake::Handshake(const Context& context, DtlsRole role) : role_(role) {
  ssl_ = SSL_new(context.ctx_);
  BIO* bio = BIO_new(Callbacks::method());
  TURMS_CHECK(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  SSL_set_mtu(ssl_, Transport::kMaxDatagram);
  DTLS_set_timer_cb(ssl_, Callbacks::timer);
  if (role == DtlsRole::kClient) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

Handshake::~Handshake() {
  SSL_free(ssl_);
}

/// What Records and a repeated last flight have to continue from.
void Handshake::note_written(ByteView records) {
  while (const auto record = RecordView::parse(records)) {
    records = records.subspan(record->bytes.size());
    if (record->epoch > 1) continue;
    next_sequence_[record->epoch] = record->sequence + 1;
    if (record->epoch == 0 || record->bytes.size() < kRecordHeader + 8) continue;
    next_nonce_ = load_be64(&record->bytes[kRecordHeader]) + 1;
    if (record->type == ContentType::kHandshake) {
      finished_record_.assign(record->bytes.begin(), record->bytes.end());
    }
  }
}

Handshake::State Handshake::advance(TimePoint now, ByteView datagram) {
  now_ = now;
  incoming_ = datagram;
  ERR_clear_error();
  const State state = result_of(SSL_do_handshake(ssl_));
  incoming_ = {};
  return state;
}

Handshake::State Handshake::result_of(int result) {
  if (result == 1) return State::kDone;
  const int error = SSL_get_error(ssl_, result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return State::kRunning;
  deadline_ = kNever;
  return State::kFailed;
}

Handshake::State Handshake::handle_timeout(TimePoint now) {
  if (now < deadline_) return State::kRunning;
  now_ = now;
  openssl_deadline_->tv_sec = 1;  // 1970
  openssl_deadline_->tv_usec = 0;
  ERR_clear_error();
  const int result = DTLSv1_handle_timeout(ssl_);
  ERR_clear_error();
  TURMS_CHECK(result !=
              0);  // else OpenSSL does not find its deadline passed: see the class comment
  if (result > 0) return State::kRunning;
  deadline_ = kNever;  // it gives up after a dozen retransmissions of one flight
  return State::kFailed;
}

std::vector<Bytes> Handshake::take_outgoing() {
  return std::exchange(outgoing_, {});
}

std::optional<DtlsFingerprint> Handshake::remote_fingerprint() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  DtlsFingerprint fingerprint;
  unsigned size = 0;
  if (certificate == nullptr ||
      X509_digest(certificate, EVP_sha256(), fingerprint.sha256.data(), &size) != 1) {
    return std::nullopt;
  }
  return fingerprint;
}

std::optional<Transport::SrtpKeys> Handshake::export_srtp_keys() const {
  const SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl_);
  if (selected == nullptr) return std::nullopt;
  Transport::SrtpKeys keys;
  keys.profile = static_cast<srtp::Profile>(selected->id);
  const size_t key = srtp::key_size(keys.profile);
  const size_t salt = srtp::salt_size(keys.profile);

  // Client key, server key, client salt, server salt (RFC 5764 section 4.2).
  constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
  std::array<uint8_t, 2 * (32 + 14)> material{};
  TURMS_CHECK(2 * (key + salt) <= material.size());
  if (SSL_export_keying_material(ssl_, material.data(), 2 * (key + salt), kLabel.data(),
                                 kLabel.size(), nullptr, 0, 0) != 1) {
    return std::nullopt;
  }
  const auto fill = [&](srtp::MasterKey& master, size_t side) {
    std::memcpy(master.key.data(), &material[side * key], key);
    std::memcpy(master.salt.data(), &material[2 * key + side * salt], salt);
  };
  const bool client = role_ == DtlsRole::kClient;
  fill(keys.local, client ? 0 : 1);
  fill(keys.remote, client ? 1 : 0);
  return keys;
}

Secrets Handshake::export_secrets() const {
  Secrets secrets;
  const bool exported =
      SSL_SESSION_get_master_key(SSL_get_session(ssl_), secrets.master.data(),
                                 secrets.master.size()) == secrets.master.size() &&
      SSL_get_client_random(ssl_, secrets.client_random.data(), secrets.client_random.size()) ==
          secrets.client_random.size() &&
      SSL_get_server_random(ssl_, secrets.server_random.data(), secrets.server_random.size()) ==
          secrets.server_random.size();
  TURMS_CHECK(exported);
  // Context allows no cipher but AES-GCM.
  secrets.aes256 = SSL_CIPHER_get_bits(SSL_get_current_cipher(ssl_), nullptr) == 256;
  secrets.next_sequence = next_sequence_[1];
  secrets.next_nonce = next_nonce_;
  return secrets;
}

size_t Handshake::read(MutableByteView out) {
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_read_ex(ssl_, out.data(), out.size(), &size);
  ERR_clear_error();
  return result == 1 ? size : 0;
}

}  // namespace turms::rtc::dtls
