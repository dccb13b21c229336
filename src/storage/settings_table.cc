#include "storage/settings_table.h"

namespace turms::storage {
namespace {

using config::path;

config::Table<S3Store::Options> s3_table() {
  using Options = S3Store::Options;
  const std::string prefix = "turms.service.storage.s3.";
  config::Table<Options> table(config::Change::kAtStart);
  table
      .text(prefix + "endpoint", &Options::endpoint,
            "Keep files in an S3 service in place of the built-in store: its URL, as clients reach "
            "it too, without a bucket: https://s3.example.com.")
      .text(prefix + "region", path(&Options::credentials, &AwsCredentials::region), "Its region.")
      .text(prefix + "access-key", path(&Options::credentials, &AwsCredentials::access_key),
            "Its access key.")
      .text(prefix + "secret-key", path(&Options::credentials, &AwsCredentials::secret_key),
            "Its secret key.")
      .secret()
      .text(prefix + "bucket-prefix", &Options::bucket_prefix,
            "Put before the names of the buckets: user-profile-picture, group-profile-picture and "
            "message-attachment.");
  return table;
}

}  // namespace

const config::Table<Settings>& settings_table() {
  static const config::Table<Settings> table = [] {
    config::Table<Settings> made(config::Change::kAtStart);
    made.flag("turms.service.storage.enabled", &Settings::enabled,
              "Keep pictures and attachments. Without, requests about them answer 6000.")
        .text("turms.service.storage.directory", &Settings::directory,
              "Where the built-in store keeps its files; relative paths count from the data "
              "directory. Empty: storage there.")
        .text("turms.service.storage.base-url", &Settings::base_url,
              "Where clients reach the built-in store, when that is not http://HOST:PORT/storage "
              "of the HTTP port: behind a proxy, https://chat.example.com/storage.")
        .include(&Settings::s3, s3_table());
    return made;
  }();
  return table;
}

}  // namespace turms::storage
