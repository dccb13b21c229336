#include "im/media_type.h"
#include "im/settings_table.h"

namespace turms::im {
namespace {

constexpr int64_t kWeek = 7 * 24 * 3600;
constexpr int64_t kLargestFile = int64_t{1} << 40;

Status check_media_type(std::string_view key, std::string_view value) {
  if (MediaType::parse(value)) return {};
  return config::must_be(key, "a media type like image/png, image/* or */*", value);
}

/// `what`: what the help calls it.
void add_resource(config::Table<StorageSettings>& table, const std::string& name,
                  const std::string& what, ResourceSettings StorageSettings::*of) {
  using config::path;
  const std::string prefix = "turms.service.storage." + name + ".";
  table
      .add(config::text(prefix + "allowed-content-type",
                        (StorageSettings().*of).allowed_content_type,
                        "What " + what + " may be: a media type, TYPE/* or */*.", check_media_type),
           [of](StorageSettings& settings, const config::Value& value) {
             if (const auto type = MediaType::parse(value.text)) {
               (settings.*of).allowed_content_type = type->to_string();
             }
           })
      .number(prefix + "min-size-bytes", path(of, &ResourceSettings::min_bytes), 0, kLargestFile,
              "Smallest size of " + what + ".")
      .at_most_unless_zero(prefix + "max-size-bytes")
      .number(prefix + "max-size-bytes", path(of, &ResourceSettings::max_bytes), 0, kLargestFile,
              "Largest size of " + what + "; 0: no limit.")
      .time(prefix + "upload-url-expire-after-seconds",
            path(of, &ResourceSettings::upload_lifetime), 1s, 1, kWeek,
            "How long leave to upload " + what + " is good for.")
      .time(prefix + "download-url-expire-after-seconds",
            path(of, &ResourceSettings::download_lifetime), 1s, 1, kWeek,
            "How long a link to " + what + " is good for, where links expire.");
}

config::Table<StorageSettings> make_table() {
  config::Table<StorageSettings> table(config::Change::kAtRunTime);
  add_resource(table, "user-profile-picture", "a user's picture", &StorageSettings::user_picture);
  add_resource(table, "group-profile-picture", "a group's picture",
               &StorageSettings::group_picture);
  add_resource(table, "message-attachment", "an attachment", &StorageSettings::attachment);
  table
      .add(config::number("turms.service.storage.message-attachment.expire-after-days", "30", 0,
                          36500,
                          "Attachments are removed so many days after they were made; 0: never."),
           [](StorageSettings& settings, const config::Value& days) {
             settings.attachment.lifetime.reset();
             if (days.number > 0) settings.attachment.lifetime = days.number * 24h;
           })
      .add(config::number("turms.service.storage.message-attachment.max-count-per-user", "10000", 0,
                          100'000'000, "Attachments that are kept for one user; 0: no limit."),
           [](StorageSettings& settings, const config::Value& count) {
             settings.attachment.max_count_per_user = count.number;
           });
  return table;
}

}  // namespace

const config::Table<StorageSettings>& storage_table() {
  static const config::Table<StorageSettings> table = make_table();
  return table;
}

}  // namespace turms::im
