#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "store/mongo/bson.h"

namespace turms::store {

/// Where the documents of a dump go, one at a time. An error ends the reading.
using TakeDocument =
    std::function<Status(std::string_view collection, const bson::Document& document)>;

/// What `mongodump` writes, in pieces of any size. Sans-IO. Holds one document and one piece at
/// most. kInvalidArgument, with the byte where it was, for what is no dump.
class DumpReader {
 public:
  /// A file of one collection (`NAME.bson`): documents one after the other.
  static DumpReader of_collection(std::string collection, TakeDocument take);
  /// An archive (`--archive`): a number, a header, the list of collections, then blocks of
  /// documents, each of one collection, in any order.
  static DumpReader of_archive(TakeDocument take);

  Status feed(ByteView piece);
  /// After the last piece. kInvalidArgument when something is missing.
  [[nodiscard]] Status finish() const;

  /// The first four bytes of an archive.
  static constexpr uint32_t kArchiveMagic = 0x8199e26d;

 private:
  enum class State : uint8_t { kMagic, kHeader, kCollections, kBlock, kDocuments, kCollection };

  DumpReader(State state, std::string collection, TakeDocument take)
      : state_(state), collection_(std::move(collection)), take_(std::move(take)) {}

  /// How much of `rest` was taken; 0: more is needed.
  Result<size_t> step(ByteView rest);
  Status take_document(const bson::Document& document);
  Status end_of_list();
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;

  State state_;
  std::string collection_;
  TakeDocument take_;
  Bytes buffer_;
  uint64_t position_ = 0;
};

/// Reads a dump: an archive, or a directory of `NAME.bson` files, or of a directory of them for
/// each database; plain or compressed with gzip. Errors name the file.
Status read_dump(const std::filesystem::path& dump, const TakeDocument& take);

}  // namespace turms::store
