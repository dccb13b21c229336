#include "store/mongo/dump.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace turms::store {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kTerminator = 0xffffffff;
constexpr size_t kWord = 4;
constexpr unsigned kPiece = 256 * 1024;

struct CloseFile {
  void operator()(gzFile file) const { gzclose(file); }
};
using File = std::unique_ptr<std::remove_pointer_t<gzFile>, CloseFile>;

std::unexpected<Error> in_file(const fs::path& path, const Error& error) {
  return fail(error.code, fmt::format("{}: {}", path.string(), error.message));
}

/// Plain files too.
Status read_file(const fs::path& path, DumpReader reader) {
  const File file(gzopen(path.c_str(), "rb"));
  if (!file) return fail(ErrorCode::kNotFound, fmt::format("{}: cannot be read", path.string()));
  gzbuffer(file.get(), kPiece);
  Bytes piece(kPiece);
  for (;;) {
    const int count = gzread(file.get(), piece.data(), kPiece);
    if (count < 0) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: cannot be read, or is damaged", path.string()));
    }
    if (count == 0) break;
    if (Status fed = reader.feed(ByteView(piece).first(static_cast<size_t>(count))); !fed) {
      return in_file(path, fed.error());
    }
  }
  // gzread says nothing of a file that ends too early.
  int code = Z_OK;
  gzerror(file.get(), &code);
  if (code == Z_BUF_ERROR) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: is not whole", path.string()));
  }
  if (Status whole = reader.finish(); !whole) return in_file(path, whole.error());
  return {};
}

/// The collection that a file is of; nothing for other files.
std::optional<std::string> collection_of(const fs::path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (!name.ends_with(".bson")) return std::nullopt;
  name.resize(name.size() - 5);
  return name;
}

/// Files of collections in the directory and in those below it, by name.
Result<std::vector<fs::path>> files_of(const fs::path& dump) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(dump, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() > 0 && it->is_directory(error)) it.disable_recursion_pending();
    if (it->is_regular_file(error) && collection_of(it->path())) files.push_back(it->path());
  }
  if (error) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", dump.string(), error.message()));
  }
  if (files.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: holds no .bson file of mongodump", dump.string()));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

DumpReader DumpReader::of_collection(std::string collection, TakeDocument take) {
  return {State::kCollection, std::move(collection), std::move(take)};
}

DumpReader DumpReader::of_archive(TakeDocument take) {
  return {State::kMagic, {}, std::move(take)};
}

std::unexpected<Error> DumpReader::damaged(std::string_view what) const {
  return fail(ErrorCode::kInvalidArgument, fmt::format("byte {}: {}", position_, what));
}

Status DumpReader::end_of_list() {
  if (state_ != State::kCollections && state_ != State::kDocuments) {
    return damaged("an end of nothing");
  }
  state_ = State::kBlock;
  return {};
}

Status DumpReader::take_document(const bson::Document& document) {
  switch (state_) {
    case State::kMagic:
      break;
    case State::kHeader:
      state_ = State::kCollections;
      break;
    case State::kCollections:
      break;
    case State::kBlock: {
      const auto name = document.find("collection");
      const auto text = name ? name->text() : std::nullopt;
      if (!text) return damaged("a block of no collection");
      collection_ = *text;
      state_ = State::kDocuments;
      break;
    }
    case State::kDocuments:
    case State::kCollection:
      return take_(collection_, document);
  }
  return {};
}

Result<size_t> DumpReader::step(ByteView rest) {
  if (rest.size() < kWord) return 0;
  const uint32_t word = bson::length_of(rest);
  if (state_ == State::kMagic) {
    if (word != kArchiveMagic) return damaged("is no archive of mongodump");
    state_ = State::kHeader;
    return kWord;
  }
  if (word == kTerminator && state_ != State::kCollection) {
    if (Status ended = end_of_list(); !ended) return std::unexpected(ended.error());
    return kWord;
  }
  if (word < kWord || word > bson::Document::kMaxSize) return damaged("is no BSON document");
  if (rest.size() < word) return 0;
  const auto document = bson::Document::parse(rest.first(word));
  if (!document) return damaged(document.error().message);
  if (Status taken = take_document(*document); !taken) return std::unexpected(taken.error());
  return word;
}

Status DumpReader::feed(ByteView piece) {
  buffer_.insert(buffer_.end(), piece.begin(), piece.end());
  size_t done = 0;
  for (;;) {
    const auto taken = step(ByteView(buffer_).subspan(done));
    if (!taken) return std::unexpected(taken.error());
    if (*taken == 0) break;
    done += *taken;
    position_ += *taken;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(done));
  return {};
}

Status DumpReader::finish() const {
  const bool between = state_ == State::kCollection || state_ == State::kBlock;
  if (buffer_.empty() && between) return {};
  return damaged("the dump ends in the middle");
}

Status read_dump(const fs::path& dump, const TakeDocument& take) {
  std::error_code error;
  if (!fs::is_directory(dump, error)) return read_file(dump, DumpReader::of_archive(take));
  const auto files = files_of(dump);
  if (!files) return std::unexpected(files.error());
  for (const fs::path& file : *files) {
    auto reader = DumpReader::of_collection(*collection_of(file), take);
    if (Status status = read_file(file, std::move(reader)); !status) return status;
  }
  return {};
}

}  // namespace turms::store
