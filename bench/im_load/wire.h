#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

namespace turms::im_load {

/// A TCP connection to this machine, inside TLS if wanted (whose certificate is not checked).
class Wire {
 public:
  Wire(uint16_t port, bool tls);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  /// Sent by flush(), as far as the socket takes it.
  void queue(const std::string& bytes) { out_ += bytes; }
  void flush();
  /// Appends what came. False: the server closed.
  bool receive(std::string& in);

 private:
  long write_some();
  long read_some(char* data, size_t size);

  struct Free {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  };
  int fd_ = -1;
  std::unique_ptr<SSL, Free> ssl_;
  std::string out_;
};

}  // namespace turms::im_load
