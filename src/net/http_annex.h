#pragma once

#include <memory>

#include "net/http_connection.h"
#include "net/http_server.h"

namespace turms::net {

/// See HttpServer::annex(). Lives on the server's thread; what moved lives on the other loop.
class HttpAnnex final : public HttpRoutes {
 public:
  HttpAnnex(HttpRoutes& server, const HttpShared& shared, Loop& other);
  ~HttpAnnex() override;

  void route(std::string method, std::string path, Handler handler, RouteOptions options) override;
  void route_prefix(std::string method, std::string prefix, Handler handler,
                    RouteOptions options) override;
  void websocket(std::string path, UpgradeHandler handler, WebSocketOptions options,
                 RouteOptions route_options, bool prefix) override;
  void remove_route(const std::string& path_or_prefix) override;

 private:
  struct Passage;

  Handler passing(Handler handler) const;

  HttpRoutes& server_;
  std::shared_ptr<Passage> passage_;
};

}  // namespace turms::net
