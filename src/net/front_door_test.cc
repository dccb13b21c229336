#include "net/front_door.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/encoding.h"
#include "base/metrics.h"
#include "net/http_server.h"
#include "net/tls_client_testing.h"
#include "net/tls_server_testing.h"

namespace turms::net {
namespace {

constexpr std::string_view kRequest = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kFrame = [] {
  const Bytes frame = *from_hex(
      "001400010000"
      "2112a442"
      "000000000000000000000000");
  return std::string(as_text(frame));
}();
const std::string kAllocate = [] {
  const Bytes message = *from_hex(
      "00030008"
      "2112a442"
      "000000000000000000000000"
      "0019000411000000");
  return std::string(as_text(message));
}();

class FrontDoorTest : public testing::Test {
 protected:
  void start(HttpServerConfig config = {}) {
    config.name = test_server_name();
    config.on_media = [this](MediaStreamKind kind, std::unique_ptr<ByteStream> stream,
                             Bytes received) {
      kind_ = kind;
      stream_ = std::move(stream);
      received_ = std::string(as_text(received));
    };
    server_ = std::move(*HttpServer::listen(loop_, config));
    server_->route("GET", "/who", [](HttpRequest request, HttpResponder responder) {
      responder.send(HttpResponse::text(200, "you are " + request.remote.ip() + "."));
    });
    server_->route("GET", "/large", [](HttpRequest, HttpResponder responder) {
      responder.send(HttpResponse::text(200, std::string(3'000'000, 'x') + "end"));
    });
    server_->websocket("/ws", [this](HttpRequest, WebSocketUpgrade upgrade) {
      socket_ = upgrade.accept();
      socket_->on_message([this](bool, ByteView message) {
        socket_->send_text("echo " + std::string(as_text(message)));
      });
    });
  }
  HttpServerConfig with_tls() {
    context_ = std::move(*TlsServerContext::load(certificate_.file, certificate_.key_file));
    HttpServerConfig config;
    config.door.tls = context_.get();
    return config;
  }
  bool wait_for_media() {
    return loop_.run_until([&] { return stream_ != nullptr; }, kTestLimit);
  }
  /// What comes on the stream that was handed over, up to `size` bytes.
  std::string read_media(size_t size) {
    std::string out;
    EXPECT_TRUE(wait_polling(loop_, [&] {
      Bytes buffer(100);
      ByteStream::Outcome outcome;
      do {
        outcome = stream_->read(buffer);
        out += as_text(ByteView(buffer).first(outcome.size));
      } while (outcome.size > 0);
      return out.size() >= size || outcome.closed;
    }));
    return out;
  }
  void write_media(std::string_view text) {
    EXPECT_TRUE(wait_polling(loop_, [&] {
      if (stream_->flush().closed) return true;
      text.remove_prefix(stream_->write(as_bytes(text)).size);
      return text.empty() && !stream_->wants_write();
    }));
  }
  int64_t rejected(std::string_view reason) {
    return metrics::counter("turms_rejected_total", "",
                            {{"server", test_server_name()}, {"reason", std::string(reason)}})
        .value();
  }

