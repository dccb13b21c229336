#include "app/web.h"

#include <map>
#include <string>
#include <string_view>

#include "app/web_assets_table.h"
#include "net/http_server.h"

namespace turms::app {
namespace {

// connect-src: meetings may live on another LiveKit server. style-src: React sets style properties
// through the CSSOM, which needs no 'unsafe-inline'.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "connect-src 'self' ws: wss: http: https:; img-src 'self' data: blob:; media-src 'self' blob: "
    "mediastream:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

const TurmsWebAsset* find_asset(std::string_view path) {
  static const std::map<std::string_view, const TurmsWebAsset*> by_path = [] {
    std::map<std::string_view, const TurmsWebAsset*> made;
    for (unsigned long i = 0; i < turms_web_asset_count; ++i)
      made[turms_web_assets[i].path] = &turms_web_assets[i];
    return made;
  }();
  const auto it = by_path.find(path);
  return it == by_path.end() ? nullptr : it->second;
}

net::HttpResponse asset_response(const TurmsWebAsset& asset, const net::HttpRequest& request) {
  net::HttpResponse response;
  response.headers = {
      {"Content-Type", asset.content_type},
      {"ETag", asset.etag},
      // The build puts a hash of the content into the name of everything below /assets/.
      {"Cache-Control", std::string_view(asset.path).starts_with("/assets/")
                            ? "public, max-age=31536000, immutable"
                            : "no-cache"},
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
      {"Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
      {"Vary", "Accept, Accept-Encoding"},
  };
  if (request.header("If-None-Match").value_or("") == asset.etag) {
    response.status = 304;
    return response;
  }
  const bool gzip =
      asset.gzip != nullptr &&
      request.header("Accept-Encoding").value_or("").find("gzip") != std::string_view::npos;
  if (gzip) response.headers.add("Content-Encoding", "gzip");
  response.shared_body = net::SharedBytes::unowned(
      gzip ? std::string_view(reinterpret_cast<const char*>(asset.gzip), asset.gzip_size)
           : std::string_view(reinterpret_cast<const char*>(asset.plain), asset.plain_size));
  return response;
}

bool wants_html(const net::HttpRequest& request) {
  return request.header("Accept").value_or("").find("text/html") != std::string_view::npos;
}

}  // namespace

void serve_web(net::HttpServer& server) {
  server.route_prefix(
      "GET", "/",
      [](net::HttpRequest request, net::HttpResponder responder) {
        if (request.path == "/" && !wants_html(request))
          return responder.send(net::HttpResponse::text(200, "OK"));
        const TurmsWebAsset* asset = find_asset(request.path);
        // The app routes in the browser: a page it knows is not a file of ours.
        if (asset == nullptr && wants_html(request)) asset = find_asset("/index.html");
        if (asset == nullptr) {
          return responder.send(
              turms_web_asset_count == 0 && wants_html(request)
                  ? net::HttpResponse::text(404, "This server was built without the web app.\n")
                  : net::HttpResponse::text(404, "not found\n"));
        }
        responder.send(asset_response(*asset, request));
      },
      {.any_origin = true});
}

}  // namespace turms::app
