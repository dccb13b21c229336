#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/metrics.h"
#include "net/deadline.h"
#include "net/http_exchange.h"
#include "net/http_server.h"
#include "net/tcp_stream.h"

namespace turms::net {

class WebSocketConnection;

/// Why something was refused or cut off: label `reason` of turms_rejected_total.
enum class Rejection {
  kConnectionLimit,
  kBadRequest,
  kHeaderTooLarge,
  kHeaderTimeout,
  kBodyTooLarge,
  kBodyTimeout,
  kNoRoute,
  kMethodNotAllowed,
  kHandlerGaveUp,
  kWriteTimeout,
  kMessageTooLarge,
  kProtocolError,
  kQueueOverflow,
  kSilence,
};
inline constexpr size_t kRejectionCount = 14;

struct HttpRoute {
  struct Plain {
    /// Shared with the call under way: a handler may remove its own route.
    std::shared_ptr<const HttpServer::Handler> handler;
    RouteOptions options;
    /// In place of the other, for bodies in pieces.
    std::shared_ptr<const HttpStreamHandler> stream_handler = nullptr;
  };
  struct Upgrade {
    std::shared_ptr<const HttpServer::UpgradeHandler> handler;
    WebSocketOptions options;
    RouteOptions route_options;
  };
  std::map<std::string, Plain, std::less<>> methods;
  std::optional<Upgrade> upgrade;

  /// For this method, GET's for HEAD, or the one for any.
  [[nodiscard]] const Plain* find(std::string_view method) const;
  /// The value of an Allow header.
  [[nodiscard]] std::string allowed() const;
};

/// One of the connections that a server may have, on whatever loop; moves along with it.
class ConnectionSlot {
 public:
  using Count = std::shared_ptr<std::atomic<size_t>>;

  explicit ConnectionSlot(Count open) : open_(std::move(open)) { open_->fetch_add(1); }
  ConnectionSlot(ConnectionSlot&&) noexcept = default;
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ~ConnectionSlot() { release(); }

  void release() {
    if (const Count open = std::exchange(open_, nullptr)) open->fetch_sub(1);
  }

 private:
  Count open_;
};

/// What the server, or its part on another loop, and the connections there share; outlives
/// whichever goes first.
struct HttpShared {
  HttpShared(Loop& loop, HttpServerConfig config, ConnectionSlot::Count open);

  void reject(Rejection reason) { rejections[static_cast<size_t>(reason)]->add(); }
  /// The route of a path: exact first, then the longest prefix; of those that have an upgrade, or
  /// that have anything for plain requests. Null when there is none.
  [[nodiscard]] const HttpRoute* find(std::string_view path, bool upgrade) const;

  /// Closes everything at once.
  void abort_all();

  Loop& loop;
  HttpServerConfig config;
  ConnectionSlot::Count open;  // on all loops
  bool draining = false;
  size_t large_header_bytes = 0;  // see HttpServerConfig::max_large_header_bytes
  std::map<std::string, HttpRoute, std::less<>> exact;
  std::map<std::string, HttpRoute, std::less<>> prefixes;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections;
  std::unordered_map<WebSocketConnection*, std::shared_ptr<WebSocketConnection>> websockets;

