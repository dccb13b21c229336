#include "storage/file_routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "net/http_server.h"
#include "net/text.h"
#include "storage/byte_range.h"
#include "storage/escape.h"
#include "storage/picture_type.h"
#include "storage/thumbnail.h"
#include "storage/upload.h"

namespace turms::storage {
namespace {

/// A form may be so much larger than its file.
constexpr size_t kFormOverhead = 256 * 1024;
constexpr size_t kPiece = 256 * 1024;
/// Of all files; the policy of each says less.
constexpr size_t kMaxFile = size_t{1} << 40;
/// Pictures that wait to be made small; more are refused.
constexpr size_t kMaxThumbnailsWaiting = 256;

net::HttpResponse refusal(int status, std::string_view why) {
  return net::HttpResponse::text(status, std::string(why) + "\n");
}

/// A part of a file, read on the store's threads.
class FileSource final : public net::HttpBodySource {
 public:
  FileSource(FileIo& io, std::shared_ptr<StoredFile> file, ByteRange range)
      : io_(io), file_(std::move(file)), range_(range), next_(range.first) {}

  uint64_t size() const override { return range_.size; }
  void read(std::function<void(SharedBytes)> done) override {
    const uint64_t left = range_.first + range_.size - next_;
    const auto size = static_cast<size_t>(std::min<uint64_t>(left, kPiece));
    auto piece = std::make_shared<Bytes>();
    io_.run([piece, file = file_, at = next_, size] { *piece = file->read(at, size); },
            [piece, done = std::move(done)] { done(SharedBytes::of(std::move(*piece))); });
    next_ += size;
  }

