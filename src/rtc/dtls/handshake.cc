#include "rtc/dtls/handshake.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rtc/dtls/context.h"

namespace turms::rtc::dtls {
namespace {

/// Longer than any handshake lives, in microseconds: OpenSSL's own deadline.
constexpr unsigned kNeverByItself = 3'600'000'000;

/// Packs records into datagrams in their order: together as far as they fit (RFC 6347
/// section 4.1.1).
void pack(const std::vector<Bytes>& records, std::vector<Bytes>& datagrams) {
  for (const Bytes& record : records) {
    if (!datagrams.empty() && datagrams.back().size() + record.size() <= Transport::kMaxDatagram) {
      datagrams.back().insert(datagrams.back().end(), record.begin(), record.end());
    } else if (datagrams.size() < Transport::kMaxOutgoing) {
      datagrams.push_back(record);
    }
  }
}

ContentType type_of(const Bytes& record) {
  return static_cast<ContentType>(record.front());
}

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
  static long control(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return Transport::kMaxDatagram;
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

  static unsigned timer(SSL*, unsigned) { return kNeverByItself; }
};

Handshake::Handshake(const Context& context, DtlsRole role, srtp::Backend& backend)
    : role_(role), backend_(backend) {
  ssl_ = SSL_new(context.ctx_);
  BIO* bio = BIO_new(Callbacks::method());
  TURMS_CHECK(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
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

/// Keeps what OpenSSL writes, record by record. Epoch 0 is numbered anew, since retransmissions
/// take numbers in between.
void Handshake::note_written(ByteView records) {
  while (const auto record = RecordView::parse(records)) {
    records = records.subspan(record->bytes.size());
    if (record->epoch > 1 || written_.size() == kMaxFlightRecords) continue;
    Bytes& copy = written_.emplace_back(record->bytes.begin(), record->bytes.end());
    if (record->epoch == 0) {
      number_plain(copy);
      continue;
    }
    next_sequence_[1] = record->sequence + 1;
    if (copy.size() < kRecordHeader + 8) continue;
    next_nonce_ = load_be64(&copy[kRecordHeader]) + 1;
    if (record->type == ContentType::kHandshake) finished_record_ = copy;
  }
}

void Handshake::number_plain(Bytes& record) {
  store_be64(&record[3], next_sequence_[0]++);  // epoch 0 in front
}

Handshake::State Handshake::advance(TimePoint now, ByteView datagram) {
  incoming_ = datagram;
  ERR_clear_error();
  const State state = result_of(SSL_do_handshake(ssl_));
  incoming_ = {};
  pack(written_, outgoing_);
  const bool is_flight = std::any_of(written_.begin(), written_.end(), [](const Bytes& record) {
    return type_of(record) == ContentType::kHandshake;
  });
  if (is_flight) {
    flight_ = std::move(written_);
    std::erase_if(flight_,
                  [](const Bytes& record) { return type_of(record) == ContentType::kAlert; });
    retransmissions_ = 0;
    timeout_ = Transport::kFirstTimeout;
    deadline_ = now + timeout_;
  }
  written_.clear();
  if (state != State::kRunning) deadline_ = kNever;
  return state;
}

Handshake::State Handshake::result_of(int result) {
  if (result == 1) return State::kDone;
  const int error = SSL_get_error(ssl_, result);
  ERR_clear_error();
  const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  return waits ? State::kRunning : State::kFailed;
}

Handshake::State Handshake::handle_timeout(TimePoint now) {
  if (now < deadline_) return State::kRunning;
  if (retransmissions_ == kMaxRetransmissions) {
    deadline_ = kNever;
    return State::kFailed;
  }
  ++retransmissions_;
  for (Bytes& record : flight_) {
    // The epoch is the upper half of the first word of the numbers.
    if (load_be16(&record[3]) == 0) {
      number_plain(record);
    } else {
      seal_again(record);
    }
  }
  pack(flight_, outgoing_);
  timeout_ = std::min<Duration>(timeout_ * 2, Transport::kMaxTimeout);
  deadline_ = now + timeout_;
  return State::kRunning;
}

/// The Finished of a client: it came encrypted out of OpenSSL, and the server would take its number
/// for a replay. Its keys exist from the moment it was written.
void Handshake::seal_again(Bytes& record) {
  Records records(role_, export_secrets(), backend_);
  Bytes plain(record.size());
  const auto view = RecordView::parse(record);
  TURMS_CHECK(view);
  const auto size = records.open_own(*view, plain);
  TURMS_CHECK(size);
  const ContentType type = view->type;
  record.clear();
  records.seal(type, ByteView(plain).first(*size), record);
  ++next_sequence_[1];
  ++next_nonce_;
}

std::vector<Bytes> Handshake::take_outgoing() {
  return std::exchange(outgoing_, {});
}

std::optional<Fingerprints> Handshake::remote_fingerprints() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return std::nullopt;
  return fingerprints_of(certificate);
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
