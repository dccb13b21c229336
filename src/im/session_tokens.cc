#include "im/session_tokens.h"

#include "base/crypto.h"
#include "im/context.h"
#include "im/rights.h"

namespace turms::im {
namespace {

// Of 62 characters each: 256 bits.
constexpr size_t kTokenSize = 43;

WallTime later(WallTime time, Duration by) {
  return {time.unix_ms + to_ms(by)};
}

TokenHash hash_of(std::string_view token) {
  return sha256(as_bytes(token));
}

}  // namespace

Task<Result<IssuedToken>> SessionTokens::issue(UserId user, DeviceType device_type,
                                               int64_t password_version) {
  const Duration lifetime = context_.settings.session.token_lifetime;
  if (lifetime <= Duration::zero()) {
    co_return fail(ErrorCode::kFailedPrecondition, "session tokens are switched off");
  }
  IssuedToken issued;
  issued.token = secure_random_token(kTokenSize);
  issued.hash = hash_of(issued.token);
  SessionToken row;
  row.user_id = user;
  row.device_type = device_type;
  row.password_version = password_version;
  row.creation_date = context_.now();
  row.expiration_date = later(row.creation_date, lifetime);
  issued.expiration_date = row.expiration_date;
  auto created = co_await context_.store.session_tokens.create(
      Rights::create_session_token(user), issued.hash, std::move(row), kMaxPerUser);
  if (!created) co_return std::unexpected(created.error());
  co_return issued;
}

Task<Result<std::optional<SessionTokens::Known>>> SessionTokens::find(UserId user,
                                                                      std::string_view token) {
  if (token.size() != kTokenSize) co_return std::nullopt;
  const TokenHash hash = hash_of(token);
  auto found = co_await context_.store.session_tokens.find(hash);
  if (!found) co_return std::unexpected(found.error());
  if (!*found || (*found)->user_id != user || (*found)->expiration_date <= context_.now()) {
    co_return std::nullopt;
  }
  co_return Known{hash, std::move(**found)};
}

Task<WallTime> SessionTokens::prolong(Known known) {
  const Duration lifetime = context_.settings.session.token_lifetime;
  const WallTime until = later(context_.now(), lifetime);
  // Not a write for each sign-in.
  if (known.token.expiration_date >= later(context_.now(), lifetime - lifetime / 10)) {
    co_return known.token.expiration_date;
  }
  auto moved = co_await context_.store.session_tokens.prolong(
      Rights::prolong_session_token(known.token.user_id), known.hash, until);
  co_return moved&&* moved ? until : known.token.expiration_date;
}

Task<Result<int>> SessionTokens::revoke(UserId user, TokenHash hash) {
  return context_.store.session_tokens.revoke(Rights::revoke_session_tokens(user), hash, {});
}

Task<Result<int>> SessionTokens::revoke_all(UserId user, std::vector<DeviceType> device_types) {
  return context_.store.session_tokens.revoke(Rights::revoke_session_tokens(user), {},
                                              std::move(device_types));
}

}  // namespace turms::im
