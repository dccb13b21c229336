#pragma once

#include <memory>

#include "net/deadline.h"
#include "net/http_connection.h"
#include "net/websocket.h"
#include "net/websocket_frames.h"

namespace turms::net {

/// The WebSocket an HttpConnection has turned into. Owned by HttpShared::websockets.
class WebSocketConnection final : public WebSocket,
                                  public TcpStream::Owner,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  WebSocketConnection(std::shared_ptr<HttpShared> shared, ConnectionSlot slot,
                      std::shared_ptr<TcpStream> stream, const WebSocketOptions& options,
                      bool deflate);
  ~WebSocketConnection();

  /// `input`: what came behind the handshake.
  void start(Bytes input, bool peer_ended);
  void abort();

  void on_message(MessageHandler handler) override;
  void on_close(CloseHandler handler) override;
  SendResult send_binary(ByteView message) override;
  SendResult send_text(std::string_view message) override;
  SendResult send_binary(const SharedBytes& message) override;
  void close(uint16_t code, std::string_view reason, ByteView last_message) override;
  void set_reading(bool reading) override;
  bool open() const override { return state_ == State::kOpen; }
  size_t queued_bytes() const override { return stream_->queued(); }
  const Address& remote() const override { return stream_->remote(); }

  void on_stream_data(MutableByteView data) override;
  void on_stream_end() override;
  void on_stream_closed() override;

 private:
  enum class State {
    kOpen,
    kOverflowed,  // closes after this turn
    kClosing,     // our close frame is out, the peer's is awaited
    kFlushing,    // both are done: flush and close
    kClosed,
  };

  SendResult send_message(websocket::Opcode opcode, ByteView message, const SharedBytes* shared);
  void write_frame(websocket::Opcode opcode, ByteView payload, bool compressed = false);
  void consume(MutableByteView data);
  /// Returns what it took; 0: needs more.
  size_t consume_frame(MutableByteView data);
  void handle_control(websocket::Opcode opcode, ByteView payload);
  void handle_data(const websocket::FrameHeader& header, MutableByteView payload);
  void deliver(ByteView message);
  void fail(uint16_t code, std::string_view reason, Rejection rejection);
  void begin_flush();
  void finish();
  void ping();

  std::shared_ptr<HttpShared> shared_;
  ConnectionSlot slot_;
  std::shared_ptr<TcpStream> stream_;
  WebSocketOptions options_;
  bool deflate_;
  State state_ = State::kOpen;
  bool reading_ = true;
  MessageHandler message_handler_;
  CloseHandler close_handler_;
  Bytes input_;    // an incomplete frame, or what may not be delivered yet
  Bytes message_;  // fragments so far
  bool in_message_ = false;
  bool message_binary_ = false;
  bool message_compressed_ = false;
  uint16_t close_code_ = 1006;
  std::string close_reason_;
  TimePoint last_heard_;
  Timer ping_timer_;
  Timer close_timer_;
};

}  // namespace turms::net
