#include "net/tcp_server.h"

#include <unistd.h>

#include <unordered_map>

#include "base/metrics.h"
#include "net/deadline.h"
#include "net/listener.h"
#include "net/proxy_protocol.h"
#include "net/tcp_stream.h"

namespace turms::net {

namespace {

class ConnectionImpl;

/// What the server and its connections share; outlives whichever goes first.
struct Shared {
  Loop& loop;
  TcpServerConfig config;
  Metric& open;
  Metric& accepted;
  Metric& refused;
  Metric& overflowed;
  Metric& without_header;
  TcpServer::AcceptHandler on_accept{};
  std::unordered_map<ConnectionImpl*, std::shared_ptr<ConnectionImpl>> connections{};
};

class ConnectionImpl final : public TcpConnection,
                             public TcpStream::Owner,
                             public std::enable_shared_from_this<ConnectionImpl> {
 public:
  explicit ConnectionImpl(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), close_deadline_(shared_->loop) {}
  ~ConnectionImpl() override {
    if (stream_) stream_->abort();
  }

  void attach(std::shared_ptr<TcpStream> stream) {
    stream_ = std::move(stream);
    shared_->open.add();
    const TcpServerConfig& config = shared_->config;
    if (!config.proxy_protocol || !config.trusted_proxies.trusts(stream_->remote())) {
      return shared_->on_accept(shared_from_this());
    }
    state_ = State::kHeader;
    close_deadline_.start(config.header_timeout, [this] {
      const auto self = shared_from_this();
      refuse();
    });
  }

  void on_data(DataHandler handler) override {
    if (state_ != State::kClosed) data_handler_ = std::move(handler);
  }
  void on_close(CloseHandler handler) override {
    if (state_ != State::kClosed) close_handler_ = std::move(handler);
  }

  SendResult send(ByteView data) override { return send_any(data, data.size()); }
  SendResult send(const SharedBytes& data) override { return send_any(data, data.size()); }

  void close(ByteView last_data) override {
    if (state_ == State::kClosing || state_ == State::kClosed) return;
    state_ = State::kClosing;
    stream_->write(last_data);
    stream_->close_after_flush();
    close_deadline_.start(shared_->config.close_timeout, [this] {
      const auto self = shared_from_this();
      abort();
    });
  }

  void abort() override {
    if (state_ == State::kClosed) return;
    stream_->abort();
    finish();
  }

  void set_reading(bool reading) override { stream_->set_reading(reading); }
  bool open() const override { return state_ == State::kOpen; }
  size_t queued_bytes() const override { return stream_->queued(); }
  const Address& remote() const override { return stream_->remote(); }

  void on_stream_data(MutableByteView data) override {
    if (state_ == State::kHeader) return take_header(data);
    if (data_handler_ && state_ == State::kOpen) data_handler_(data);
  }
  void on_stream_end() override { state_ == State::kHeader ? refuse() : close({}); }
  void on_stream_closed() override { finish(); }

 private:
  enum class State { kHeader, kOpen, kOverflowed, kClosing, kClosed };

  void take_header(ByteView data) {
    header_.insert(header_.end(), data.begin(), data.end());
    const ProxyHeader header = parse_proxy_header(header_);
    if (header.outcome == ProxyHeader::Outcome::kNeedMore) return;
    if (header.outcome != ProxyHeader::Outcome::kComplete) return refuse();
    close_deadline_.cancel();
    if (header.source) stream_->set_remote(*header.source);
    state_ = State::kOpen;
    Bytes rest = std::exchange(header_, {});
    rest.erase(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(header.size));
    const auto self = shared_from_this();
    shared_->on_accept(self);
    if (!rest.empty()) on_stream_data(rest);
  }

  void refuse() {
    shared_->without_header.add();
    abort();
  }

  template <class Data>
  SendResult send_any(const Data& data, size_t size) {
    if (state_ != State::kOpen) return SendResult::kClosed;
    if (stream_->queued() + size > shared_->config.max_queued_bytes) {
      shared_->overflowed.add();
      state_ = State::kOverflowed;
      shared_->loop.post([self = shared_from_this()] { self->close({}); });
      return SendResult::kOverflow;
    }
    stream_->write(data);
    return SendResult::kQueued;
  }

  void finish() {
    state_ = State::kClosed;
    close_deadline_.cancel();
    shared_->open.add(-1);
    const auto self = shared_from_this();
    shared_->connections.erase(this);
    shared_->loop.post([self] {
      self->data_handler_ = nullptr;
      if (const CloseHandler handler = std::exchange(self->close_handler_, nullptr)) handler();
    });
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<TcpStream> stream_;
  State state_ = State::kOpen;
  Bytes header_;  // of a proxy, so far
  DataHandler data_handler_;
  CloseHandler close_handler_;
  Timer close_deadline_;
};

class ServerImpl final : public TcpServer {
 public:
  ServerImpl(Loop& loop, TcpServerConfig config, AcceptHandler on_accept) {
    const std::string name = config.name;
    shared_ = std::make_shared<Shared>(Shared{
        loop, std::move(config),
        metrics::gauge("turms_connections", "Open TCP connections.", {{"server", name}}),
        metrics::counter("turms_connections_accepted_total", "TCP connections accepted.",
                         {{"server", name}}),
        metrics::counter("turms_rejected_total", "Connections and requests refused, by reason.",
                         {{"server", name}, {"reason", "connection_limit"}}),
        metrics::counter("turms_rejected_total", "Connections and requests refused, by reason.",
                         {{"server", name}, {"reason", "send_queue_overflow"}}),
        metrics::counter("turms_rejected_total", "Connections and requests refused, by reason.",
                         {{"server", name}, {"reason", "no_proxy_header"}}),
        std::move(on_accept)});
  }
  ~ServerImpl() override {
    const auto connections = shared_->connections;
    for (const auto& [key, connection] : connections) connection->abort();
    shared_->on_accept = nullptr;
  }

  Status start() {
    auto listener =
        Listener::listen(shared_->loop, shared_->config.bind_address, shared_->config.port,
                         [this](int fd, const Address& remote) { accepted(fd, remote); });
    if (!listener) return std::unexpected(listener.error());
    listener_ = std::move(*listener);
    port_ = listener_->port();
    return {};
  }

  void stop_accepting() override {
    // Not from under its own feet: this may be called in the accept handler.
    shared_->loop.post([listener = std::shared_ptr<Listener>(std::move(listener_))] {});
  }
  uint16_t port() const override { return port_; }
  size_t connections() const override { return shared_->connections.size(); }

 private:
  void accepted(int fd, const Address& remote) {
    if (listener_ == nullptr || shared_->connections.size() >= shared_->config.max_connections) {
      shared_->refused.add();
      ::close(fd);
      return;
    }
    auto connection = std::make_shared<ConnectionImpl>(shared_);
    auto stream = TcpStream::accepted(shared_->loop.core(), fd, remote, connection.get());
    if (!stream) return shared_->refused.add();
    shared_->accepted.add();
    shared_->connections.emplace(connection.get(), connection);
    connection->attach(std::move(stream));
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Listener> listener_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<TcpServer>> TcpServer::listen(Loop& loop, TcpServerConfig config,
                                                     AcceptHandler on_accept) {
  auto server = std::make_unique<ServerImpl>(loop, std::move(config), std::move(on_accept));
  if (Status started = server->start(); !started) return std::unexpected(started.error());
  return server;
}

}  // namespace turms::net
