#include "storage/picture_type.h"

#include <string_view>

namespace turms::storage {

const char* picture_type(ByteView beginning) {
  using std::string_view_literals::operator""sv;
  const std::string_view text = as_text(beginning);
  if (text.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
  if (text.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (text.starts_with("GIF87a"sv) || text.starts_with("GIF89a"sv)) return "image/gif";
  if (text.starts_with("RIFF"sv) && text.size() >= 12 && text.substr(8, 4) == "WEBP"sv) {
    return "image/webp";
  }
  return nullptr;
}

bool is_picture_type(std::string_view media_type) {
  return media_type == "image/png" || media_type == "image/jpeg" || media_type == "image/gif" ||
         media_type == "image/webp";
}

}  // namespace turms::storage
