#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/metrics.h"
#include "record/recording.h"

namespace turms::record {

struct RecorderSettings {
  std::string directory;  // empty: nothing is recorded
  /// When less than this is free on the disk, recordings end.
  uint64_t min_free_bytes = uint64_t{512} << 20;
  /// At once.
  size_t max_recordings = 500;
};

/// What the recorder tells, on the thread that `post` leads to.
class RecorderEvents {
 public:
  virtual ~RecorderEvents() = default;
  /// The first frames are in a file.
  virtual void on_recording_began(const std::string& id) = 0;
  virtual void on_key_frame_wanted(const std::string& id, const std::string& sid) = 0;
  /// Ended because it was asked to, or because of sidecar.error. Also of what an earlier process
  /// left behind, which is finished first.
  virtual void on_recording_ended(const std::string& id, Sidecar sidecar) = 0;
};

/// All recordings of the process, on a thread of their own that looks into their queues each
/// kTurn: nobody is woken by a packet. It waits for the disk; meanwhile queues fill up, and what
/// does not fit is lost to the recordings and to nobody else.
class Recorder {
 public:
  static constexpr Duration kTurn = 20ms;
  static constexpr Duration kLookAtDisk = 1s;
  /// For one track: some seconds of video at 4 Mbit/s, so that a disk may stall.
  static constexpr size_t kVideoQueue = 2 * 1024 * 1024;
  static constexpr size_t kAudioQueue = 128 * 1024;

  using Post = std::function<void(std::function<void()>)>;

  Recorder(RecorderSettings settings, Post post, RecorderEvents& events);
  /// Ends all recordings; nothing is told of that.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// A queue for the subscription of a track of this kind.
  static std::shared_ptr<media::PacketQueue> make_queue(rtc::MediaKind kind);

  [[nodiscard]] bool enabled() const { return !settings_.directory.empty(); }
  [[nodiscard]] const RecorderSettings& settings() const { return settings_; }

  // All from the thread that `post` leads to.
  void start(RecordingParameters parameters);
  void add(const std::string& id, SourceParameters source);
  void remove(const std::string& id, std::string sid);
  void stop(const std::string& id);
  /// Ends all, tells of each, and calls `done` after.
  void stop_all(std::function<void()> done);

 private:
  struct Start {
    RecordingParameters parameters;
  };
  struct Add {
    std::string id;
    SourceParameters source;
  };
  struct Remove {
    std::string id;
    std::string sid;
  };
  struct Stop {
    std::string id;
  };
  struct StopAll {
    std::function<void()> done;
  };
  using Command = std::variant<Start, Add, Remove, Stop, StopAll>;
  struct Entry {
    Entry(const std::string& directory, RecordingParameters parameters, TimePoint now)
        : recording(directory, std::move(parameters), now) {}
    Recording recording;
    bool told = false;  // that it began
  };
  using Entries = std::map<std::string, std::unique_ptr<Entry>>;

  void send(Command command);
  void run();
  void apply(Command command, TimePoint now);
  void turn(TimePoint now);
  void end(Entries::iterator it, TimePoint now);
  template <class F>
  void tell(F f);

  const RecorderSettings settings_;
  const Post post_;
  std::shared_ptr<RecorderEvents*> events_;  // null inside once this is gone

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Command> commands_;
  bool stopping_ = false;

  // The recorder's thread.
  Entries recordings_;
  TimePoint looked_at_disk_{};
  bool disk_full_ = false;
  Metric& active_metric_;
  Metric& bytes_metric_;
  Metric& behind_metric_;
  uint64_t ended_bytes_ = 0;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace turms::record
