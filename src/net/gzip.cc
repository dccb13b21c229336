#include "net/gzip.h"

#include <array>
#include <boost/beast/zlib/inflate_stream.hpp>
#include <optional>

#include "net/websocket_deflate.h"

namespace turms::net {

namespace zlib = boost::beast::zlib;

namespace {

constexpr size_t kStep = 16 * 1024;
constexpr size_t kHeaderSize = 10;
constexpr size_t kTrailerSize = 8;
// RFC 1952 section 2.3.1.
constexpr uint8_t kDeflate = 8;
constexpr uint8_t kHeaderChecksum = 1 << 1;
constexpr uint8_t kExtra = 1 << 2;
constexpr uint8_t kName = 1 << 3;
constexpr uint8_t kComment = 1 << 4;
constexpr uint8_t kReserved = 0xE0;

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xEDB88320U : 0);
    table[i] = value;
  }
  return table;
}

uint32_t crc32(ByteView data) {
  static constexpr std::array<uint32_t, 256> kTable = make_crc_table();
  uint32_t crc = ~0U;
  for (const uint8_t byte : data) crc = crc >> 8 ^ kTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

uint32_t load_le32(const uint8_t* p) {
  return static_cast<uint32_t>(p[3]) << 24 | static_cast<uint32_t>(p[2]) << 16 |
         static_cast<uint32_t>(p[1]) << 8 | p[0];
}

void append_le32(Bytes& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

/// What lies between the header and the end; nothing when the header does not fit.
std::optional<ByteView> after_header(ByteView data) {
  if (data.size() < kHeaderSize || data[0] != 0x1F || data[1] != 0x8B || data[2] != kDeflate) {
    return std::nullopt;
  }
  const uint8_t flags = data[3];
  if ((flags & kReserved) != 0) return std::nullopt;
  data = data.subspan(kHeaderSize);
  const auto skip = [&](size_t size) {
    if (size > data.size()) return false;
    data = data.subspan(size);
    return true;
  };
  const auto skip_text = [&] {
    const std::string_view text = as_text(data);
    const size_t end = text.find('\0');
    return end != std::string_view::npos && skip(end + 1);
  };
  if ((flags & kExtra) != 0) {
    if (data.size() < 2 || !skip(2 + static_cast<size_t>(data[0] | data[1] << 8))) {
      return std::nullopt;
    }
  }
  if ((flags & kName) != 0 && !skip_text()) return std::nullopt;
  if ((flags & kComment) != 0 && !skip_text()) return std::nullopt;
  if ((flags & kHeaderChecksum) != 0 && !skip(2)) return std::nullopt;
  return data;
}

}  // namespace

GunzipOutcome gunzip(ByteView data, size_t max_size, Bytes& out) {
  out.clear();
  const auto body = after_header(data);
  if (!body) return GunzipOutcome::kInvalid;
  zlib::inflate_stream stream;
  zlib::z_params params{};
  params.next_in = body->data();
  params.avail_in = body->size();
  boost::system::error_code error;
  while (error != zlib::error::end_of_stream) {
    const size_t size = out.size();
    out.resize(size + kStep);
    params.next_out = out.data() + size;
    params.avail_out = kStep;
    error = {};
    stream.write(params, zlib::Flush::sync, error);
    out.resize(out.size() - params.avail_out);
    if (out.size() > max_size) return GunzipOutcome::kTooLarge;
    const bool ended = error == zlib::error::end_of_stream;
    if (!ended && (error || params.avail_in == 0) && params.avail_out != 0) {
      return GunzipOutcome::kInvalid;  // broken, or cut short
    }
  }
  if (params.avail_in != kTrailerSize) return GunzipOutcome::kInvalid;
  const auto* trailer = static_cast<const uint8_t*>(params.next_in);
  const bool fits = load_le32(trailer) == crc32(out) &&
                    load_le32(trailer + 4) == static_cast<uint32_t>(out.size());
  return fits ? GunzipOutcome::kOk : GunzipOutcome::kInvalid;
}

Bytes gzip(ByteView data) {
  Bytes out = {0x1F, 0x8B, kDeflate, 0, 0, 0, 0, 0, 0, 0xFF};
  Bytes body;
  websocket::deflate_message(data, body);
  out.insert(out.end(), body.begin(), body.end());
  // What deflate_message() leaves off a flush, and an empty last block (RFC 1951 section 3.2.4).
  for (const uint8_t byte : {0x00, 0x00, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0xFF, 0xFF}) {
    out.push_back(byte);
  }
  append_le32(out, crc32(data));
  append_le32(out, static_cast<uint32_t>(data.size()));
  return out;
}

}  // namespace turms::net
