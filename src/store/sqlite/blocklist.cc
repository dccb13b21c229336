#include "store/sqlite/repositories.h"

namespace turms::store {

im::Stored<std::vector<im::BlockedClient>> Blocklist::load(WallTime now) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::BlockedClient>> {
        std::vector<im::BlockedClient> clients;
        Statement select =
            connection.prepare("select kind, subject, until from blocked_client where until > ?");
        select.bind(now);
        while (select.step()) {
          im::BlockedClient client;
          client.kind = select.enumeration<im::BlockedKind>();
          client.subject = select.text();
          client.until = select.time();
          clients.push_back(std::move(client));
        }
        return clients;
      });
}

im::Stored<im::None> Blocklist::put(im::Permit<im::action::BlockClients>,
                                    std::vector<im::BlockedClient> clients, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    connection.prepare("delete from blocked_client where until <= ?").bind(now).run();
    Statement upsert = connection.prepare(
        "insert into blocked_client (kind, subject, until) values (?, ?, ?) "
        "on conflict (kind, subject) do update set until = excluded.until");
    for (const im::BlockedClient& client : clients) {
      upsert.bind(client.kind, client.subject, client.until).run();
      upsert.reset();
    }
    return im::None{};
  });
}

im::Stored<im::None> Blocklist::remove(im::Permit<im::action::BlockClients>, im::BlockedKind kind,
                                       std::vector<std::string> subjects) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    Statement erase =
        connection.prepare("delete from blocked_client where kind = ? and subject = ?");
    for (const std::string& subject : subjects) {
      erase.bind(kind, subject).run();
      erase.reset();
    }
    return im::None{};
  });
}

}  // namespace turms::store
