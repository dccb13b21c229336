#include "net/http_exchange.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/metrics.h"
#include "net/raw_client_testing.h"

namespace turms::net {
namespace {

/// What one streamed request told its sink.
struct Heard {
  std::string body;
  bool ended = false;
  bool destroyed = false;
  /// The sink takes no more once it has so much.
  size_t room = SIZE_MAX;
  std::optional<HttpExchange> exchange;
};

class RecordingSink final : public HttpBodySink {
 public:
  explicit RecordingSink(Heard& heard) : heard_(heard) {}
  ~RecordingSink() override { heard_.destroyed = true; }
  bool on_body(ByteView piece) override {
    heard_.body += as_text(piece);
    return heard_.body.size() < heard_.room;
  }
  void on_body_end() override { heard_.ended = true; }

 private:
  Heard& heard_;
};

/// Gives the pieces it is told to, when it is told to.
class ManualSource final : public HttpBodySource {
 public:
  explicit ManualSource(uint64_t size) : size_(size) {}
  uint64_t size() const override { return size_; }
  void read(std::function<void(SharedBytes)> done) override {
    ++asked;
    done_ = std::move(done);
  }
  void give(const std::string& piece) {
    const auto done = std::exchange(done_, nullptr);
    done(SharedBytes::of(std::string(piece)));
  }
  bool waits() const { return done_ != nullptr; }

  int asked = 0;

 private:
  const uint64_t size_;
  std::function<void(SharedBytes)> done_;
};

class HttpExchangeTest : public testing::Test {
 protected:
  void start(HttpServerConfig config = {}, size_t max_body = 64 * 1024 * 1024) {
    config.name = test_server_name();
    name_ = config.name;
    server_ = std::move(*HttpServer::listen(loop_, config));
    const auto handler = [this](HttpRequest request, HttpExchange exchange) {
      path_ = request.path;
      heard_.exchange = std::move(exchange);
      return std::make_shared<RecordingSink>(heard_);
    };
    route_stream(*server_, "POST", "/up/", handler, {.max_body_bytes = max_body});
    route_stream(*server_, "GET", "/down/", handler, {.max_body_bytes = 0});
  }
  bool wait(const std::function<bool()>& done) { return wait_polling(loop_, done); }
  /// What is in the kernel by now is heard of in a few turns of the loop.
  void turn() {
    int turns = 0;
    ASSERT_TRUE(wait([&] { return ++turns > 10; }));
  }
  static std::string post(size_t length, const std::string& more = "") {
    return "POST /up/x HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) + "\r\n" +
           more + "\r\n";
  }
  int64_t rejected(std::string_view reason) {
    return metrics::counter("turms_rejected_total", "", {{"server", name_}, {"reason", reason}})
        .value();
  }

