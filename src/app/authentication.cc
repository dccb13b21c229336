#include "app/authentication.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "app/config.h"
#include "base/log.h"
#include "gateway/authentication/authenticator.h"
#include "gateway/oidc_sign_in.h"

namespace turms::app {
namespace {

#define TURMS_IAM "turms.gateway.session.identity-access-management."

constexpr auto kTypes = std::to_array<std::string_view>({"PASSWORD", "JWT", "HTTP", "NOOP"});
constexpr auto kMethods =
    std::to_array<std::string_view>({"GET", "POST", "PUT", "PATCH", "DELETE"});

struct KeyFile {
  std::string_view key;
  jwt::Algorithm algorithm;
  std::string_view name;
};

constexpr auto kSecretFiles = std::to_array<KeyFile>({
    {TURMS_IAM "jwt.algorithm.hmac256.file-path", jwt::Algorithm::kHs256, "HS256"},
    {TURMS_IAM "jwt.algorithm.hmac384.file-path", jwt::Algorithm::kHs384, "HS384"},
    {TURMS_IAM "jwt.algorithm.hmac512.file-path", jwt::Algorithm::kHs512, "HS512"},
});
constexpr auto kPemFiles = std::to_array<KeyFile>({
    {TURMS_IAM "jwt.algorithm.rsa256.pem-file-path", jwt::Algorithm::kRs256, "RS256"},
    {TURMS_IAM "jwt.algorithm.rsa384.pem-file-path", jwt::Algorithm::kRs384, "RS384"},
    {TURMS_IAM "jwt.algorithm.rsa512.pem-file-path", jwt::Algorithm::kRs512, "RS512"},
    {TURMS_IAM "jwt.algorithm.ps256.pem-file-path", jwt::Algorithm::kPs256, "PS256"},
    {TURMS_IAM "jwt.algorithm.ps384.pem-file-path", jwt::Algorithm::kPs384, "PS384"},
    {TURMS_IAM "jwt.algorithm.ps512.pem-file-path", jwt::Algorithm::kPs512, "PS512"},
    {TURMS_IAM "jwt.algorithm.ecdsa256.pem-file-path", jwt::Algorithm::kEs256, "ES256"},
    {TURMS_IAM "jwt.algorithm.ecdsa384.pem-file-path", jwt::Algorithm::kEs384, "ES384"},
    {TURMS_IAM "jwt.algorithm.ecdsa512.pem-file-path", jwt::Algorithm::kEs512, "ES512"},
    {TURMS_IAM "jwt.algorithm.eddsa.pem-file-path", jwt::Algorithm::kEdDsa, "EdDSA"},
});

constexpr int64_t kLongest = 4096;

Option option(std::string_view key, OptionType type, std::string_view fallback,
              std::string_view help) {
  return {key, type, fallback, 0, kLongest, help};
}

template <size_t N>
Status one_of(std::string_view key, const std::array<std::string_view, N>& words,
              std::string_view value) {
  if (std::ranges::find(words, value) != words.end()) return {};
  std::string all;
  for (const std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} must be one of {}, not '{}'", key, all, value));
}

Status check_type(std::string_view key, std::string_view value) {
  return one_of(key, kTypes, value);
}
Status check_method(std::string_view key, std::string_view value) {
  return one_of(key, kMethods, value);
}

Option checked(Option made, Status (*check)(std::string_view, std::string_view)) {
  made.check = check;
  return made;
}

Result<std::string> read_file(std::string_view key, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file || content.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {} cannot be read", key, path));
  }
  return content;
}

std::unexpected<Error> in_key(std::string_view key, const Error& error) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, error.message));
}

Status read_keys(const Config& config, jwt::Keys& keys) {
  for (const KeyFile& one : kSecretFiles) {
    if (config.text(one.key).empty()) continue;
    auto secret = read_file(one.key, config.text(one.key));
    if (!secret) return std::unexpected(secret.error());
    // An editor's last line break is no part of it.
    while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) {
      secret->pop_back();
    }
    if (Status added = keys.add_secret(one.algorithm, std::move(*secret)); !added) {
      return in_key(one.key, added.error());
    }
  }
  for (const KeyFile& one : kPemFiles) {
    if (config.text(one.key).empty()) continue;
    const auto pem = read_file(one.key, config.text(one.key));
    if (!pem) return std::unexpected(pem.error());
    if (Status added = keys.add_pem(one.algorithm, *pem); !added) {
      return in_key(one.key, added.error());
    }
  }
  if (!keys.empty()) return {};
  return fail(ErrorCode::kInvalidArgument,
              TURMS_IAM "type: JWT needs a key in " TURMS_IAM "jwt.algorithm");
}

