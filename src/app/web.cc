#include "app/web.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "app/web_assets_table.h"
#include "net/http_server.h"
#include "net/text.h"

namespace turms::app {
namespace {

// style-src: React sets style properties through the CSSOM, which needs no 'unsafe-inline'.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob: mediastream:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "connect-src 'self'";

bool is_host(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789.-:[]_") == text.npos;
}

/// The host and port of a URL; empty when it has none.
std::string_view authority(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return {};
  url.remove_prefix(scheme + 3);
  const std::string_view host = url.substr(0, url.find_first_of("/?#"));
  return is_host(host) ? host : std::string_view();
}

/// `'self'` covers WebSockets only in newer browsers, so the page's own host is named too.
std::string content_security_policy(const net::HttpRequest& request,
                                    std::string_view meeting_host) {
  std::string policy(kContentSecurityPolicy);
  const std::string_view own = request.header("Host").value_or("");
  if (is_host(own)) policy += fmt::format(" ws://{0} wss://{0}", own);
  if (!meeting_host.empty()) {
    policy += fmt::format(" ws://{0} wss://{0} http://{0} https://{0}", meeting_host);
  }
  return policy;
}

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

/// Calls `visit` with each item of a list header; true when it returned true for one.
template <class Visit>
bool any_item(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    if (visit(net::trim(item))) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

/// Weak comparison (RFC 9110 section 13.1.2).
bool matches_etag(std::string_view list, std::string_view etag) {
  return any_item(list, [&](std::string_view item) {
    if (item.starts_with("W/")) item.remove_prefix(2);
    return item == etag || item == "*";
  });
}

/// RFC 9110 section 12.5.3, without ranking: of what is accepted the smallest is sent.
bool accepts_coding(std::string_view list, std::string_view coding) {
  return any_item(list, [&](std::string_view item) {
    const size_t semicolon = std::min(item.find(';'), item.size());
    if (!net::equal_ignoring_case(net::trim(item.substr(0, semicolon)), coding)) return false;
    const std::string_view weight = net::trim(item.substr(std::min(semicolon + 1, item.size())));
    return weight.find_first_not_of("qQ=0. ") != std::string_view::npos || weight.empty();
  });
}

net::HttpResponse asset_response(const TurmsWebAsset& asset, const net::HttpRequest& request,
                                 std::string_view meeting_host) {
  net::HttpResponse response;
  response.headers = {
      {"Content-Type", asset.content_type},
      {"ETag", asset.etag},
      // The build puts a hash of the content into the name of everything below /assets/.
      {"Cache-Control", std::string_view(asset.path).starts_with("/assets/")
                            ? "public, max-age=31536000, immutable"
                            : "no-cache"},
      {"Content-Security-Policy", content_security_policy(request, meeting_host)},
      {"Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
      {"Vary", "Accept, Accept-Encoding"},
  };
  if (matches_etag(request.headers.combined("If-None-Match"), asset.etag)) {
    response.status = 304;
    return response;
  }
  const std::string accepted = request.headers.combined("Accept-Encoding");
  const auto send = [&](const unsigned char* bytes, unsigned long size, std::string_view coding) {
    if (bytes == nullptr || (!coding.empty() && !accepts_coding(accepted, coding))) return false;
    if (!coding.empty()) response.headers.add("Content-Encoding", std::string(coding));
    response.shared_body = net::SharedBytes::unowned({reinterpret_cast<const char*>(bytes), size});
    return true;
  };
  (void)(send(asset.brotli, asset.brotli_size, "br") || send(asset.gzip, asset.gzip_size, "gzip") ||
         send(asset.plain, asset.plain_size, {}));
  return response;
}

bool wants_html(const net::HttpRequest& request) {
  return request.headers.combined("Accept").find("text/html") != std::string::npos;
}

/// Relative, since the path that a proxy takes away before this server is not known here.
net::HttpResponse to_page(std::string_view path) {
  std::string up;
  for (auto slashes = std::ranges::count(path, '/'); slashes > 1; --slashes) up += "../";
  net::HttpResponse response;
  response.status = 302;
  response.headers = {{"Location", up.empty() ? "./" : up}, {"Cache-Control", "no-store"}};
  return response;
}

}  // namespace

void serve_web(net::HttpServer& server, std::string_view meeting_url) {
  server.route_prefix(
      "GET", "/",
      [meeting_host = std::string(authority(meeting_url))](net::HttpRequest request,
                                                           net::HttpResponder responder) {
        if (request.path == "/" && !wants_html(request))
          return responder.send(net::HttpResponse::text(200, "OK"));
        const TurmsWebAsset* asset = find_asset(request.path == "/" ? "/index.html" : request.path);
        // What the page shows stands behind the # of its address, and its files are named relative
        // to it, so that it may live below a path: other addresses lead to the one that it has.
        if (asset == nullptr && wants_html(request) && turms_web_asset_count != 0)
          return responder.send(to_page(request.path));
        if (asset == nullptr) {
          return responder.send(
              turms_web_asset_count == 0 && wants_html(request)
                  ? net::HttpResponse::text(404, "This server was built without the web app.\n")
                  : net::HttpResponse::text(404, "not found\n"));
        }
        responder.send(asset_response(*asset, request, meeting_host));
      },
      {.any_origin = true});
}

}  // namespace turms::app
