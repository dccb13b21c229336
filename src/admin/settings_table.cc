#include "admin/settings_table.h"

namespace turms::admin {

const config::Table<ApiConfig>& settings_table() {
  static const config::Table<ApiConfig> table = [] {
    config::Table<ApiConfig> made(config::Change::kAtStart);
    made.time("admin.audit_log.retention_days", &ApiConfig::audit_retention, 24h, 1, 36500,
              "How long the audit log of the admin API keeps what was changed.")
        .number("admin.audit_log.max_entries", &ApiConfig::audit_max_entries, 1000, 100000000,
                "Entries of the audit log; above, the oldest are forgotten.")
        .number("turms.service.admin-api.rate-limiting.capacity", &ApiConfig::requests_at_once, 1,
                1000000, "Requests to the admin API that one address may send at once.")
        .number("turms.service.admin-api.rate-limiting.tokens-per-period",
                &ApiConfig::requests_per_second, 1, 1000000,
                "Requests that it may send more each second.");
    return made;
  }();
  return table;
}

}  // namespace turms::admin
