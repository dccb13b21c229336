#include "storage/thumbnail.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cstdlib>
#include <filesystem>

#include "storage/picture_type.h"
#include "storage/pixels.h"

namespace turms::storage {
namespace {

Bytes png_of(uint32_t width, uint32_t height, const Bytes& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  EXPECT_NE(png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr), 0);
  Bytes out(size);
  EXPECT_NE(png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data(), 0, nullptr), 0);
  out.resize(size);
  return out;
}

/// Left half red, right half blue.
Bytes png_of(uint32_t width, uint32_t height) {
  Bytes pixels(size_t{width} * height * 3);
  for (size_t i = 0; i < size_t{width} * height; ++i) {
    pixels[i * 3 + (i % width < width / 2 ? 0 : 2)] = 255;
  }
  return png_of(width, height, pixels);
}

/// Larger than any thumbnail of it.
Bytes noise_of(uint32_t width, uint32_t height) {
  Bytes pixels(size_t{width} * height * 3);
  uint32_t seed = 1;
  for (uint8_t& pixel : pixels) {
    seed = seed * 1664525 + 1013904223;
    pixel = static_cast<uint8_t>(seed >> 24);
  }
  return png_of(width, height, pixels);
}

/// Width and height as the frame header of a baseline JPEG says.
std::pair<int, int> jpeg_size(ByteView jpeg) {
  for (size_t i = 2; i + 8 < jpeg.size();) {
    if (jpeg[i] != 0xff) break;
    if (jpeg[i + 1] == 0xc0) {
      return {jpeg[i + 7] * 256 + jpeg[i + 8], jpeg[i + 5] * 256 + jpeg[i + 6]};
    }
    i += 2 + jpeg[i + 2] * 256U + jpeg[i + 3];
  }
  return {0, 0};
}

TEST(ShrinkerTest, TakesTheMean) {
  Shrinker shrinker(4, 2, 2);
  EXPECT_EQ(shrinker.width(), 2U);
  EXPECT_EQ(shrinker.height(), 1U);
  const uint8_t above[] = {10, 0, 0, 20, 0, 0, 0, 0, 100, 0, 0, 200};
  const uint8_t below[] = {30, 0, 0, 40, 0, 0, 0, 0, 100, 0, 0, 200};
  shrinker.add_row(above);
  EXPECT_FALSE(shrinker.done());
  shrinker.add_row(below);
  EXPECT_TRUE(shrinker.done());
  EXPECT_EQ(shrinker.pixels(), (std::vector<uint8_t>{25, 0, 0, 0, 0, 150}));
}

TEST(ShrinkerTest, FillsEveryShape) {
  for (uint32_t width = 1; width < 40; ++width) {
    for (uint32_t height = 1; height < 40; ++height) {
      Shrinker shrinker(width, height, 7);
      const std::vector<uint8_t> row(width * 3, 9);
      for (uint32_t y = 0; y < height; ++y) shrinker.add_row(row.data());
      ASSERT_EQ(shrinker.pixels().size(), size_t{shrinker.width()} * shrinker.height() * 3);
      ASSERT_LE(shrinker.width(), 7U);
      for (const uint8_t value : shrinker.pixels()) ASSERT_EQ(value, 9);
    }
  }
}

TEST(ThumbnailTest, IsASmallJpeg) {
  const auto small = decode_thumbnail(png_of(1000, 500));
  ASSERT_TRUE(small);
  EXPECT_EQ(jpeg_size(*small), (std::pair{320, 160}));
  // A JPEG too.
  const auto again = decode_thumbnail(*small);
  ASSERT_TRUE(again);
  EXPECT_EQ(jpeg_size(*again), (std::pair{320, 160}));
  EXPECT_EQ(jpeg_size(*decode_thumbnail(png_of(3, 900))), (std::pair{1, 320}));
}

TEST(ThumbnailTest, HostilePicturesAreNone) {
  Bytes png = png_of(100, 100);
  EXPECT_FALSE(decode_thumbnail({}));
  EXPECT_FALSE(decode_thumbnail(ByteView(png).first(60)));
  // What it says of itself: 65535 by 65535.
  for (const size_t at : {16U, 20U}) {
    png[at + 2] = 0xff;
    png[at + 3] = 0xff;
  }
  EXPECT_FALSE(decode_thumbnail(png));
  Bytes jpeg = *decode_thumbnail(png_of(1000, 500));
  EXPECT_FALSE(decode_thumbnail(ByteView(jpeg).first(100)));
  // A GIF is a picture, and left as it is.
  const std::string_view gif = "GIF89a\x01\x01";
  EXPECT_FALSE(decode_thumbnail(as_bytes(gif)));
}

TEST(ThumbnailTest, IsKeptAndGoesWithItsPicture) {
  std::string pattern = (std::filesystem::temp_directory_path() / "turms-small-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(pattern.data());
  const auto picture = directory / "picture";
  const auto small = directory / "small";
  IncomingFile incoming(directory / "in");
  ASSERT_TRUE(incoming.write(noise_of(400, 400)));
  ASSERT_TRUE(incoming.finish(picture));
  IncomingFile made(directory / "first");
  const auto first = open_thumbnail(picture, small, made);
  ASSERT_TRUE(first);
  EXPECT_EQ(jpeg_size(first->read(0, first->size())), (std::pair{320, 320}));
  EXPECT_TRUE(std::filesystem::exists(small));
  IncomingFile unused(directory / "second");
  EXPECT_EQ(open_thumbnail(picture, small, unused)->etag(), first->etag());
  std::filesystem::remove(picture);
  EXPECT_FALSE(open_thumbnail(picture, small, unused));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace turms::storage
