#include "net/websocket_connection.h"

#include <algorithm>

#include "net/text.h"
#include "net/websocket_deflate.h"

namespace turms::net {

using websocket::Opcode;

namespace {

/// How long a peer may take to answer our close frame, and to take what is queued before it.
constexpr Duration kCloseTimeout = 5s;
constexpr size_t kMaxReason = 123;
/// Below this, compression costs more than it saves.
constexpr size_t kCompressFrom = 128;

/// At most `limit` bytes and no broken character at the end.
std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

WebSocketConnection::WebSocketConnection(std::shared_ptr<HttpShared> shared, ConnectionSlot slot,
                                         std::shared_ptr<TcpStream> stream,
                                         const WebSocketOptions& options, bool deflate)
    : shared_(std::move(shared)),
      slot_(std::move(slot)),
      stream_(std::move(stream)),
      options_(options),
      deflate_(deflate),
      ping_timer_(shared_->loop),
      close_timer_(shared_->loop) {
  shared_->open_websockets.add();
}

WebSocketConnection::~WebSocketConnection() {
  shared_->open_websockets.add(-1);
  stream_->abort();
}

void WebSocketConnection::start(Bytes input, bool peer_ended) {
  stream_->set_owner(this);
  last_heard_ = shared_->loop.now();
  if (options_.ping_interval > 0s) ping_timer_.start(options_.ping_interval, [this] { ping(); });
  stream_->set_reading(true);
  if (input.empty() && !peer_ended) return;
  input_ = std::move(input);
  shared_->loop.post([self = shared_from_this(), peer_ended] {
    if (self->state_ == State::kClosed) return;
    self->consume({});
    if (peer_ended) self->on_stream_end();
  });
}

void WebSocketConnection::on_message(MessageHandler handler) {
  if (state_ != State::kClosed) message_handler_ = std::move(handler);
}

void WebSocketConnection::on_close(CloseHandler handler) {
  if (state_ != State::kClosed) close_handler_ = std::move(handler);
}

SendResult WebSocketConnection::send_binary(ByteView message) {
  return send_message(Opcode::kBinary, message, nullptr);
}

SendResult WebSocketConnection::send_text(std::string_view message) {
  return send_message(Opcode::kText, as_bytes(message), nullptr);
}

SendResult WebSocketConnection::send_binary(const SharedBytes& message) {
  return send_message(Opcode::kBinary, message.view(), &message);
}

SendResult WebSocketConnection::send_message(Opcode opcode, ByteView message,
                                             const SharedBytes* shared) {
  if (state_ != State::kOpen) return SendResult::kClosed;
  if (stream_->queued() + message.size() > options_.max_queued_bytes) {
    shared_->reject(Rejection::kQueueOverflow);
    state_ = State::kOverflowed;
    shared_->loop.post([self = shared_from_this()] {
      if (self->state_ == State::kOverflowed) self->close(1008, "send queue overflow", {});
    });
    return SendResult::kOverflow;
  }
  if (deflate_ && message.size() >= kCompressFrom) {
    thread_local Bytes compressed;
    websocket::deflate_message(message, compressed);
    if (compressed.size() < message.size()) {
      write_frame(opcode, compressed, true);
      return SendResult::kQueued;
    }
  }
  if (shared == nullptr) {
    write_frame(opcode, message);
  } else {
    uint8_t header[websocket::kMaxHeader];
    const size_t size = websocket::write_server_header(header, opcode, message.size(), false);
    stream_->write(ByteView(header, size));
    stream_->write(*shared);
  }
  return SendResult::kQueued;
}

void WebSocketConnection::write_frame(Opcode opcode, ByteView payload, bool compressed) {
  uint8_t header[websocket::kMaxHeader];
  const size_t size = websocket::write_server_header(header, opcode, payload.size(), compressed);
  stream_->write(ByteView(header, size));
  stream_->write(payload);
}

void WebSocketConnection::close(uint16_t code, std::string_view reason, ByteView last_message) {
  if (state_ != State::kOpen && state_ != State::kOverflowed) return;
  if (!last_message.empty()) write_frame(Opcode::kBinary, last_message);
  close_code_ = code;
  close_reason_ = cut(reason, kMaxReason);
  uint8_t payload[2 + kMaxReason];
  store_be16(payload, code);
  std::memcpy(payload + 2, close_reason_.data(), close_reason_.size());
  write_frame(Opcode::kClose, ByteView(payload, 2 + close_reason_.size()));
  state_ = State::kClosing;
  message_ = Bytes();
  stream_->set_reading(true);
  ping_timer_.cancel();
  close_timer_.start(kCloseTimeout, [this] {
    const auto self = shared_from_this();
    abort();
  });
}

void WebSocketConnection::abort() {
  if (state_ == State::kClosed) return;
  stream_->abort();
  finish();
}

void WebSocketConnection::set_reading(bool reading) {
  if (reading_ == reading || state_ != State::kOpen) return;
  reading_ = reading;
  stream_->set_reading(reading);
  if (!reading || input_.empty()) return;
  shared_->loop.post([self = shared_from_this()] { self->consume({}); });
}

void WebSocketConnection::on_stream_data(MutableByteView data) {
  last_heard_ = shared_->loop.now();
  const auto self = shared_from_this();
  consume(data);
}

void WebSocketConnection::on_stream_end() {
  if (state_ == State::kClosed) return;
  stream_->abort();
  finish();
}

void WebSocketConnection::on_stream_closed() {
  if (state_ != State::kClosed) finish();
}

void WebSocketConnection::consume(MutableByteView data) {
  Bytes joined;
  if (!input_.empty()) {
    joined = std::exchange(input_, {});
    joined.insert(joined.end(), data.begin(), data.end());
    data = joined;
  }
  size_t used = 0;
  while (used < data.size() && state_ != State::kFlushing && state_ != State::kClosed) {
    // Not while the owner has enough: the rest waits here, and the kernel holds back the peer.
    if (!reading_ && state_ == State::kOpen) break;
    const size_t step = consume_frame(data.subspan(used));
    if (step == 0) break;
    used += step;
  }
  if (used == data.size() || state_ == State::kFlushing || state_ == State::kClosed) return;
  if (joined.empty()) {
    input_.assign(data.begin() + static_cast<ptrdiff_t>(used), data.end());
  } else {
    joined.erase(joined.begin(), joined.begin() + static_cast<ptrdiff_t>(used));
    input_ = std::move(joined);
  }
}

size_t WebSocketConnection::consume_frame(MutableByteView data) {
  websocket::FrameHeader header;
  switch (websocket::parse_client_frame(data, deflate_, header)) {
    case websocket::ParseOutcome::kNeedMore:
      return 0;
    case websocket::ParseOutcome::kInvalid:
      fail(1002, "malformed frame", Rejection::kProtocolError);
      return data.size();
    case websocket::ParseOutcome::kComplete:
      break;
  }
  if (header.payload_size > options_.max_message_bytes ||
      (!header.control() && message_.size() + header.payload_size > options_.max_message_bytes)) {
    fail(1009, "message too large", Rejection::kMessageTooLarge);
    return data.size();
  }
  const size_t size = header.header_size + static_cast<size_t>(header.payload_size);
  if (data.size() < size) return 0;
  const MutableByteView payload = data.subspan(header.header_size, header.payload_size);
  websocket::unmask(payload, header.mask);
  if (header.control()) {
    handle_control(header.opcode, payload);
  } else if (state_ == State::kOpen) {
    handle_data(header, payload);
  }
  return size;
}

void WebSocketConnection::handle_control(Opcode opcode, ByteView payload) {
  if (opcode == Opcode::kPing && state_ == State::kOpen) {
    // A peer that pings and never reads must not make us hold its pongs.
    if (stream_->queued() + payload.size() > options_.max_queued_bytes) {
      return fail(1008, "send queue overflow", Rejection::kQueueOverflow);
    }
    return write_frame(Opcode::kPong, payload);
  }
  if (opcode != Opcode::kClose) return;
  if (state_ == State::kClosing) return begin_flush();
  const uint16_t code = payload.size() >= 2 ? load_be16(payload.data()) : 1005;
  const ByteView reason = payload.size() > 2 ? payload.subspan(2) : ByteView();
  if (payload.size() == 1 || (code != 1005 && !websocket::valid_close_code(code)) ||
      (payload.size() >= 2 && code == 1005) || !valid_utf8(reason)) {
    return fail(1002, "malformed close", Rejection::kProtocolError);
  }
  // Section 5.5.1: the answer repeats the code.
  write_frame(Opcode::kClose, payload.first(std::min<size_t>(payload.size(), 2)));
  close_code_ = code;
  close_reason_ = as_text(reason);
  begin_flush();
}

void WebSocketConnection::handle_data(const websocket::FrameHeader& header,
                                      MutableByteView payload) {
  if ((header.opcode == Opcode::kContinuation) != in_message_) {
    return fail(1002, "fragments out of order", Rejection::kProtocolError);
  }
  if (!in_message_) {
    message_binary_ = header.opcode == Opcode::kBinary;
    message_compressed_ = header.compressed;
    if (header.fin) return deliver(payload);
    in_message_ = true;
  }
  message_.insert(message_.end(), payload.begin(), payload.end());
  if (!header.fin) return;
  in_message_ = false;
  const Bytes message = std::exchange(message_, {});
  deliver(message);
}

void WebSocketConnection::deliver(ByteView message) {
  Bytes inflated;
  if (message_compressed_) {
    switch (websocket::inflate_message(message, options_.max_message_bytes, inflated)) {
      case websocket::InflateOutcome::kTooLarge:
        return fail(1009, "message too large", Rejection::kMessageTooLarge);
      case websocket::InflateOutcome::kInvalid:
        return fail(1007, "malformed compression", Rejection::kProtocolError);
      case websocket::InflateOutcome::kOk:
        message = inflated;
    }
  }
  // Section 8.1.
  if (!message_binary_ && !valid_utf8(message)) {
    return fail(1007, "text is not UTF-8", Rejection::kProtocolError);
  }
  if (message_handler_) message_handler_(message_binary_, message);
}

void WebSocketConnection::fail(uint16_t code, std::string_view reason, Rejection rejection) {
  if (state_ != State::kOpen && state_ != State::kOverflowed) return begin_flush();
  shared_->reject(rejection);
  close(code, reason, {});
  // What follows a frame that cannot be read means nothing, so no close frame is waited for.
  begin_flush();
}

void WebSocketConnection::begin_flush() {
  state_ = State::kFlushing;
  ping_timer_.cancel();
  close_timer_.start(kCloseTimeout, [this] {
    const auto self = shared_from_this();
    abort();
  });
  stream_->close_after_flush();
}

void WebSocketConnection::finish() {
  state_ = State::kClosed;
  slot_.release();
  ping_timer_.cancel();
  close_timer_.cancel();
  input_ = Bytes();
  message_ = Bytes();
  const auto self = shared_from_this();
  shared_->websockets.erase(this);
  shared_->loop.post([self] {
    self->message_handler_ = nullptr;
    if (const CloseHandler handler = std::exchange(self->close_handler_, nullptr)) {
      handler(self->close_code_, self->close_reason_);
    }
  });
}

void WebSocketConnection::ping() {
  const auto self = shared_from_this();
  if (options_.silence_timeout > 0s && reading_ &&
      shared_->loop.now() - last_heard_ > options_.silence_timeout) {
    shared_->reject(Rejection::kSilence);
    return abort();
  }
  // One that takes nothing is found by its silence; do not add to its queue.
  if (stream_->queued() == 0) write_frame(Opcode::kPing, {});
  ping_timer_.start(options_.ping_interval, [this] { ping(); });
}

}  // namespace turms::net