Result<gateway::JwtAuthentication> jwt_of(const Config& config) {
  gateway::JwtAuthentication made;
  if (Status status = read_keys(config, made.keys); !status) {
    return std::unexpected(status.error());
  }
  made.issuer = config.text(TURMS_IAM "jwt.verification.issuer");
  made.audience = config.text(TURMS_IAM "jwt.verification.audience");
  made.expected = config.map(TURMS_IAM "jwt.verification.custom-payload-claims");
  for (const auto& [name, value] :
       config.map(TURMS_IAM "jwt.authentication.expectation.custom-payload-claims")) {
    made.expected[name] = value;
  }
  return made;
}

Result<gateway::HttpAuthentication> http_of(const Config& config) {
  gateway::HttpAuthentication made;
  made.url = config.text(TURMS_IAM "http.request.url");
  if (!made.url.starts_with("http://") && !made.url.starts_with("https://")) {
    return fail(ErrorCode::kInvalidArgument,
                TURMS_IAM "http.request.url must be an http:// or https:// URL");
  }
  made.method = config.text(TURMS_IAM "http.request.http-method");
  made.headers = config.map(TURMS_IAM "http.request.headers");
  made.timeout = std::chrono::milliseconds(config.number(TURMS_IAM "http.request.timeout-millis"));
  made.status_codes =
      config.list(TURMS_IAM "http.authentication.response-expectation.status-codes");
  made.expected_headers = config.map(TURMS_IAM "http.authentication.response-expectation.headers");
  made.expected_body = config.map(TURMS_IAM "http.authentication.response-expectation.body-fields");
  return made;
}

}  // namespace

std::vector<Option> authentication_options() {
  std::vector<Option> all = {
      option(TURMS_IAM "enabled", OptionType::kBool, "true",
             "Authenticate users who sign in. false: as the type NOOP."),
      checked(option(TURMS_IAM "type", OptionType::kText, "PASSWORD",
                     "Who says whether somebody is the user they say: PASSWORD (the stored one), "
                     "JWT (the password is a signed token), HTTP (a service that is asked), or "
                     "NOOP (nobody, for development)."),
              check_type),
      option(TURMS_IAM "allow-noop", OptionType::kBool, "false",
             "Let everybody be who they say with the type NOOP though this is no development "
             "server (--dev)."),
      option(TURMS_IAM "jwt.verification.issuer", OptionType::kText, "",
             "The `iss` that a token must have. Empty: any."),
      option(TURMS_IAM "jwt.verification.audience", OptionType::kText, "",
             "The `aud` that a token must have, or be one of. Empty: any."),
      option(TURMS_IAM "jwt.verification.custom-payload-claims", OptionType::kMap, "",
             "Further claims that a token must have, and their values."),
      option(TURMS_IAM "jwt.authentication.expectation.custom-payload-claims", OptionType::kMap,
             "authenticated: true", "Claims by which a token says that its user is the one."),
      option(TURMS_IAM "http.request.url", OptionType::kText, "",
             "Where the type HTTP sends an attempt as JSON: version, userId, password, "
             "loggingInDeviceType, deviceDetails, userStatus, ip. It is asked as it stands here; "
             "redirects are not followed."),
      {TURMS_IAM "http.request.headers", OptionType::kMap, "", 0, kLongest,
       "Headers of that request, such as a key that the service asks for.", true},
      checked(option(TURMS_IAM "http.request.http-method", OptionType::kText, "GET",
                     "Its method: GET, POST, PUT, PATCH or DELETE; with a body in any case."),
              check_method),
      {TURMS_IAM "http.request.timeout-millis", OptionType::kInt, "30000", 1, 600000,
       "How long to wait for its answer; then 1201."},
      option(TURMS_IAM "http.authentication.response-expectation.status-codes", OptionType::kList,
             "2??", "Statuses that let the user in, ? for any digit."),
      option(TURMS_IAM "http.authentication.response-expectation.headers", OptionType::kMap, "",
             "Headers that the answer must have."),
      option(TURMS_IAM "http.authentication.response-expectation.body-fields", OptionType::kMap,
             "authenticated: true", "Members that the JSON of the answer must have."),
  };
  all.push_back(option("oidc.issuer", OptionType::kText, "",
                       "URL of the OpenID provider where users of the web app may sign in. Empty: "
                       "none, and no button."));
  all.push_back(option("oidc.client_id", OptionType::kText, "", "What this server is there."));
  all.push_back({"oidc.client_secret", OptionType::kText, "", 0, kLongest,
                 "Its secret there. Empty: a public client.", true});
  all.push_back(option("oidc.public_url", OptionType::kText, "",
                       "Where browsers reach this server, such as https://chat.example.com. The "
                       "provider must know <this>/auth/oidc/callback."));
  all.push_back(option("oidc.user_id_claim", OptionType::kText, "sub",
                       "The claim of the ID token that is the user's id here, a number."));
  all.push_back(
      option("oidc.scopes", OptionType::kList, "openid", "Scopes to ask for; openid among them."));
  all.push_back(option("oidc.label", OptionType::kText, "Single sign-on", "What the button says."));
  // The texts of the help outlive the options.
  static const std::vector<std::string> kHelp = [] {
    std::vector<std::string> made;
    for (const KeyFile& one : kSecretFiles) {
      made.push_back(fmt::format("File with the secret of tokens signed with {}.", one.name));
    }
    for (const KeyFile& one : kPemFiles) {
      made.push_back(fmt::format(
          "PEM file with the public key, or a certificate, of tokens signed with {}.", one.name));
    }
    return made;
  }();
  size_t help = 0;
  for (const KeyFile& one : kSecretFiles) {
    all.push_back(option(one.key, OptionType::kText, "", kHelp[help++]));
  }
  for (const KeyFile& one : kPemFiles) {
    all.push_back(option(one.key, OptionType::kText, "", kHelp[help++]));
  }
  return all;
}

