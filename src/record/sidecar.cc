#include "record/sidecar.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace turms::record {
namespace {

namespace json = boost::json;

std::string text(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

int64_t number(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  if (value == nullptr || !value->is_int64()) return 0;
  // Milliseconds and bytes: no year 300,000, and nothing negative.
  constexpr int64_t kMax = int64_t{1} << 53;
  return std::clamp<int64_t>(value->get_int64(), 0, kMax);
}

std::optional<Container> container(std::string_view name) {
  for (const Container one : {Container::kWebm, Container::kMp4, Container::kOgg}) {
    if (name == extension(one)) return one;
  }
  return std::nullopt;
}

Duration milliseconds(int64_t count) {
  constexpr int64_t kMax = 1'000'000'000'000;  // 30 years
  return std::chrono::milliseconds(std::min(count, kMax));
}

json::object to_object(const SidecarFile& file) {
  json::array tracks;
  for (const SidecarTrack& track : file.tracks) {
    json::object one{{"sid", track.sid},
                     {"participant", track.participant},
                     {"name", track.name},
                     {"codec", track.codec}};
    if (track.width != 0) {
      one["width"] = track.width;
      one["height"] = track.height;
    }
    tracks.emplace_back(std::move(one));
  }
  return {{"path", file.path},
          {"container", extension(file.container)},
          {"offset_ms", to_ms(file.offset)},
          {"duration_ms", to_ms(file.duration)},
          {"size", static_cast<int64_t>(file.size)},
          {"tracks", std::move(tracks)}};
}

std::optional<SidecarFile> file_of(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const auto kind = container(text(object, "container"));
  if (!kind) return std::nullopt;
  SidecarFile file{.path = text(object, "path"),
                   .container = *kind,
                   .offset = milliseconds(number(object, "offset_ms")),
                   .duration = milliseconds(number(object, "duration_ms")),
                   .size = static_cast<uint64_t>(number(object, "size")),
                   .tracks = {}};
  if (!is_inner_path(file.path)) return std::nullopt;
  const json::value* const tracks = object.if_contains("tracks");
  if (tracks == nullptr || !tracks->is_array()) return file;
  for (const json::value& one : tracks->get_array()) {
    if (!one.is_object() || file.tracks.size() == FileWriter::kMaxTracks) return std::nullopt;
    const json::object& track = one.get_object();
    file.tracks.push_back(
        {.sid = text(track, "sid"),
         .participant = text(track, "participant"),
         .name = text(track, "name"),
         .codec = text(track, "codec"),
         .width = static_cast<uint32_t>(std::min<int64_t>(number(track, "width"), 65'535)),
         .height = static_cast<uint32_t>(std::min<int64_t>(number(track, "height"), 65'535))});
  }
  return file;
}

}  // namespace

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.size() > 1024 || path.find('\0') != path.npos) return false;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part.front() == '.') return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::string sidecar_path(const Sidecar& sidecar) {
  const size_t slash = sidecar.path.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : sidecar.path.substr(0, slash + 1);
  return directory + sidecar.id + ".json";
}

std::string to_json(const Sidecar& sidecar) {
  json::array files;
  for (const SidecarFile& file : sidecar.files) files.emplace_back(to_object(file));
  json::object out{{"version", 1},
                   {"id", sidecar.id},
                   {"room_name", sidecar.room_name},
                   {"room_sid", sidecar.room_sid},
                   {"about", sidecar.about},
                   {"path", sidecar.path},
                   {"started_at_ms", sidecar.started.unix_ms},
                   {"ended_at_ms", sidecar.ended.unix_ms},
                   {"finished", sidecar.finished},
                   {"error", sidecar.error},
                   {"files", std::move(files)}};
  return json::serialize(out);
}

Result<Sidecar> parse_sidecar(std::string_view input) {
  const auto malformed = [] {
    return fail(ErrorCode::kInvalidArgument, "not the sidecar of a recording");
  };
  if (input.size() > Sidecar::kMaxSize) return malformed();
  boost::system::error_code error;
  const json::value value = json::parse(input, error);
  if (error || !value.is_object()) return malformed();
  const json::object& object = value.get_object();
  if (number(object, "version") != 1) return malformed();
  const json::value* const finished = object.if_contains("finished");
  Sidecar out{.id = text(object, "id"),
              .room_name = text(object, "room_name"),
              .room_sid = text(object, "room_sid"),
              .about = text(object, "about"),
              .path = text(object, "path"),
              .started = {number(object, "started_at_ms")},
              .ended = {number(object, "ended_at_ms")},
              .finished = finished != nullptr && finished->is_bool() && finished->get_bool(),
              .error = text(object, "error"),
              .files = {}};
  const bool one_part = out.id.find('/') == out.id.npos;
  if (!one_part || !is_inner_path(out.path) || !is_inner_path(sidecar_path(out)))
    return malformed();
  const json::value* const files = object.if_contains("files");
  if (files == nullptr || !files->is_array()) return out;
  for (const json::value& one : files->get_array()) {
    auto file = file_of(one);
    if (!file || out.files.size() == Sidecar::kMaxFiles) return malformed();
    out.files.push_back(std::move(*file));
  }
  return out;
}

}  // namespace turms::record
