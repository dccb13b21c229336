#include "store/sqlite/configuration.h"

namespace turms::store {

im::Stored<im::None> Configuration::change(
    std::map<std::string, std::optional<std::string>> changes, bool all) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    if (all) connection.execute("delete from changed_setting");
    Statement upsert = connection.prepare(
        "insert into changed_setting (key, value) values (?, ?) "
        "on conflict (key) do update set value = excluded.value");
    Statement erase = connection.prepare("delete from changed_setting where key = ?");
    for (const auto& [key, value] : changes) {
      if (value) {
        upsert.bind(key, *value).run();
        upsert.reset();
      } else {
        erase.bind(key).run();
        erase.reset();
      }
    }
    return im::None{};
  });
}

std::map<std::string, std::string> Configuration::load(Connection& connection) {
  std::map<std::string, std::string> all;
  Statement select = connection.prepare("select key, value from changed_setting");
  while (select.step()) {
    std::string key = select.text();
    all.emplace(std::move(key), select.text());
  }
  return all;
}

}  // namespace turms::store
