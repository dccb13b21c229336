#include "net/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "net/address.h"

namespace turms::net {

class TlsClient::Context {
 public:
  explicit Context(SSL_CTX* c) : context(c) {}
  ~Context() { SSL_CTX_free(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  SSL_CTX* const context;
};

struct TlsClient::State {
  std::shared_ptr<Context> context;
  SSL* ssl = nullptr;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
  ~State() { SSL_free(ssl); }
};

Result<std::shared_ptr<TlsClient::Context>> TlsClient::make_context(const std::string& ca_file) {
  auto context = std::make_shared<Context>(SSL_CTX_new(TLS_client_method()));
  TURMS_CHECK(context->context != nullptr);
  SSL_CTX_set_min_proto_version(context->context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context->context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context->context, SSL_MODE_RELEASE_BUFFERS);
  const bool loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context->context) == 1
                                      : SSL_CTX_load_verify_locations(
                                            context->context, ca_file.c_str(), nullptr) == 1;
  ERR_clear_error();
  if (!loaded) {
    return fail(ErrorCode::kInvalidArgument, "cannot read certificates from " + ca_file);
  }
  return context;
}

TlsClient::TlsClient(std::shared_ptr<Context> context, const std::string& host)
    : state_(std::make_unique<State>()) {
  state_->context = std::move(context);
  state_->ssl = SSL_new(state_->context->context);
  state_->in = BIO_new(BIO_s_mem());
  state_->out = BIO_new(BIO_s_mem());
  TURMS_CHECK(state_->ssl != nullptr && state_->in != nullptr && state_->out != nullptr);
  SSL_set_bio(state_->ssl, state_->in, state_->out);
  SSL_set_connect_state(state_->ssl);
  if (Address::parse(host, 0)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(state_->ssl), host.c_str());
  } else {
    SSL_set_hostflags(state_->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(state_->ssl, host.c_str());
    SSL_set_tlsext_host_name(state_->ssl, host.c_str());
  }
}

TlsClient::~TlsClient() = default;

Result<bool> TlsClient::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->ssl);
  if (result == 1) return true;
  if (SSL_get_error(state_->ssl, result) == SSL_ERROR_WANT_READ) return false;
  const long verdict = SSL_get_verify_result(state_->ssl);
  if (verdict != X509_V_OK) {
    return fail(ErrorCode::kUnavailable,
                std::string("certificate refused: ") + X509_verify_cert_error_string(verdict));
  }
  char text[160];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return fail(ErrorCode::kUnavailable, std::string("TLS handshake failed: ") + text);
}

void TlsClient::feed(ByteView encrypted) {
  BIO_write(state_->in, encrypted.data(), static_cast<int>(encrypted.size()));
}

Result<bool> TlsClient::read(Bytes& plain) {
  ERR_clear_error();
  while (true) {
    uint8_t buffer[16 * 1024];
    const int count = SSL_read(state_->ssl, buffer, sizeof buffer);
    if (count > 0) {
      plain.insert(plain.end(), buffer, buffer + count);
      continue;
    }
    switch (SSL_get_error(state_->ssl, count)) {
      case SSL_ERROR_WANT_READ:
        return true;
      case SSL_ERROR_ZERO_RETURN:
        return false;
      default:
        return fail(ErrorCode::kUnavailable, "TLS connection broken");
    }
  }
}

void TlsClient::write(ByteView plain) {
  // Into memory: whole, or not at all when the connection is broken, which the next read tells.
  if (!plain.empty()) SSL_write(state_->ssl, plain.data(), static_cast<int>(plain.size()));
  ERR_clear_error();
}

Bytes TlsClient::take_output() {
  Bytes out(BIO_ctrl_pending(state_->out));
  if (!out.empty()) BIO_read(state_->out, out.data(), static_cast<int>(out.size()));
  return out;
}

}  // namespace turms::net
