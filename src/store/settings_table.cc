#include "store/settings_table.h"

namespace turms::store {
namespace {

Status check_url(std::string_view key, std::string_view value) {
  constexpr std::string_view kScheme = Settings::kSqliteScheme;
  if (value.empty() || (value.starts_with(kScheme) && value.size() > kScheme.size())) return {};
  return config::must_be(key, "sqlite:PATH", value);
}

}  // namespace

const config::Table<Settings>& settings_table() {
  using config::path;
  static const config::Table<Settings> table = [] {
    config::Table<Settings> made(config::Change::kAtStart);
    made.text(
            "store.url", &Settings::url,
            "Where messages are kept: sqlite:PATH, relative paths from the data directory. Empty: "
            "turms.db there.",
            check_url)
        .number("turms.security.password.argon2.memory-kib",
                path(&Settings::passwords, &HashParameters::memory_kib), 8, 1048576,
                "KiB of memory that hashing a password takes (Argon2id). A password hashed with "
                "other parameters is hashed anew when its user signs in.")
        .number("turms.security.password.argon2.passes",
                path(&Settings::passwords, &HashParameters::passes), 1, 100,
                "Passes over that memory.");
    return made;
  }();
  return table;
}

}  // namespace turms::store
