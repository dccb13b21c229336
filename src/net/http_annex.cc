#include "net/http_annex.h"

#include <utility>

namespace turms::net {

/// What the server's routes hold, on the server's thread.
struct HttpAnnex::Passage {
  Loop& home;
  Loop* other;  // null when the annex is gone
  /// Touched on the other loop, or when that does not run.
  std::shared_ptr<HttpShared> far;

  static HttpResponse closed() { return HttpResponse::text(503, "shutting down"); }

  void pass(const std::shared_ptr<const Handler>& handler, HttpRequest request,
            HttpResponder responder) {
    if (other == nullptr) return responder.send(closed());
    // A function that is posted must be copyable.
    struct Call {
      std::shared_ptr<const Handler> handler;
      HttpRequest request;
      HttpResponder responder;
    };
    auto call = std::make_shared<Call>(
        Call{handler, std::move(request), HttpResponder::elsewhere(std::move(responder), home)});
    other->post([call = std::move(call)] {
      (*call->handler)(std::move(call->request), std::move(call->responder));
    });
  }

  void pass(const std::shared_ptr<const UpgradeHandler>& handler, HttpRequest request,
            WebSocketUpgrade upgrade) {
    if (other == nullptr) return upgrade.refuse(closed());
    struct Call {
      std::shared_ptr<const UpgradeHandler> handler;
      std::shared_ptr<HttpShared> far;
      HttpRequest request;
      std::unique_ptr<HttpHandover> handover;
    };
    auto call = std::make_shared<Call>(Call{handler, far, std::move(request), upgrade.hand_over()});
    if (!call->handover) return;
    other->post([call = std::move(call)] {
      const auto connection = HttpConnection::take_over(call->far, std::move(*call->handover));
      if (!connection) return;
      (*call->handler)(std::move(call->request),
                       WebSocketUpgrade(connection, connection->serial()));
    });
  }
};

HttpAnnex::HttpAnnex(HttpRoutes& server, const HttpShared& shared, Loop& other)
    : server_(server),
      passage_(std::make_shared<Passage>(Passage{
          shared.loop, &other, std::make_shared<HttpShared>(other, shared.config, shared.open)})) {}

HttpAnnex::~HttpAnnex() {
  passage_->other = nullptr;
  passage_->far->abort_all();
}

HttpRoutes::Handler HttpAnnex::passing(Handler handler) const {
  return [passage = passage_, handler = std::make_shared<const Handler>(std::move(handler))](
             HttpRequest request, HttpResponder responder) {
    passage->pass(handler, std::move(request), std::move(responder));
  };
}

void HttpAnnex::route(std::string method, std::string path, Handler handler, RouteOptions options) {
  server_.route(std::move(method), std::move(path), passing(std::move(handler)), options);
}

void HttpAnnex::route_prefix(std::string method, std::string prefix, Handler handler,
                             RouteOptions options) {
  server_.route_prefix(std::move(method), std::move(prefix), passing(std::move(handler)), options);
}

void HttpAnnex::websocket(std::string path, UpgradeHandler handler, WebSocketOptions options,
                          RouteOptions route_options, bool prefix) {
  server_.websocket(
      std::move(path),
      [passage = passage_, handler = std::make_shared<const UpgradeHandler>(std::move(handler))](
          HttpRequest request, WebSocketUpgrade upgrade) {
        passage->pass(handler, std::move(request), std::move(upgrade));
      },
      options, route_options, prefix);
}

void HttpAnnex::remove_route(const std::string& path_or_prefix) {
  server_.remove_route(path_or_prefix);
}

}  // namespace turms::net
