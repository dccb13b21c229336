#include "net/http_annex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/metrics.h"
#include "net/loop_thread.h"
#include "net/raw_client_testing.h"

namespace turms::net {
namespace {

constexpr const char* kUpgrade =
    " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A masked text frame, by a mask of zeros.
std::string text_frame(std::string_view payload) {
  std::string out{'\x81', static_cast<char>(0x80 | payload.size()), 0, 0, 0, 0};
  return out.append(payload);
}

class HttpAnnexTest : public testing::Test {
 protected:
  void start(size_t max_connections = 100) {
    HttpServerConfig config;
    config.name = test_server_name();
    config.max_connections = max_connections;
    server_ = std::move(*HttpServer::listen(loop_, config));
    server_->route("GET", "/near", [](HttpRequest, HttpResponder responder) {
      responder.send(HttpResponse::text(200, "near"));
    });
    annex_ = server_->annex(other_->loop());
    annex_->route("POST", "/echo", [this](HttpRequest request, HttpResponder responder) {
      EXPECT_TRUE(other_->loop().on_loop_thread());
      responder.send(HttpResponse::text(200, "far " + request.body));
    });
    annex_->route_prefix("GET", "/dropped/", [](HttpRequest, HttpResponder) {});
    annex_->route("GET", "/kept", [this](HttpRequest, HttpResponder responder) {
      kept_.push_back(std::move(responder));
      ++kept_count_;
    });
    annex_->websocket("/ws", [this](HttpRequest, WebSocketUpgrade upgrade) {
      EXPECT_TRUE(other_->loop().on_loop_thread());
      auto socket = upgrade.accept();
      ASSERT_TRUE(socket);
      sockets_.push_back(socket);
      socket->on_message([this, raw = socket.get()](bool, ByteView message) {
        EXPECT_TRUE(other_->loop().on_loop_thread());
        raw->send_text("echo " + std::string(as_text(message)));
      });
      socket->on_close([this](uint16_t, std::string_view) { ++closed_; });
    });
    annex_->websocket("/refused", [](HttpRequest, WebSocketUpgrade upgrade) {
      upgrade.refuse(HttpResponse::text(401, "who are you"));
    });
    other_->start();
  }
  /// Ends the other thread and closes what is there.
  void stop() {
    other_->stop();
    annex_.reset();
  }
  ~HttpAnnexTest() override {
    if (other_) stop();
    kept_.clear();
    sockets_.clear();
  }

  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<LoopThread> other_ = std::make_unique<LoopThread>("annex");
  std::unique_ptr<HttpRoutes> annex_;
  std::vector<HttpResponder> kept_;  // on the other thread, as what follows
  std::vector<std::shared_ptr<WebSocket>> sockets_;
  std::atomic<int> kept_count_ = 0;
  std::atomic<int> closed_ = 0;
};

TEST_F(HttpAnnexTest, ARequestIsAnsweredOnTheOtherLoopAndInItsPlaceAmongPipelinedOnes) {
  start();
  RawClient client(loop_, server_->port());
  client.send(
      "GET /near HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET /near HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /dropped/x HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz");
  ASSERT_TRUE(client.wait_for("far xyz"));
  const std::string& got = client.received;
  EXPECT_LT(got.find("near"), got.find("far abc"));
  EXPECT_LT(got.find("far abc"), got.rfind("near"));
  EXPECT_LT(got.rfind("near"), got.find("HTTP/1.1 500"));
  EXPECT_LT(got.find("HTTP/1.1 500"), got.find("far xyz"));
  EXPECT_FALSE(client.closed);
}

TEST_F(HttpAnnexTest, AnUpgradedConnectionMovesWithWhatCameBehindItsHandshake) {
  start();
  RawClient client(loop_, server_->port());
  // The answer before it may still wait to be sent.
  client.send("GET /near HTTP/1.1\r\nHost: x\r\n\r\nGET /ws" + std::string(kUpgrade) +
              text_frame("early"));
  ASSERT_TRUE(client.wait_for("echo early"));
  EXPECT_LT(client.received.find("near"), client.received.find("101 Switching"));
  client.send(text_frame("late"));
  ASSERT_TRUE(client.wait_for("echo late"));
  EXPECT_EQ(server_->connections(), 1u);
  client.close();
  EXPECT_TRUE(wait_polling(loop_, [&] { return server_->connections() == 0; }));
  EXPECT_TRUE(wait_polling(loop_, [&] { return closed_ == 1; }));
}

TEST_F(HttpAnnexTest, ARefusedUpgradeAnswersAndCloses) {
  start();
  RawClient client(loop_, server_->port());
  client.send("GET /refused" + std::string(kUpgrade));
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(client.received.contains("who are you"));
  EXPECT_TRUE(client.received.contains("Connection: close"));
}

TEST_F(HttpAnnexTest, ConnectionsThatMovedCountForTheServersLimit) {
  start(1);
  RawClient client(loop_, server_->port());
  client.send("GET /ws" + std::string(kUpgrade));
  ASSERT_TRUE(client.wait_for("101 Switching"));
  RawClient second(loop_, server_->port());
  EXPECT_TRUE(second.wait_for_close());
  client.close();
  ASSERT_TRUE(wait_polling(loop_, [&] { return server_->connections() == 0; }));
  RawClient third(loop_, server_->port());
  third.send("GET /near HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(third.wait_for("near"));
}

TEST_F(HttpAnnexTest, StoppingClosesWhatMovedAndRefusesWhatComes) {
  start();
  RawClient moved(loop_, server_->port());
  moved.send("GET /ws" + std::string(kUpgrade));
  ASSERT_TRUE(moved.wait_for("101 Switching"));
  RawClient waiting(loop_, server_->port());
  waiting.send("GET /kept HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(wait_polling(loop_, [&] { return kept_count_ == 1; }));
  stop();
  EXPECT_TRUE(moved.wait_for_close());
  RawClient late(loop_, server_->port());
  late.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(late.wait_for("HTTP/1.1 503"));
  RawClient upgrade(loop_, server_->port());
  upgrade.send("GET /ws" + std::string(kUpgrade));
  EXPECT_TRUE(upgrade.wait_for("HTTP/1.1 503"));
  kept_.clear();
  EXPECT_TRUE(waiting.wait_for("HTTP/1.1 500"));
}

TEST_F(HttpAnnexTest, WhatWasPostedWhenTheOtherLoopStoppedIsGivenUp) {
  start();
  std::promise<void> entered;
  std::promise<void> leave;
  other_->loop().post([&] {
    entered.set_value();
    leave.get_future().wait();
  });
  entered.get_future().wait();
  RawClient request(loop_, server_->port());
  request.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  RawClient upgrade(loop_, server_->port());
  upgrade.send("GET /ws" + std::string(kUpgrade));
  ASSERT_TRUE(wait_polling(loop_, [&] { return other_->loop().posted() == 2; }));
  other_->loop().stop();
  leave.set_value();
  stop();
  other_.reset();
  EXPECT_TRUE(request.wait_for("HTTP/1.1 500"));
  EXPECT_TRUE(upgrade.wait_for_close());
  EXPECT_TRUE(wait_polling(loop_, [&] { return server_->connections() == 1; }));
}

}  // namespace
}  // namespace turms::net
