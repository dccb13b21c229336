#include "livekit/egress_paths.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "record/sidecar.h"

namespace turms::livekit {
namespace {

constexpr size_t kMaxValue = 100;

/// At most `size` bytes of it, without a part of a character at the end.
std::string_view shortened(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (text[size] & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

/// What somebody chose, as a part of the name of a file.
std::string tame(std::string_view value) {
  std::string out;
  for (const char c : shortened(value, kMaxValue)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    // Bytes of other scripts, too.
    const bool plain = letter || c == '-' || c == '_' || c == '.' || (c & 0x80) != 0;
    out += plain ? c : '_';
  }
  if (out.empty() || out.front() == '.') out.insert(0, "_");
  return out;
}

std::string fill(std::string_view text, const PathValues& values) {
  std::string out;
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == text.npos ? text.npos : text.find('}', open);
    if (close == text.npos) break;
    out += text.substr(0, open);
    const auto value = values.find(text.substr(open + 1, close - open - 1));
    out += value == values.end() ? std::string(text.substr(open, close - open + 1))
                                 : tame(value->second);
    text.remove_prefix(close + 1);
  }
  return out + std::string(text);
}

}  // namespace

void add_time(PathValues& values, WallTime now) {
  const std::time_t seconds = now.unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  values["time"] = {text.data(),
                    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H%M%S", &parts)};
  values["utc"] = {text.data(), std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &parts)};
}

Result<std::string> recording_path(std::string_view wanted, std::string_view fallback,
                                   const PathValues& values) {
  std::string path = fill(wanted, values);
  if (path.empty() || path.back() == '/') path += fill(fallback, values);
  // The container decides.
  for (const std::string_view known : {".mp4", ".webm", ".ogg", ".mp3", ".ivf", ".h264", ".mkv"}) {
    if (path.size() > known.size() && path.ends_with(known)) {
      path.resize(path.size() - known.size());
      break;
    }
  }
  if (!record::is_inner_path(path)) {
    return fail(ErrorCode::kInvalidArgument, "request has missing or invalid field: filepath");
  }
  return path;
}

}  // namespace turms::livekit
