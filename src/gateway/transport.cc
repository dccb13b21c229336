#include "gateway/transport.h"

#include <list>
#include <string>
#include <utility>

#include "net/tcp_server.h"
#include "net/websocket.h"

namespace turms::gateway {
namespace {

class TcpTransport final : public Transport {
 public:
  TcpTransport(std::shared_ptr<net::TcpConnection> connection, size_t max_message_bytes)
      : connection_(std::move(connection)), max_message_bytes_(max_message_bytes) {}

  void start(std::shared_ptr<TransportListener> listener) override {
    // The connection releases both handlers when it has closed, and the listener owns this.
    listener_ = listener.get();
    connection_->on_data([this, listener](ByteView data) { receive(data); });
    connection_->on_close([listener] { listener->on_closed(); });
  }

  net::SendResult send(ByteView message) override {
    std::string framed;
    framed.reserve(message.size() + 5);
    append_frame_length(framed, message.size());
    framed.append(as_text(message));
    return connection_->send(as_bytes(framed));
  }

  net::SendResult send(Broadcast& broadcast) override {
    return connection_->send(broadcast.framed());
  }

  void close(ByteView last_message) override {
    ended_ = true;
    received_ = {};
    std::string framed;
    if (!last_message.empty()) {
      append_frame_length(framed, last_message.size());
      framed.append(as_text(last_message));
    }
    connection_->close(as_bytes(framed));
  }

  void set_reading(bool reading) override {
    if (reading_ == reading || ended_) return;
    reading_ = reading;
    connection_->set_reading(reading);
    if (reading && !delivering_ && !received_.empty()) receive({});
  }

  const net::Address& remote() const override { return connection_->remote(); }

 private:
  /// At most one read's worth and one incomplete frame wait in `received_`, because reading stops
  /// with delivery.
  void receive(ByteView data) {
    if (ended_) return;
    // Taken out of the member while its views are in use: the listener may close meanwhile.
    Bytes gathered = std::exchange(received_, {});
    size_t consumed = std::exchange(consumed_, 0);
    const bool in_place = gathered.empty();
    if (!in_place) gathered.insert(gathered.end(), data.begin(), data.end());
    const ByteView all = in_place ? data : ByteView(gathered);

    delivering_ = true;
    while (reading_ && !ended_) {
      const Frame frame = read_frame(all.subspan(consumed), max_message_bytes_);
      if (frame.status == FrameStatus::kIncomplete) break;
      if (frame.status != FrameStatus::kComplete) {
        ended_ = true;
        listener_->on_frame_error(frame.status);
        break;
      }
      consumed += frame.consumed;
      listener_->on_message(frame.message);
    }
    delivering_ = false;
    if (ended_ || consumed == all.size()) return;
    if (in_place) {
      received_.assign(data.begin() + static_cast<ptrdiff_t>(consumed), data.end());
      return;
    }
    // Moving the rest to the front pays only when it is small; otherwise remember where it begins.
    if (consumed > all.size() / 2) {
      gathered.erase(gathered.begin(), gathered.begin() + static_cast<ptrdiff_t>(consumed));
      consumed = 0;
    }
    received_ = std::move(gathered);
    consumed_ = consumed;
  }

  std::shared_ptr<net::TcpConnection> connection_;
  TransportListener* listener_ = nullptr;
  const size_t max_message_bytes_;
  Bytes received_;
  size_t consumed_ = 0;  // of received_
  bool reading_ = true;
  bool delivering_ = false;
  bool ended_ = false;
};

class WebSocketTransport final : public Transport {
 public:
  WebSocketTransport(std::shared_ptr<net::WebSocket> socket, size_t max_message_bytes)
      : socket_(std::move(socket)), max_message_bytes_(max_message_bytes) {}

  void start(std::shared_ptr<TransportListener> listener) override {
    listener_ = listener.get();
    socket_->on_message([this, listener](bool binary, ByteView message) {
      if (binary) receive(message);
    });
    socket_->on_close([listener](uint16_t, std::string_view) { listener->on_closed(); });
  }

  net::SendResult send(ByteView message) override { return socket_->send_binary(message); }
  net::SendResult send(Broadcast& broadcast) override {
    return socket_->send_binary(broadcast.message());
  }

  void close(ByteView last_message) override {
    constexpr uint16_t kNormalClosure = 1000;
    ended_ = true;
    waiting_.clear();
    socket_->close(kNormalClosure, "", last_message);
  }

  void set_reading(bool reading) override {
    if (reading_ == reading || ended_) return;
    reading_ = reading;
    socket_->set_reading(reading);
    if (delivering_) return;
    delivering_ = true;
    while (reading_ && !ended_ && !waiting_.empty()) {
      const Bytes message = std::move(waiting_.front());
      waiting_.pop_front();
      listener_->on_message(message);
    }
    delivering_ = false;
  }

  const net::Address& remote() const override { return socket_->remote(); }

 private:
  void receive(ByteView message) {
    if (ended_) return;
    if (message.size() > max_message_bytes_) {
      ended_ = true;
      listener_->on_frame_error(FrameStatus::kTooLarge);
      return;
    }
    // A socket that is told to stop reading still delivers what one read brought.
    if (!reading_ || !waiting_.empty()) {
      waiting_.emplace_back(message.begin(), message.end());
      return;
    }
    delivering_ = true;
    listener_->on_message(message);
    delivering_ = false;
  }

  std::shared_ptr<net::WebSocket> socket_;
  TransportListener* listener_ = nullptr;
  const size_t max_message_bytes_;
  std::list<Bytes> waiting_;
  bool reading_ = true;
  bool delivering_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_transport(std::shared_ptr<net::TcpConnection> connection,
                                          size_t max_message_bytes) {
  return std::make_unique<TcpTransport>(std::move(connection), max_message_bytes);
}

std::unique_ptr<Transport> make_transport(std::shared_ptr<net::WebSocket> socket,
                                          size_t max_message_bytes) {
  return std::make_unique<WebSocketTransport>(std::move(socket), max_message_bytes);
}

}  // namespace turms::gateway
