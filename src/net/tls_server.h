#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace turms::net {

class TlsSession;

/// The certificate of a listening port. Connections keep the one they began with. Read by the
/// thread that owns it.
class TlsServerContext {
 public:
  /// kInvalidArgument with the file's name when one cannot be read or the key is not the
  /// certificate's. `certificate_file`: PEM, the leaf first and then its chain.
  static Result<std::unique_ptr<TlsServerContext>> load(std::string certificate_file,
                                                        std::string key_file);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  /// Reads the files again when one of them changed since they were last looked at: true when new
  /// connections get another certificate from now on. After an error the former one stays in use;
  /// an unchanged file is not complained about twice.
  Result<bool> reload_if_changed();

  /// A connection that waits for the client's first message. TLS 1.2 and 1.3, "http/1.1" by ALPN.
  [[nodiscard]] std::unique_ptr<TlsSession> accept() const;

 private:
  struct FileState;
  TlsServerContext();

  std::string certificate_file_;
  std::string key_file_;
  std::unique_ptr<FileState> seen_;
  SSL_CTX* context_ = nullptr;
};

/// The server's side of one TLS connection over bytes that someone else carries. Any thread, one at
/// a time. An idle one holds no buffers.
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

  /// Bytes from the peer; what they hold is appended to `plain`. What is to be sent (handshake,
  /// alerts) is appended to output(), also when the outcome is kBroken.
  Outcome receive(ByteView encrypted, Bytes& plain);
  /// Appends records to output(), at most 16 KiB of plain bytes in each. True unless the session
  /// is broken or the handshake is not done.
  bool write(ByteView plain);
  /// Says goodbye (close_notify) to output().
  void close();

  [[nodiscard]] bool established() const;
  /// What must go to the peer; the caller takes from it as it sends.
  [[nodiscard]] Bytes& output() { return output_; }

 private:
  friend struct TlsSessionBio;

  SSL* ssl_;
  ByteView input_;  // during receive()
  Bytes output_;
};

}  // namespace turms::net