  std::array<Metric*, kRejectionCount> rejections;
  Metric& open_connections;
  Metric& open_websockets;
  std::array<Metric*, 5> responses;  // by class of status
};

/// What to answer to an accepted upgrade, and how the WebSocket will be.
struct PendingUpgrade {
  std::string key;
  std::string extensions;
  WebSocketOptions options;
  Address remote;  // the client's
};

/// A connection on the way to another loop: a plain value, with an upgrade that waits.
struct HttpHandover {
  TcpStream::Detached stream;
  ConnectionSlot slot;
  Bytes input;  // what came behind the handshake
  std::unique_ptr<PendingUpgrade> upgrade;
  bool any_origin = false;
  bool peer_ended = false;
};

/// One connection until it closes or becomes a WebSocket. Owned by HttpShared::connections.
class HttpConnection final : public TcpStream::Owner,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpShared> shared, ConnectionSlot slot);
  ~HttpConnection();

  /// Goes on with a connection of another loop, whose upgrade is then decided here. Null, and
  /// closed, when the kernel cannot watch one more.
  static std::shared_ptr<HttpConnection> take_over(const std::shared_ptr<HttpShared>& shared,
                                                   HttpHandover handover);

  void attach(std::shared_ptr<TcpStream> stream, const Bytes& received);
  void close_if_idle();
  void abort();

  /// For HttpResponder and WebSocketUpgrade; `serial` names the request they belong to.
  void respond(uint64_t serial, HttpResponse response,
               std::shared_ptr<HttpBodySource> source = nullptr);
  void resume_body(uint64_t serial);
  std::shared_ptr<WebSocket> accept_upgrade(uint64_t serial, const HttpHeaders& extra);
  /// Null when the request is not waiting any more. This one is gone then.
  std::unique_ptr<HttpHandover> hand_over(uint64_t serial);
  /// Of the request taken over.
  [[nodiscard]] uint64_t serial() const { return serial_; }
  void gave_up(uint64_t serial);
  [[nodiscard]] bool waits_for(uint64_t serial) const;

  void on_stream_data(MutableByteView data) override;
  void on_stream_end() override;
  void on_stream_closed() override;
  void on_stream_flushed() override;

 private:
  enum class State {
    kIdle,
    kHeader,
    kBody,
    /// The body goes to sink_.
    kStreaming,
    kHandling,
    /// The answer comes from source_.
    kSending,
    kClosing,
    kGone
  };
  struct Parser;

  void process();
  bool parse();
  bool parse_header();
  /// Counts what the header holds beyond the plain; false when all such headers hold too much.
  bool account_header(size_t bytes);
  bool parse_body();
  void begin_streaming(const std::shared_ptr<const HttpStreamHandler>& handler);
  bool parse_streamed_body();
  struct BodyPiece {
    std::string data;
    bool last = false;
    bool progressed = false;
  };
  /// What input_ has of the body; after the last piece there is no parser. Nothing when the body is
  /// refused.
  std::optional<BodyPiece> take_body();
  void pull();
  void pulled(uint64_t serial, const SharedBytes& piece);
  bool read_request_line_and_headers();
  void header_complete();
  void request_complete();
  bool refuse_unrouted(const HttpRoute* route);
  void begin_upgrade();
  void refuse_body();
  void dispatch();
  /// Answers without the handlers; `status` counts as `reason`.
  void refuse(Rejection reason, HttpResponse response);
  void write_response(HttpResponse response, std::optional<uint64_t> streamed_size = std::nullopt);
  void finish_response();
  void deadline_reached();
  void start_closing();
  void forget();

  std::shared_ptr<HttpShared> shared_;
  ConnectionSlot slot_;
  std::shared_ptr<TcpStream> stream_;
  Deadline deadline_;
  State state_ = State::kHeader;
  Bytes input_;  // received and not yet parsed
  std::unique_ptr<Parser> parser_;

  // Of the request being read or handled.
  uint64_t serial_ = 0;
  HttpRequest request_;
  size_t header_bytes_ = 0;        // given to the parser
  size_t large_header_bytes_ = 0;  // counted in HttpShared
  std::unique_ptr<PendingUpgrade> upgrade_;
  bool any_origin_ = false;
  HttpResponse (*too_long_)() = nullptr;  // of the route
  bool head_ = false;
  bool keep_alive_ = true;
  bool http_1_0_ = false;

  std::shared_ptr<HttpBodySink> sink_;
  bool sink_full_ = false;
  size_t streamed_since_deadline_ = 0;
  std::shared_ptr<HttpBodySource> source_;
  uint64_t source_left_ = 0;
  bool pulling_ = false;

  bool body_pending_ = false;  // the request's body is not read to its end
  bool peer_ended_ = false;
  bool processing_ = false;
  size_t queued_at_deadline_ = 0;
};

}  // namespace turms::net
