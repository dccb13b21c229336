#include <algorithm>

#include "base/check.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

/// Of anybody's expired ones, with each new one: more than are made, so that none pile up.
constexpr int kExpiredAtOnce = 4;

}  // namespace

im::Stored<std::optional<im::SessionToken>> SessionTokens::find(im::TokenHash hash) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::SessionToken>> {
        Statement select = connection.prepare(
            "select user_id, device_type, password_version, creation_date, expiration_date "
            "from session_token where hash = ?");
        if (!select.bind(ByteView(hash)).step()) return std::nullopt;
        im::SessionToken token;
        token.user_id = select.id<UserId>();
        token.device_type = select.enumeration<im::DeviceType>();
        token.password_version = select.integer();
        token.creation_date = select.time();
        token.expiration_date = select.time();
        return token;
      });
}

im::Stored<im::None> SessionTokens::create(im::Permit<im::action::CreateSessionToken> permit,
                                           im::TokenHash hash, im::SessionToken token,
                                           int max_per_user) {
  TURMS_CHECK(token.user_id == permit->user);
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    connection
        .prepare(
            "insert into session_token (hash, user_id, device_type, password_version, "
            "creation_date, expiration_date) values (?, ?, ?, ?, ?, ?)")
        .bind(ByteView(hash), token.user_id, token.device_type, token.password_version,
              token.creation_date, token.expiration_date)
        .run();
    connection
        .prepare(
            "delete from session_token where hash in (select hash from session_token "
            "where user_id = ? order by creation_date desc, hash limit -1 offset ?)")
        .bind(token.user_id, max_per_user)
        .run();
    connection
        .prepare(
            "delete from session_token where hash in (select hash from session_token "
            "where expiration_date < ? order by expiration_date limit ?)")
        .bind(token.creation_date, kExpiredAtOnce)
        .run();
    return im::None{};
  });
}

im::Stored<bool> SessionTokens::prolong(im::Permit<im::action::ProlongSessionToken> permit,
                                        im::TokenHash hash, WallTime expiration_date) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare(
        "update session_token set expiration_date = ? where hash = ? and user_id = ?");
    return update.bind(expiration_date, ByteView(hash), permit->user).run() > 0;
  });
}

im::Stored<int> SessionTokens::revoke(im::Permit<im::action::RevokeSessionTokens> permit,
                                      std::optional<im::TokenHash> hash,
                                      std::vector<im::DeviceType> device_types) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int> {
    if (hash) {
      return connection.prepare("delete from session_token where hash = ? and user_id = ?")
          .bind(ByteView(*hash), permit->user)
          .run();
    }
    if (device_types.empty()) {
      return connection.prepare("delete from session_token where user_id = ?")
          .bind(permit->user)
          .run();
    }
    int removed = 0;
    for (const im::DeviceType type : device_types) {
      removed +=
          connection.prepare("delete from session_token where user_id = ? and device_type = ?")
              .bind(permit->user, type)
              .run();
    }
    return removed;
  });
}

}  // namespace turms::store