  Loop loop_;
  Certificate certificate_{"DNS:localhost"};
  std::unique_ptr<TlsServerContext> context_;
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<WebSocket> socket_;
  MediaStreamKind kind_{};
  std::unique_ptr<ByteStream> stream_;
  std::string received_;
};

TEST_F(FrontDoorTest, OnePortServesAllInThePlain) {
  start();
  RawClient http(loop_, server_->port());
  http.send(kRequest);
  EXPECT_TRUE(http.wait_for("you are 127.0.0.1."));

  RawClient ice(loop_, server_->port());
  ice.send(kFrame.substr(0, 5));
  EXPECT_TRUE(loop_.run_until([&] { return server_->connections() == 2; }, kTestLimit));
  ice.send(kFrame.substr(5) + "more");
  ASSERT_TRUE(wait_for_media());
  EXPECT_EQ(kind_, MediaStreamKind::kIce);
  EXPECT_TRUE(received_.starts_with(kFrame));
  received_ += read_media(kFrame.size() + 4 - received_.size());
  EXPECT_EQ(received_, kFrame + "more");
  EXPECT_TRUE(stream_->remote().is_loopback());
  EXPECT_EQ(stream_->local().port(), server_->port());
  write_media("answer");
  EXPECT_TRUE(ice.wait_for("answer"));
  EXPECT_EQ(server_->connections(), 1u);  // it is the media's now
  stream_.reset();
  EXPECT_TRUE(ice.wait_for_close());

  RawClient turn(loop_, server_->port());
  turn.send(kAllocate);
  ASSERT_TRUE(wait_for_media());
  EXPECT_EQ(kind_, MediaStreamKind::kTurn);
  EXPECT_EQ(received_, kAllocate);

  RawClient tls(loop_, server_->port());
  tls.send("\x16\x03\x01");
  EXPECT_TRUE(tls.wait_for_close());
  RawClient unknown(loop_, server_->port());
  unknown.send("\x7f");
  EXPECT_TRUE(unknown.wait_for_close());
  EXPECT_EQ(rejected("unknown_protocol"), 2);
}

TEST_F(FrontDoorTest, OnePortServesAllInTls) {
  start(with_tls());
  RawClient plain(loop_, server_->port());
  plain.send(kRequest);
  EXPECT_TRUE(plain.wait_for("you are 127.0.0.1."));

  TlsRawClient http(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(http.connect());
  http.send(kRequest);
  EXPECT_TRUE(http.wait_for("you are 127.0.0.1."));
  http.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(http.wait_for("end"));
  EXPECT_GT(http.received.size(), 3'000'000u);

  TlsRawClient turn(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(turn.connect());
  turn.send(kAllocate);
  ASSERT_TRUE(wait_for_media());
  EXPECT_EQ(kind_, MediaStreamKind::kTurn);
  EXPECT_EQ(received_, kAllocate);
  turn.send("request");
  EXPECT_EQ(read_media(7), "request");
  const std::string large(100'000, 'y');
  write_media(large + "end");
  EXPECT_TRUE(turn.wait_for("end"));
  EXPECT_EQ(turn.received, large + "end");
  // More than the reader's buffer in one record.
  turn.send(large);
  EXPECT_EQ(read_media(large.size()), large);

  TlsRawClient ice(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(ice.connect());
  stream_.reset();
  ice.send(kFrame);
  ASSERT_TRUE(wait_for_media());
  EXPECT_EQ(kind_, MediaStreamKind::kIce);

  // TLS within TLS is nothing.
  TlsRawClient twice(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(twice.connect());
  twice.send("\x16\x03\x01");
  EXPECT_TRUE(twice.wait_for_close());
}

TEST_F(FrontDoorTest, WebSocketsWorkOverTls) {
  start(with_tls());
  TlsRawClient client(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(client.connect());
  client.send(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ASSERT_TRUE(client.wait_for("101 Switching"));
  client.send(std::string{'\x81', '\x85', 0, 0, 0, 0} + "hello");
  EXPECT_TRUE(client.wait_for("echo hello"));
  socket_->close(1000, "bye");
  EXPECT_TRUE(client.wait_for("bye"));
}

TEST_F(FrontDoorTest, TlsIsClosedBeforeTheConnection) {
  start(with_tls());
  TlsRawClient client(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(client.connect());
  client.send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.ends_with("end"));
  EXPECT_TRUE(client.goodbye);
}

TEST_F(FrontDoorTest, BrokenTlsIsClosed) {
  start(with_tls());
  RawClient client(loop_, server_->port());
  client.send("\x16\x03\x01" + std::string("\0\x04zzzz", 6));
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_EQ(rejected("broken_tls"), 1);
}

TEST_F(FrontDoorTest, WhoSaysNothingIsClosed) {
  HttpServerConfig config = with_tls();
  config.header_timeout = 10ms;
  start(config);
  RawClient silent(loop_, server_->port());
  EXPECT_TRUE(silent.wait_for_close());
  RawClient slow(loop_, server_->port());
  slow.send("\x16");
  EXPECT_TRUE(slow.wait_for_close());
  EXPECT_EQ(rejected("header_timeout"), 2);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(FrontDoorTest, CertificatesAreReloadedWithoutDroppingConnections) {
  start(with_tls());
  TlsRawClient before(loop_, server_->port(), certificate_.file);
  ASSERT_TRUE(before.connect());
  EXPECT_EQ(*context_->reload_if_changed(), false);

  const Certificate renewed("DNS:localhost");
  const auto replace = [](const std::string& file, const std::string& by) {
    std::filesystem::copy_file(by, file + ".new");
    std::filesystem::rename(file + ".new", file);
  };
  replace(certificate_.file, renewed.file);
  // Halfway through a renewal: the key is not the certificate's. The former pair stays in use.
  const auto half = context_->reload_if_changed();
  ASSERT_FALSE(half);
  EXPECT_TRUE(half.error().message.contains(certificate_.key_file)) << half.error().message;
  EXPECT_EQ(*context_->reload_if_changed(), false);
  TlsRawClient distrustful(loop_, server_->port(), renewed.file);
  EXPECT_FALSE(distrustful.connect());
  replace(certificate_.key_file, renewed.key_file);
  EXPECT_EQ(*context_->reload_if_changed(), true);
  TlsRawClient after(loop_, server_->port(), renewed.file);
  ASSERT_TRUE(after.connect());

  before.send(kRequest);
  EXPECT_TRUE(before.wait_for("you are"));
}

TEST_F(FrontDoorTest, FilesThatAreNoCertificateAreRefusedByName) {
  const auto missing = TlsServerContext::load("/nonexistent.pem", certificate_.key_file);
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().message.contains("/nonexistent.pem"));
  const Certificate other("DNS:localhost");
  const auto mismatch = TlsServerContext::load(certificate_.file, other.key_file);
  ASSERT_FALSE(mismatch);
  EXPECT_TRUE(mismatch.error().message.contains(other.key_file));
}

TEST_F(FrontDoorTest, TrustedProxiesTellTheClientsAddress) {
  HttpServerConfig config = with_tls();
  config.door.trusted_proxies = *TrustedProxies::parse({"127.0.0.0/8"});
  config.door.proxy_protocol = true;
  start(config);
  const std::string header = "PROXY TCP4 203.0.113.7 192.0.2.2 56324 443\r\n";
  RawClient client(loop_, server_->port());
  client.send(header + std::string(kRequest));
  EXPECT_TRUE(client.wait_for("you are 203.0.113.7."));
  TlsRawClient tls(loop_, server_->port(), certificate_.file, header);
  ASSERT_TRUE(tls.connect());
  tls.send(kRequest);
  EXPECT_TRUE(tls.wait_for("you are 203.0.113.7."));
  RawClient media(loop_, server_->port());
  media.send(header + kAllocate);
  ASSERT_TRUE(wait_for_media());
  EXPECT_EQ(stream_->remote().to_string(), "203.0.113.7:56324");
  // What runs on this machine may call without its proxy.
  RawClient without(loop_, server_->port());
  without.send(kRequest);
  EXPECT_TRUE(without.wait_for("you are 127.0.0.1."));
  RawClient broken(loop_, server_->port());
  broken.send("PROXY TCP4 somewhere\r\n" + std::string(kRequest));
  EXPECT_TRUE(broken.wait_for_close());
}

TEST_F(FrontDoorTest, ForwardedAddressesOfRequestsAreBelievedFromTrustedProxiesOnly) {
  const std::string request =
      "GET /who HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
  HttpServerConfig config;
  config.door.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"});
  start(config);
  RawClient client(loop_, server_->port());
  client.send(request + std::string(kRequest));
  EXPECT_TRUE(client.wait_for("you are 203.0.113.9."));
  EXPECT_TRUE(client.wait_for("you are 127.0.0.1."));
  RawClient upgraded(loop_, server_->port());
  upgraded.send(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Forwarded: for=\"[2001:db8::1]:77\"\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ASSERT_TRUE(upgraded.wait_for("101 Switching"));
  EXPECT_EQ(socket_->remote().to_string(), "[2001:db8::1]:77");

  server_.reset();
  config.door.trusted_proxies = *TrustedProxies::parse({"192.0.2.0/24"});
  start(config);
  RawClient untrusted(loop_, server_->port());
  untrusted.send(request);
  EXPECT_TRUE(untrusted.wait_for("you are 127.0.0.1."));
}

}  // namespace
}  // namespace turms::net
