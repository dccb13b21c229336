#include "storage/thumbnail.h"

#include <png.h>
#include <unistd.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// After cstdio, whose types it uses.
#include <jpeglib.h>

#include "storage/picture_type.h"
#include "storage/pixels.h"

namespace turms::storage {
namespace {

/// Of those that are held in memory as a whole while they are read.
constexpr int64_t kMaxWholePixels = 16'000'000;
/// A progressive JPEG may go over all of the picture again and again.
constexpr int kMaxScans = 64;
constexpr int kQuality = 80;

bool has_sane_size(uint64_t width, uint64_t height, int64_t max_pixels) {
  return width > 0 && height > 0 && width <= 65535 && height <= 65535 &&
         width * height <= static_cast<uint64_t>(max_pixels);
}

/// libjpeg ends the program on errors unless it is jumped out of. No object with a destructor lives
/// in a frame that is jumped over.
struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf back;
};

void jump_back(j_common_ptr info) {
  std::longjmp(reinterpret_cast<JpegErrors*>(info->err)->back, 1);
}
void say_nothing(j_common_ptr /*info*/, int /*level*/) {}
void say_no_message(j_common_ptr /*info*/) {}

void catch_errors(JpegErrors& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = jump_back;
  errors.base.emit_message = say_nothing;
  errors.base.output_message = say_no_message;
}

void limit_scans(j_common_ptr info) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number > kMaxScans) jump_back(info);
}

/// Rows go to `shrinker`, made when the size is known.
bool read_jpeg(ByteView picture, std::optional<Shrinker>& shrinker, Bytes& row) {
  jpeg_decompress_struct decoder{};
  JpegErrors errors{};
  jpeg_progress_mgr progress{};
  decoder.err = &errors.base;
  catch_errors(errors);
  progress.progress_monitor = limit_scans;
  if (setjmp(errors.back) != 0) {
    jpeg_destroy_decompress(&decoder);
    return false;
  }
  jpeg_create_decompress(&decoder);
  decoder.progress = &progress;
  jpeg_mem_src(&decoder, picture.data(), picture.size());
  jpeg_read_header(&decoder, TRUE);
  const bool whole = jpeg_has_multiple_scans(&decoder) != 0;
  if (!has_sane_size(decoder.image_width, decoder.image_height,
                     whole ? kMaxWholePixels : kMaxPixels)) {
    jpeg_destroy_decompress(&decoder);
    return false;
  }
  decoder.out_color_space = JCS_RGB;
  // The decoder itself is quickest at an eighth, a quarter or a half.
  decoder.scale_num = 1;
  decoder.scale_denom = 8;
  const auto longer = std::max(decoder.image_width, decoder.image_height);
  while (decoder.scale_denom > 1 &&
         longer / decoder.scale_denom < static_cast<unsigned>(kThumbnailSide)) {
    decoder.scale_denom /= 2;
  }
  jpeg_start_decompress(&decoder);
  shrinker.emplace(decoder.output_width, decoder.output_height, kThumbnailSide);
  row.resize(size_t{decoder.output_width} * 3);
  while (decoder.output_scanline < decoder.output_height) {
    JSAMPROW rows[] = {row.data()};
    jpeg_read_scanlines(&decoder, rows, 1);
    shrinker->add_row(row.data());
  }
  jpeg_destroy_decompress(&decoder);
  return true;
}

bool read_png(ByteView picture, std::optional<Shrinker>& shrinker) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, picture.data(), picture.size()) == 0) return false;
  if (!has_sane_size(image.width, image.height, kMaxWholePixels)) {
    png_image_free(&image);
    return false;
  }
  image.format = PNG_FORMAT_RGB;
  Bytes pixels(PNG_IMAGE_SIZE(image));
  // What is transparent becomes white: JPEG knows nothing else.
  const png_color white{255, 255, 255};
  const uint32_t width = image.width;
  const uint32_t height = image.height;
  const bool read = png_image_finish_read(&image, &white, pixels.data(), 0, nullptr) != 0;
  png_image_free(&image);
  if (!read) return false;
  shrinker.emplace(width, height, kThumbnailSide);
  for (uint32_t y = 0; y < height; ++y) shrinker->add_row(&pixels[size_t{y} * width * 3]);
  return true;
}

struct CBuffer {
  unsigned char* data = nullptr;
  unsigned long size = 0;
  ~CBuffer() { std::free(data); }
};

bool write_jpeg(const Shrinker& shrinker, CBuffer& out) {
  jpeg_compress_struct encoder{};
  JpegErrors errors{};
  encoder.err = &errors.base;
  catch_errors(errors);
  if (setjmp(errors.back) != 0) {
    jpeg_destroy_compress(&encoder);
    return false;
  }
  jpeg_create_compress(&encoder);
  jpeg_mem_dest(&encoder, &out.data, &out.size);
  encoder.image_width = shrinker.width();
  encoder.image_height = shrinker.height();
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, kQuality, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < encoder.image_height) {
    // It is not written to.
    auto* row = const_cast<JSAMPLE*>(
        &shrinker.pixels()[size_t{encoder.next_scanline} * shrinker.width() * 3]);
    JSAMPROW rows[] = {row};
    jpeg_write_scanlines(&encoder, rows, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  return true;
}

}  // namespace

std::optional<Bytes> decode_thumbnail(ByteView picture) {
  const char* type = picture_type(picture.first(std::min(picture.size(), kPictureTypeBytes)));
  if (type == nullptr) return std::nullopt;
  const std::string_view name = type;
  std::optional<Shrinker> shrinker;
  Bytes row;
  const bool read = name == "image/jpeg"  ? read_jpeg(picture, shrinker, row)
                    : name == "image/png" ? read_png(picture, shrinker)
                                          : false;
  if (!read || !shrinker || !shrinker->done()) return std::nullopt;
  CBuffer out;
  if (!write_jpeg(*shrinker, out)) return std::nullopt;
  return Bytes(out.data, out.data + out.size);
}

std::shared_ptr<StoredFile> open_thumbnail(const std::filesystem::path& picture,
                                           const std::filesystem::path& small, IncomingFile& made) {
  auto original = StoredFile::open(picture);
  if (!original) return nullptr;
  if (auto file = StoredFile::open(small)) return file;
  if (original->size() > kMaxPictureBytes) return original;
  const auto thumbnail = decode_thumbnail(original->read(0, original->size()));
  // A small picture is its own thumbnail.
  if (!thumbnail || thumbnail->size() >= original->size()) return original;
  if (!made.write(*thumbnail) || !made.finish(small)) return original;
  auto file = StoredFile::open(small);
  // Who replaces or removes the picture removes the thumbnail afterwards; this one may come after
  // that.
  const auto now = StoredFile::open(picture);
  if (!now || now->etag() != original->etag()) ::unlink(small.c_str());
  return file ? file : original;
}

}  // namespace turms::storage
