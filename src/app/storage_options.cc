#include "app/storage_options.h"

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <deque>
#include <string>

#include "app/config.h"
#include "im/media_type.h"

namespace turms::app {
namespace {

constexpr int64_t kText = 4096;
constexpr int64_t kWeek = 7 * 24 * 3600;
constexpr int64_t kLargestFile = int64_t{1} << 40;
constexpr const char* kPrefix = "turms.service.storage.";

Status check_media_type(std::string_view key, std::string_view value) {
  if (im::MediaType::parse(value)) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{} must be a media type like image/png, image/* or */*, not '{}'", key, value));
}

struct Resource {
  std::string_view name;
  /// What its help calls it.
  std::string_view what;
  im::ResourceSettings im::StorageSettings::*field;
};
constexpr auto kResources = std::to_array<Resource>({
    {"user-profile-picture", "a user's picture", &im::StorageSettings::user_picture},
    {"group-profile-picture", "a group's picture", &im::StorageSettings::group_picture},
    {"message-attachment", "an attachment", &im::StorageSettings::attachment},
});

struct Number {
  std::string_view name;
  std::string_view help;  // {}: what
  int64_t min;
  int64_t max;
  int64_t (*get)(const im::ResourceSettings& settings);
  void (*set)(im::ResourceSettings& settings, int64_t value);
};

int64_t seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

constexpr auto kNumbers = std::to_array<Number>({
    {"min-size-bytes", "Smallest size of {}.", 0, kLargestFile,
     [](const im::ResourceSettings& settings) { return settings.min_bytes; },
     [](im::ResourceSettings& settings, int64_t value) { settings.min_bytes = value; }},
    {"max-size-bytes", "Largest size of {}; 0: no limit.", 0, kLargestFile,
     [](const im::ResourceSettings& settings) { return settings.max_bytes; },
     [](im::ResourceSettings& settings, int64_t value) { settings.max_bytes = value; }},
    {"upload-url-expire-after-seconds", "How long leave to upload {} is good for.", 1, kWeek,
     [](const im::ResourceSettings& settings) { return seconds_of(settings.upload_lifetime); },
     [](im::ResourceSettings& settings, int64_t value) {
       settings.upload_lifetime = std::chrono::seconds(value);
     }},
    {"download-url-expire-after-seconds", "How long a link to {} is good for, where links expire.",
     1, kWeek,
     [](const im::ResourceSettings& settings) { return seconds_of(settings.download_lifetime); },
     [](im::ResourceSettings& settings, int64_t value) {
       settings.download_lifetime = std::chrono::seconds(value);
     }},
});

constexpr const char* kExpiry = "turms.service.storage.message-attachment.expire-after-days";
constexpr const char* kMaxCount = "turms.service.storage.message-attachment.max-count-per-user";

std::string key_of(const Resource& resource, std::string_view name) {
  return fmt::format("{}{}.{}", kPrefix, resource.name, name);
}

/// Lives as long as the options do.
std::string_view keep(std::string text) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::move(text));
}

void add_options_of(const Resource& resource, std::vector<Option>& made) {
  const im::ResourceSettings defaults = im::StorageSettings().*resource.field;
  Option type{keep(key_of(resource, "allowed-content-type")),
              OptionType::kText,
              keep(defaults.allowed_content_type),
              0,
              kText,
              keep(fmt::format("What {} may be: a media type, TYPE/* or */*.", resource.what))};
  type.check = check_media_type;
  made.push_back(type);
  for (const Number& number : kNumbers) {
    made.push_back({keep(key_of(resource, number.name)), OptionType::kInt,
                    keep(std::to_string(number.get(defaults))), number.min, number.max,
                    keep(fmt::format(fmt::runtime(number.help), resource.what))});
  }
}

}  // namespace

std::vector<Option> storage_options() {
  const auto text = [](std::string_view key, std::string_view fallback, std::string_view help) {
    return Option{key, OptionType::kText, fallback, 0, kText, help};
  };
  std::vector<Option> made{
      {"turms.service.storage.enabled", OptionType::kBool, "true", 0, 0,
       "Keep pictures and attachments. Without, requests about them answer 6000."},
      text("turms.service.storage.directory", "",
           "Where the built-in store keeps its files; relative paths count from the data "
           "directory. Empty: storage there."),
      text("turms.service.storage.base-url", "",
           "Where clients reach the built-in store, when that is not http://HOST:PORT/storage of "
           "the HTTP port: behind a proxy, https://chat.example.com/storage."),
      text("turms.service.storage.s3.endpoint", "",
           "Keep files in an S3 service in place of the built-in store: its URL, as clients reach "
           "it too, without a bucket: https://s3.example.com."),
      text("turms.service.storage.s3.region", "us-east-1", "Its region."),
      text("turms.service.storage.s3.access-key", "", "Its access key."),
      text("turms.service.storage.s3.secret-key", "", "Its secret key."),
      text("turms.service.storage.s3.bucket-prefix", "",
           "Put before the names of the buckets: user-profile-picture, group-profile-picture and "
           "message-attachment."),
      {kExpiry, OptionType::kInt, "30", 0, 36500,
       "Attachments are removed so many days after they were made; 0: never."},
      {kMaxCount, OptionType::kInt, "10000", 0, 100'000'000,
       "Attachments that are kept for one user; 0: no limit."},
  };
  for (Option& option : made) option.secret = option.key.ends_with(".secret-key");
  for (const Resource& resource : kResources) add_options_of(resource, made);
  return made;
}

im::StorageSettings read_storage_options(const Config& config) {
  im::StorageSettings settings;
  for (const Resource& resource : kResources) {
    im::ResourceSettings& of = settings.*resource.field;
    const auto type = im::MediaType::parse(config.text(key_of(resource, "allowed-content-type")));
    if (type) of.allowed_content_type = type->to_string();
    for (const Number& number : kNumbers) {
      number.set(of, config.number(key_of(resource, number.name)));
    }
  }
  const int64_t days = config.number(kExpiry);
  if (days > 0) settings.attachment.lifetime = std::chrono::hours(24 * days);
  settings.attachment.max_count_per_user = config.number(kMaxCount);
  return settings;
}

}  // namespace turms::app
