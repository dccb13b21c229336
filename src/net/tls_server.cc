#include "net/tls_server.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace turms::net {

namespace {

constexpr size_t kMaxPlainRecord = 16 * 1024;

std::string last_error() {
  char text[160] = "unknown error";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof text);
  }
  ERR_clear_error();
  return text;
}

/// Clients that offer protocols by ALPN get the one spoken here, or no protocol
/// when it is not among them (TURN clients offer their own).
int select_protocol(SSL*, const uint8_t** out, uint8_t* out_size, const uint8_t* offered,
                    unsigned offered_size, void*) {
  static constexpr uint8_t kHttp[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  uint8_t* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kHttp, sizeof kHttp, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Result<SSL_CTX*> make_context(const std::string& certificate_file, const std::string& key_file) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  TURMS_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Resumption is by tickets, so that a session costs nothing once its
  // connection is gone.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  const auto failed = [&](const std::string& file) {
    SSL_CTX_free(context);
    return fail(ErrorCode::kInvalidArgument, file + ": " + last_error());
  };
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return failed(certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return failed(key_file);
  }
  return context;
}

}  // namespace

/// What the files were when they were last read.
struct TlsServerContext::Seen {
  struct File {
    timespec modified{};
    ino_t inode = 0;
    off_t size = -1;
    bool operator==(const File& other) const {
      return modified.tv_sec == other.modified.tv_sec &&
             modified.tv_nsec == other.modified.tv_nsec && inode == other.inode &&
             size == other.size;
    }
  };
  static File look(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {status.st_mtim, status.st_ino, status.st_size};
  }

  File certificate;
  File key;
  bool operator==(const Seen&) const = default;
};

TlsServerContext::TlsServerContext(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      seen_(std::make_unique<Seen>()) {}

TlsServerContext::~TlsServerContext() {
  SSL_CTX_free(context_);
}

Result<std::unique_ptr<TlsServerContext>> TlsServerContext::load(std::string certificate_file,
                                                                 std::string key_file) {
  std::unique_ptr<TlsServerContext> context(
      new TlsServerContext(std::move(certificate_file), std::move(key_file)));
  // Before they are read: a change meanwhile is seen next time.
  *context->seen_ = {Seen::look(context->certificate_file_), Seen::look(context->key_file_)};
  const auto made = make_context(context->certificate_file_, context->key_file_);
  if (!made) return std::unexpected(made.error());
  context->context_ = *made;
  return context;
}

Result<bool> TlsServerContext::reload_if_changed() {
  const Seen now{Seen::look(certificate_file_), Seen::look(key_file_)};
  if (now == *seen_) return false;
  *seen_ = now;
  const auto made = make_context(certificate_file_, key_file_);
  if (!made) return std::unexpected(made.error());
  const std::lock_guard lock(mutex_);
  SSL_CTX_free(std::exchange(context_, *made));
  return true;
}

/// A BIO over a session: reads what receive() was given or from read()'s
/// descriptor, and writes to output(). Memory BIOs would keep their buffers
/// while the connection is idle.
struct TlsSessionBio {
  static int read(BIO* bio, char* out, int size) {
    auto* const session = static_cast<TlsSession*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (session->fd_ >= 0) {
      const ssize_t count = ::recv(session->fd_, out, static_cast<size_t>(size), 0);
      if (count > 0) return static_cast<int>(count);
      if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        session->ended_ = true;
        return 0;
      }
    } else if (!session->input_.empty()) {
      const size_t count = std::min(static_cast<size_t>(size), session->input_.size());
      std::memcpy(out, session->input_.data(), count);
      session->input_ = session->input_.subspan(count);
      return static_cast<int>(count);
    }
    BIO_set_retry_read(bio);
    return -1;
  }
  static int write(BIO* bio, const char* data, int size) {
    auto* const session = static_cast<TlsSession*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    session->output_.insert(session->output_.end(), data, data + size);
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const out = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "session");
      TURMS_CHECK(out != nullptr);
      BIO_meth_set_read(out, read);
      BIO_meth_set_write(out, write);
      BIO_meth_set_ctrl(out, control);
      BIO_meth_set_create(out, create);
      return out;
    }();
    return made;
  }
};

std::unique_ptr<TlsSession> TlsServerContext::accept() const {
  SSL* const ssl = [this] {
    const std::lock_guard lock(mutex_);
    return SSL_new(context_);  // with a reference of its own to the context
  }();
  TURMS_CHECK(ssl != nullptr);
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsSession>(ssl);
}

TlsSession::TlsSession(SSL* session) : ssl_(session) {
  BIO* const bio = BIO_new(TlsSessionBio::method());
  TURMS_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
}

bool TlsSession::established() const {
  return SSL_is_init_finished(ssl_) == 1;
}

/// Of a call that did not succeed.
TlsSession::Outcome TlsSession::outcome_of(int result) {
  const int error = SSL_get_error(ssl_, result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ && !ended_) return Outcome::kOpen;
  // The end of the connection without a goodbye is what many clients do.
  return error == SSL_ERROR_ZERO_RETURN || ended_ ? Outcome::kClosed : Outcome::kBroken;
}

TlsSession::Outcome TlsSession::receive(ByteView encrypted, Bytes& plain) {
  ERR_clear_error();
  input_ = encrypted;
  Outcome outcome = Outcome::kOpen;
  while (true) {
    if (!established()) {
      const int result = SSL_do_handshake(ssl_);
      if (result != 1) {
        outcome = outcome_of(result);
        break;
      }
    }
    // Through a buffer on the side: most messages are far shorter than a record may be.
    thread_local std::array<uint8_t, kMaxPlainRecord> record;
    const int result = SSL_read(ssl_, record.data(), kMaxPlainRecord);
    if (result <= 0) {
      outcome = outcome_of(result);
      break;
    }
    plain.insert(plain.end(), record.begin(), record.begin() + result);
  }
  input_ = {};
  return outcome;
}

TlsSession::Read TlsSession::read(int fd, MutableByteView into) {
  ERR_clear_error();
  fd_ = fd;
  const int result = SSL_read(ssl_, into.data(), static_cast<int>(into.size()));
  const Read read =
      result > 0 ? Read{Outcome::kOpen, static_cast<size_t>(result)} : Read{outcome_of(result), 0};
  fd_ = -1;
  return read;
}

bool TlsSession::write(ByteView plain) {
  if (!established()) return false;
  ERR_clear_error();
  while (!plain.empty()) {
    const size_t size = std::min(plain.size(), kMaxPlainRecord);
    // Into memory: whole, or not at all.
    if (SSL_write(ssl_, plain.data(), static_cast<int>(size)) <= 0) {
      ERR_clear_error();
      return false;
    }
    plain = plain.subspan(size);
  }
  return true;
}

void TlsSession::close() {
  if (established()) SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace turms::net
