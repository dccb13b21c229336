#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/http_exchange.h"
#include "storage/file_store.h"
#include "storage/multipart.h"
#include "storage/picture_type.h"

namespace turms::storage {

/// One form that is being posted. Its file is written on the store's threads, one piece after the
/// other, while the next ones come.
class Upload final : public net::HttpBodySink,
                     public MultipartParser::Handler,
                     public std::enable_shared_from_this<Upload> {
 public:
  static constexpr size_t kMaxFields = 40;
  static constexpr size_t kMaxFieldBytes = 16 * 1024;
  /// Received and not yet given to the disk; above, the connection is not read. As much may be on
  /// its way to the disk.
  static constexpr size_t kMaxPending = 256 * 1024;

  Upload(FileStore& store, im::ResourceType type, std::string_view boundary,
         net::HttpExchange exchange);
  ~Upload() override;

  bool on_body(ByteView piece) override;
  void on_body_end() override;

  bool on_part(MultipartParser::Part part) override;
  bool on_data(ByteView data) override;
  bool on_part_end() override;

 private:
  void refuse(int status, std::string why);
  [[nodiscard]] std::string_view field(std::string_view name) const;
  /// Looks at the fields before the file.
  bool begin_file();
  void write_pending();
  void written(const Status& status);
  void finish();

  FileStore& store_;
  const im::ResourceType type_;
  net::HttpExchange exchange_;
  MultipartParser parser_;
  bool answered_ = false;

  std::vector<std::pair<std::string, std::string>> fields_;
  size_t field_bytes_ = 0;
  bool in_file_ = false;
  bool file_ended_ = false;

  std::optional<im::UploadTerms> terms_;
  std::shared_ptr<IncomingFile> file_;
  int64_t size_ = 0;
  std::string beginning_;  // at most kPictureTypeBytes
  Bytes pending_;
  bool writing_ = false;
  bool full_ = false;
  bool body_ended_ = false;
};

}  // namespace turms::storage
