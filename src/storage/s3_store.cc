#include "storage/s3_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "storage/escape.h"
#include "storage/picture_type.h"

namespace turms::storage {
namespace {

/// What S3 takes in one form.
constexpr int64_t kLargestForm = int64_t{5} * 1024 * 1024 * 1024;
/// Of a URL that we use ourselves.
constexpr int64_t kOwnSeconds = 60;
/// S3 signs for no longer.
constexpr int64_t kLongestSeconds = int64_t{7} * 24 * 3600;

int64_t seconds_until(WallTime expiration, WallTime now) {
  return std::clamp<int64_t>((expiration.unix_ms - now.unix_ms) / 1000, 1, kLongestSeconds);
}

/// "2013-08-06T12:00:00.000Z"
std::string iso_time(WallTime time) {
  const std::string stamp = SigV4::stamp(time);
  return fmt::format("{}-{}-{}T{}:{}:{}.000Z", stamp.substr(0, 4), stamp.substr(4, 2),
                     stamp.substr(6, 2), stamp.substr(9, 2), stamp.substr(11, 2),
                     stamp.substr(13, 2));
}

/// For values without control characters.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string equals(std::string_view name, std::string_view value) {
  return fmt::format("{{{}:{}}}", quoted(name), quoted(value));
}

/// What the form's Content-Type must be; every field of a form needs a condition.
std::string content_type_condition(std::string_view allowed) {
  if (!allowed.ends_with("/*")) return equals("Content-Type", allowed);
  const std::string_view prefix = allowed == "*/*" ? "" : allowed.substr(0, allowed.size() - 1);
  return fmt::format(R"(["starts-with","$Content-Type",{}])", quoted(prefix));
}

Error unexpected_status(std::string_view what, int status) {
  const bool later = status >= 500 || status == 429;
  return {later ? ErrorCode::kUnavailable : ErrorCode::kInternal,
          fmt::format("S3 answered {} to {}", status, what)};
}

}  // namespace

Result<std::unique_ptr<S3Store>> S3Store::open(Options options, net::Loop& loop,
                                               const im::Clock& clock) {
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  const size_t scheme = options.endpoint.find("://");
  const std::string host = scheme == std::string::npos ? "" : options.endpoint.substr(scheme + 3);
  const bool http =
      options.endpoint.starts_with("http://") || options.endpoint.starts_with("https://");
  if (!http || host.empty() || host.find_first_of("/?#@ ") != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument,
                "the S3 endpoint must be http://HOST[:PORT] or https://HOST[:PORT]");
  }
  if (options.bucket_prefix.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") !=
      std::string::npos) {
    return fail(ErrorCode::kInvalidArgument,
                "a bucket's name has small letters, digits, dots and hyphens only");
  }
  return std::unique_ptr<S3Store>(new S3Store(std::move(options), host, loop, clock));
}

std::string S3Store::bucket(im::ResourceType type) const {
  return options_.bucket_prefix + im::bucket_of(type);
}

std::string S3Store::url(std::string_view method, const std::string& path, SigV4::Query extra,
                         int64_t seconds) const {
  return options_.endpoint + path + "?" +
         signer_.presign(method, host_, path, std::move(extra), clock_.now(), seconds);
}

Task<Result<net::HttpResponse>> S3Store::ask(std::string method, std::string path) {
  if (!client_) co_return fail(ErrorCode::kUnavailable, "the store is closed");
  net::HttpClientRequest request;
  request.url = url(method, path, {}, kOwnSeconds);
  request.method = std::move(method);
  co_return co_await client_->fetch(request);
}

Task<Status> S3Store::make_buckets() {
  for (const auto type :
       {im::ResourceType::kUserProfilePicture, im::ResourceType::kGroupProfilePicture,
        im::ResourceType::kMessageAttachment}) {
    const std::string path = "/" + bucket(type);
    auto found = co_await ask("HEAD", path);
    if (!found) co_return std::unexpected(found.error());
    if (found->status == 200) continue;
    auto made = co_await ask("PUT", path);
    if (!made) co_return std::unexpected(made.error());
    if (made->status != 200)
      co_return std::unexpected(unexpected_status("PUT " + path, made->status));
  }
  co_return Status();
}

Result<im::ResourceInfo> S3Store::upload_form(const im::UploadTerms& terms) {
  const WallTime now = clock_.now();
  const std::string bucket_name = bucket(terms.key.type);
  const std::string key = std::to_string(terms.key.id);
  const std::string credential = signer_.credential(now);
  const std::string stamp = SigV4::stamp(now);
  const std::string policy = base64(as_bytes(fmt::format(
      R"({{"expiration":{},"conditions":[{},{},{},["content-length-range",{},{}],{},{},{}]}})",
      quoted(iso_time(terms.expiration)), equals("bucket", bucket_name), equals("key", key),
      content_type_condition(terms.content_type), terms.min_bytes,
      terms.max_bytes > 0 ? terms.max_bytes : kLargestForm,
      equals("x-amz-algorithm", SigV4::kAlgorithm), equals("x-amz-credential", credential),
      equals("x-amz-date", stamp))));
  return im::ResourceInfo{{"key", key},
                          {"policy", policy},
                          {"x-amz-algorithm", std::string(SigV4::kAlgorithm)},
                          {"x-amz-credential", credential},
                          {"x-amz-date", stamp},
                          {"x-amz-signature", signer_.sign_policy(policy, now)},
                          {"url", options_.endpoint + "/" + bucket_name}};
}

Result<im::ResourceInfo> S3Store::download_link(const im::DownloadTerms& terms) {
  // What its uploader said it is must not make a page of it; a browser shows a picture all the same
  // where a page asks for one.
  SigV4::Query extra{{"response-content-disposition", saved_as(terms.name)}};
  if (terms.key.type == im::ResourceType::kMessageAttachment) {
    extra.emplace_back("response-content-type", is_picture_type(terms.media_type)
                                                    ? terms.media_type
                                                    : "application/octet-stream");
  }
  const std::string path = fmt::format("/{}/{}", bucket(terms.key.type), terms.key.id);
  return im::ResourceInfo{
      {"url", url("GET", path, std::move(extra), seconds_until(terms.expiration, clock_.now()))}};
}

im::Stored<std::optional<int64_t>> S3Store::find(im::ResourceKey key) {
  const std::string path = fmt::format("/{}/{}", bucket(key.type), key.id);
  auto answer = co_await ask("HEAD", path);
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 404) co_return std::nullopt;
  if (answer->status != 200) co_return std::unexpected(unexpected_status("HEAD", answer->status));
  const std::string_view length = answer->headers.get("Content-Length").value_or("");
  int64_t size = 0;
  const auto [stop, error] = std::from_chars(length.data(), length.data() + length.size(), size);
  if (error != std::errc() || size < 0) {
    co_return fail(ErrorCode::kInternal, "S3 told no length of an object");
  }
  co_return size;
}

im::Stored<im::None> S3Store::remove(im::ResourceKey key) {
  const std::string path = fmt::format("/{}/{}", bucket(key.type), key.id);
  auto answer = co_await ask("DELETE", path);
  if (!answer) co_return std::unexpected(answer.error());
  const int status = answer->status;
  if (status != 204 && status != 200 && status != 404) {
    co_return std::unexpected(unexpected_status("DELETE", status));
  }
  co_return im::None{};
}

}  // namespace turms::storage
