#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "record/media_file.h"

namespace turms::record {

/// A track in a file.
struct SidecarTrack {
  std::string sid;
  std::string participant;
  std::string name;  // "camera", "microphone", …
  std::string codec;
  uint32_t width = 0;
  uint32_t height = 0;
};

/// One file of a recording. `offset`: where its beginning is on the time line of the recording,
/// which begins at `Sidecar::started`.
struct SidecarFile {
  std::string path;  // within the directory of recordings
  Container container = Container::kWebm;
  Duration offset{};
  Duration duration{};
  uint64_t size = 0;
  std::vector<SidecarTrack> tracks;
};

/// What stands beside the files of a recording and places them on one time line. While it is under
/// way it is also the note by which the next process finds what this one left behind.
struct Sidecar {
  static constexpr size_t kMaxSize = 1024 * 1024;
  static constexpr size_t kMaxFiles = 1000;

  std::string id;
  std::string room_name;
  std::string room_sid;
  std::string about;  // whatever the one who asked for the recording wants to find again
  std::string path;   // of its files, without what follows
  WallTime started;
  WallTime ended;
  bool finished = false;
  std::string error;
  std::vector<SidecarFile> files;
};

std::string to_json(const Sidecar& sidecar);
/// kInvalidArgument: it is none, or names files outside the directory.
Result<Sidecar> parse_sidecar(std::string_view text);

/// Where it stands: beside the files, named by the recording.
std::string sidecar_path(const Sidecar& sidecar);

/// Is it a path that stays below the directory it is in: no root, no "..", nothing hidden?
bool is_inner_path(std::string_view path);

}  // namespace turms::record
