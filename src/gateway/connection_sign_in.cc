// How a connection gets its session, and gives it back.
#include "base/log.h"
#include "gateway/connection.h"
#include "gateway/environment.h"
#include "gateway/handlers/convert.h"
#include "gateway/metrics.h"
#include "gateway/notification.h"
#include "gateway/session_registry.h"
#include "im/context.h"
#include "turms/notification.pb.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

constexpr int32_t kProtocolVersion = 1;
constexpr std::string_view kExtensionsDetail = "turms.extensions";

/// Whoever tries out users and passwords is answered with these.
bool is_guess(im::Code code) {
  return code == im::Code::kLoginFailed || code == im::Code::kLoginUserNotActive;
}

SignInThrottle::Outcome throttle_outcome(const im::Outcome<Authenticated>& signed_in) {
  if (signed_in) return SignInThrottle::Outcome::kSignedIn;
  return signed_in.error().code == im::Code::kLoginFailed ? SignInThrottle::Outcome::kWrongPassword
                                                          : SignInThrottle::Outcome::kUndecided;
}

}  // namespace

Task<void> Connection::handle_sign_in(const proto::TurmsRequest& request, uint64_t trace_id) {
  const auto& in = request.create_session_request();
  if (closed_) co_return;
  if (session_) {
    answer(request.request_id(), number(im::Code::kSessionExists));
    co_return;
  }
  const im::DeviceType device_type = device_type_from(in.device_type());
  const auto& logins = environment_->config.device_logins;
  if (in.version() == kProtocolVersion && logins.forbids(device_type)) {
    count(Rejection::kSignInFailed);
    answer(request.request_id(), number(im::Code::kLoginForbiddenDevice));
    co_return;
  }
  const auto announced = in.device_details().find(std::string(kExtensionsDetail));
  const bool extensions = announced != in.device_details().end() && announced->second == "1";
  Attempt attempt;
  attempt.ip = transport_->remote().ip();
  attempt.trace_id = trace_id;
  attempt.device_details = {in.device_details().begin(), in.device_details().end()};
  im::SignIn& command = attempt.command;
  command.version = in.version();
  command.user_id = UserId(in.user_id());
  const bool is_named = extensions && in.has_user_name() && in.user_id() == 0;
  if (is_named) {
    auto named = co_await environment_->domain.users.find_named(in.user_name());
    if (closed_) co_return;
    if (!named) {
      refuse_sign_in(request.request_id(), named.error());
      co_return;
    }
    // A name that is nobody's stays user 0, whose attempts are held up and refused as all others.
    command.user_id = named->value_or(UserId(0));
  }
  command.password = TURMS_OPTIONAL(in, password, std::string);
  if (in.has_user_status()) command.status = static_cast<im::UserStatus>(in.user_status());
  command.device_type = device_type;
  command.wants_token = extensions;
  if (extensions && in.has_session_token()) {
    auto known =
        co_await environment_->domain.session_tokens.find(command.user_id, in.session_token());
    if (closed_) co_return;
    // One that cannot be looked up is no reason to refuse the password.
    if (known) command.token = std::move(*known);
  }

  Session session;
  session.status = command.status;
  session.extensions = extensions;
  session.is_named = is_named;
  const UserId user_id = command.user_id;
  // Who was in may come back.
  if (environment_->load.overloaded() && !command.token) {
    count(Rejection::kOverloaded);
    answer(request.request_id(), number(im::Code::kUnavailable));
    co_return;
  }
  const bool guessing = command.password.has_value() || !command.token;
  const Origin origin(transport_->remote(),
                      command.token ? std::string(as_text(command.token->hash)) : std::string());
  if (guessing && !environment_->sign_ins.begin(user_id, origin, environment_->loop.now())) {
    count(Rejection::kSignInThrottled);
    answer(request.request_id(), number(im::Code::kTooFrequent),
           "Too many failed sign-ins: try again in some seconds");
    co_return;
  }
  sign_in_ = std::make_shared<Cancellation>();
  // A device of the user's has a turn of its own among those whose passwords are hashed.
  command.requester = {origin.device.empty() ? network_of(origin.address) : origin.device,
                       sign_in_};
  auto authenticated = co_await environment_->authenticator->authenticate(std::move(attempt));
  sign_in_ = nullptr;
  if (guessing) environment_->sign_ins.finish(user_id, origin, throttle_outcome(authenticated));
  if (closed_) co_return;
  if (authenticated && !environment_->guard.lets_in(user_id)) {
    count(Rejection::kBlocked);
    close(im::kUserIsBlocked, {}, {});
    co_return;
  }
  if (!authenticated) {
    refuse_sign_in(request.request_id(), authenticated.error());
    co_return;
  }
  const im::SignedIn& signed_in = authenticated->signed_in;
  permissions_ = authenticated->permissions;
  session.caller = {signed_in.user.id, device_type, environment_->registry.draw_session_id(),
                    extensions};
  session.password_version = signed_in.password_version;
  session.signed_in_at = environment_->domain.context().now();
  open_session(request.request_id(), session, signed_in);
  if (session_ && in.has_location()) {
    // A place that is none keeps nobody out.
    (void)environment_->domain.locations.update(
        session.caller, {in.location().latitude(), in.location().longitude()});
  }
}

void Connection::refuse_sign_in(int64_t request_id, const im::Failure& failure) {
  count(Rejection::kSignInFailed);
  answer(request_id, number(failure.code), failure.reason);
  if (is_guess(failure.code) && ++failed_sign_ins_ >= kMaxFailedSignIns) {
    close(CloseStatus::kIllegalRequest, number(im::Code::kTooFrequent), "Too many failed sign-ins");
  }
}

void Connection::open_session(int64_t request_id, Session session, const im::SignedIn& signed_in) {
  const auto& logins = environment_->config.device_logins;
  auto conflicts = logins.conflicts_of(session.caller.device_type);
  if (logins.conflict == DeviceLogins::Conflict::kDisconnectLoggingInDevice &&
      environment_->registry.is_signed_in(session.caller.user_id, conflicts)) {
    count(Rejection::kSignInFailed);
    answer(request_id, number(im::Code::kSessionDeclined));
    return;
  }
  session_ = session;
  environment_->registry.sign_in(*this, session, std::move(conflicts));
  watch_activity();

  proto::TurmsNotification opened = notification_now();
  auto& out = *opened.mutable_data()->mutable_user_session();
  out.set_session_id(std::to_string(session.caller.client_session_id()));
  out.set_server_id(environment_->config.server_id);
  if (session.is_named) out.set_user_id(session.caller.user_id.value);
  if (signed_in.token) {
    token_ = signed_in.token->hash;
    if (!signed_in.token->token.empty()) out.set_session_token(signed_in.token->token);
    out.set_session_token_expiration_date(signed_in.token->expiration_date.unix_ms);
  }
  send(opened);
  answer(request_id, number(im::Code::kOk));
}

Task<void> Connection::handle_sign_out() {
  // Without a session it means nothing, and a sign-in may still follow.
  if (!session_ && !departed_) co_return;
  if (token_) {
    const UserId user = session_ ? session_->caller.user_id : departed_->user_id;
    auto revoked = co_await environment_->domain.session_tokens.revoke(user, *token_);
    if (!revoked) log::warn("a session token was not revoked: {}", revoked.error().message);
  }
  // What waits behind it does not take effect, also when the client is gone already.
  pending_.clear();
  close(CloseStatus::kDisconnectedByClient);
  answered_ = number(im::Code::kOk);
}

}  // namespace turms::gateway
