#pragma once

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace turms::net {

class TlsSession;

/// The certificate of listening ports. Connections keep the one they began
/// with. Any thread.
class TlsServerContext {
 public:
  /// kInvalidArgument with the file's name when one cannot be read or the key
  /// is not the certificate's. `certificate_file`: PEM, the leaf first and then
  /// its chain.
  static Result<std::unique_ptr<TlsServerContext>> load(std::string certificate_file,
                                                        std::string key_file);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  /// Looks at the files and reads them when one has changed since: true when
  /// new connections get another certificate from now on. After an error the
  /// former one stays in use, and the same files are not complained about
  /// twice.
  /// One thread at a time.
  Result<bool> reload_if_changed();

  /// A connection that waits for the client's first message. TLS 1.2 and 1.3,
  /// "http/1.1" by ALPN.
  [[nodiscard]] std::unique_ptr<TlsSession> accept() const;

 private:
  struct Seen;
  TlsServerContext(std::string certificate_file, std::string key_file);

  std::string certificate_file_;
  std::string key_file_;
  std::unique_ptr<Seen> seen_;
  mutable std::mutex mutex_;
  SSL_CTX* context_ = nullptr;  // guarded by mutex_
};

/// The server's side of one TLS connection. Any thread, one at a time. Idle it
/// holds no buffers: about 14 KB with what OpenSSL keeps of the handshake.
///
/// The peer's bytes are pushed by receive() or pulled by read(); one way at a
/// time, and from receive() to read() at any time.
class TlsSession {
 public:
  enum class Outcome : uint8_t {
    kOpen,
    kClosed,  // the peer said goodbye: it sends nothing more
    kBroken,  // no TLS, no common version, or a forged record
  };

  explicit TlsSession(SSL* session);  // takes it
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Bytes from the peer; what they hold is appended to `plain`. What is to be
  /// sent (handshake, alerts) is appended to output(), also when the outcome is
  /// kBroken.
  Outcome receive(ByteView encrypted, Bytes& plain);

  /// Reads from a non-blocking socket. Size 0 and kOpen: nothing there now.
  /// There may be more until then that the descriptor does not show.
  struct Read {
    Outcome outcome = Outcome::kOpen;
    size_t size = 0;
  };
  Read read(int fd, MutableByteView into);

  /// Appends records to output(), with at most 16 KiB of plain bytes in each.
  /// False, and nothing is taken, before the handshake is done or when the
  /// session is broken.
  bool write(ByteView plain);
  /// Says goodbye (close_notify) to output().
  void close();

  [[nodiscard]] bool established() const;
  /// What must go to the peer; the caller takes from it as it sends.
  [[nodiscard]] Bytes& output() { return output_; }

 private:
  friend struct TlsSessionBio;

  Outcome outcome_of(int result);

  SSL* ssl_;
  ByteView input_;  // during receive()
  int fd_ = -1;     // during read()
  bool ended_ = false;
  Bytes output_;
};

}  // namespace turms::net