  Loop loop_;
  std::string name_;
  Heard heard_;
  std::string path_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpExchangeTest, ABodyComesInPiecesAndTheNextRequestFollows) {
  start();
  RawClient client(loop_, server_->port());
  client.send(post(8) + "one ");
  ASSERT_TRUE(wait([&] { return heard_.body == "one "; }));
  EXPECT_EQ(path_, "/up/x");
  EXPECT_FALSE(heard_.ended);
  // The next request is in the same packet, and waits.
  client.send("two." + post(2));
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  EXPECT_EQ(heard_.body, "one two.");
  EXPECT_FALSE(heard_.destroyed);
  heard_.body.clear();
  heard_.exchange->send({.status = 204});
  client.send("ok");
  ASSERT_TRUE(wait([&] { return heard_.body == "ok"; }));
  EXPECT_TRUE(heard_.destroyed);
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 204 ")) << client.received;
}

TEST_F(HttpExchangeTest, ChunksAreTakenApart) {
  start();
  RawClient client(loop_, server_->port());
  client.send(
      "POST /up/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  EXPECT_EQ(heard_.body, "abcde");
}

TEST_F(HttpExchangeTest, AFullSinkStopsTheClient) {
  start();
  heard_.room = 1;
  constexpr size_t kSize = 32 * 1024 * 1024;
  RawClient client(loop_, server_->port());
  client.send(post(kSize));
  const std::string piece(64 * 1024, 'x');
  size_t sent = 0;
  // Until the kernel takes no more.
  for (size_t before = SIZE_MAX; sent != before && sent < kSize;) {
    before = sent;
    while (const size_t count = client.try_send(piece)) sent += count;
    turn();
  }
  ASSERT_LT(sent, kSize);
  ASSERT_FALSE(heard_.body.empty());
  const size_t first = heard_.body.size();
  EXPECT_LT(first, 1024U * 1024);
  heard_.room = SIZE_MAX;
  heard_.exchange->resume();
  ASSERT_TRUE(wait([&] {
    if (sent < kSize) sent += client.try_send(std::string_view(piece).substr(0, kSize - sent));
    return heard_.ended;
  }));
  EXPECT_EQ(heard_.body.size(), kSize);
}

TEST_F(HttpExchangeTest, AnAnswerBeforeTheEndClosesTheConnection) {
  start();
  RawClient client(loop_, server_->port());
  client.send(post(1000) + "x");
  ASSERT_TRUE(wait([&] { return heard_.body == "x"; }));
  heard_.exchange->send(HttpResponse::text(403, "no"));
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
  EXPECT_TRUE(client.received.contains("Connection: close\r\n"));
  EXPECT_TRUE(heard_.destroyed);
  EXPECT_FALSE(heard_.ended);
}

TEST_F(HttpExchangeTest, WhoLeavesEndsTheBody) {
  start();
  {
    RawClient client(loop_, server_->port());
    client.send(post(1000) + "x");
    ASSERT_TRUE(wait([&] { return heard_.body == "x"; }));
  }
  ASSERT_TRUE(wait([&] { return heard_.destroyed; }));
  EXPECT_FALSE(heard_.ended);
  // Nobody hears it.
  heard_.exchange->send({.status = 204});
  heard_ = {};
  // Also who only says that there is no more.
  RawClient client(loop_, server_->port());
  client.send(post(1000) + "x");
  client.finish_sending();
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(heard_.destroyed);
  EXPECT_FALSE(heard_.ended);
}

TEST_F(HttpExchangeTest, WhatWasSentBeforeTheEndIsHeardWhenTheSinkWasFull) {
  start();
  heard_.room = 1;
  RawClient client(loop_, server_->port());
  client.send(post(6) + "abc");
  ASSERT_TRUE(wait([&] { return heard_.body == "abc"; }));
  client.send("def");
  client.finish_sending();
  turn();
  EXPECT_EQ(heard_.body, "abc");
  heard_.exchange->resume();
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  EXPECT_EQ(heard_.body, "abcdef");
  heard_.exchange->send(HttpResponse::text(200, "kept"));
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.ends_with("kept")) << client.received;
}

TEST_F(HttpExchangeTest, AForgottenRequestIsAnswered) {
  start();
  RawClient client(loop_, server_->port());
  client.send(post(1) + "x");
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  heard_.exchange.reset();
  ASSERT_TRUE(client.wait_for("HTTP/1.1 500 "));
}

TEST_F(HttpExchangeTest, TooLongAndTooSlowBodiesAreRefused) {
  start({.body_timeout = std::chrono::milliseconds(20)}, 10);
  RawClient told(loop_, server_->port());
  told.send(post(11));
  ASSERT_TRUE(told.wait_for("HTTP/1.1 413 "));
  EXPECT_FALSE(heard_.exchange);
  RawClient untold(loop_, server_->port());
  untold.send(
      "POST /up/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "b\r\n12345678901\r\n");
  ASSERT_TRUE(untold.wait_for("HTTP/1.1 413 "));
  EXPECT_FALSE(heard_.ended);
  RawClient slow(loop_, server_->port());
  slow.send(post(10) + "x");
  ASSERT_TRUE(slow.wait_for("HTTP/1.1 408 "));
  EXPECT_EQ(rejected("body_timeout"), 1);
  EXPECT_TRUE(heard_.destroyed);
}

TEST_F(HttpExchangeTest, AnAnswerGoesInPiecesAsTheyLeave) {
  start();
  RawClient client(loop_, server_->port());
  client.send("GET /down/x HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  auto source = std::make_shared<ManualSource>(6);
  heard_.exchange->send({.status = 206}, source);
  ASSERT_TRUE(client.wait_for("Content-Length: 6\r\n"));
  EXPECT_EQ(source->asked, 1);
  source->give("abc");
  ASSERT_TRUE(wait([&] { return source->waits(); }));
  EXPECT_EQ(source->asked, 2);
  source->give("def");
  ASSERT_TRUE(client.wait_for("\r\n\r\nabcdef"));
  EXPECT_EQ(source->asked, 2);
  // And the connection goes on.
  heard_ = {};
  client.send("HEAD /down/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  client.received.clear();
  auto unread = std::make_shared<ManualSource>(7);
  heard_.exchange->send({}, unread);
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.contains("Content-Length: 7\r\n"));
  EXPECT_EQ(unread->asked, 0);
}

TEST_F(HttpExchangeTest, ASlowReaderIsNotReadAheadOf) {
  start();
  RawClient client(loop_, server_->port(), 4096);
  client.set_reading(false);
  client.send("GET /down/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  constexpr size_t kPiece = 16 * 1024 * 1024;
  auto source = std::make_shared<ManualSource>(2 * kPiece);
  heard_.exchange->send({}, source);
  const std::string piece(kPiece, 'x');
  source->give(piece);
  turn();
  EXPECT_FALSE(source->waits());
  client.set_reading(true);
  ASSERT_TRUE(wait([&] { return source->waits(); }));
  source->give(piece);
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.ends_with(piece));
}

TEST_F(HttpExchangeTest, ASourceThatFailsCutsTheAnswer) {
  start();
  RawClient client(loop_, server_->port());
  client.send("GET /down/x HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(wait([&] { return heard_.ended; }));
  auto source = std::make_shared<ManualSource>(6);
  heard_.exchange->send({}, source);
  source->give("abc");
  ASSERT_TRUE(wait([&] { return source->waits(); }));
  source->give("");
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.ends_with("abc")) << client.received;
}

}  // namespace
}  // namespace turms::net
