#include "net/websocket.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "net/http_server.h"
#include "net/raw_client_testing.h"
#include "net/text.h"
#include "net/websocket_deflate.h"
#include "net/websocket_frames.h"

namespace turms::net {
namespace {

constexpr const char* kUpgrade =
    " HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A frame as a client sends it.
std::string frame(int first_byte, std::string_view payload) {
  std::string out(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else if (payload.size() < 65536) {
    out.push_back(static_cast<char>(0x80 | 126));
    out.push_back(static_cast<char>(payload.size() >> 8));
    out.push_back(static_cast<char>(payload.size()));
  } else {
    out.push_back(static_cast<char>(0x80 | 127));
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(static_cast<uint64_t>(payload.size()) >> shift));
    }
  }
  const std::string mask = "\x12\x34\x56\x78";
  out += mask;
  for (size_t i = 0; i < payload.size(); ++i) {
    out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  }
  return out;
}

std::string close_frame_text(int code, std::string_view reason) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason);
}

class WebSocketTest : public testing::Test {
 protected:
  void start(WebSocketOptions options = {}) {
    HttpServerConfig config;
    config.name = test_server_name();
    name_ = config.name;
    server_ = std::move(*HttpServer::listen(loop_, config));
    server_->websocket("/ws",
                       [this](HttpRequest, WebSocketUpgrade upgrade) {
                         accepted(upgrade.accept({{"X-A", "b"}}));
                       },
                       options, {.any_origin = true});
    server_->websocket("/refused", [this](HttpRequest request, WebSocketUpgrade upgrade) {
      // Later, as one would after a look at a database.
      loop_.post([token = std::string(request.query_value("token").value_or("")),
                  pending = std::make_shared<WebSocketUpgrade>(std::move(upgrade))] {
        HttpResponse response = HttpResponse::text(401, "no such token: " + token);
        response.headers.add("X-Why", "token");
        pending->refuse(std::move(response));
      });
    });
    server_->websocket("/dropped", [](HttpRequest, WebSocketUpgrade) {});
    server_->websocket("/both", [](HttpRequest, WebSocketUpgrade upgrade) { upgrade.accept(); },
                       {.upgrade_only = false});
    server_->route_prefix("GET", "/", [](HttpRequest, HttpResponder responder) {
      responder.send(HttpResponse::text(200, "page"));
    });
  }
  void accepted(std::shared_ptr<WebSocket> socket) {
    socket_ = std::move(socket);
    socket_->on_message([this](bool binary, ByteView message) {
      messages_.push_back((binary ? "b:" : "t:") + std::string(as_text(message)));
    });
    socket_->on_close([this](uint16_t code, std::string_view reason) {
      ++closes_;
      closed_ = std::to_string(code) + " " + std::string(reason);
    });
  }
  void open(RawClient& client, const std::string& extra = "") {
    client.send(std::string("GET /ws") + kUpgrade + extra + "\r\n");
    ASSERT_TRUE(client.wait_for("\r\n\r\n"));
    ASSERT_TRUE(client.received.starts_with("HTTP/1.1 101 ")) << client.received;
    client.received.clear();
    client.reads = 0;
  }
  bool wait_for_messages(size_t count) {
    return loop_.run_until([&] { return messages_.size() >= count; }, kTestLimit);
  }
  bool wait_for_closed() {
    return loop_.run_until([&] { return closes_ > 0; }, kTestLimit);
  }
  int64_t rejected(std::string_view reason) {
    return metrics::counter("turms_rejected_total", "", {{"server", name_}, {"reason", reason}})
        .value();
  }

  Loop loop_;
  std::string name_;
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<WebSocket> socket_;
  std::vector<std::string> messages_;
  int closes_ = 0;
  std::string closed_;
};

