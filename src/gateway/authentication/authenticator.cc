#include "gateway/authentication/authenticator.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/log.h"
#include "gateway/ldap/client.h"
#include "net/http_client.h"

namespace turms::gateway {
namespace {

namespace json = boost::json;

class PasswordAuthenticator final : public Authenticator {
 public:
  explicit PasswordAuthenticator(im::Users& users) : users_(users) {}

  Task<im::Outcome<Authenticated>> authenticate(Attempt attempt) override {
    auto signed_in = co_await users_.authenticate(std::move(attempt.command));
    if (!signed_in) co_return std::unexpected(signed_in.error());
    co_return Authenticated{std::move(*signed_in), Permissions()};
  }

 private:
  im::Users& users_;
};

/// Asks somebody else about whoever is otherwise right.
class ExternalAuthenticator : public Authenticator {
 public:
  explicit ExternalAuthenticator(im::Users& users) : users_(users) {}

  Task<im::Outcome<Authenticated>> authenticate(Attempt attempt) final {
    if (auto right = im::Users::check(attempt.command); !right) {
      co_return std::unexpected(right.error());
    }
    const UserId user = attempt.command.user_id;
    auto permissions = co_await verify(std::move(attempt));
    if (!permissions) co_return std::unexpected(permissions.error());
    auto signed_in = co_await users_.admit(user);
    if (!signed_in) co_return std::unexpected(signed_in.error());
    co_return Authenticated{std::move(*signed_in), std::move(*permissions)};
  }

 protected:
  virtual Task<im::Outcome<Permissions>> verify(Attempt attempt) = 0;

 private:
  im::Users& users_;
};

class OpenAuthenticator final : public ExternalAuthenticator {
 public:
  using ExternalAuthenticator::ExternalAuthenticator;
  Task<im::Outcome<Permissions>> verify(Attempt) override { co_return Permissions(); }
};

class JwtAuthenticator final : public ExternalAuthenticator {
 public:
  JwtAuthenticator(im::Users& users, JwtAuthentication config)
      : ExternalAuthenticator(users), config_(std::move(config)) {}

  Task<im::Outcome<Permissions>> verify(Attempt attempt) override {
    const auto claims = config_.keys.verify(attempt.command.password.value_or(""));
    if (!claims || !is_meant(*claims, attempt.command.user_id)) {
      co_return im::refuse(im::Code::kLoginFailed);
    }
    auto permissions = read_permissions(*claims);
    if (!permissions) {
      co_return im::refuse(im::Code::kLoginFailed, std::move(permissions.error().message));
    }
    co_return std::move(*permissions);
  }

 private:
  [[nodiscard]] bool is_meant(const std::string& claims, UserId user) const {
    if (!jwt::is_current(claims, wall_now().unix_ms / 1000, 0)) return false;
    std::map<std::string, std::string> expected = config_.expected;
    expected["sub"] = std::to_string(user.value);
    if (!config_.issuer.empty()) expected["iss"] = config_.issuer;
    return has_members(claims, expected) && is_for_us(claims);
  }

  /// `aud` is one text or a list of them (RFC 7519 section 4.1.3).
  [[nodiscard]] bool is_for_us(const std::string& claims) const {
    if (config_.audience.empty()) return true;
    boost::system::error_code ec;
    const json::value value = json::parse(claims, ec);
    const json::value* audience =
        ec || !value.is_object() ? nullptr : value.get_object().if_contains("aud");
    if (audience == nullptr) return false;
    const auto is_ours = [this](const json::value& one) {
      return one.is_string() && std::string_view(one.get_string()) == config_.audience;
    };
    if (!audience->is_array()) return is_ours(*audience);
    return std::ranges::any_of(audience->get_array(), is_ours);
  }

  const JwtAuthentication config_;
};

class HttpAuthenticator final : public ExternalAuthenticator {
 public:
  HttpAuthenticator(im::Users& users, net::HttpClient& client, HttpAuthentication config)
      : ExternalAuthenticator(users), client_(client), config_(std::move(config)) {}

  Task<im::Outcome<Permissions>> verify(Attempt attempt) override {
    net::HttpClientRequest request;
    request.method = config_.method;
    request.url = config_.url;
    request.timeout = config_.timeout;
    request.headers.set("Content-Type", "application/json");
    request.headers.set("X-Trace-Id", fmt::format("{:016x}", attempt.trace_id));
    for (const auto& [name, value] : config_.headers) request.headers.set(name, value);
    request.body = body_of(attempt);
    const auto answer = co_await client_.fetch(request);
    if (!answer) {
      // Without the request: it has the password.
      log::warn("the service that authenticates users does not answer: {}", answer.error().message);
      co_return im::refuse(im::Code::kUnavailable);
    }
    if (!is_accepted(*answer)) co_return im::refuse(im::Code::kLoginFailed);
    auto permissions = read_permissions(answer->body);
    if (!permissions) {
      log::warn("the service that authenticates users answers with a policy that is none: {}",
                permissions.error().message);
      co_return im::refuse(im::Code::kLoginFailed);
    }
    co_return std::move(*permissions);
  }

