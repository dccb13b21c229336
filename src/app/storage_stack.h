#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/config.h"
#include "app/data_directory.h"
#include "base/result.h"
#include "im/domain.h"
#include "im/storage.h"
#include "net/loop.h"

namespace turms::net {
class HttpServer;
}
namespace turms::storage {
class FileStore;
class S3Store;
struct Settings;
}  // namespace turms::storage

namespace turms::app {

/// Stored files as the configuration wants them: the built-in store with its routes on `http`, or
/// S3, and im::Storage over it, which it calls now and then. Lives on the loop's thread. The loop
/// outlives it, and it outlives `http`; close() comes before the domain's end.
class StorageStack {
 public:
  /// Who may take the place of a store.
  using Wrap = std::function<im::ObjectStore&(im::ObjectStore&)>;
  /// `local_url`: of the HTTP port, as clients may reach it.
  static Result<std::unique_ptr<StorageStack>> start(
      net::Loop& loop, net::HttpServer& http, const Config& config, const DataDirectory& data,
      im::Domain& domain, const im::Clock& clock, const std::string& local_url, const Wrap& wrap);
  ~StorageStack();

  im::Storage& storage() { return *storage_; }
  /// While the domain is still there. What waits for S3 fails now.
  void close();

 private:
  explicit StorageStack(net::Loop& loop);
  Result<im::ObjectStore*> open_files(net::Loop& loop, net::HttpServer& http,
                                      const storage::Settings& settings, const DataDirectory& data,
                                      const im::Clock& clock, const std::string& local_url);
  Result<im::ObjectStore*> open_s3(net::Loop& loop, storage::Settings settings,
                                   const im::Clock& clock);
  Task<void> make_buckets();
  /// Until it is time for im::Storage::tick() again.
  void wait();

  net::Timer timer_;
  std::unique_ptr<storage::FileStore> files_;
  std::unique_ptr<storage::S3Store> s3_;
  std::unique_ptr<im::Storage> storage_;
};

}  // namespace turms::app