TEST_F(WebSocketTest, Handshake) {
  start();
  RawClient client(loop_, server_->port());
  // A frame right behind the handshake, before the answer.
  client.send(std::string("GET /ws?x=1") + kUpgrade + "\r\n" + frame(0x81, "early"));
  ASSERT_TRUE(client.wait_for("\r\n\r\n"));
  // The example of RFC 6455 section 1.3.
  EXPECT_NE(client.received.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            std::string::npos);
  EXPECT_NE(client.received.find("X-A: b\r\n"), std::string::npos);
  EXPECT_EQ(client.received.find("Sec-WebSocket-Extensions"), std::string::npos);
  ASSERT_TRUE(wait_for_messages(1));
  EXPECT_EQ(messages_[0], "t:early");
  EXPECT_TRUE(socket_->remote().is_loopback());
}

// RFC 9110 section 5.3: proxies send each token of Connection in a line of its own.
TEST_F(WebSocketTest, ListHeadersOfAHandshakeMayComeInSeveralLines) {
  start({.compression = true});
  RawClient client(loop_, server_->port());
  client.send(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n"
      "Upgrade: h2c\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Extensions: x-other\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
  ASSERT_TRUE(client.wait_for("\r\n\r\n"));
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 101 ")) << client.received;
  EXPECT_TRUE(client.received.contains("permessage-deflate")) << client.received;
}

TEST_F(WebSocketTest, RefusalsAreHttpAnswers) {
  start();
  struct Case {
    std::string request;
    const char* status;
    const char* contains;
  };
  const std::string plain = " HTTP/1.1\r\nHost: x\r\n\r\n";
  const Case cases[] = {
      {std::string("GET /refused?token=abc") + kUpgrade + "\r\n", "401",
       "X-Why: token\r\nContent-Length: 18\r\n\r\nno such token: abc"},
      {std::string("GET /dropped") + kUpgrade + "\r\n", "500", "internal error"},
      {"GET /ws" + plain, "404", "not found"},
      {"GET /ws" + plain, "404", "Access-Control-Allow-Origin: *"},
      {"GET /both" + plain, "200", "page"},
      {std::string("GET /both") + kUpgrade + "\r\n", "101", ""},
      {std::string("GET /page") + kUpgrade + "\r\n", "200", "page"},
      {"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
       "426", "Sec-WebSocket-Version: 13"},
      {"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
       "400", "malformed upgrade"},
  };
  for (const Case& c : cases) {
    RawClient client(loop_, server_->port());
    client.send(c.request);
    ASSERT_TRUE(client.wait_for(c.contains[0] == 0 ? "\r\n\r\n" : c.contains)) << client.received;
    EXPECT_TRUE(client.received.starts_with(std::string("HTTP/1.1 ") + c.status))
        << c.request << client.received;
  }
}

TEST_F(WebSocketTest, MessagesInAnyCutting) {
  start();
  const std::string medium(300, 'm');
  const std::string large(100'000, 'l');
  const std::string stream = frame(0x81, "one") + frame(0x82, medium) + frame(0x82, large) +
                             frame(0x01, "fr") + frame(0x89, "ping") + frame(0x00, "ag") +
                             frame(0x80, "ment") + frame(0x82, "");
  const std::vector<std::string> expected = {"t:one", "b:" + medium, "b:" + large, "t:fragment",
                                             "b:"};
  for (const size_t step : {stream.size(), size_t{1}, size_t{7}, size_t{1000}}) {
    if (server_ == nullptr) start();
    messages_.clear();
    RawClient client(loop_, server_->port());
    open(client);
    for (size_t i = 0; i < stream.size() && step < stream.size(); i += step) {
      client.send(std::string_view(stream).substr(i, step));
      if (i < 20 || step > 500) (void)loop_.run_until([&] { return loop_.posted() == 0; }, 1ms);
    }
    if (step == stream.size()) client.send(stream);
    ASSERT_TRUE(wait_for_messages(expected.size()));
    EXPECT_EQ(messages_, expected) << step;
    EXPECT_TRUE(client.wait_for("\x8a\x04ping"));
  }
}

TEST_F(WebSocketTest, WhatIsQueuedInOneTurnLeavesInOneWrite) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const std::string message = "message " + std::to_string(i);
    EXPECT_EQ(socket_->send_binary(as_bytes(message)), SendResult::kQueued);
    expected += "\x82";
    expected.push_back(static_cast<char>(message.size()));
    expected += message;
  }
  ASSERT_TRUE(client.wait_for_bytes(expected.size()));
  EXPECT_EQ(client.received, expected);
  EXPECT_EQ(client.reads, 1);
  EXPECT_EQ(socket_->queued_bytes(), 0u);
}

