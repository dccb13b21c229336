#include "gateway/authentication/settings.h"

#include <fmt/core.h>

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace turms::gateway {
namespace {

using Settings = AuthenticationSettings;
using config::path;
using config::Word;

#define TURMS_IAM "turms.gateway.session.identity-access-management."

constexpr auto kTypes = std::to_array<Word<Settings::Type>>({
    {"PASSWORD", Settings::Type::kPassword},
    {"JWT", Settings::Type::kJwt},
    {"HTTP", Settings::Type::kHttp},
    {"LDAP", Settings::Type::kLdap},
    {"NOOP", Settings::Type::kNoop},
});
constexpr auto kMethods = std::to_array<Word<std::string_view>>(
    {{"GET", "GET"}, {"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}, {"DELETE", "DELETE"}});

struct KeyFile {
  const char* key;
  jwt::Algorithm algorithm;
  const char* name;
  /// Of a secret; else PEM.
  bool secret;
};
constexpr auto kKeyFiles = std::to_array<KeyFile>({
    {TURMS_IAM "jwt.algorithm.hmac256.file-path", jwt::Algorithm::kHs256, "HS256", true},
    {TURMS_IAM "jwt.algorithm.hmac384.file-path", jwt::Algorithm::kHs384, "HS384", true},
    {TURMS_IAM "jwt.algorithm.hmac512.file-path", jwt::Algorithm::kHs512, "HS512", true},
    {TURMS_IAM "jwt.algorithm.rsa256.pem-file-path", jwt::Algorithm::kRs256, "RS256", false},
    {TURMS_IAM "jwt.algorithm.rsa384.pem-file-path", jwt::Algorithm::kRs384, "RS384", false},
    {TURMS_IAM "jwt.algorithm.rsa512.pem-file-path", jwt::Algorithm::kRs512, "RS512", false},
    {TURMS_IAM "jwt.algorithm.ps256.pem-file-path", jwt::Algorithm::kPs256, "PS256", false},
    {TURMS_IAM "jwt.algorithm.ps384.pem-file-path", jwt::Algorithm::kPs384, "PS384", false},
    {TURMS_IAM "jwt.algorithm.ps512.pem-file-path", jwt::Algorithm::kPs512, "PS512", false},
    {TURMS_IAM "jwt.algorithm.ecdsa256.pem-file-path", jwt::Algorithm::kEs256, "ES256", false},
    {TURMS_IAM "jwt.algorithm.ecdsa384.pem-file-path", jwt::Algorithm::kEs384, "ES384", false},
    {TURMS_IAM "jwt.algorithm.ecdsa512.pem-file-path", jwt::Algorithm::kEs512, "ES512", false},
    {TURMS_IAM "jwt.algorithm.eddsa.pem-file-path", jwt::Algorithm::kEdDsa, "EdDSA", false},
});

void add_jwt(config::Table<Settings>& table) {
  table
      .text(TURMS_IAM "jwt.verification.issuer", path(&Settings::jwt, &Settings::Jwt::issuer),
            "The `iss` that a token must have. Empty: any.")
      .text(TURMS_IAM "jwt.verification.audience", path(&Settings::jwt, &Settings::Jwt::audience),
            "The `aud` that a token must have, or be one of. Empty: any.")
      .pairs(TURMS_IAM "jwt.verification.custom-payload-claims",
             path(&Settings::jwt, &Settings::Jwt::claims),
             "Further claims that a token must have, and their values.")
      .pairs(TURMS_IAM "jwt.authentication.expectation.custom-payload-claims",
             path(&Settings::jwt, &Settings::Jwt::expectation),
             "Claims by which a token says that its user is the one.");
  for (const KeyFile& one : kKeyFiles) {
    const std::string help =
        one.secret ? fmt::format("File with the secret of tokens signed with {}.", one.name)
                   : fmt::format(
                         "PEM file with the public key, or a certificate, of tokens signed "
                         "with {}.",
                         one.name);
    table.add(config::text(one.key, "", help),
              [algorithm = one.algorithm](Settings& settings, const config::Value& file) {
                settings.jwt.key_files[algorithm] = file.text;
              });
  }
}

void add_http(config::Table<Settings>& table) {
  const auto field = [](auto member) { return path(&Settings::http, member); };
  table
      .text(TURMS_IAM "http.request.url", field(&HttpAuthentication::url),
            "Where the type HTTP sends an attempt as JSON: version, userId, password, "
            "loggingInDeviceType, deviceDetails, userStatus, ip. It is asked as it stands here; "
            "redirects are not followed.")
      .pairs(TURMS_IAM "http.request.headers", field(&HttpAuthentication::headers),
             "Headers of that request, such as a key that the service asks for.")
      .secret()
      .word(TURMS_IAM "http.request.http-method", field(&HttpAuthentication::method), kMethods,
            "Its method: GET, POST, PUT, PATCH or DELETE; with a body in any case.")
      .time(TURMS_IAM "http.request.timeout-millis", field(&HttpAuthentication::timeout), 1ms, 1,
            600000, "How long to wait for its answer; then 1201.")
      .list(TURMS_IAM "http.authentication.response-expectation.status-codes",
            field(&HttpAuthentication::status_codes),
            "Statuses that let the user in, ? for any digit.")
      .pairs(TURMS_IAM "http.authentication.response-expectation.headers",
             field(&HttpAuthentication::expected_headers), "Headers that the answer must have.")
      .pairs(TURMS_IAM "http.authentication.response-expectation.body-fields",
             field(&HttpAuthentication::expected_body),
             "Members that the JSON of the answer must have.");
}

void add_ldap(config::Table<Settings>& table) {
  using Ldap = LdapAuthentication;
  const auto admin = [](auto member) {
    return [member](Settings& settings) -> auto& { return settings.ldap.admin.*member; };
  };
  const auto user = [](auto member) {
    return [member](Settings& settings) -> auto& { return settings.ldap.user.*member; };
  };
  table
      .text(TURMS_IAM "ldap.base-dn", path(&Settings::ldap, &Ldap::base_dn),
            "Where the type LDAP searches for users: this entry and all below.")
      .text(TURMS_IAM "ldap.admin.host", admin(&Ldap::Admin::host), "Server that is searched.")
      .number(TURMS_IAM "ldap.admin.port", admin(&Ldap::Admin::port), 1, 65535, "Its port.")
      .text(TURMS_IAM "ldap.admin.username", admin(&Ldap::Admin::username),
            "Name of the entry that searches. Empty: anonymously.")
      .text(TURMS_IAM "ldap.admin.password", admin(&Ldap::Admin::password), "Its password.")
      .secret()
      .flag(TURMS_IAM "ldap.admin.ssl.enabled", admin(&Ldap::Admin::tls),
            "Speak TLS with it, from the first byte (ldaps, mostly on port 636).")
      .text(TURMS_IAM "ldap.user.host", user(&Ldap::User::host),
            "Server where the password of a user is tried.")
      .number(TURMS_IAM "ldap.user.port", user(&Ldap::User::port), 1, 65535, "Its port.")
      .text(TURMS_IAM "ldap.user.search-filter", user(&Ldap::User::search_filter),
            "Filter that finds the entry of a user (RFC 4515); ${userId} in it is the user's id.")
      .flag(TURMS_IAM "ldap.user.ssl.enabled", user(&Ldap::User::tls),
            "Speak TLS with it, from the first byte.")
      .text(TURMS_IAM "ldap.ca-file", path(&Settings::ldap, &Ldap::ca_file),
            "PEM file of the authorities that are trusted in place of the system's. Not a key of "
            "upstream's.")
      .time(TURMS_IAM "ldap.timeout-millis", path(&Settings::ldap, &Ldap::timeout), 1ms, 1, 600000,
            "How long to wait for the servers; then 1201. Not a key of upstream's.");
}

config::Table<Settings> make_table() {
  config::Table<Settings> table(config::Change::kAtStart);
  table
      .flag(TURMS_IAM "enabled", &Settings::enabled,
            "Authenticate users who sign in. false: as the type NOOP.")
      .word(TURMS_IAM "type", &Settings::type, kTypes,
            "Who says whether somebody is the user they say: PASSWORD (the stored one), JWT (the "
            "password is a signed token), HTTP (a service that is asked), LDAP (a directory), or "
            "NOOP (nobody, for development).")
      .flag(TURMS_IAM "allow-noop", &Settings::allow_noop,
            "Let everybody be who they say with the type NOOP though this is no development server "
            "(--dev).");
  add_jwt(table);
  add_http(table);
  add_ldap(table);
  return table;
}

Result<std::string> read_file(std::string_view key, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file || content.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {} cannot be read", key, path));
  }
  return content;
}

Status read_keys(const Settings& settings, jwt::Keys& keys) {
  for (const KeyFile& one : kKeyFiles) {
    const auto named = settings.jwt.key_files.find(one.algorithm);
    if (named == settings.jwt.key_files.end() || named->second.empty()) continue;
    auto content = read_file(one.key, named->second);
    if (!content) return std::unexpected(content.error());
    // An editor's last line break is no part of a secret.
    while (one.secret && !content->empty() &&
           (content->back() == '\n' || content->back() == '\r')) {
      content->pop_back();
    }
    const Status added = one.secret ? keys.add_secret(one.algorithm, std::move(*content))
                                    : keys.add_pem(one.algorithm, *content);
    if (!added) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: {}", one.key, added.error().message));
    }
  }
  if (!keys.empty()) return {};
  return fail(ErrorCode::kInvalidArgument,
              TURMS_IAM "type: JWT needs a key in " TURMS_IAM "jwt.algorithm");
}

}  // namespace

const config::Table<AuthenticationSettings>& authentication_table() {
  static const config::Table<Settings> table = make_table();
  return table;
}

const config::Table<OidcConfig>& oidc_table() {
  static const config::Table<OidcConfig> table = [] {
    config::Table<OidcConfig> made(config::Change::kAtStart);
    made.text("oidc.issuer", &OidcConfig::issuer,
              "URL of the OpenID provider where users of the web app may sign in. Empty: none, and "
              "no button.")
        .text("oidc.client_id", &OidcConfig::client_id, "What this server is there.")
        .text("oidc.client_secret", &OidcConfig::client_secret,
              "Its secret there. Empty: a public client.")
        .secret()
        .text("oidc.public_url", &OidcConfig::public_url,
              "Where browsers reach this server, such as https://chat.example.com. The provider "
              "must know <this>/auth/oidc/callback.")
        .text("oidc.user_id_claim", &OidcConfig::user_id_claim,
              "The claim of the ID token that is the user's id here, a number.")
        .list("oidc.scopes", &OidcConfig::scopes, "Scopes to ask for; openid among them.")
        .add(config::text("oidc.label", "Single sign-on", "What the button says."),
             [](OidcConfig& oidc, const config::Value& value) { oidc.label = value.text; });
    return made;
  }();
  return table;
}

Result<std::optional<OidcConfig>> check_oidc(OidcConfig oidc,
                                             const AuthenticationSettings& authentication,
                                             bool session_tokens) {
  if (oidc.issuer.empty()) return std::nullopt;
  const auto is_url = [](const std::string& text) {
    return (text.starts_with("https://") || text.starts_with("http://")) && !text.ends_with('/');
  };
  for (const auto& [key, url] :
       {std::pair{"oidc.issuer", &oidc.issuer}, std::pair{"oidc.public_url", &oidc.public_url}}) {
    if (is_url(*url)) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} must be a URL without a slash at its end, not '{}'", key, *url));
  }
  if (oidc.client_id.empty()) {
    return fail(ErrorCode::kInvalidArgument, "oidc.client_id is missing");
  }
  // Only that type takes session tokens.
  if (authentication.type != Settings::Type::kPassword || !session_tokens) {
    return fail(ErrorCode::kInvalidArgument,
                "oidc.issuer needs session tokens, and " TURMS_IAM "type PASSWORD");
  }
  return oidc;
}

Result<std::unique_ptr<Authenticator>> make_authenticator(const AuthenticationSettings& settings,
                                                          bool dev, im::Users& users,
                                                          net::Loop& loop,
                                                          net::HttpClient& client) {
  if (settings.type == Settings::Type::kNoop || !settings.enabled) {
    if (!dev && !settings.allow_noop) {
      return fail(ErrorCode::kInvalidArgument,
                  "nobody would be authenticated: that is for --dev, or for who sets " TURMS_IAM
                  "allow-noop");
    }
    log::warn("users are not authenticated: everybody is who they say");
    return make_open_authenticator(users);
  }
  if (settings.type == Settings::Type::kJwt) {
    JwtAuthentication jwt{.keys = {},
                          .issuer = settings.jwt.issuer,
                          .audience = settings.jwt.audience,
                          .expected = settings.jwt.claims};
    if (Status status = read_keys(settings, jwt.keys); !status) {
      return std::unexpected(status.error());
    }
    for (const auto& [name, value] : settings.jwt.expectation) jwt.expected[name] = value;
    return make_jwt_authenticator(users, std::move(jwt));
  }
  if (settings.type == Settings::Type::kHttp) {
    if (!settings.http.url.starts_with("http://") && !settings.http.url.starts_with("https://")) {
      return fail(ErrorCode::kInvalidArgument,
                  TURMS_IAM "http.request.url must be an http:// or https:// URL");
    }
    return make_http_authenticator(users, client, settings.http);
  }
  if (settings.type == Settings::Type::kLdap) {
    auto made = make_ldap_authenticator(users, loop, settings.ldap);
    if (!made) {
      return fail(made.error().code, fmt::format(TURMS_IAM "ldap: {}", made.error().message));
    }
    return made;
  }
  return make_password_authenticator(users);
}

}  // namespace turms::gateway
