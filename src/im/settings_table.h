#pragma once

#include <string>
#include <utility>

#include "base/config_table.h"
#include "im/meetings.h"
#include "im/settings.h"
#include "im/storage.h"

namespace turms::im {

/// The keys of the chat, with upstream's names and defaults.
const config::Table<Settings>& settings_table();
const config::Table<MeetingSettings>& meeting_table();
const config::Table<StorageSettings>& storage_table();

// Those of its parts.
config::Table<Settings::Message> message_table();
config::Table<Settings::Conversation> conversation_table();
config::Table<Settings::People> people_table();
config::Table<Settings::Location> location_table();
config::Table<Settings::Group> group_table();
config::Table<Settings::GroupNotifications> group_notification_table();

/// Of an attribute or setting that clients may keep.
inline constexpr int64_t kLongestName = 200;

}  // namespace turms::im