TEST_F(WebSocketTest, LengthsOfServerFrames) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  socket_->send_text(std::string(126, 'a'));
  ASSERT_TRUE(client.wait_for_bytes(130));
  EXPECT_EQ(client.received.substr(0, 4), std::string("\x81\x7e\x00\x7e", 4));
  client.received.clear();
  const SharedBytes shared = SharedBytes::of(std::string(70'000, 'b'));
  socket_->send_binary(shared);
  ASSERT_TRUE(client.wait_for_bytes(70'010));
  EXPECT_EQ(client.received.substr(0, 10),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10));
}

TEST_F(WebSocketTest, CloseByPeer) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  client.send(frame(0x88, close_frame_text(4001, "bye")) + frame(0x81, "ignored"));
  ASSERT_TRUE(client.wait_for_close());
  EXPECT_EQ(client.received, std::string("\x88\x02\x0f\xa1", 4));
  client.close();
  ASSERT_TRUE(wait_for_closed());
  EXPECT_EQ(closed_, "4001 bye");
  EXPECT_TRUE(messages_.empty());
  EXPECT_FALSE(socket_->open());
  EXPECT_EQ(socket_->send_text("x"), SendResult::kClosed);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WebSocketTest, CloseByUsFlushesFirst) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  socket_->send_text("last words");
  socket_->close(4002, "enough", as_bytes("final"));
  ASSERT_TRUE(client.wait_for("enough"));
  EXPECT_EQ(client.received,
            "\x81\x0alast words\x82\x05"
            "final\x88\x08\x0f\xa2"
            "enough");
  EXPECT_EQ(closes_, 0);
  client.send(frame(0x88, close_frame_text(4002, "")));
  client.close();
  ASSERT_TRUE(wait_for_closed());
  EXPECT_EQ(closed_, "4002 enough");
}

TEST_F(WebSocketTest, LossIs1006) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  client.close();
  ASSERT_TRUE(wait_for_closed());
  EXPECT_EQ(closed_, "1006 ");
  EXPECT_EQ(closes_, 1);
}

TEST_F(WebSocketTest, HostileFramesCloseWithTheirCode) {
  struct Case {
    const char* what;
    std::string bytes;
    int code;
  };
  std::string unmasked = "\x81\x01x";
  const Case cases[] = {
      {"unmasked", unmasked, 1002},
      {"reserved bit", frame(0xa1, "x"), 1002},
      {"compression not negotiated", frame(0xc1, "x"), 1002},
      {"unknown opcode", frame(0x83, "x"), 1002},
      {"fragmented ping", frame(0x09, "x"), 1002},
      {"long ping", frame(0x89, std::string(126, 'x')), 1002},
      {"continuation of nothing", frame(0x80, "x"), 1002},
      {"message within a message", frame(0x01, "x") + frame(0x81, "y"), 1002},
      {"length not shortest", std::string("\x82\xfe\x00\x01\x00\x00\x00\x00x", 9), 1002},
      {"one-byte close", frame(0x88, "x"), 1002},
      {"reserved close code", frame(0x88, close_frame_text(1005, "")), 1002},
      {"not UTF-8", frame(0x81, "\xc0\x80"), 1007},
      {"UTF-8 cut in two is fine, but this is not", frame(0x01, "\xe2\x82") + frame(0x80, "x"),
       1007},
      {"announced too large", std::string("\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00....", 14),
       1009},
      {"fragments too large together",
       frame(0x02, std::string(700, 'x')) + frame(0x80, std::string(700, 'x')), 1009},
  };
  start({.max_message_bytes = 1000});
  for (const Case& c : cases) {
    closes_ = 0;
    RawClient client(loop_, server_->port());
    open(client);
    client.send(c.bytes);
    ASSERT_TRUE(client.wait_for_close()) << c.what;
    ASSERT_GE(client.received.size(), 4u) << c.what;
    EXPECT_EQ(static_cast<uint8_t>(client.received[0]), 0x88) << c.what;
    EXPECT_EQ(load_be16(as_bytes(client.received).data() + 2), c.code) << c.what;
    client.close();
    ASSERT_TRUE(wait_for_closed()) << c.what;
    EXPECT_TRUE(messages_.empty()) << c.what;
  }
  EXPECT_EQ(rejected("message_too_large"), 2);
  EXPECT_EQ(rejected("protocol_error"), static_cast<int64_t>(std::size(cases)) - 2);
}

