#include "gateway/oidc_sign_in.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <optional>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/jwt_keys.h"
#include "base/log.h"
#include "im/lru_cache.h"
#include "im/users.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"

namespace turms::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/auth/oidc";
constexpr std::string_view kStateCookie = "turms_oidc";
constexpr std::string_view kSessionCookie = "turms_oidc_session";
constexpr size_t kSecretSize = 43;
constexpr int64_t kLeewaySeconds = 60;
/// A provider changes its keys now and then; whoever sends tokens of unknown keys must not make us
/// ask all the time.
constexpr Duration kKeysAge = 1h;
constexpr Duration kKeysPause = 1min;

std::string encode(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != kPlain.npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

using Fields = std::vector<std::pair<std::string_view, std::string>>;

std::string form(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += fmt::format("{}={}", name, encode(value));
  }
  return out;
}

std::string_view cookie_of(const net::HttpRequest& request, std::string_view name) {
  std::string_view rest = request.header("Cookie").value_or("");
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
  }
  return {};
}

Result<json::object> parse_object(std::string_view text) {
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 16;
  json::value value = json::parse(text, ec, {}, options);
  if (ec || !value.is_object()) return fail(ErrorCode::kUnauthenticated, "not a JSON object");
  return std::move(value.as_object());
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::unexpected<Error> refused(std::string why) {
  return fail(ErrorCode::kUnauthenticated, std::move(why));
}

bool names(const json::value& audience, const std::string& client_id) {
  const auto is_ours = [&](const json::value& one) {
    return one.is_string() && std::string_view(one.get_string()) == client_id;
  };
  if (!audience.is_array()) return is_ours(audience);
  return std::ranges::any_of(audience.get_array(), is_ours);
}

std::optional<int64_t> user_of(const json::value& value) {
  int64_t id = 0;
  if (value.is_int64()) id = value.get_int64();
  if (value.is_string()) {
    const std::string text(value.get_string());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  return id > 0 ? std::optional(id) : std::nullopt;
}

}  // namespace

Result<int64_t> check_id_token(std::string_view text, const OidcConfig& config,
                               std::string_view nonce, int64_t now) {
  const auto claims = parse_object(text);
  if (!claims) return std::unexpected(claims.error());
  if (text_of(*claims, "iss") != config.issuer) return refused("the ID token has another issuer");
  const json::value* audience = claims->if_contains("aud");
  if (audience == nullptr || !names(*audience, config.client_id)) {
    return refused("the ID token is for another client");
  }
  const bool several = audience->is_array() && audience->get_array().size() > 1;
  const std::string authorized = text_of(*claims, "azp");
  if ((several || !authorized.empty()) && authorized != config.client_id) {
    return refused("the ID token was given to another client");
  }
  if (!claims->contains("exp") || !jwt::is_current(text, now, kLeewaySeconds)) {
    return refused("the ID token is not current");
  }
  if (nonce.empty() || text_of(*claims, "nonce") != nonce) {
    return refused("the ID token belongs to another sign-in");
  }
  const json::value* user = claims->if_contains(config.user_id_claim);
  const auto id = user == nullptr ? std::nullopt : user_of(*user);
  if (!id) return refused(fmt::format("the claim {} is no user id", config.user_id_claim));
  return *id;
}

class OidcSignIn::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(net::Loop& loop, net::HttpClient& client, im::Users& users, OidcConfig config)
      : loop_(loop), client_(client), users_(users), config_(std::move(config)) {}

  void login(const net::HttpRequest&, net::HttpResponder responder) {
    spawn(send_to_provider(shared_from_this(), std::move(responder)));
  }

  void callback(net::HttpRequest request, net::HttpResponder responder) {
    spawn(come_back(shared_from_this(), std::move(request), std::move(responder)));
  }

  void session(const net::HttpRequest& request, net::HttpResponder responder) {
    const std::string key(cookie_of(request, kSessionCookie));
    const Handover* found = handovers_.find(key);
    if (key.empty() || found == nullptr || found->until <= loop_.now()) {
      responder.send(net::HttpResponse::text(403, "nobody has signed in\n"));
      return;
    }
    json::object body;
    body["userId"] = json::string(std::to_string(found->user));
    body["sessionToken"] = json::string(found->token);
    net::HttpResponse response = net::HttpResponse::json(200, json::serialize(body));
    handovers_.erase(key);
    response.headers.add("Set-Cookie", cookie(kSessionCookie, "", 0s, "Strict"));
    response.headers.add("Cache-Control", "no-store");
    responder.send(std::move(response));
  }

  void describe(net::HttpResponder responder) const {
    json::object body;
    body["label"] = json::string(config_.label);
    responder.send(net::HttpResponse::json(200, json::serialize(body)));
  }

 private:
  struct Provider {
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string keys_uri;
    jwt::Keys keys;
    TimePoint fetched;
  };
  struct Pending {
    std::string browser;
    std::string nonce;
    std::string verifier;
    TimePoint until;
  };
  struct Handover {
    int64_t user = 0;
    std::string token;
    TimePoint until;
  };

  [[nodiscard]] std::string redirect_uri() const {
    return fmt::format("{}{}/callback", config_.public_url, kPath);
  }

  [[nodiscard]] std::string cookie(std::string_view name, std::string_view value, Duration age,
                                   std::string_view same_site) const {
    const bool secure = config_.public_url.starts_with("https://");
    return fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite={}{}", name, value, kPath,
                       std::chrono::duration_cast<std::chrono::seconds>(age).count(), same_site,
                       secure ? "; Secure" : "");
  }

  static net::HttpResponse redirect(std::string_view to) {
    net::HttpResponse response = net::HttpResponse::text(302, "");
    response.headers.set("Location", std::string(to));
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("Referrer-Policy", "no-referrer");
    return response;
  }

  static Task<void> send_to_provider(std::shared_ptr<Impl> self, net::HttpResponder responder) {
    const Status known = co_await self->know_provider();
    if (!known) {
      log::warn("the OpenID provider cannot be used: {}", known.error().message);
      responder.send(redirect("/?oidc=failed"));
      co_return;
    }
    Pending pending;
    pending.browser = secure_random_token(kSecretSize);
    pending.nonce = secure_random_token(kSecretSize);
    pending.verifier = secure_random_token(kSecretSize);
    pending.until = self->loop_.now() + kPatience;
    const std::string state = secure_random_token(kSecretSize);
    std::string scope;
    for (const std::string& one : self->config_.scopes) scope += (scope.empty() ? "" : " ") + one;
    const std::string& endpoint = self->provider_->authorization_endpoint;
    const std::string query =
        form({{"response_type", "code"},
              {"client_id", self->config_.client_id},
              {"redirect_uri", self->redirect_uri()},
              {"scope", scope},
              {"state", state},
              {"nonce", pending.nonce},
              {"code_challenge", base64url(sha256(as_bytes(pending.verifier)))},
              {"code_challenge_method", "S256"}});
    net::HttpResponse response =
        redirect(endpoint + (endpoint.find('?') == endpoint.npos ? "?" : "&") + query);
    // The provider's redirect is a navigation from another site, which Strict would leave bare.
    response.headers.add("Set-Cookie",
                         self->cookie(kStateCookie, pending.browser, kPatience, "Lax"));
    self->pending_.put(state, std::move(pending), 1);
    responder.send(std::move(response));
  }

  static Task<void> come_back(std::shared_ptr<Impl> self, net::HttpRequest request,
                              net::HttpResponder responder) {
    auto made = co_await self->finish(request);
    net::HttpResponse response = redirect(made ? "/?oidc=done" : "/?oidc=failed");
    response.headers.add("Set-Cookie", self->cookie(kStateCookie, "", 0s, "Lax"));
    if (made) {
      const std::string key = secure_random_token(kSecretSize);
      made->until = self->loop_.now() + kHandover;
      self->handovers_.put(key, std::move(*made), 1);
      response.headers.add("Set-Cookie", self->cookie(kSessionCookie, key, kHandover, "Strict"));
    } else {
      log::warn("a sign-in at the OpenID provider failed: {}", made.error().message);
    }
    responder.send(std::move(response));
  }

  Task<Result<Handover>> finish(const net::HttpRequest& request) {
    const std::string state(request.query_value("state").value_or(""));
    const std::string code(request.query_value("code").value_or(""));
    const Pending* found = pending_.find(state);
    if (state.empty() || found == nullptr || found->until <= loop_.now()) {
      co_return refused("no sign-in with this state is under way");
    }
    const Pending pending = *found;
    if (!constant_time_equal(as_bytes(cookie_of(request, kStateCookie)),
                             as_bytes(pending.browser))) {
      co_return refused("another browser has begun it");
    }
    pending_.erase(state);
    if (code.empty()) co_return refused("the provider gave no code");
    const Status known = co_await know_provider();
    if (!known) co_return std::unexpected(known.error());
    auto id_token = co_await exchange(code, pending.verifier);
    if (!id_token) co_return std::unexpected(id_token.error());
    auto claims = provider_->keys.verify(*id_token);
    if (!claims && loop_.now() - provider_->fetched >= kKeysPause) {
      auto renewed = co_await fetch_keys(provider_->keys_uri);
      if (!renewed) co_return std::unexpected(renewed.error());
      provider_->keys = std::move(*renewed);
      provider_->fetched = loop_.now();
      claims = provider_->keys.verify(*id_token);
    }
    if (!claims) co_return std::unexpected(claims.error());
    const auto user = check_id_token(*claims, config_, pending.nonce, wall_now().unix_ms / 1000);
    if (!user) co_return std::unexpected(user.error());
    auto token = co_await users_.vouch(UserId(*user), im::DeviceType::kBrowser);
    if (!token) {
      co_return refused(fmt::format("user {} is unknown here, or not active", *user));
    }
    co_return Handover{*user, std::move(token->token), {}};
  }

  Task<Result<std::string>> exchange(const std::string& code, const std::string& verifier) {
    net::HttpClientRequest request;
    request.method = "POST";
    request.url = provider_->token_endpoint;
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("Accept", "application/json");
    Fields fields = {{"grant_type", "authorization_code"},
                     {"code", code},
                     {"redirect_uri", redirect_uri()},
                     {"code_verifier", verifier}};
    if (config_.client_secret.empty()) {
      fields.emplace_back("client_id", config_.client_id);
    } else {
      // RFC 6749 section 2.3.1.
      const std::string pair =
          fmt::format("{}:{}", encode(config_.client_id), encode(config_.client_secret));
      request.headers.set("Authorization", "Basic " + base64(as_bytes(pair)));
    }
    request.body = form(fields);
    auto answer = co_await client_.fetch(request);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status != 200) {
      co_return refused(fmt::format("the provider answers {} to the code", answer->status));
    }
    const auto body = parse_object(answer->body);
    std::string token = body ? text_of(*body, "id_token") : std::string();
    if (token.empty()) co_return refused("the provider gave no ID token");
    co_return token;
  }

  Task<Result<json::object>> get(std::string url) {
    net::HttpClientRequest request;
    request.url = std::move(url);
    request.headers.set("Accept", "application/json");
    auto answer = co_await client_.fetch(request);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status != 200) {
      co_return fail(ErrorCode::kUnavailable, fmt::format("it answers {}", answer->status));
    }
    co_return parse_object(answer->body);
  }

  Task<Status> know_provider() {
    if (provider_ && loop_.now() - provider_->fetched < kKeysAge) co_return Status();
    const auto document = co_await get(config_.issuer + "/.well-known/openid-configuration");
    if (!document) co_return std::unexpected(document.error());
    if (text_of(*document, "issuer") != config_.issuer) {
      co_return refused("its configuration names another issuer");
    }
    Provider provider;
    provider.authorization_endpoint = text_of(*document, "authorization_endpoint");
    provider.token_endpoint = text_of(*document, "token_endpoint");
    provider.keys_uri = text_of(*document, "jwks_uri");
    for (const std::string* url :
         {&provider.authorization_endpoint, &provider.token_endpoint, &provider.keys_uri}) {
      // Nothing of a provider that is reached safely goes over the open net.
      const bool safe = url->starts_with("https://") ||
                        (config_.issuer.starts_with("http://") && url->starts_with("http://"));
      if (!safe) co_return refused("its configuration lacks an endpoint");
    }
    auto keys = co_await fetch_keys(provider.keys_uri);
    if (!keys) co_return std::unexpected(keys.error());
    provider.keys = std::move(*keys);
    provider.fetched = loop_.now();
    provider_ = std::move(provider);
    co_return Status();
  }

  Task<Result<jwt::Keys>> fetch_keys(std::string uri) {
    const auto set = co_await get(std::move(uri));
    if (!set) co_return std::unexpected(set.error());
    jwt::Keys keys;
    const auto added = keys.add_key_set(json::serialize(*set));
    if (!added) co_return std::unexpected(added.error());
    if (*added == 0) co_return refused("it has no key that is understood");
    co_return std::move(keys);
  }

  net::Loop& loop_;
  net::HttpClient& client_;
  im::Users& users_;
  const OidcConfig config_;
  /// Once known it stays, and is renewed.
  std::optional<Provider> provider_;
  im::LruCache<std::string, Pending> pending_{kMaxPending};
  im::LruCache<std::string, Handover> handovers_{kMaxPending};
};

OidcSignIn::OidcSignIn(net::Loop& loop, net::HttpClient& client, im::Users& users,
                       OidcConfig config)
    : impl_(std::make_shared<Impl>(loop, client, users, std::move(config))) {}

OidcSignIn::~OidcSignIn() = default;

void OidcSignIn::add_routes(net::HttpRoutes& routes) {
  const std::string path(kPath);
  routes.route("GET", path, [impl = impl_](const net::HttpRequest&, net::HttpResponder responder) {
    impl->describe(std::move(responder));
  });
  routes.route("GET", path + "/login",
               [impl = impl_](const net::HttpRequest& request, net::HttpResponder responder) {
                 impl->login(request, std::move(responder));
               });
  routes.route("GET", path + "/callback",
               [impl = impl_](net::HttpRequest request, net::HttpResponder responder) {
                 impl->callback(std::move(request), std::move(responder));
               });
  routes.route("POST", path + "/session",
               [impl = impl_](const net::HttpRequest& request, net::HttpResponder responder) {
                 impl->session(request, std::move(responder));
               });
}

}  // namespace turms::gateway
