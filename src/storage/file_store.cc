#include "storage/file_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/task.h"
#include "storage/escape.h"

namespace turms::storage {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kIoThreads = 2;
constexpr const char* kIncoming = "incoming";

Error system_error(const char* what, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return {full ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
          fmt::format("{}: {}", what, std::strerror(number))};
}

Status sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("open", errno));
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return std::unexpected(system_error("fsync", failed));
  return {};
}

/// With those above it; durable.
Status make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return {};
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    if (Status status = make_directory(directory.parent_path()); !status) return status;
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    const Error failed = system_error("mkdir", errno);
    return fail(failed.code, directory.string() + ": " + failed.message);
  }
  return sync_directory(directory.has_parent_path() ? directory.parent_path() : ".");
}

std::optional<Bytes> read_secret(const StoredFile& file) {
  auto secret = from_hex(as_text(file.read(0, 2 * kSecretBytes)));
  if (!secret || secret->size() != kSecretBytes) return std::nullopt;
  return secret;
}

std::filesystem::path below(const std::filesystem::path& directory, const Tickets& tickets,
                            const im::ResourceKey& key) {
  const std::string name = tickets.file_name(key);
  return directory / im::bucket_of(key.type) / name.substr(0, 2) / name;
}

Result<Bytes> load_secret(const std::filesystem::path& path) {
  if (const auto file = StoredFile::open(path)) {
    if (auto secret = read_secret(*file)) return std::move(*secret);
    return fail(ErrorCode::kFailedPrecondition, path.string() + " is damaged");
  }
  if (std::error_code error; std::filesystem::exists(path, error) || error) {
    return fail(ErrorCode::kPermissionDenied, path.string() + " cannot be read");
  }
  Bytes secret(kSecretBytes);
  secure_random(secret);
  IncomingFile file(path.string() + ".new");
  if (Status status = file.write(as_bytes(hex(secret))); !status) {
    return std::unexpected(status.error());
  }
  if (Status status = file.finish(path); !status) return std::unexpected(status.error());
  return secret;
}

}  // namespace

StoredFile::~StoredFile() {
  ::close(fd_);
}

std::shared_ptr<StoredFile> StoredFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return nullptr;
  auto file = std::make_shared<StoredFile>(fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
  file->size_ = static_cast<uint64_t>(status.st_size);
  file->etag_ =
      fmt::format("\"{:x}-{:x}-{:x}\"", status.st_ino,
                  status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, file->size_);
  return file;
}

Bytes StoredFile::read(uint64_t at, size_t size) const {
  Bytes out(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(fd_, out.data() + done, size - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  out.resize(done);
  return out;
}

IncomingFile::~IncomingFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

Status IncomingFile::open() {
  if (fd_ >= 0) return {};
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) return std::unexpected(system_error("open", errno));
  return {};
}

Status IncomingFile::write(ByteView data) {
  if (Status status = open(); !status) return status;
  while (!data.empty()) {
    const ssize_t count = ::write(fd_, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::unexpected(system_error("write", errno));
    data = data.subspan(static_cast<size_t>(count));
  }
  return {};
}

Status IncomingFile::finish(const std::filesystem::path& path) {
  if (Status status = open(); !status) return status;
  if (::fsync(fd_) != 0) return std::unexpected(system_error("fsync", errno));
  if (Status status = make_directory(path.parent_path()); !status) return status;
  if (::rename(temporary_.c_str(), path.c_str()) != 0) {
    return std::unexpected(system_error("rename", errno));
  }
  ::close(std::exchange(fd_, -1));
  return sync_directory(path.parent_path());
}

FileStore::FileStore(Options options, Bytes secret, const im::Clock& clock, const Post& post)
    : options_(std::move(options)),
      tickets_(std::move(secret)),
      clock_(clock),
      io_(post, kIoThreads),
      pictures_(post, 1) {}

Result<std::unique_ptr<FileStore>> FileStore::open(Options options, const im::Clock& clock,
                                                   Post post) {
  if (Status status = make_directory(options.directory); !status) {
    return std::unexpected(status.error());
  }
  std::error_code error;
  std::filesystem::remove_all(options.directory / kIncoming, error);
  std::filesystem::remove(options.directory / "secret.new", error);
  if (Status status = make_directory(options.directory / kIncoming); !status) {
    return std::unexpected(status.error());
  }
  auto secret = load_secret(options.directory / "secret");
  if (!secret) return std::unexpected(secret.error());
  return std::unique_ptr<FileStore>(
      new FileStore(std::move(options), std::move(*secret), clock, post));
}

Result<std::filesystem::path> FileStore::locate(const std::filesystem::path& directory,
                                                const im::ResourceKey& key) {
  const auto file = StoredFile::open(directory / "secret");
  auto secret = file ? read_secret(*file) : std::nullopt;
  if (!secret) return fail(ErrorCode::kNotFound, directory.string() + " holds no files");
  const auto path = below(directory, Tickets(std::move(*secret)), key);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::kNotFound, "there is no such file");
  }
  return path;
}

std::filesystem::path FileStore::path_of(const im::ResourceKey& key) const {
  return below(options_.directory, tickets_, key);
}

std::filesystem::path FileStore::thumbnail_of(const im::ResourceKey& key) const {
  return path_of(key).string() + ".small";
}

std::shared_ptr<IncomingFile> FileStore::new_file() const {
  return std::make_shared<IncomingFile>(options_.directory / kIncoming / secure_random_token(32));
}

Result<im::ResourceInfo> FileStore::upload_form(const im::UploadTerms& terms) {
  const Tickets::Policy policy = tickets_.sign_upload(terms);
  const std::string bucket = std::string("/") + im::bucket_of(terms.key.type);
  return im::ResourceInfo{{"key", std::to_string(terms.key.id)},
                          {"policy", policy.policy},
                          {"signature", policy.signature},
                          {"path", options_.path + bucket},
                          {"url", options_.base_url + bucket}};
}

Result<im::ResourceInfo> FileStore::download_link(const im::DownloadTerms& terms) {
  std::string target = fmt::format("/{}/{}", im::bucket_of(terms.key.type), terms.key.id);
  if (terms.key.type == im::ResourceType::kMessageAttachment) {
    target += fmt::format("?expires={}&name={}&signature={}", terms.expiration.unix_ms,
                          uri_escape(terms.name),
                          tickets_.sign_download(terms.key, terms.name, terms.expiration));
  }
  return im::ResourceInfo{{"path", options_.path + target}, {"url", options_.base_url + target}};
}

im::Stored<std::optional<int64_t>> FileStore::find(im::ResourceKey key) {
  Completion<Result<std::optional<int64_t>>> done;
  auto size = std::make_shared<Result<std::optional<int64_t>>>();
  io_.run(
      [size, path = path_of(key)] {
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0) {
          *size = static_cast<int64_t>(status.st_size);
        } else if (errno == ENOENT) {
          *size = std::nullopt;
        } else {
          *size = std::unexpected(system_error("stat", errno));
        }
      },
      [size, set = done.setter()] { set(*size); });
  co_return co_await done;
}

im::Stored<im::None> FileStore::remove(im::ResourceKey key) {
  Completion<Result<im::None>> done;
  auto outcome = std::make_shared<Result<im::None>>(im::None{});
  io_.run(
      [outcome, path = path_of(key), thumbnail = thumbnail_of(key)] {
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
          *outcome = std::unexpected(system_error("unlink", errno));
        }
        // Afterwards: see open_thumbnail().
        ::unlink(thumbnail.c_str());
      },
      [outcome, set = done.setter()] { set(*outcome); });
  co_return co_await done;
}

}  // namespace turms::storage
