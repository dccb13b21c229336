#include "net/tcp_server.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "net/raw_client_testing.h"

namespace turms::net {
namespace {

class TcpServerTest : public testing::Test {
 protected:
  void start(TcpServerConfig config = {}) {
    config.name = test_server_name();
    name_ = config.name;
    server_ = std::move(*TcpServer::listen(loop_, config, [this](auto connection) {
      connection_ = connection;
      connection->on_data([this](ByteView data) { received_ += as_text(data); });
      connection->on_close([this] { ++closes_; });
    }));
  }
  bool wait_for_connection() {
    return loop_.run_until([&] { return connection_ != nullptr; }, kTestLimit);
  }
  int64_t rejected(std::string_view reason) {
    return metrics::counter("turms_rejected_total", "", {{"server", name_}, {"reason", reason}})
        .value();
  }

  Loop loop_;
  std::string name_;
  std::string received_;
  int closes_ = 0;
  std::unique_ptr<TcpServer> server_;
  std::shared_ptr<TcpConnection> connection_;
};

TEST_F(TcpServerTest, BothWaysAndOneWritePerTurn) {
  start();
  RawClient client(loop_, server_->port());
  client.send("hello");
  ASSERT_TRUE(loop_.run_until([&] { return received_ == "hello"; }, kTestLimit));
  const SharedBytes large = SharedBytes::of(std::string(9000, 'L'));
  for (int i = 0; i < 10; ++i) connection_->send(as_bytes("abc"));
  connection_->send(large);
  connection_->send(as_bytes("end"));
  ASSERT_TRUE(client.wait_for("end"));
  EXPECT_EQ(client.received.size(), 10 * 3 + 9000 + 3u);
  EXPECT_EQ(client.reads, 1);
}

TEST_F(TcpServerTest, TrustedProxiesTellTheClientsAddressFirst) {
  TcpServerConfig config;
  config.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"});
  config.proxy_protocol = true;
  start(config);
  RawClient without(loop_, server_->port());
  without.send("hello");
  EXPECT_TRUE(without.wait_for_close());
  EXPECT_EQ(rejected("no_proxy_header"), 1);
  RawClient client(loop_, server_->port());
  client.send("PROXY TCP4 203.0.113.7 192.0.2.2 1");
  client.send(" 2\r\nhello");
  ASSERT_TRUE(loop_.run_until([&] { return received_ == "hello"; }, kTestLimit));
  EXPECT_EQ(connection_->remote().to_string(), "203.0.113.7:1");
  client.close();
  EXPECT_TRUE(loop_.run_until([&] { return closes_ == 1; }, kTestLimit));
  server_.reset();
  config.header_timeout = 10ms;
  start(config);
  RawClient silent(loop_, server_->port());
  EXPECT_TRUE(silent.wait_for_close());
}

TEST_F(TcpServerTest, GracefulCloseFlushesWithLastWords) {
  start();
  RawClient client(loop_, server_->port());
  ASSERT_TRUE(wait_for_connection());
  const std::string large(4'000'000, 'x');
  EXPECT_EQ(connection_->send(as_bytes(large)), SendResult::kQueued);
  connection_->close(as_bytes("bye"));
  EXPECT_EQ(connection_->send(as_bytes("late")), SendResult::kClosed);
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_EQ(client.received.size(), large.size() + 3);
  EXPECT_TRUE(client.received.ends_with("bye"));
  client.close();
  ASSERT_TRUE(loop_.run_until([&] { return closes_ == 1; }, kTestLimit));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(TcpServerTest, AFlushThatTakesTooLongIsCut) {
  start({.close_timeout = 20ms});
  RawClient client(loop_, server_->port(), 4096);
  client.set_reading(false);
  ASSERT_TRUE(wait_for_connection());
  connection_->send(Bytes(4'000'000));
  connection_->close();
  ASSERT_TRUE(loop_.run_until([&] { return closes_ == 1; }, kTestLimit));
}

TEST_F(TcpServerTest, PeerGoesAndAbort) {
  start();
  RawClient client(loop_, server_->port());
  ASSERT_TRUE(wait_for_connection());
  client.finish_sending();
  ASSERT_TRUE(loop_.run_until([&] { return closes_ == 1; }, kTestLimit));

  connection_.reset();
  RawClient other(loop_, server_->port());
  ASSERT_TRUE(wait_for_connection());
  connection_->abort();
  EXPECT_EQ(closes_, 1);  // not from within our call
  ASSERT_TRUE(loop_.run_until([&] { return closes_ == 2; }, kTestLimit));
  EXPECT_TRUE(other.wait_for_close());
}

TEST_F(TcpServerTest, OverflowReportsAndCloses) {
  start({.max_queued_bytes = 1000});
  RawClient client(loop_, server_->port());
  ASSERT_TRUE(wait_for_connection());
  EXPECT_EQ(connection_->send(as_bytes("before")), SendResult::kQueued);
  EXPECT_EQ(connection_->send(Bytes(1000)), SendResult::kOverflow);
  EXPECT_EQ(connection_->send(as_bytes("x")), SendResult::kClosed);
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_EQ(client.received, "before");
  EXPECT_EQ(rejected("send_queue_overflow"), 1);
}

TEST_F(TcpServerTest, ConnectionsAreBounded) {
  start({.max_connections = 1});
  RawClient first(loop_, server_->port());
  ASSERT_TRUE(wait_for_connection());
  RawClient second(loop_, server_->port());
  EXPECT_TRUE(second.wait_for_close());
  EXPECT_EQ(rejected("connection_limit"), 1);
  server_->stop_accepting();
  connection_->send(as_bytes("still here"));
  EXPECT_TRUE(first.wait_for("still here"));
}

TEST_F(TcpServerTest, PausedReadingStallsThePeer) {
  start();
  RawClient client(loop_, server_->port());
  ASSERT_TRUE(wait_for_connection());
  connection_->set_reading(false);
  client.send("held");
  bool later = false;
  loop_.after(5ms, [&] { later = true; });
  ASSERT_TRUE(loop_.run_until([&] { return later; }, kTestLimit));
  EXPECT_TRUE(received_.empty());
  connection_->set_reading(true);
  EXPECT_TRUE(loop_.run_until([&] { return received_ == "held"; }, kTestLimit));
}

}  // namespace
}  // namespace turms::net
