#include "app/storage_stack.h"

#include <fmt/core.h>

#include <filesystem>

#include "base/log.h"
#include "im/settings_table.h"
#include "net/http_server.h"
#include "storage/file_routes.h"
#include "storage/file_store.h"
#include "storage/s3_store.h"
#include "storage/settings_table.h"

namespace turms::app {
namespace {

constexpr Duration kTick = std::chrono::minutes(1);
constexpr const char* kPath = "/storage";

}  // namespace

StorageStack::StorageStack(net::Loop& loop) : timer_(loop) {}
StorageStack::~StorageStack() = default;

Result<std::unique_ptr<StorageStack>> StorageStack::start(
    net::Loop& loop, net::HttpServer& http, const Config& config, const DataDirectory& data,
    im::Domain& domain, const im::Clock& clock, const std::string& local_url, const Wrap& wrap) {
  std::unique_ptr<StorageStack> stack(new StorageStack(loop));
  storage::Settings settings = storage::settings_table().read(config);
  auto objects = settings.s3.endpoint.empty()
                     ? stack->open_files(loop, http, settings, data, clock, local_url)
                     : stack->open_s3(loop, std::move(settings), clock);
  if (!objects) return std::unexpected(objects.error());
  stack->storage_ = std::make_unique<im::Storage>(domain.context(), wrap(**objects),
                                                  im::storage_table().read(config));
  stack->wait();
  return stack;
}

Result<im::ObjectStore*> StorageStack::open_files(net::Loop& loop, net::HttpServer& http,
                                                  const storage::Settings& settings,
                                                  const DataDirectory& data, const im::Clock& clock,
                                                  const std::string& local_url) {
  storage::FileStore::Options options;
  options.directory =
      data.path() / (settings.directory.empty() ? std::string("storage") : settings.directory);
  options.path = kPath;
  options.base_url = settings.base_url;
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  if (options.base_url.empty()) options.base_url = local_url + kPath;
  auto files = storage::FileStore::open(std::move(options), clock,
                                        [&loop](auto function) { loop.post(std::move(function)); });
  if (!files) return std::unexpected(files.error());
  files_ = std::move(*files);
  storage::serve_files(http, *files_);
  return files_.get();
}

Result<im::ObjectStore*> StorageStack::open_s3(net::Loop& loop, storage::Settings settings,
                                               const im::Clock& clock) {
  auto s3 = storage::S3Store::open(std::move(settings.s3), loop, clock);
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
