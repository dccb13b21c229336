#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "storage/file_store.h"

namespace turms::storage {

/// Longer side of a thumbnail, in pixels.
inline constexpr int kThumbnailSide = 320;
/// A picture of more pixels is not decoded: what a small file says of its size may be a lie that
/// costs memory and time.
inline constexpr int64_t kMaxPixels = 50'000'000;
/// Nor is a larger file.
inline constexpr uint64_t kMaxPictureBytes = 32 * 1024 * 1024;

/// A JPEG of the picture, at most kThumbnailSide wide and high, upright as it is stored (EXIF is
/// left out). Nothing when it is no JPEG or PNG, damaged, or too large. Memory: a row of the
/// picture for each of a few, of interlaced PNG and progressive JPEG all of it.
std::optional<Bytes> decode_thumbnail(ByteView picture);

/// The file at `small`; made from `picture` first when it is not there, by way of `made`. Where no
/// thumbnail can be made: the picture itself. Null when that is not there either.
std::shared_ptr<StoredFile> open_thumbnail(const std::filesystem::path& picture,
                                           const std::filesystem::path& small, IncomingFile& made);

}  // namespace turms::storage
