#pragma once

#include <memory>
#include <string>

#include "im/ports/clock.h"
#include "im/ports/storage.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "storage/sigv4.h"

namespace turms::storage {

/// Files in an S3 service: Amazon's, MinIO, whatever speaks it. Clients post to it and get from it
/// themselves. One bucket for each type, `bucket_prefix` and upstream's name: "message-attachment";
/// they are made when they are not there. Lives on the loop's thread.
class S3Store final : public im::ObjectStore {
 public:
  struct Options {
    /// "https://s3.example.com", for us and for clients; buckets are in the path.
    std::string endpoint;
    std::string bucket_prefix;
    AwsCredentials credentials;
  };

  /// kInvalidArgument: the endpoint is no URL of a host, or the prefix is none of a bucket.
  static Result<std::unique_ptr<S3Store>> open(Options options, net::Loop& loop,
                                               const im::Clock& clock);

  /// Of a bucket that is there already nothing is changed. The first error.
  Task<Status> make_buckets();

  /// What is under way fails now, and so does what is asked afterwards.
  void close() { client_.reset(); }

  [[nodiscard]] Result<im::ResourceInfo> upload_form(const im::UploadTerms& terms);
  [[nodiscard]] Result<im::ResourceInfo> download_link(const im::DownloadTerms& terms);

  im::Stored<im::ResourceInfo> upload_info(im::UploadTerms terms) override {
    co_return upload_form(terms);
  }
  im::Stored<im::ResourceInfo> download_info(im::DownloadTerms terms) override {
    co_return download_link(terms);
  }
  im::Stored<std::optional<int64_t>> find(im::ResourceKey key) override;
  im::Stored<im::None> remove(im::ResourceKey key) override;

 private:
  S3Store(Options options, std::string host, net::Loop& loop, const im::Clock& clock)
      : options_(std::move(options)),
        host_(std::move(host)),
        signer_(options_.credentials),
        clock_(clock),
        client_(net::HttpClient::create(loop)) {}

  [[nodiscard]] std::string bucket(im::ResourceType type) const;
  [[nodiscard]] std::string url(std::string_view method, const std::string& path,
                                SigV4::Query extra, int64_t seconds) const;
  Task<Result<net::HttpResponse>> ask(std::string method, std::string path);

  const Options options_;
  const std::string host_;
  const SigV4 signer_;
  const im::Clock& clock_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace turms::storage