TEST_F(WebSocketTest, OverflowReportsAndCloses) {
  start({.max_queued_bytes = 100'000});
  RawClient client(loop_, server_->port(), 4096);
  open(client);
  client.set_reading(false);
  const Bytes message(10'000, 'x');
  SendResult result = SendResult::kQueued;
  ASSERT_TRUE(loop_.run_until(
      [&] {
        for (int i = 0; i < 5 && result == SendResult::kQueued; ++i) {
          result = socket_->send_binary(message);
        }
        loop_.post([] {});
        return result != SendResult::kQueued;
      },
      kTestLimit));
  EXPECT_EQ(result, SendResult::kOverflow);
  EXPECT_EQ(socket_->send_binary(message), SendResult::kClosed);
  // The owner's own last message, before the end of the turn.
  socket_->close(4003, "slow", as_bytes("fetch again"));
  client.set_reading(true);
  ASSERT_TRUE(client.wait_for("slow"));
  EXPECT_NE(client.received.find("fetch again"), std::string::npos);
  EXPECT_EQ(rejected("send_queue_overflow"), 1);
}

TEST_F(WebSocketTest, OverflowClosesByItself) {
  start({.max_queued_bytes = 1000});
  RawClient client(loop_, server_->port());
  open(client);
  EXPECT_EQ(socket_->send_text("before"), SendResult::kQueued);
  EXPECT_EQ(socket_->send_binary(Bytes(2000)), SendResult::kOverflow);
  ASSERT_TRUE(client.wait_for("send queue overflow"));
  EXPECT_TRUE(
      client.received.starts_with("\x81\x06"
                                  "before\x88"));
  EXPECT_EQ(load_be16(as_bytes(client.received).data() + 10), 1008);
}

TEST_F(WebSocketTest, PausedReadingHoldsMessagesBack) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  socket_->on_message([this](bool, ByteView message) {
    messages_.emplace_back(as_text(message));
    socket_->set_reading(false);
  });
  client.send(frame(0x81, "1") + frame(0x81, "2"));
  ASSERT_TRUE(wait_for_messages(1));
  client.send(frame(0x81, "3"));
  bool later = false;
  loop_.after(5ms, [&] { later = true; });
  ASSERT_TRUE(loop_.run_until([&] { return later; }, kTestLimit));
  EXPECT_EQ(messages_.size(), 1u);
  socket_->set_reading(true);
  ASSERT_TRUE(wait_for_messages(2));
  socket_->set_reading(true);
  ASSERT_TRUE(wait_for_messages(3));
  EXPECT_EQ(messages_, (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(WebSocketTest, Pings) {
  start({.ping_interval = 5ms, .silence_timeout = 0s});
  RawClient client(loop_, server_->port());
  open(client);
  EXPECT_TRUE(client.wait_for(std::string_view("\x89\x00\x89\x00", 4)));
}

TEST_F(WebSocketTest, ASilentPeerIsCutOff) {
  start({.ping_interval = 5ms, .silence_timeout = 30ms});
  RawClient client(loop_, server_->port());
  open(client);
  ASSERT_TRUE(wait_for_closed());
  EXPECT_EQ(closed_, "1006 ");
  EXPECT_EQ(rejected("silence"), 1);
}

TEST_F(WebSocketTest, ServerGoesFirst) {
  start();
  RawClient client(loop_, server_->port());
  open(client);
  server_.reset();
  EXPECT_FALSE(socket_->open());
  socket_->close(1000, "");
  socket_->set_reading(true);
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_TRUE(wait_for_closed());
}

TEST_F(WebSocketTest, Compression) {
  start({.max_message_bytes = 100'000, .compression = true});
  RawClient client(loop_, server_->port());
  open(client, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
  const std::string text(5000, 'z');
  Bytes compressed;
  websocket::deflate_message(as_bytes(text), compressed);
  EXPECT_LT(compressed.size(), 100u);
  client.send(frame(0xc1, as_text(compressed)));
  // The example of RFC 7692 section 7.2.3.1, and again split in fragments (7.2.3.1).
  client.send(frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07" + std::string(1, '\0')));
  client.send(frame(0x41, "\xf2\x48\xcd") + frame(0x80, "\xc9\xc9\x07" + std::string(1, '\0')));
  ASSERT_TRUE(wait_for_messages(3));
  EXPECT_EQ(messages_[0], "t:" + text);
  EXPECT_EQ(messages_[1], "t:Hello");
  EXPECT_EQ(messages_[2], "t:Hello");

  socket_->send_text(text);
  ASSERT_TRUE(client.wait_for("\xc1"));
  const size_t size = static_cast<uint8_t>(client.received[1]);
  ASSERT_LT(size, 126u);
  Bytes inflated;
  EXPECT_EQ(
      websocket::inflate_message(as_bytes(client.received).subspan(2, size), 10'000, inflated),
      websocket::InflateOutcome::kOk);
  EXPECT_EQ(as_text(inflated), text);

  // A small message that unpacks to more than allowed.
  websocket::deflate_message(Bytes(200'000), compressed);
  client.send(frame(0xc2, as_text(compressed)));
  ASSERT_TRUE(client.wait_for("message too large"));
}

TEST(WebSocketDeflate, Negotiation) {
  EXPECT_FALSE(websocket::negotiate_deflate("permessage-deflate").empty());
  EXPECT_FALSE(
      websocket::negotiate_deflate("x-other, permessage-deflate; server_no_context_takeover")
          .empty());
  EXPECT_FALSE(websocket::negotiate_deflate(
                   "permessage-deflate; server_max_window_bits=10, permessage-deflate")
                   .empty());
  EXPECT_TRUE(
      websocket::negotiate_deflate("permessage-deflate; server_max_window_bits=10").empty());
  EXPECT_TRUE(websocket::negotiate_deflate("permessage-bzip2").empty());
  EXPECT_TRUE(websocket::negotiate_deflate("").empty());
}

TEST(WebSocketDeflate, HostileInput) {
  Bytes out;
  EXPECT_EQ(websocket::inflate_message(Bytes{0xff, 0xff, 0xff, 0xff}, 1000, out),
            websocket::InflateOutcome::kInvalid);
  EXPECT_EQ(websocket::inflate_message({}, 1000, out), websocket::InflateOutcome::kOk);
  EXPECT_TRUE(out.empty());
}

TEST(Utf8, Table) {
  struct Case {
    std::string_view text;
    bool valid;
  };
  const Case cases[] = {
      {"", true},
      {"plain ASCII that is longer than eight", true},
      {"\xc3\xa9", true},
      {"\xe2\x82\xac", true},
      {"\xf0\x9f\x98\x80", true},
      {"\xf4\x8f\xbf\xbf", true},
      {"12345678\x80", false},
      {"\xc0\xaf", false},
      {"\xe0\x9f\xbf", false},
      {"\xed\xa0\x80", false},
      {"\xf0\x8f\xbf\xbf", false},
      {"\xf4\x90\x80\x80", false},
      {"\xf5\x80\x80\x80", false},
      {"\xe2\x82", false},
      {"\xe2\x28\xa1", false},
  };
  for (const Case& c : cases) EXPECT_EQ(valid_utf8(as_bytes(c.text)), c.valid) << c.text;
}

}  // namespace
}  // namespace turms::net
