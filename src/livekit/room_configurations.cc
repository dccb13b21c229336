#include "livekit/room_configurations.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <boost/json.hpp>

#include "base/config.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

/// YAML knows an unquoted number or truth value from a text only by how it looks.
json::value to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    json::object out;
    for (const auto& item : node) out[item.first.Scalar()] = to_json(item.second);
    return out;
  }
  if (node.IsSequence()) {
    json::array out;
    for (const auto& item : node) out.push_back(to_json(item));
    return out;
  }
  if (!node.IsScalar()) return nullptr;
  const std::string& text = node.Scalar();
  const bool plain = node.Tag() == "?";
  if (plain && (text == "true" || text == "false")) return text == "true";
  if (const auto number = config::parse_integer(text); plain && number) return *number;
  return json::string(text);
}

}  // namespace

Result<std::map<std::string, RoomSettings, std::less<>>> parse_room_configurations(
    std::string_view yaml) {
  std::map<std::string, RoomSettings, std::less<>> out;
  if (yaml.empty()) return out;
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return out;
    if (!root.IsMap()) return fail(ErrorCode::kInvalidArgument, "not name: configuration pairs");
    for (const auto& item : root) {
      const std::string name = item.first.Scalar();
      auto settings = parse_room_settings(json::serialize(to_json(item.second)));
      if (!settings) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("'{}' is {}", name, settings.error().message));
      }
      out.emplace(name, *std::move(settings));
    }
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument, error.msg);
  }
  return out;
}

Status check_room_configurations(std::string_view key, std::string_view yaml) {
  const auto parsed = parse_room_configurations(yaml);
  if (parsed) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, parsed.error().message));
}

}  // namespace turms::livekit