 private:
  FileIo& io_;
  const std::shared_ptr<StoredFile> file_;
  const ByteRange range_;
  uint64_t next_;
};

/// What is found behind a URL.
struct Found {
  std::shared_ptr<StoredFile> file;
  const char* picture = nullptr;
};

net::HttpHeaders headers_of(const Found& found, const im::ResourceKey& key, std::string_view name) {
  net::HttpHeaders headers = {
      {"Content-Type", found.picture == nullptr ? "application/octet-stream" : found.picture},
      {"X-Content-Type-Options", "nosniff"},
      {"Content-Security-Policy", "default-src 'none'; sandbox"},
      {"Cross-Origin-Resource-Policy", "cross-origin"},
      {"Cache-Control",
       key.type == im::ResourceType::kMessageAttachment ? "private, max-age=300" : "no-cache"},
      {"ETag", found.file->etag()},
      {"Accept-Ranges", "bytes"}};
  if (found.picture == nullptr) headers.add("Content-Disposition", saved_as(name));
  return headers;
}

bool matches(std::string_view list, std::string_view etag) {
  return net::has_token(list, etag) || net::trim(list) == "*";
}

void send_file(FileStore& store, const Found& found, const im::ResourceKey& key,
               const net::HttpRequest& request, net::HttpExchange exchange) {
  net::HttpResponse response;
  const std::string_view name = request.query_value("name").value_or("");
  response.headers = headers_of(found, key, name);
  if (matches(request.headers.combined("If-None-Match"), found.file->etag())) {
    response.status = 304;
    return exchange.send(std::move(response));
  }
  ByteRange range{0, found.file->size()};
  const auto unchanged = request.header("If-Range");
  if (!unchanged || *unchanged == found.file->etag()) {
    switch (parse_range(request.header("Range").value_or(""), found.file->size(), range)) {
      case RangeVerdict::kWhole:
        break;
      case RangeVerdict::kPart:
        response.status = 206;
        response.headers.add("Content-Range",
                             fmt::format("bytes {}-{}/{}", range.first,
                                         range.first + range.size - 1, found.file->size()));
        break;
      case RangeVerdict::kUnsatisfiable:
        response = refusal(416, "no such range");
        response.headers.add("Content-Range", fmt::format("bytes */{}", found.file->size()));
        return exchange.send(std::move(response));
    }
  }
  exchange.send(std::move(response), std::make_shared<FileSource>(store.io(), found.file, range));
}

/// What `work` finds is sent, or 404.
void find_and_send(FileStore& store, FileIo& io, im::ResourceKey key, net::HttpRequest request,
                   net::HttpExchange exchange, std::function<std::shared_ptr<StoredFile>()> open) {
  struct Call {
    Found found;
    net::HttpRequest request;
    net::HttpExchange exchange;
  };
  auto call = std::make_shared<Call>(Call{{}, std::move(request), std::move(exchange)});
  io.run(
      [call, open = std::move(open)] {
        call->found.file = open();
        if (!call->found.file) return;
        call->found.picture = picture_type(call->found.file->read(0, kPictureTypeBytes));
      },
      [call, &store, key] {
        if (!call->found.file) return call->exchange.send(refusal(404, "not found"));
        send_file(store, call->found, key, call->request, std::move(call->exchange));
      });
}

/// The object that a path names, without ever being a path of ours: BUCKET/ID.
std::optional<im::ResourceKey> key_of(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto type = parse_bucket(path.substr(0, slash));
  const auto id = parse_decimal(path.substr(slash + 1));
  if (!type || !id) return std::nullopt;
  return im::ResourceKey{*type, *id};
}

void download(FileStore& store, std::string_view path, net::HttpRequest request,
              net::HttpExchange exchange) {
  const auto key = key_of(path);
  if (!key) return exchange.send(refusal(404, "not found"));
  if (key->type == im::ResourceType::kMessageAttachment) {
    const auto expires = parse_decimal(request.query_value("expires").value_or(""));
    const Status allowed =
        expires ? store.tickets().verify_download(
                      *key, request.query_value("name").value_or(""), WallTime{*expires},
                      request.query_value("signature").value_or(""), store.now())
                : Status(fail(ErrorCode::kPermissionDenied, "the link is not complete"));
    if (!allowed) return exchange.send(refusal(403, allowed.error().message));
  }
  if (request.query_value("small") != "1") {
    return find_and_send(store, store.io(), *key, std::move(request), std::move(exchange),
                         [file = store.path_of(*key)] { return StoredFile::open(file); });
  }
  if (store.pictures().waiting() >= kMaxThumbnailsWaiting) {
    return exchange.send(refusal(503, "too much to do"));
  }
  find_and_send(store, store.pictures(), *key, std::move(request), std::move(exchange),
                [file = store.path_of(*key), small = store.thumbnail_of(*key),
                 made = store.new_file()] { return open_thumbnail(file, small, *made); });
}

std::shared_ptr<net::HttpBodySink> upload(FileStore& store, std::string_view path,
                                          const net::HttpRequest& request,
                                          net::HttpExchange exchange) {
  const auto type = parse_bucket(path);
  const auto boundary =
      MultipartParser::parse_boundary(request.header("Content-Type").value_or(""));
  if (!type) {
    exchange.send(refusal(404, "not found"));
  } else if (!boundary) {
    exchange.send(refusal(415, "a multipart form is wanted"));
  } else {
    return std::make_shared<Upload>(store, *type, *boundary, std::move(exchange));
  }
  return nullptr;
}

}  // namespace

void serve_files(net::HttpServer& server, FileStore& store) {
  const std::string prefix = store.options().path + "/";
  const auto rest = [size = prefix.size()](const net::HttpRequest& request) {
    return std::string_view(request.path).substr(size);
  };
  net::route_stream(server, "POST", prefix,
                    [&store, rest](net::HttpRequest request, net::HttpExchange exchange) {
                      return upload(store, rest(request), request, std::move(exchange));
                    },
                    {.max_body_bytes = kMaxFile + kFormOverhead, .any_origin = true});
  net::route_stream(
      server, "GET", prefix,
      [&store, rest](net::HttpRequest request,
                     net::HttpExchange exchange) -> std::shared_ptr<net::HttpBodySink> {
        const std::string path(rest(request));
        download(store, path, std::move(request), std::move(exchange));
        return nullptr;
      },
      {.max_body_bytes = 0, .any_origin = true});
}

}  // namespace turms::storage
