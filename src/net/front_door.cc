#include "net/front_door.h"

#include <unistd.h>

#include <unordered_map>

#include "base/metrics.h"
#include "net/deadline.h"
#include "net/listener.h"
#include "net/proxy_protocol.h"
#include "net/stream_classifier.h"
#include "net/tcp_stream.h"

namespace turms::net {

namespace {

class Visitor;

/// What the door and who waits at it share; outlives whichever goes first.
struct Shared {
  Loop& loop;
  FrontDoorConfig config;
  FrontDoor::Handlers handlers;
  Metric& unknown;
  Metric& broken_tls;
  Metric& late;
  std::unordered_map<Visitor*, std::shared_ptr<Visitor>> visitors{};
};

/// One connection until it is known what it is.
class Visitor final : public TcpStream::Owner, public std::enable_shared_from_this<Visitor> {
 public:
  explicit Visitor(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), timer_(shared_->loop) {}
  ~Visitor() {
    if (stream_) stream_->abort();
  }

  void attach(std::shared_ptr<TcpStream> stream) {
    stream_ = std::move(stream);
    expects_header_ =
        shared_->config.proxy_protocol && shared_->config.trusted_proxies.trusts(stream_->remote());
    timer_.start(shared_->config.timeout, [this] {
      shared_->late.add();
      leave();
    });
  }
  /// Closes, unless the stream has gone to somebody.
  void leave() {
    const auto self = shared_from_this();
    if (stream_) stream_->abort();
    stream_ = nullptr;
    timer_.cancel();
    shared_->visitors.erase(this);
    // The stream may be in the middle of a call of ours.
    shared_->loop.post([self] {});
  }

  void on_stream_data(MutableByteView data) override {
    received_.insert(received_.end(), data.begin(), data.end());
    const auto self = shared_from_this();
    if (expects_header_ && !take_proxy_header()) return;
    while (stream_ && classify()) {
    }
  }
  void on_stream_end() override { leave(); }
  void on_stream_closed() override {
    if (in_tls_) shared_->broken_tls.add();
    leave();
  }

 private:
  /// True when it is there, or this machine speaks for itself: as a plugin that calls its server
  /// does, also where a proxy of the same machine is trusted.
  bool take_proxy_header() {
    const ProxyHeader header = parse_proxy_header(received_);
    if (header.outcome == ProxyHeader::Outcome::kNeedMore) return false;
    if (header.outcome == ProxyHeader::Outcome::kAbsent && stream_->remote().is_loopback()) {
      expects_header_ = false;
      return true;
    }
    if (header.outcome != ProxyHeader::Outcome::kComplete) {
      shared_->unknown.add();
      leave();
      return false;
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<ptrdiff_t>(header.size));
    if (header.source) stream_->set_remote(*header.source);
    expects_header_ = false;
    return true;
  }

  /// True when it is worth looking again.
  bool classify() {
    switch (classify_first_bytes(received_)) {
      case FirstBytes::kNeedMore:
        return false;
      case FirstBytes::kTls:
        if (shared_->config.tls == nullptr || in_tls_) break;
        in_tls_ = true;
        // What was encrypted comes back through on_stream_data().
        stream_->start_tls(shared_->config.tls->accept(), std::exchange(received_, {}));
        return false;
      case FirstBytes::kHttp: {
        if (!shared_->handlers.http) break;
        auto stream = std::exchange(stream_, nullptr);
        stream->set_owner(nullptr);
        auto received = std::move(received_);
        const auto shared = shared_;
        leave();
        shared->handlers.http(std::move(stream), std::move(received));
        return false;
      }
      case FirstBytes::kIce:
        return hand_over(MediaStreamKind::kIce);
      case FirstBytes::kTurn:
        return hand_over(MediaStreamKind::kTurn);
      case FirstBytes::kUnknown:
        break;
    }
    shared_->unknown.add();
    leave();
    return false;
  }

  bool hand_over(MediaStreamKind kind) {
    if (!shared_->handlers.media) {
      shared_->unknown.add();
      leave();
      return false;
    }
    auto stream = make_byte_stream(stream_->detach());
    stream_ = nullptr;
    auto received = std::move(received_);
    const auto shared = shared_;
    leave();
    shared->handlers.media(kind, std::move(stream), std::move(received));
    return false;
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<TcpStream> stream_;
  Timer timer_;
  Bytes received_;  // bounded by the longest header or message that may begin a stream, and a read
  bool expects_header_ = false;
  bool in_tls_ = false;
};

class FrontDoorImpl final : public FrontDoor {
 public:
  FrontDoorImpl(Loop& loop, const std::string& name, FrontDoorConfig config, Handlers handlers) {
    const auto refused = [&](const char* reason) -> Metric& {
      return metrics::counter("turms_rejected_total",
                              "Connections and requests refused, by reason.",
                              {{"server", name}, {"reason", reason}});
    };
    shared_ = std::make_shared<Shared>(Shared{loop, std::move(config), std::move(handlers),
                                              refused("unknown_protocol"), refused("broken_tls"),
                                              refused("header_timeout")});
  }
  ~FrontDoorImpl() override {
    const auto visitors = shared_->visitors;
    for (const auto& [key, visitor] : visitors) visitor->leave();
  }

  Status start(const std::string& bind_address, uint16_t port) {
    auto listener = Listener::listen(
        shared_->loop, bind_address, port,
        [shared = shared_](int fd, const Address& remote) { accepted(shared, fd, remote); });
    if (!listener) return std::unexpected(listener.error());
    listener_ = std::move(*listener);
    return {};
  }

  uint16_t port() const override { return listener_->port(); }
  size_t waiting() const override { return shared_->visitors.size(); }

 private:
  static void accepted(const std::shared_ptr<Shared>& shared, int fd, const Address& remote) {
    if (shared->handlers.may_accept && !shared->handlers.may_accept()) {
      ::close(fd);
      return;
    }
    auto visitor = std::make_shared<Visitor>(shared);
    auto stream = TcpStream::accepted(shared->loop.core(), fd, remote, visitor.get());
    if (!stream) return;
    visitor->attach(std::move(stream));
    shared->visitors.emplace(visitor.get(), visitor);
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<FrontDoor>> FrontDoor::listen(Loop& loop, const std::string& bind_address,
                                                     uint16_t port, const std::string& name,
                                                     FrontDoorConfig config, Handlers handlers) {
  auto door = std::make_unique<FrontDoorImpl>(loop, name, std::move(config), std::move(handlers));
  if (Status started = door->start(bind_address, port); !started) {
    return std::unexpected(started.error());
  }
  return door;
}

}  // namespace turms::net
