#include "livekit/receive_profile.h"

#include <boost/json.hpp>

#include "livekit/strict_json.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

Error wrong(std::string what) {
  return {ErrorCode::kInvalidArgument, "receive profile: " + std::move(what)};
}

/// False: it is there and no such number.
bool read_number(const json::object& object, std::string_view name, uint32_t& out) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return true;
  boost::system::error_code error;
  const auto number = value->to_number<uint32_t>(error);
  if (error) return false;
  out = number;
  return true;
}

bool read_mode(const json::object& object, ReceiveProfile::Mode& out) {
  const json::value* value = object.if_contains("mode");
  if (value == nullptr) return true;
  if (!value->is_string()) return false;
  const std::string_view mode = value->get_string();
  if (mode == "auto") {
    out = ReceiveProfile::Mode::kAuto;
  } else if (mode == "saver") {
    out = ReceiveProfile::Mode::kSaver;
  } else if (mode == "audio") {
    out = ReceiveProfile::Mode::kAudio;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<ReceiveProfile> parse_receive_profile(std::string_view text) {
  if (text.size() > kMaxReceiveProfile) return std::unexpected(wrong("too long"));
  if (!is_strict_json(text)) return std::unexpected(wrong("no JSON"));
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::unexpected(wrong("no object"));
  const json::object& object = value.get_object();
  ReceiveProfile out;
  if (!read_mode(object, out.mode)) return std::unexpected(wrong("unknown mode"));
  const bool numbers = read_number(object, "max_kbps", out.max_kbps) &&
                       read_number(object, "max_px", out.max_px) &&
                       read_number(object, "max_fps", out.max_fps) &&
                       read_number(object, "max_videos", out.max_videos);
  if (!numbers) return std::unexpected(wrong("a limit is no number"));
  if (const json::value* reason = object.if_contains("reason")) {
    if (!reason->is_string() || reason->get_string().size() > ReceiveProfile::kMaxReason) {
      return std::unexpected(wrong("no short reason"));
    }
    out.reason = reason->get_string();
  }
  return out;
}

}  // namespace turms::livekit
