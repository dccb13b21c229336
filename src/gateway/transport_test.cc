#include "gateway/transport.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "net/tcp_server.h"
#include "net/websocket.h"

namespace turms::gateway {
namespace {

class FakeTcpConnection final : public net::TcpConnection {
 public:
  void on_data(DataHandler handler) override { data = std::move(handler); }
  void on_close(CloseHandler handler) override { closed = std::move(handler); }
  net::SendResult send(ByteView bytes) override {
    sent.append(as_text(bytes));
    return net::SendResult::kQueued;
  }
  net::SendResult send(const net::SharedBytes& bytes) override { return send(bytes.view()); }
  void close(ByteView last) override {
    send(last);
    is_open = false;
  }
  void abort() override { is_open = false; }
  void set_reading(bool value) override { reading = value; }
  bool open() const override { return is_open; }
  size_t queued_bytes() const override { return 0; }
  const net::Address& remote() const override { return address; }

  DataHandler data;
  CloseHandler closed;
  std::string sent;
  bool is_open = true;
  bool reading = true;
  net::Address address;
};

class FakeWebSocket final : public net::WebSocket {
 public:
  void on_message(MessageHandler handler) override { message = std::move(handler); }
  void on_close(CloseHandler handler) override { closed = std::move(handler); }
  net::SendResult send_binary(ByteView bytes) override {
    sent.emplace_back(as_text(bytes));
    return net::SendResult::kQueued;
  }
  net::SendResult send_text(std::string_view) override { return net::SendResult::kClosed; }
  net::SendResult send_binary(const net::SharedBytes& bytes) override {
    return send_binary(bytes.view());
  }
  void close(uint16_t code, std::string_view, ByteView last) override {
    close_code = code;
    if (!last.empty()) send_binary(last);
  }
  void set_reading(bool value) override { reading = value; }
  bool open() const override { return close_code == 0; }
  size_t queued_bytes() const override { return 0; }
  const net::Address& remote() const override { return address; }

  MessageHandler message;
  CloseHandler closed;
  std::vector<std::string> sent;
  uint16_t close_code = 0;
  bool reading = true;
  net::Address address;
};

class Recorder final : public TransportListener {
 public:
  void on_message(ByteView message) override {
    messages.emplace_back(as_text(message));
    if (transport != nullptr && messages.size() == pause_at) transport->set_reading(false);
    if (transport != nullptr && messages.size() == close_at) transport->close(as_bytes("bye"));
  }
  void on_frame_error(FrameStatus status) override { errors.push_back(status); }
  void on_closed() override { ++closed; }

  Transport* transport = nullptr;
  size_t pause_at = 0;
  size_t close_at = 0;
  std::vector<std::string> messages;
  std::vector<FrameStatus> errors;
  int closed = 0;
};

using Strings = std::vector<std::string>;

struct Tcp {
  explicit Tcp(size_t max = 100) : transport(make_transport(connection, max)) {
    recorder->transport = transport.get();
    transport->start(recorder);
  }
  void feed(std::string_view bytes) { connection->data(as_bytes(bytes)); }

