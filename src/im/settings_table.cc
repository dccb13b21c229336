#include "im/settings_table.h"

#include "im/sample_data.h"

namespace turms::im {

const config::Table<Settings>& settings_table() {
  static const config::Table<Settings> all = [] {
    config::Table<Settings> table(config::Change::kAtRunTime);
    table
        .time("turms.gateway.session.token-lifetime-seconds",
              config::path(&Settings::session, &Settings::Session::token_lifetime), 1s, 0,
              config::kYearInSeconds,
              "How long a client that knows our extensions may sign in again without its password, "
              "counted from the last time. 0: never.")
        .declare(config::flag("turms.service.fake.enabled", "false",
                              "Fill a store without users with upstream's data for development, "
                              "among it users whose password is 123."))
        .at_start()
        .declare(config::number("turms.service.fake.user-count", "1000", SampleData::kMinUsers,
                                SampleData::kMaxUsers, "Users of that data."))
        .at_start()
        .include(&Settings::message, message_table())
        .include(&Settings::group, group_table())
        .include(&Settings::group_notifications, group_notification_table())
        .include(&Settings::people, people_table())
        .include(&Settings::location, location_table())
        .include(&Settings::conversation, conversation_table());
    return table;
  }();
  return all;
}

}  // namespace turms::im