 private:
  static std::string body_of(const Attempt& attempt) {
    constexpr auto kDevices =
        std::to_array<const char*>({"DESKTOP", "BROWSER", "IOS", "ANDROID", "OTHERS", "UNKNOWN"});
    constexpr auto kStatuses = std::to_array<const char*>(
        {"AVAILABLE", "OFFLINE", "INVISIBLE", "BUSY", "DO_NOT_DISTURB", "AWAY", "BE_RIGHT_BACK"});
    const im::SignIn& command = attempt.command;
    json::object details;
    for (const auto& [name, value] : attempt.device_details) details[name] = json::string(value);
    json::object body;
    body["version"] = command.version;
    body["userId"] = command.user_id.value;
    body["password"] =
        command.password ? json::value(json::string(*command.password)) : json::value();
    body["loggingInDeviceType"] = kDevices[static_cast<size_t>(command.device_type)];
    body["deviceDetails"] = std::move(details);
    body["userStatus"] = kStatuses[static_cast<size_t>(command.status)];
    body["ip"] = json::string(attempt.ip);
    return json::serialize(body);
  }

  static bool fits(const std::string& pattern, const std::string& status) {
    return pattern.size() == status.size() &&
           std::ranges::equal(pattern, status, [](char p, char s) { return p == '?' || p == s; });
  }

  [[nodiscard]] bool is_accepted(const net::HttpResponse& answer) const {
    const std::string status = std::to_string(answer.status);
    const auto fits_status = [&](const std::string& pattern) { return fits(pattern, status); };
    if (std::ranges::none_of(config_.status_codes, fits_status)) return false;
    for (const auto& [name, value] : config_.expected_headers) {
      if (answer.headers.get(name) != value) return false;
    }
    return has_members(answer.body, config_.expected_body);
  }

  net::HttpClient& client_;
  const HttpAuthentication config_;
};

class LdapAuthenticator final : public ExternalAuthenticator {
 public:
  LdapAuthenticator(im::Users& users, std::unique_ptr<ldap::Client> client)
      : ExternalAuthenticator(users), client_(std::move(client)) {}

  Task<im::Outcome<Permissions>> verify(Attempt attempt) override {
    using Verdict = ldap::Client::Verdict;
    const UserId user = attempt.command.user_id;
    std::string password = attempt.command.password.value_or("");
    if (password.size() > kMaxPassword) co_return im::refuse(im::Code::kLoginFailed);
    auto verdict = co_await client_->ask(user, std::move(password));
    if (!verdict) {
      log::warn("the directory that authenticates users does not answer: {}",
                verdict.error().message);
      co_return im::refuse(im::Code::kUnavailable);
    }
    switch (*verdict) {
      case Verdict::kRight:
        co_return Permissions();
      case Verdict::kUnknown:
        co_return im::refuse(im::Code::kLoginUserNotActive);
      case Verdict::kAmbiguous:
        log::warn("the directory has several entries of user {}: the search filter is wrong",
                  user.value);
        co_return im::refuse(im::Code::kInternalError);
      case Verdict::kWrong:
        break;
    }
    co_return im::refuse(im::Code::kLoginFailed);
  }

 private:
  static constexpr size_t kMaxPassword = 256;

  const std::unique_ptr<ldap::Client> client_;
};

class HookedAuthenticator final : public Authenticator {
 public:
  HookedAuthenticator(im::Users& users, im::SignInHook& hook, std::unique_ptr<Authenticator> inner)
      : users_(users), hook_(hook), inner_(std::move(inner)) {}

  Task<im::Outcome<Authenticated>> authenticate(Attempt attempt) override {
    if (!hook_.asked_to_authenticate()) {
      co_return co_await inner_->authenticate(std::move(attempt));
    }
    if (auto right = im::Users::check(attempt.command); !right) {
      co_return std::unexpected(right.error());
    }
    im::SignInDraft draft;
    draft.user_id = attempt.command.user_id;
    draft.password = attempt.command.password;
    draft.device_type = attempt.command.device_type;
    draft.ip = attempt.ip;
    draft.device_details = attempt.device_details;
    draft.trace_id = attempt.trace_id;
    auto said = co_await hook_.authenticate(std::move(draft));
    if (!said) co_return std::unexpected(said.error());
    if (!*said) co_return co_await inner_->authenticate(std::move(attempt));
    auto signed_in = co_await users_.admit(attempt.command.user_id);
    if (!signed_in) co_return std::unexpected(signed_in.error());
    co_return Authenticated{std::move(*signed_in), Permissions()};
  }

 private:
  im::Users& users_;
  im::SignInHook& hook_;
  const std::unique_ptr<Authenticator> inner_;
};

}  // namespace

std::unique_ptr<Authenticator> make_hooked_authenticator(im::Users& users, im::SignInHook& hook,
                                                         std::unique_ptr<Authenticator> inner) {
  return std::make_unique<HookedAuthenticator>(users, hook, std::move(inner));
}

std::unique_ptr<Authenticator> make_password_authenticator(im::Users& users) {
  return std::make_unique<PasswordAuthenticator>(users);
}

std::unique_ptr<Authenticator> make_open_authenticator(im::Users& users) {
  return std::make_unique<OpenAuthenticator>(users);
}

std::unique_ptr<Authenticator> make_jwt_authenticator(im::Users& users, JwtAuthentication config) {
  return std::make_unique<JwtAuthenticator>(users, std::move(config));
}

std::unique_ptr<Authenticator> make_http_authenticator(im::Users& users, net::HttpClient& client,
                                                       HttpAuthentication config) {
  return std::make_unique<HttpAuthenticator>(users, client, std::move(config));
}

Result<std::unique_ptr<Authenticator>> make_ldap_authenticator(im::Users& users, net::Loop& loop,
                                                               LdapAuthentication config) {
  auto client = ldap::Client::make(loop, std::move(config));
  if (!client) return std::unexpected(client.error());
  return std::make_unique<LdapAuthenticator>(users, std::move(*client));
}

}  // namespace turms::gateway
