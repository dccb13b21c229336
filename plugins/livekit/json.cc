#include "json.h"

#include <charconv>

namespace turms::livekit_plugin {

Result<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) return fail(ErrorCode::kInvalidArgument, "no JSON object");
  return std::move(value.get_object());
}

const json::value* field(const json::object& object, std::string_view name) {
  if (const json::value* found = object.if_contains({name.data(), name.size()})) return found;
  std::string camel;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      const char c = name[++i];
      camel += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    } else {
      camel += name[i];
    }
  }
  return object.if_contains({camel.data(), camel.size()});
}

std::string text_field(const json::object& object, std::string_view name) {
  const json::value* value = field(object, name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<int64_t> decimal(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

std::optional<Identity> read_identity(std::string_view identity) {
  const size_t hash = identity.find('#');
  const auto user = decimal(identity.substr(0, hash));
  if (!user) return std::nullopt;
  return Identity{*user, hash != std::string_view::npos};
}

int64_t number_field(const json::object& object, std::string_view name) {
  const json::value* value = field(object, name);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  // 64-bit integers are text in protobuf's JSON.
  if (value->is_string()) return decimal(std::string(value->get_string())).value_or(0);
  return 0;
}

bool bool_field(const json::object& object, std::string_view name) {
  const json::value* value = field(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* object_field(const json::object& object, std::string_view name) {
  const json::value* value = field(object, name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_field(const json::object& object, std::string_view name) {
  const json::value* value = field(object, name);
  return value == nullptr ? nullptr : value->if_array();
}

namespace {

/// An enumeration by name or number; 0 when absent, as protobuf leaves out zeros.
int64_t enumeration(const json::value* value, std::initializer_list<std::string_view> names) {
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  if (!value->is_string()) return 0;
  int64_t number = 0;
  for (std::string_view name : names) {
    if (std::string_view(value->get_string()) == name) return number;
    ++number;
  }
  return 0;
}

}  // namespace

Source source_of(const json::value* value) {
  const int64_t number =
      enumeration(value, {"UNKNOWN", "CAMERA", "MICROPHONE", "SCREEN_SHARE", "SCREEN_SHARE_AUDIO"});
  return number >= 0 && number <= 4 ? static_cast<Source>(number) : Source::kUnknown;
}

Participant read_participant(const json::object& object) {
  Participant out;
  out.identity = text_field(object, "identity");
  out.sid = text_field(object, "sid");
  const int64_t state =
      enumeration(field(object, "state"), {"JOINING", "JOINED", "ACTIVE", "DISCONNECTED"});
  out.present = state == 1 || state == 2;
  out.joined_ms = number_field(object, "joined_at_ms");
  if (out.joined_ms == 0) out.joined_ms = number_field(object, "joined_at") * 1000;
  out.metadata = text_field(object, "metadata");
  if (const json::array* tracks = array_field(object, "tracks")) {
    for (const json::value& value : *tracks) {
      const json::object* track = value.if_object();
      if (track == nullptr) continue;
      out.tracks.push_back({text_field(*track, "sid"), source_of(field(*track, "source")),
                            bool_field(*track, "muted")});
    }
  }
  if (const json::object* permission = object_field(object, "permission")) {
    out.has_permission = true;
    out.can_publish = bool_field(*permission, "can_publish");
    out.can_publish_data = bool_field(*permission, "can_publish_data");
    if (const json::array* sources = array_field(*permission, "can_publish_sources")) {
      for (const json::value& value : *sources) {
        out.can_publish_sources.push_back(source_of(&value));
      }
    }
  }
  return out;
}

}  // namespace turms::livekit_plugin
