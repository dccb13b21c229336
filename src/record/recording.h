#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/packet_queue.h"
#include "record/disk_file.h"
#include "record/sidecar.h"
#include "record/track_recorder.h"

namespace turms::record {

/// A track that is to be recorded, and the queue of its subscription.
struct SourceParameters {
  std::string sid;
  std::string participant;
  std::string name;
  rtc::MediaKind kind = rtc::MediaKind::kAudio;
  std::vector<rtc::CodecParameters> codecs;  // without RED: the room takes it apart
  std::shared_ptr<media::PacketQueue> queue;
};

struct RecordingParameters {
  std::string id;
  std::string path;  // below the directory, without extension: is_inner_path()
  std::string room_name;
  std::string room_sid;
  std::string about;                   // Sidecar::about
  std::optional<Container> container;  // else what the first picture, or sound alone, needs
  WallTime started;
};

/// Tracks of a room on their way into one file after the other: all of them in one, synchronous. A
/// new file begins when that does not hold what comes: a track more, another codec, other
/// parameters in a container that has them in its head. Lives on the recorder's thread; waits for
/// the disk.
///
/// Bounds: kMaxSources tracks, what waits to be written by kMaxWaiting bytes.
class Recording {
 public:
  static constexpr size_t kMaxSources = FileWriter::kMaxTracks;
  static constexpr size_t kMaxWaiting = 32 * 1024 * 1024;
  /// A file begins with all tracks that have begun so long after the first.
  static constexpr Duration kStartPatience = 3s;
  /// Tracks that are added together come one after the other.
  static constexpr Duration kSettle = 500ms;
  /// Frames of tracks that fall behind wait so long for each other.
  static constexpr Duration kInterleave = 2s;
  static constexpr Duration kFlush = 500ms;

  /// `directory`: of all recordings.
  Recording(std::string directory, RecordingParameters parameters, TimePoint now);
  ~Recording();

  void add(SourceParameters source);
  /// What is in its queue is still written.
  void remove(std::string_view sid);
  /// Reads the queues and writes. After an error nothing more is written.
  void tick(TimePoint now);
  /// Writes everything and ends the file.
  void finish(TimePoint now, WallTime wall);
  /// Nothing more gets in, for this reason.
  void give_up(std::string error);

  /// Sids of tracks whose publishers should be asked for a key frame, since the last call.
  [[nodiscard]] std::vector<std::string> take_key_frame_requests();
  /// Something was written.
  [[nodiscard]] bool began() const { return !sidecar_.files.empty(); }
  [[nodiscard]] const Sidecar& sidecar() const { return sidecar_; }
  [[nodiscard]] bool failed() const { return !sidecar_.error.empty(); }
  [[nodiscard]] uint64_t written() const;
  /// How far the oldest frame that waits lies behind.
  [[nodiscard]] Duration behind(TimePoint now) const;

 private:
  struct Source {
    SourceParameters about;
    TrackRecorder recorder;
    std::deque<TimedFrame> waiting;
    std::optional<size_t> place;  // in the open file
    Bytes config;                 // as the open file says
    bool gone = false;
  };

  void read(Source& source, TimePoint now);
  [[nodiscard]] bool may_begin(TimePoint now, bool at_once) const;
  Result<std::unique_ptr<DiskFile>> create_file(SidecarFile& file);
  void begin_file();
  void end_file();
  void write_waiting(TimePoint now, bool all);
  [[nodiscard]] Source* next_source(TimePoint now, bool all);
  [[nodiscard]] bool fits(const Source& source, const TimedFrame& frame) const;
  [[nodiscard]] bool somebody_waits_outside() const;
  void write(Source& source);
  void check(const Status& status);
  void keep_note();

  const std::string directory_;
  RecordingParameters parameters_;
  const TimePoint started_;
  std::vector<std::unique_ptr<Source>> sources_;
  Sidecar sidecar_;
  std::vector<std::string> key_frame_requests_;
  size_t waiting_bytes_ = 0;
  TimePoint flushed_at_;
  int last_number_ = 0;  // in the name of the last file

  // The open file.
  std::unique_ptr<DiskFile> file_;
  std::unique_ptr<FileWriter> writer_;
  TimePoint zero_;
  TimePoint last_;  // end of the last frame
};

/// Where notes of recordings under way are kept.
std::string note_path(const std::string& directory, const std::string& id);
/// Ends what a process that died left behind in this directory: repairs its files, writes their
/// sidecars, and tells what was found.
std::vector<Sidecar> recover(const std::string& directory);

}  // namespace turms::record
