#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// LiveKit's protobuf messages in JSON: both spellings of a name, numbers as numbers or text.
namespace turms::livekit_plugin {

namespace json = boost::json;

/// Bounded in depth; kInvalidArgument when it is no JSON object.
Result<json::object> parse_object(std::string_view text);

/// The field by its protobuf name ("joined_at") or its JSON name ("joinedAt"); null when absent.
const json::value* field(const json::object& object, std::string_view name);
std::string text_field(const json::object& object, std::string_view name);
int64_t number_field(const json::object& object, std::string_view name);
bool bool_field(const json::object& object, std::string_view name);
const json::object* object_field(const json::object& object, std::string_view name);
const json::array* array_field(const json::object& object, std::string_view name);

/// The whole text as a positive decimal number.
std::optional<int64_t> decimal(std::string_view text);

/// Who stands behind an identity. LiveKit lets everybody with a token join again beside themselves
/// to send (`/rtc?publish=SUFFIX`), and calls that connection "USER#SUFFIX".
struct Identity {
  int64_t user = 0;
  /// Such a further connection. It cannot receive.
  bool additional = false;
};
/// nullopt: no user of ours, but a recorder or agent of the operator.
std::optional<Identity> read_identity(std::string_view identity);

enum class Source { kUnknown, kCamera, kMicrophone, kScreen, kScreenAudio };
Source source_of(const json::value* value);

struct Track {
  std::string sid;
  Source source = Source::kUnknown;
  bool muted = false;
};

/// livekit.ParticipantInfo, as far as it concerns us.
struct Participant {
  std::string identity;
  std::string sid;
  /// False while it connects or leaves.
  bool present = false;
  int64_t joined_ms = 0;
  std::vector<Track> tracks;
  bool has_permission = false;  // told at all
  bool can_publish = false;
  bool can_publish_data = false;
  std::vector<Source> can_publish_sources;  // empty: all
  std::string metadata;
};
Participant read_participant(const json::object& object);

}  // namespace turms::livekit_plugin