  std::shared_ptr<FakeTcpConnection> connection = std::make_shared<FakeTcpConnection>();
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::unique_ptr<Transport> transport;
};

TEST(TcpTransport, FramesHoweverTheBytesAreCut) {
  const std::string stream(
      "\x03"
      "abc"
      "\x00"
      "\x01"
      "d",
      7);
  for (size_t step = 1; step <= stream.size(); ++step) {
    Tcp tcp;
    for (size_t at = 0; at < stream.size(); at += step) tcp.feed(stream.substr(at, step));
    EXPECT_EQ(tcp.recorder->messages, (Strings{"abc", "", "d"})) << "step " << step;
  }
}

TEST(TcpTransport, DeliversNothingWhilePausedAndTheRestInOrderAfterwards) {
  Tcp tcp;
  tcp.recorder->pause_at = 2;
  std::string stream;
  for (char c = 'a'; c < 'a' + 6; ++c) stream += std::string("\x01") + c;
  tcp.feed(stream);
  EXPECT_EQ(tcp.recorder->messages, (Strings{"a", "b"}));
  EXPECT_FALSE(tcp.connection->reading);
  // What the socket had read already still comes.
  tcp.feed("\x02gh");
  EXPECT_EQ(tcp.recorder->messages.size(), 2u);

  tcp.recorder->pause_at = 4;
  tcp.transport->set_reading(true);
  EXPECT_EQ(tcp.recorder->messages, (Strings{"a", "b", "c", "d"}));
  tcp.transport->set_reading(true);
  EXPECT_EQ(tcp.recorder->messages, (Strings{"a", "b", "c", "d", "e", "f", "gh"}));
  tcp.feed("\x01i");
  EXPECT_EQ(tcp.recorder->messages.back(), "i");
}

TEST(TcpTransport, StopsAtABadFrame) {
  Tcp tcp(10);
  tcp.feed(
      "\x01"
      "a"
      "\x0B"
      "this would be eleven"
      "\x01"
      "b");
  EXPECT_EQ(tcp.recorder->messages, Strings{"a"});
  EXPECT_EQ(tcp.recorder->errors, std::vector{FrameStatus::kTooLarge});
  tcp.feed(
      "\x01"
      "c");
  EXPECT_EQ(tcp.recorder->messages.size(), 1u);
  EXPECT_EQ(tcp.recorder->errors.size(), 1u);
}

TEST(TcpTransport, StopsWhenClosedFromWithinAMessage) {
  Tcp tcp;
  tcp.recorder->close_at = 1;
  tcp.feed(
      "\x01"
      "a"
      "\x01"
      "b");
  EXPECT_EQ(tcp.recorder->messages, Strings{"a"});
  EXPECT_EQ(tcp.connection->sent,
            "\x03"
            "bye");
  EXPECT_FALSE(tcp.connection->is_open);
}

TEST(TcpTransport, FramesWhatItSends) {
  Tcp tcp;
  tcp.transport->send(ByteView());
  tcp.transport->send(as_bytes("hi"));
  Broadcast broadcast("to all");
  tcp.transport->send(broadcast);
  EXPECT_EQ(tcp.connection->sent, std::string("\x00\x02hi\x06to all", 11));
}

struct Ws {
  explicit Ws(size_t max = 100) : transport(make_transport(socket, max)) {
    recorder->transport = transport.get();
    transport->start(recorder);
  }
  void feed(std::string_view bytes, bool binary = true) {
    socket->message(binary, as_bytes(bytes));
  }

  std::shared_ptr<FakeWebSocket> socket = std::make_shared<FakeWebSocket>();
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::unique_ptr<Transport> transport;
};

TEST(WebSocketTransport, TakesBinaryFramesOnly) {
  Ws ws;
  ws.feed("a");
  ws.feed("ignored", false);
  ws.feed("");
  EXPECT_EQ(ws.recorder->messages, (Strings{"a", ""}));
}

TEST(WebSocketTransport, KeepsWhatComesWhilePaused) {
  Ws ws;
  ws.recorder->pause_at = 1;
  for (const char* message : {"a", "b", "c"}) ws.feed(message);
  EXPECT_EQ(ws.recorder->messages, Strings{"a"});
  ws.recorder->pause_at = 2;
  ws.transport->set_reading(true);
  EXPECT_EQ(ws.recorder->messages, (Strings{"a", "b"}));
  ws.transport->set_reading(true);
  EXPECT_EQ(ws.recorder->messages, (Strings{"a", "b", "c"}));
}

TEST(WebSocketTransport, RefusesWhatIsTooLargeAndClosesWithItsLastWord) {
  Ws ws(4);
  ws.feed("12345");
  EXPECT_EQ(ws.recorder->errors, std::vector{FrameStatus::kTooLarge});
  ws.feed("a");
  EXPECT_TRUE(ws.recorder->messages.empty());
  ws.transport->close(as_bytes("why"));
  EXPECT_EQ(ws.socket->sent, Strings{"why"});
  EXPECT_EQ(ws.socket->close_code, 1000);
}

TEST(Broadcast, IsFramedOnceForAll) {
  Broadcast broadcast("payload");
  const ByteView message = broadcast.message().view();
  const ByteView framed = broadcast.framed().view();
  EXPECT_EQ(as_text(message), "payload");
  EXPECT_EQ(as_text(framed), "\x07payload");
  EXPECT_EQ(broadcast.message().view().data(), message.data());
  EXPECT_EQ(broadcast.framed().view().data(), framed.data());
}

}  // namespace
}  // namespace turms::gateway
