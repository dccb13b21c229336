#include "app/storage_stack.h"

#include <fmt/core.h>

#include <filesystem>

#include "app/storage_options.h"
#include "base/log.h"
#include "net/http_server.h"
#include "storage/file_routes.h"
#include "storage/file_store.h"
#include "storage/s3_store.h"

namespace turms::app {
namespace {

constexpr Duration kTick = std::chrono::minutes(1);
constexpr const char* kPath = "/storage";

}  // namespace

StorageStack::StorageStack(net::Loop& loop) : timer_(loop) {}
StorageStack::~StorageStack() = default;

Result<std::unique_ptr<StorageStack>> StorageStack::start(
    net::Loop& loop, net::HttpServer& http, const Config& config, const DataDirectory& data,
    im::Domain& domain, const im::Clock& clock, const std::string& local_url) {
  std::unique_ptr<StorageStack> stack(new StorageStack(loop));
  auto objects = config.text("turms.service.storage.s3.endpoint").empty()
                     ? stack->open_files(loop, http, config, data, clock, local_url)
                     : stack->open_s3(loop, config, clock);
  if (!objects) return std::unexpected(objects.error());
  stack->storage_ =
      std::make_unique<im::Storage>(domain.context(), **objects, read_storage_options(config));
  stack->wait();
  return stack;
}

Result<im::ObjectStore*> StorageStack::open_files(net::Loop& loop, net::HttpServer& http,
                                                  const Config& config, const DataDirectory& data,
                                                  const im::Clock& clock,
                                                  const std::string& local_url) {
  storage::FileStore::Options options;
  const std::string& directory = config.text("turms.service.storage.directory");
  options.directory = data.path() / (directory.empty() ? std::string("storage") : directory);
  options.path = kPath;
  options.base_url = config.text("turms.service.storage.base-url");
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  if (options.base_url.empty()) options.base_url = local_url + kPath;
  auto files = storage::FileStore::open(std::move(options), clock,
                                        [&loop](auto function) { loop.post(std::move(function)); });
  if (!files) return std::unexpected(files.error());
  files_ = std::move(*files);
  storage::serve_files(http, *files_);
  return files_.get();
}

Result<im::ObjectStore*> StorageStack::open_s3(net::Loop& loop, const Config& config,
                                               const im::Clock& clock) {
  storage::S3Store::Options options;
  options.endpoint = config.text("turms.service.storage.s3.endpoint");
  options.bucket_prefix = config.text("turms.service.storage.s3.bucket-prefix");
  options.credentials.access_key = config.text("turms.service.storage.s3.access-key");
  options.credentials.secret_key = config.text("turms.service.storage.s3.secret-key");
  options.credentials.region = config.text("turms.service.storage.s3.region");
  auto s3 = storage::S3Store::open(std::move(options), loop, clock);
  if (!s3) return fail(s3.error().code, "turms.service.storage.s3: " + s3.error().message);
  s3_ = std::move(*s3);
  spawn(make_buckets());
  return s3_.get();
}

Task<void> StorageStack::make_buckets() {
  const Status made = co_await s3_->make_buckets();
  if (!made) log::warn("the buckets of the storage: {}", made.error().message);
}

void StorageStack::wait() {
  timer_.start(kTick, [this] {
    spawn(storage_->tick());
    wait();
  });
}

void StorageStack::close() {
  timer_.cancel();
  if (s3_) s3_->close();
}

}  // namespace turms::app
