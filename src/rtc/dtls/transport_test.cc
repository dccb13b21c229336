#include "rtc/dtls/transport.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "rtc/dtls/context.h"

namespace turms::rtc::dtls {
namespace {

Context& context() {
  static Context shared;
  return shared;
}

srtp::Backend& backend(srtp::Backend::Kind kind) {
  static const auto openssl = srtp::Backend::create(srtp::Backend::Kind::kOpenSsl);
  static const auto fastest = srtp::Backend::create();
  return kind == srtp::Backend::Kind::kOpenSsl ? *openssl : *fastest;
}
srtp::Backend& backend() {
  return backend(srtp::Backend::Kind::kIpsecMb);
}

/// The other side by OpenSSL alone, over plain memory BIOs: the oracle for what Records does after
/// the handshake.
class OpenSslPeer {
 public:
  OpenSslPeer(DtlsRole role, const char* ciphers) {
    ctx_ = SSL_CTX_new(DTLS_method());
    key_ = EVP_EC_gen("P-256");
    certificate_ = X509_new();
    X509_set_version(certificate_, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_sign(certificate_, key_, EVP_sha256());
    SSL_CTX_use_certificate(ctx_, certificate_);
    SSL_CTX_use_PrivateKey(ctx_, key_);
    SSL_CTX_set_cipher_list(ctx_, ciphers);
    SSL_CTX_set_verify(ctx_, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    SSL_CTX_set_tlsext_use_srtp(ctx_, "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM");
    SSL_CTX_set_options(ctx_, SSL_OP_NO_QUERY_MTU);
    ssl_ = SSL_new(ctx_);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_mtu(ssl_, 1200);
    if (role == DtlsRole::kClient) {
      SSL_set_connect_state(ssl_);
    } else {
      SSL_set_accept_state(ssl_);
    }
  }
  ~OpenSslPeer() {
    SSL_free(ssl_);
    SSL_CTX_free(ctx_);
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  void handshake() { SSL_do_handshake(ssl_); }
  bool done() const { return SSL_is_init_finished(ssl_) != 0; }
  void put(const Bytes& datagram) {
    BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
  }
  Bytes take() {
    Bytes bytes(BIO_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void write(std::string_view text) { SSL_write(ssl_, text.data(), static_cast<int>(text.size())); }
  std::string read() {
    char buffer[2000];
    const int size = SSL_read(ssl_, buffer, sizeof(buffer));
    return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : std::string();
  }
  void shut_down() { SSL_shutdown(ssl_); }
  bool heard_goodbye() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  SSL* ssl() { return ssl_; }
  DtlsFingerprint fingerprint() const {
    DtlsFingerprint fingerprint;
    unsigned size = 0;
    X509_digest(certificate_, EVP_sha256(), fingerprint.digest.data(), &size);
    return fingerprint;
  }

 private:
  SSL_CTX* ctx_ = nullptr;
  SSL* ssl_ = nullptr;
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

using Parameter = std::tuple<DtlsRole, const char*, srtp::Backend::Kind>;

class DtlsOracle : public testing::TestWithParam<Parameter> {
 protected:
  void connect() {
    transport_.start(now_);
    for (int i = 0; i < 10; ++i) {
      oracle_.handshake();
      to_transport(oracle_.take());
      to_oracle();
      if (oracle_.done() && transport_.state() == Transport::State::kConnected) return;
    }
    FAIL() << "no connection";
  }
  std::vector<std::string> to_transport(const Bytes& datagram) {
    std::vector<std::string> texts;
    if (datagram.empty()) return texts;
    EXPECT_TRUE(transport_.receive(now_, datagram));
    Bytes out(2000);
    while (const size_t size = transport_.read(out)) {
      texts.emplace_back(as_text(ByteView(out).first(size)));
    }
    return texts;
  }
  void to_oracle() {
    for (const Bytes& datagram : transport_.take_outgoing()) {
      EXPECT_LE(datagram.size(), Transport::kMaxDatagram);
      oracle_.put(datagram);
    }
  }

  static DtlsRole role() { return std::get<0>(GetParam()); }
  TimePoint now_{5s};
  Transport transport_{context(), role(), backend(std::get<2>(GetParam()))};
  OpenSslPeer oracle_{role() == DtlsRole::kClient ? DtlsRole::kServer : DtlsRole::kClient,
                      std::get<1>(GetParam())};
};

TEST_P(DtlsOracle, AgreesOnKeysAndCertificates) {
  connect();
  ASSERT_NE(transport_.remote_fingerprint(), nullptr);
  EXPECT_EQ(*transport_.remote_fingerprint(), oracle_.fingerprint());
  const auto keys = transport_.take_srtp_keys();
  ASSERT_TRUE(keys);
  EXPECT_FALSE(transport_.take_srtp_keys());
  const size_t key = srtp::key_size(keys->profile);
  const size_t salt = srtp::salt_size(keys->profile);
  Bytes material(2 * (key + salt));
  SSL_export_keying_material(oracle_.ssl(), material.data(), material.size(), "EXTRACTOR-dtls_srtp",
                             19, nullptr, 0, 0);
  const auto& client = role() == DtlsRole::kClient ? keys->local : keys->remote;
  const auto& server = role() == DtlsRole::kClient ? keys->remote : keys->local;
  EXPECT_EQ(hex(ByteView(client.key).first(key)), hex(ByteView(material).first(key)));
  EXPECT_EQ(hex(ByteView(server.key).first(key)), hex(ByteView(material).subspan(key, key)));
  EXPECT_EQ(hex(ByteView(client.salt).first(salt)), hex(ByteView(material).subspan(2 * key, salt)));
  EXPECT_EQ(hex(ByteView(server.salt).first(salt)),
            hex(ByteView(material).subspan(2 * key + salt, salt)));
  // The server's order decides: ours has GCM first, the oracle's CM.
  EXPECT_EQ(keys->profile, role() == DtlsRole::kServer ? srtp::Profile::kAeadAes128Gcm
                                                       : srtp::Profile::kAes128CmSha1_80);
}

TEST_P(DtlsOracle, ApplicationDataBothWays) {
  connect();
  for (const std::string text : {"a", "hello", "again"}) {
    oracle_.write(text);
    EXPECT_EQ(to_transport(oracle_.take()), std::vector<std::string>{text});
    ASSERT_TRUE(transport_.send(as_bytes(text)));
    to_oracle();
    EXPECT_EQ(oracle_.read(), text);
  }
  // Two records in one datagram.
  oracle_.write("one");
  oracle_.write("two");
  EXPECT_EQ(to_transport(oracle_.take()), (std::vector<std::string>{"one", "two"}));
  EXPECT_FALSE(transport_.send({}));
  EXPECT_FALSE(transport_.send(Bytes(Transport::kMaxDatagram)));
  EXPECT_TRUE(transport_.send(Bytes(Transport::kMaxDatagram - Records::kOverhead)));
  to_oracle();
  EXPECT_EQ(oracle_.read().size(), Transport::kMaxDatagram - Records::kOverhead);
}

TEST_P(DtlsOracle, ReplayedAndForgedRecordsAreDropped) {
  connect();
  std::vector<Bytes> datagrams;
  for (int i = 0; i < 100; ++i) {
    oracle_.write(std::to_string(i));
    datagrams.push_back(oracle_.take());
  }
  EXPECT_EQ(to_transport(datagrams[10]), std::vector<std::string>{"10"});
  EXPECT_EQ(to_transport(datagrams[10]), std::vector<std::string>{});
  EXPECT_EQ(to_transport(datagrams[5]), std::vector<std::string>{"5"});
  EXPECT_EQ(to_transport(datagrams[5]), std::vector<std::string>{});
  EXPECT_EQ(to_transport(datagrams[99]), std::vector<std::string>{"99"});
  EXPECT_EQ(to_transport(datagrams[20]), std::vector<std::string>{});  // behind the window
  EXPECT_EQ(to_transport(datagrams[60]), std::vector<std::string>{"60"});
  for (size_t i = 0; i < datagrams[70].size(); ++i) {
    Bytes forged = datagrams[70];
    forged[i] ^= 1;
    if (!transport_.receive(now_, forged)) continue;  // no DTLS any more
    Bytes out(2000);
    EXPECT_EQ(transport_.read(out), 0u) << i;
  }
  EXPECT_EQ(to_transport(datagrams[70]), std::vector<std::string>{"70"});
}

TEST_P(DtlsOracle, FlightsThatAreLostAreSentAgain) {
  // Every first transmission of ours is lost, and the first repetition too.
  transport_.start(now_);
  bool done = false;
  for (int flight = 0; flight < 4 && !done; ++flight) {
    oracle_.handshake();
    to_transport(oracle_.take());
    (void)transport_.take_outgoing();
    for (int i = 0; i < 2 && transport_.next_timeout() != kNever; ++i) {
      (void)transport_.take_outgoing();
      now_ = transport_.next_timeout();
      transport_.handle_timeout(now_);
    }
    to_oracle();
    oracle_.handshake();
    done = oracle_.done();
  }
  to_transport(oracle_.take());
  if (role() == DtlsRole::kServer) {
    // Its last flight has no timer: the client asks for it by repeating its own.
    EXPECT_EQ(transport_.state(), Transport::State::kConnected);
    return;
  }
  ASSERT_EQ(transport_.state(), Transport::State::kConnected);
  ASSERT_TRUE(transport_.send(as_bytes("after")));
  to_oracle();
  EXPECT_EQ(oracle_.read(), "after");
}

TEST_P(DtlsOracle, SaysGoodbye) {
  connect();
  transport_.close();
  to_oracle();
  oracle_.read();
  EXPECT_TRUE(oracle_.heard_goodbye());
}

TEST_P(DtlsOracle, HearsTheGoodbye) {
  connect();
  oracle_.shut_down();
  to_transport(oracle_.take());
  EXPECT_EQ(transport_.state(), Transport::State::kClosed);
  EXPECT_FALSE(transport_.send(as_bytes("x")));
}

TEST_P(DtlsOracle, ARecordThatDoesNotFitIsLost) {
  connect();
  oracle_.write("too long for ten bytes");
  const Bytes datagram = oracle_.take();
  EXPECT_TRUE(transport_.receive(now_, datagram));
  Bytes small(10);
  EXPECT_EQ(transport_.read(small), 0u);
  oracle_.write("fits");
  EXPECT_EQ(to_transport(oracle_.take()), std::vector<std::string>{"fits"});
}

INSTANTIATE_TEST_SUITE_P(All, DtlsOracle,
                         testing::Combine(testing::Values(DtlsRole::kServer, DtlsRole::kClient),
                                          testing::Values("ECDHE-ECDSA-AES128-GCM-SHA256",
                                                          "ECDHE-ECDSA-AES256-GCM-SHA384"),
                                          testing::Values(srtp::Backend::Kind::kOpenSsl,
                                                          srtp::Backend::Kind::kIpsecMb)));

// --- Timers
// ---------------------------------------------------------------------------------------

TEST(DtlsTransport, RetransmitsOnOurClock) {
  // No real time passes here: OpenSSL's own deadlines never do.
  Transport client(context(), DtlsRole::kClient, backend());
  const TimePoint start(77s);
  client.start(start);
  EXPECT_EQ(client.take_outgoing().size(), 1u);
  std::vector<int64_t> times;
  TimePoint now = start;
  while (client.state() == Transport::State::kHandshake) {
    now = client.next_timeout();
    ASSERT_NE(now, kNever);
    client.handle_timeout(now - 1ns);
    EXPECT_TRUE(client.take_outgoing().empty());
    client.handle_timeout(now);
    if (!client.take_outgoing().empty()) times.push_back(to_ms(now - start));
  }
  ASSERT_GE(times.size(), 8u);
  times.resize(8);
  EXPECT_EQ(times, (std::vector<int64_t>{100, 300, 700, 1500, 3100, 5100, 7100, 9100}));
  EXPECT_EQ(client.state(), Transport::State::kFailed);
  EXPECT_EQ(client.next_timeout(), kNever);
}

TEST(DtlsTransport, TheLastFlightIsRepeatedForAClientThatMissedIt) {
  Transport server(context(), DtlsRole::kServer, backend());
  Transport client(context(), DtlsRole::kClient, backend());
  TimePoint now(1s);
  Bytes out(2000);
  const auto to_server = [&] {
    for (const Bytes& datagram : client.take_outgoing()) {
      EXPECT_TRUE(server.receive(now, datagram));
      EXPECT_EQ(server.read(out), 0u);
    }
  };
  client.start(now);
  to_server();
  for (const Bytes& datagram : server.take_outgoing()) EXPECT_TRUE(client.receive(now, datagram));
  to_server();
  EXPECT_EQ(server.state(), Transport::State::kConnected);
  int repeated = 0;
  for (int lost = 0; lost < 5; ++lost) {
    repeated += static_cast<int>(server.take_outgoing().size());
    EXPECT_EQ(client.state(), Transport::State::kHandshake);
    now = client.next_timeout();
    client.handle_timeout(now);
    to_server();
  }
  EXPECT_EQ(repeated, 5);
  for (const Bytes& datagram : server.take_outgoing()) {
    EXPECT_TRUE(client.receive(now, datagram));
  }
  EXPECT_EQ(client.state(), Transport::State::kConnected);
  ASSERT_TRUE(client.send(as_bytes("after")));
  for (const Bytes& datagram : client.take_outgoing()) {
    EXPECT_TRUE(server.receive(now, datagram));
    EXPECT_EQ(server.read(out), 5u);
  }
  ASSERT_TRUE(server.send(as_bytes("back")));
  for (const Bytes& datagram : server.take_outgoing()) {
    EXPECT_TRUE(client.receive(now, datagram));
    EXPECT_EQ(client.read(out), 4u);
  }
}

TEST(DtlsTransport, ConnectsWhicheverDatagramIsLost) {
  for (int lost = 0; lost < 12; ++lost) {
    Transport server(context(), DtlsRole::kServer, backend());
    Transport client(context(), DtlsRole::kClient, backend());
    TimePoint now(1s);
    Bytes out(2000);
    int sent = 0;
    const auto deliver = [&](Transport& from, Transport& to) {
      for (const Bytes& datagram : from.take_outgoing()) {
        if (sent++ == lost) continue;
        EXPECT_TRUE(to.receive(now, datagram));
        EXPECT_EQ(to.read(out), 0u);
      }
    };
    client.start(now);
    for (int turn = 0; turn < 20; ++turn) {
      deliver(client, server);
      deliver(server, client);
      if (client.state() == Transport::State::kConnected) break;
      now = std::min(client.next_timeout(), server.next_timeout());
      ASSERT_NE(now, kNever) << lost;
      client.handle_timeout(now);
      server.handle_timeout(now);
    }
    EXPECT_EQ(client.state(), Transport::State::kConnected) << lost;
    EXPECT_EQ(server.state(), Transport::State::kConnected) << lost;
  }
}

TEST(DtlsTransport, ApplicationDataBehindTheLastFlightIsKept) {
  Transport server(context(), DtlsRole::kServer, backend());
  Transport client(context(), DtlsRole::kClient, backend());
  const TimePoint now(1s);
  client.start(now);
  for (const Bytes& d : client.take_outgoing()) EXPECT_TRUE(server.receive(now, d));
  for (const Bytes& d : server.take_outgoing()) EXPECT_TRUE(client.receive(now, d));
  for (const Bytes& d : client.take_outgoing()) EXPECT_TRUE(server.receive(now, d));
  // The server may write as soon as it is done; here its data arrives in the datagram of its
  // Finished.
  ASSERT_TRUE(server.send(as_bytes("early")));
  Bytes together;
  for (const Bytes& d : server.take_outgoing()) together.insert(together.end(), d.begin(), d.end());
  EXPECT_TRUE(client.receive(now, together));
  EXPECT_EQ(client.state(), Transport::State::kConnected);
  Bytes out(2000);
  EXPECT_EQ(client.read(out), 5u);
  EXPECT_EQ(client.read(out), 0u);
}

TEST(DtlsTransport, AHelloInFragmentsOutOfOrder) {
  // As large as one with post-quantum key shares.
  OpenSslPeer client(DtlsRole::kClient, "ECDHE-ECDSA-AES128-GCM-SHA256");
  Bytes protocols;
  for (int i = 0; i < 10; ++i) {
    protocols.push_back(200);
    protocols.insert(protocols.end(), 200, static_cast<uint8_t>('a' + i));
  }
  SSL_set_alpn_protos(client.ssl(), protocols.data(), static_cast<unsigned>(protocols.size()));
  client.handshake();
  const Bytes hello = client.take();
  std::vector<ByteView> records;
  ByteView rest = hello;
  while (const auto record = RecordView::parse(rest)) {
    records.push_back(record->bytes);
    rest = rest.subspan(record->bytes.size());
  }
  ASSERT_GE(records.size(), 2u);
  Transport server(context(), DtlsRole::kServer, backend());
  for (size_t i = records.size(); i-- > 0;) {
    EXPECT_TRUE(server.take_outgoing().empty());
    EXPECT_TRUE(server.receive(TimePoint(1s), records[i]));
  }
  EXPECT_FALSE(server.take_outgoing().empty());  // its flight
}

TEST(DtlsTransport, RefusesWhatIsNoDtls) {
  Transport server(context(), DtlsRole::kServer, backend());
  const Bytes cases[] = {
      {},
      Bytes(12, 22),
      *from_hex("16feff000000000000000000050102"),  // record longer than the datagram
      *from_hex("160301000000000000000000010102"),  // TLS
      *from_hex(
          "16feff0000000000000000000101160000000000000000"),  // a cut record behind a whole one
  };
  for (const Bytes& c : cases) EXPECT_FALSE(server.receive(TimePoint(1s), c)) << hex(c);
}

TEST(DtlsContext, CertificatesDiffer) {
  const Certificate a;
  const Certificate b;
  EXPECT_NE(a.fingerprint(), b.fingerprint());
}

}  // namespace
}  // namespace turms::rtc::dtls
