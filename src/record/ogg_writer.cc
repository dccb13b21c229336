#include "record/ogg_writer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "record/ogg_page.h"
#include "record/opus_frames.h"
#include "record/repairs.h"

namespace turms::record {
namespace ogg {
namespace {

constexpr size_t kCrcAt = 22;

void put_le(Bytes& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
uint64_t load_le(const uint8_t* p, int bytes) {
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = value << 8 | p[i];
  return value;
}

constexpr auto kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i << 24;
    for (int bit = 0; bit < 8; ++bit)
      value = value << 1 ^ ((value & 0x80000000) != 0 ? 0x04C11DB7 : 0);
    table[i] = value;
  }
  return table;
}();

/// Of a page whose checksum counts as zero.
uint32_t checksum(ByteView page) {
  uint32_t crc = 0;
  for (size_t i = 0; i < page.size(); ++i) {
    const uint8_t byte = i >= kCrcAt && i < kCrcAt + 4 ? 0 : page[i];
    crc = crc << 8 ^ kCrcTable[(crc >> 24 ^ byte) & 0xFF];
  }
  return crc;
}

}  // namespace

Bytes make_page(uint8_t flags, uint64_t granule, uint32_t sequence, ByteView lacing,
                ByteView data) {
  Bytes out = {'O', 'g', 'g', 'S', 0, flags};
  put_le(out, granule, 8);
  put_le(out, kSerial, 4);
  put_le(out, sequence, 4);
  put_le(out, 0, 4);
  out.push_back(static_cast<uint8_t>(lacing.size()));
  out.insert(out.end(), lacing.begin(), lacing.end());
  out.insert(out.end(), data.begin(), data.end());
  const uint32_t crc = checksum(out);
  for (size_t i = 0; i < 4; ++i) out[kCrcAt + i] = static_cast<uint8_t>(crc >> (8 * i));
  return out;
}

std::optional<Page> parse_page(ByteView data) {
  if (data.size() < kHeadSize || as_text(data.first(4)) != "OggS") return std::nullopt;
  const size_t segments = data[26];
  if (data.size() < kHeadSize + segments) return std::nullopt;
  size_t size = kHeadSize + segments;
  for (size_t i = 0; i < segments; ++i) size += data[kHeadSize + i];
  if (data.size() < size) return std::nullopt;
  if (load_le(&data[kCrcAt], 4) != checksum(data.first(size))) return std::nullopt;
  return Page{.flags = data[5],
              .granule = load_le(&data[6], 8),
              .sequence = static_cast<uint32_t>(load_le(&data[18], 4)),
              .size = size};
}

}  // namespace ogg

Status OggWriter::write_page(uint8_t flags) {
  const Bytes page = ogg::make_page(flags, granule_, sequence_++, lacing_, data_);
  lacing_.clear();
  data_.clear();
  page_start_.reset();
  if (const Status done = file_.write(written_, page); !done) return done;
  written_ += page.size();
  return {};
}

Status OggWriter::begin(const std::vector<FileTrack>& tracks, WallTime) {
  data_ = opus_head(tracks.at(0).channels);
  lacing_ = {static_cast<uint8_t>(data_.size())};
  if (const Status done = write_page(ogg::kBegin); !done) return done;
  constexpr std::string_view kTags("OpusTags\5\0\0\0turms\0\0\0\0", 21);
  data_.assign(kTags.begin(), kTags.end());
  lacing_ = {static_cast<uint8_t>(data_.size())};
  return write_page(0);
}

Status OggWriter::write(const FileFrame& frame) {
  const size_t segments = frame.data.size() / 255 + 1;
  if (segments > 200) return {};  // no packet of Opus
  if (lacing_.size() + segments > 255 || (page_start_ && frame.time - *page_start_ >= kMaxPage)) {
    if (const Status done = flush(); !done) return done;
  }
  if (!page_start_) page_start_ = frame.time;
  lacing_.insert(lacing_.end(), segments - 1, 255);
  lacing_.push_back(static_cast<uint8_t>(frame.data.size() % 255));
  data_.insert(data_.end(), frame.data.begin(), frame.data.end());
  granule_ += parse_opus_duration(frame.data).value_or(0);
  return {};
}

Status OggWriter::flush() {
  return lacing_.empty() ? Status() : write_page(0);
}

Status OggWriter::finish(Duration) {
  if (const Status done = flush(); !done) return done;
  return write_page(ogg::kEnd);
}

Result<Repaired> repair_ogg(RandomAccessFile& file) {
  constexpr size_t kMaxPage = ogg::kHeadSize + 255 + 255 * 255;
  const uint64_t size = file.size();
  uint64_t at = 0;
  uint64_t granule = 0;
  uint32_t pages = 0;
  Bytes buffer(kMaxPage);
  while (at < size) {
    const size_t got = file.read(at, buffer);
    const auto page = ogg::parse_page(ByteView(buffer).first(got));
    if (!page || page->sequence != pages || (page->flags & ogg::kEnd) != 0) break;
    if (page->granule > uint64_t{1} << 50) break;
    granule = page->granule;
    ++pages;
    at += page->size;
  }
  if (pages < 3) return fail(ErrorCode::kInvalidArgument, "no sound in it");
  if (const Status cut = file.truncate(at); !cut) return std::unexpected(cut.error());
  if (const Status ended = file.write(at, ogg::make_page(ogg::kEnd, granule, pages, {}, {}));
      !ended) {
    return std::unexpected(ended.error());
  }
  return Repaired{
      .duration = Duration(static_cast<int64_t>(granule / 48'000 * 1'000'000'000ULL +
                                                granule % 48'000 * 1'000'000'000ULL / 48'000)),
      .cut = size - at};
}

}  // namespace turms::record
