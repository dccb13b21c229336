#pragma once

#include <string_view>

#include "base/bytes.h"

namespace turms::storage {

/// Bytes of a file's beginning that picture_type() wants to see.
inline constexpr size_t kPictureTypeBytes = 16;

/// The media type of a picture that every browser shows and that runs nothing: PNG, JPEG, GIF or
/// WebP, by its first bytes. Null for everything else, SVG among it.
const char* picture_type(ByteView beginning);
/// Whether it is one of these.
bool is_picture_type(std::string_view media_type);

}  // namespace turms::storage
