#include "rtc/dtls/transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include <utility>

#include "base/check.h"
#include "rtc/dtls/context.h"

namespace turms::rtc::dtls {
namespace {

constexpr size_t kRecordHeader = 13;
constexpr uint8_t kApplicationData = 23;
/// Longer than any handshake lives, in microseconds: OpenSSL's own deadline.
constexpr unsigned kNeverByItself = 3'600'000'000;

/// Whether it is one or more whole DTLS records, by their headers (RFC 6347 section 4.1). OpenSSL
/// drops the rest silently; this way it is counted.
bool is_dtls(ByteView datagram) {
  while (!datagram.empty()) {
    if (datagram.size() < kRecordHeader || datagram[1] != 0xFE) return false;
    const size_t size = kRecordHeader + load_be16(&datagram[11]);
    if (datagram.size() < size) return false;
    datagram = datagram.subspan(size);
  }
  return true;
}

}  // namespace

/// The datagram BIO: one write is one datagram, one read takes the whole current one.
struct BioCallbacks {
  static Transport& self(BIO* bio) { return *static_cast<Transport*>(BIO_get_data(bio)); }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    Transport& transport = self(bio);
    const auto* p = reinterpret_cast<const uint8_t*>(data);
    auto& outgoing = transport.outgoing_;
    // OpenSSL retransmits a flight one record per datagram, each of which can be lost. As in the
    // first transmission they share datagrams (RFC 6347 section 4.1.1).
    if (p[0] != kApplicationData && !outgoing.empty() &&
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
        Transport& transport = self(bio);
        transport.openssl_deadline_ = static_cast<timeval*>(argument);
        const bool stopped =
            transport.openssl_deadline_->tv_sec == 0 && transport.openssl_deadline_->tv_usec == 0;
        transport.deadline_ = stopped ? kNever : transport.now_ + transport.timeout_;
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
    auto& transport = *static_cast<Transport*>(SSL_get_app_data(ssl));
    transport.timeout_ = previous == 0
                             ? Transport::kFirstTimeout
                             : std::min<Duration>(transport.timeout_ * 2, Transport::kMaxTimeout);
    return kNeverByItself;
  }
};

Transport::Transport(const Context& context, DtlsRole role) : role_(role) {
  ssl_ = SSL_new(context.ctx_);
  BIO* bio = BIO_new(BioCallbacks::method());
  TURMS_CHECK(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  SSL_set_mtu(ssl_, kMaxDatagram);
  DTLS_set_timer_cb(ssl_, BioCallbacks::timer);
  if (role == DtlsRole::kClient) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

Transport::~Transport() {
  SSL_free(ssl_);
}

void Transport::start(TimePoint now) {
  if (state_ != State::kNew) return;
  now_ = now;
  state_ = State::kHandshake;
  if (role_ == DtlsRole::kClient) advance_handshake();
}

bool Transport::receive(TimePoint now, ByteView datagram) {
  if (datagram.empty() || !is_dtls(datagram)) return false;
  if (state_ == State::kClosed || state_ == State::kFailed) return true;
  start(now);
  now_ = now;
  incoming_ = datagram;
  if (state_ == State::kHandshake) advance_handshake();
  return true;
}

void Transport::advance_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    on_handshake_done();
  } else {
    handle_error(result);
  }
}

void Transport::on_handshake_done() {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  DtlsFingerprint fingerprint;
  unsigned size = 0;
  if (certificate == nullptr ||
      X509_digest(certificate, EVP_sha256(), fingerprint.sha256.data(), &size) != 1) {
    state_ = State::kFailed;
    return;
  }
  remote_fingerprint_ = fingerprint;
  state_ = State::kConnected;
  SSL_free_buffers(ssl_);
}

void Transport::handle_error(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      break;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kClosed;
      break;
    default:
      // After the handshake only the remote side's alert gets here: forged records fall silently.
      state_ = state_ == State::kConnected ? State::kClosed : State::kFailed;
      break;
  }
  if (state_ == State::kClosed || state_ == State::kFailed) deadline_ = kNever;
  ERR_clear_error();
}

size_t Transport::read(MutableByteView out) {
  if (state_ != State::kConnected) return 0;
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_read_ex(ssl_, out.data(), out.size(), &size);
  if (result == 1) {
    std::array<uint8_t, 256> rest;
    size_t lost = 0;
    while (SSL_pending(ssl_) > 0 && SSL_read_ex(ssl_, rest.data(), rest.size(), &lost) == 1) {
    }
    return size;
  }
  handle_error(result);
  incoming_ = {};
  // The read buffer has room for the largest record, 16 KB, and most transports are silent.
  SSL_free_buffers(ssl_);
  return 0;
}

/// OpenSSL writes into a buffer that it makes when it reads, and we let go of its buffers.
void Transport::prepare_to_write() {
  ERR_clear_error();
  uint8_t nothing = 0;
  size_t size = 0;
  (void)SSL_peek_ex(ssl_, &nothing, 1, &size);
  ERR_clear_error();
}

bool Transport::send(ByteView data) {
  if (state_ != State::kConnected || data.empty() || data.size() > kMaxDatagram) return false;
  prepare_to_write();
  size_t written = 0;
  return SSL_write_ex(ssl_, data.data(), data.size(), &written) == 1;
}

void Transport::close() {
  if (state_ == State::kConnected) {
    prepare_to_write();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  state_ = State::kClosed;
  deadline_ = kNever;
}

void Transport::handle_timeout(TimePoint now) {
  if (now < deadline_) return;
  now_ = now;
  openssl_deadline_->tv_sec = 1;  // 1970
  openssl_deadline_->tv_usec = 0;
  ERR_clear_error();
  const int result = DTLSv1_handle_timeout(ssl_);
  TURMS_CHECK(result !=
              0);  // else OpenSSL does not find its deadline passed: see the class comment
  if (result < 0) {
    // It gives up after a dozen retransmissions of one flight.
    state_ = State::kFailed;
    deadline_ = kNever;
  }
  ERR_clear_error();
}

std::optional<Transport::SrtpKeys> Transport::export_srtp_keys() const {
  const SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl_);
  if (state_ != State::kConnected || selected == nullptr) return std::nullopt;
  SrtpKeys keys;
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

std::vector<Bytes> Transport::take_outgoing() {
  return std::exchange(outgoing_, {});
}

}  // namespace turms::rtc::dtls