Result<std::optional<gateway::OidcConfig>> oidc_config(const Config& config) {
  gateway::OidcConfig made;
  made.issuer = config.text("oidc.issuer");
  if (made.issuer.empty()) return std::nullopt;
  made.client_id = config.text("oidc.client_id");
  made.client_secret = config.text("oidc.client_secret");
  made.public_url = config.text("oidc.public_url");
  made.user_id_claim = config.text("oidc.user_id_claim");
  made.scopes = config.list("oidc.scopes");
  made.label = config.text("oidc.label");
  const auto is_url = [](const std::string& text) {
    return (text.starts_with("https://") || text.starts_with("http://")) && !text.ends_with('/');
  };
  for (const auto& [key, url] :
       {std::pair{"oidc.issuer", &made.issuer}, std::pair{"oidc.public_url", &made.public_url}}) {
    if (is_url(*url)) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} must be a URL without a slash at its end, not '{}'", key, *url));
  }
  if (made.client_id.empty()) {
    return fail(ErrorCode::kInvalidArgument, "oidc.client_id is missing");
  }
  // What the provider says becomes a session token, which only that type takes.
  if (config.text(TURMS_IAM "type") != "PASSWORD" ||
      config.number("turms.gateway.session.token-lifetime-seconds") == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "oidc.issuer needs session tokens, and " TURMS_IAM "type PASSWORD");
  }
  return made;
}

Result<std::unique_ptr<gateway::Authenticator>> make_authenticator(const Config& config, bool dev,
                                                                   im::Users& users,
                                                                   net::HttpClient& client) {
  const std::string& type = config.text(TURMS_IAM "type");
  if (type == "NOOP" || !config.flag(TURMS_IAM "enabled")) {
    if (!dev && !config.flag(TURMS_IAM "allow-noop")) {
      return fail(ErrorCode::kInvalidArgument,
                  "nobody would be authenticated: that is for --dev, or for who sets " TURMS_IAM
                  "allow-noop");
    }
    log::warn("users are not authenticated: everybody is who they say");
    return gateway::make_open_authenticator(users);
  }
  if (type == "JWT") {
    auto jwt = jwt_of(config);
    if (!jwt) return std::unexpected(jwt.error());
    return gateway::make_jwt_authenticator(users, std::move(*jwt));
  }
  if (type == "HTTP") {
    auto http = http_of(config);
    if (!http) return std::unexpected(http.error());
    return gateway::make_http_authenticator(users, client, std::move(*http));
  }
  return gateway::make_password_authenticator(users);
}

}  // namespace turms::app
