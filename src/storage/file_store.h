#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "im/ports/clock.h"
#include "im/ports/storage.h"
#include "storage/file_io.h"
#include "storage/tickets.h"

namespace turms::storage {

/// A file of the store, opened for reading. Used on one thread at a time.
class StoredFile {
 public:
  explicit StoredFile(int fd) : fd_(fd) {}
  ~StoredFile();
  StoredFile(const StoredFile&) = delete;
  StoredFile& operator=(const StoredFile&) = delete;

  /// Null when there is none, or it cannot be read.
  static std::shared_ptr<StoredFile> open(const std::filesystem::path& path);
  /// Less than asked for at the end, or when the disk fails.
  [[nodiscard]] Bytes read(uint64_t at, size_t size) const;
  [[nodiscard]] uint64_t size() const { return size_; }
  /// Changes with the content.
  [[nodiscard]] const std::string& etag() const { return etag_; }

 private:
  int fd_;
  uint64_t size_ = 0;
  std::string etag_;
};

/// A file on its way into the store: nobody sees it before finish(), and without that it goes away.
/// Used on one thread at a time.
class IncomingFile {
 public:
  explicit IncomingFile(std::filesystem::path temporary) : temporary_(std::move(temporary)) {}
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  /// kResourceExhausted: the disk is full.
  Status write(ByteView data);
  /// Makes it durable, then puts it in place of what was there.
  Status finish(const std::filesystem::path& path);

 private:
  Status open();

  const std::filesystem::path temporary_;
  int fd_ = -1;
};

/// The built-in store: files below one directory, each at a name that only the server knows
/// (Tickets::file_name). They come and go over HTTP (file_routes.h), as the tickets allow. Lives on
/// the control thread; files are touched on the threads of its FileIo.
class FileStore final : public im::ObjectStore {
 public:
  struct Options {
    std::filesystem::path directory;
    /// Where clients reach the routes: "http://host:7880/storage".
    std::string base_url;
    /// The path of that; what a page of this server's own origin uses.
    std::string path = "/storage";
  };

  /// Makes the directory (mode 0700) and, at first use, its secret; removes uploads that were cut.
  static Result<std::unique_ptr<FileStore>> open(Options options, const im::Clock& clock,
                                                 Post post);

  /// Where the store below `directory` keeps an object, whether or not a server uses it. Changes
  /// nothing. kNotFound when there is no such object.
  static Result<std::filesystem::path> locate(const std::filesystem::path& directory,
                                              const im::ResourceKey& key);

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

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Tickets& tickets() const { return tickets_; }
  [[nodiscard]] WallTime now() const { return clock_.now(); }
  FileIo& io() { return io_; }
  FileIo& pictures() { return pictures_; }

  [[nodiscard]] std::filesystem::path path_of(const im::ResourceKey& key) const;
  /// Where its small picture is kept once it was made.
  [[nodiscard]] std::filesystem::path thumbnail_of(const im::ResourceKey& key) const;
  /// A new name each time.
  [[nodiscard]] std::shared_ptr<IncomingFile> new_file() const;

 private:
  FileStore(Options options, Bytes secret, const im::Clock& clock, const Post& post);

  const Options options_;
  const Tickets tickets_;
  const im::Clock& clock_;
  FileIo io_;
  /// One, so that decoding takes one core at most.
  FileIo pictures_;
};

}  // namespace turms::storage
