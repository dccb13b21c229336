#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

namespace turms::net {

/// Signed by itself, so that its file is what a client must trust.
struct Certificate {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  std::string file;
  std::string key_file;

  explicit Certificate(const char* names) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    static int made = 0;
    const std::string path =
        testing::TempDir() + "turms_" + std::to_string(getpid()) + "_" + std::to_string(++made);
    file = path + ".pem";
    key_file = path + "_key.pem";
    FILE* out = fopen(file.c_str(), "w");
    PEM_write_X509(out, certificate);
    fclose(out);
    out = fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(out);
  }
  ~Certificate() {
    remove(file.c_str());
    remove(key_file.c_str());
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

/// A blocking TLS server on a thread of its own: answers each request with `answer`.
class TlsServer {
 public:
  TlsServer(const Certificate& certificate, std::string answer, bool close_notify)
      : answer_(std::move(answer)), close_notify_(close_notify) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate.certificate);
    SSL_CTX_use_PrivateKey(context_, certificate.key);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~TlsServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    const int current = connection_;
    if (current >= 0) ::shutdown(current, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  uint16_t port = 0;
  std::atomic<int> connections = 0;

 private:
  void run() {
    // OpenSSL writes to the socket itself, and the client may be gone.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!stopping_) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections;
      connection_ = fd;
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
      if (SSL_accept(ssl) == 1) {
        char buffer[4096];
        while (!stopping_ && SSL_read(ssl, buffer, sizeof buffer) > 0) {
          SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
          if (answer_.find("Content-Length") == std::string::npos) break;
        }
        if (close_notify_) SSL_shutdown(ssl);
      }
      connection_ = -1;
      SSL_free(ssl);
      ::close(fd);
    }
  }

  std::string answer_;
  bool close_notify_;
  SSL_CTX* context_;
  int listener_;
  std::atomic<int> connection_ = -1;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace turms::net
