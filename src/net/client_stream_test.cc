#include "net/client_stream.h"

#include <gtest/gtest.h>

#include "net/raw_client_testing.h"
#include "net/tcp_server.h"
#include "net/tls_server_testing.h"

namespace turms::net {
namespace {

struct Ends final : ClientStream::Owner {
  void on_client_open() override { ++opened; }
  void on_client_data(ByteView data) override { received += as_text(data); }
  void on_client_closed(Error error) override { closed = error.message; }

  int opened = 0;
  std::string received;
  std::optional<std::string> closed;
};

class ClientStreamTest : public testing::Test {
 protected:
  /// Sends back what it is sent.
  uint16_t start_echo() {
    TcpServerConfig config;
    config.name = test_server_name();
    server_ = std::move(*TcpServer::listen(loop_, config, [this](auto connection) {
      connection_ = connection;
      connection->on_data([this](ByteView data) { connection_->send(data); });
      connection->on_close([] {});
    }));
    return server_->port();
  }
  std::shared_ptr<ClientStream> connect(uint16_t port,
                                        std::shared_ptr<TlsClient::Context> tls = nullptr) {
    return ClientStream::connect(loop_, resolver_, {"localhost", port, std::move(tls)}, ends_);
  }
  bool wait(const std::function<bool()>& done) { return loop_.run_until(done, kTestLimit); }

  Loop loop_;
  Resolver resolver_{loop_};
  Ends ends_;
  std::unique_ptr<TcpServer> server_;
  std::shared_ptr<TcpConnection> connection_;
};

TEST_F(ClientStreamTest, BytesGoBothWays) {
  const auto stream = connect(start_echo());
  EXPECT_EQ(ends_.opened, 0);
  ASSERT_TRUE(wait([&] { return ends_.opened == 1; }));
  stream->write(as_bytes("hello"));
  ASSERT_TRUE(wait([&] { return ends_.received == "hello"; }));
  connection_->close();
  ASSERT_TRUE(wait([&] { return ends_.closed.has_value(); }));
  stream->write(as_bytes("too late"));
}

TEST_F(ClientStreamTest, WhereNobodyListensItIsToldOnce) {
  const uint16_t port = start_echo();
  server_.reset();
  const auto stream = connect(port);
  ASSERT_TRUE(wait([&] { return ends_.closed.has_value(); }));
  EXPECT_EQ(ends_.opened, 0);
  EXPECT_NE(ends_.closed->find("cannot connect"), std::string::npos);
}

TEST_F(ClientStreamTest, AfterAbortNothingIsTold) {
  const auto stream = connect(start_echo());
  ASSERT_TRUE(wait([&] { return ends_.opened == 1; }));
  bool server_closed = false;
  connection_->on_close([&] { server_closed = true; });
  stream->abort();
  ASSERT_TRUE(wait([&] { return server_closed; }));
  EXPECT_FALSE(ends_.closed);
}

TEST_F(ClientStreamTest, WhatIsNotTlsIsRefusedWhereTlsIsAsked) {
  const Certificate certificate("DNS:localhost");
  const auto context = TlsClient::make_context(certificate.file);
  ASSERT_TRUE(context);
  const auto stream = connect(start_echo(), *context);
  ASSERT_TRUE(wait([&] { return ends_.closed.has_value(); }));
  EXPECT_EQ(ends_.opened, 0);
}

}  // namespace
}  // namespace turms::net
