#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace turms::livekit {

/// One event on its way to one receiver.
struct WebhookRecord {
  uint64_t number = 0;
  WallTime created;
  std::string room;  // sid
  /// What it is about: the sids of the room, its participant and the track, joined by slashes.
  std::string subject;
  enum class Phase : uint8_t { kBegin, kEnd, kMoment } phase = Phase::kMoment;
  std::string body;
  /// Of the request that caused it, or that its room was made for; empty: none.
  std::string trace_id = {};
};

/// What one receiver has not got yet, and whose beginning it was told of and whose end it was not,
/// in a file that survives the death of the process: one line of JSON per change, written at once,
/// without waiting for the disk. A line that was cut by the death is dropped, and the file is
/// written anew when most of it is of the past. One thread.
class WebhookJournal {
 public:
  /// What an earlier process left.
  struct Restored {
    std::vector<WebhookRecord> waiting;         // in order
    std::map<std::string, WebhookRecord> open;  // beginnings, by subject
    uint64_t last_number = 0;
  };

  /// An empty path: nothing is kept. kUnavailable when the file cannot be made.
  static Result<std::unique_ptr<WebhookJournal>> open(const std::string& path);
  ~WebhookJournal();

  [[nodiscard]] const Restored& restored() const { return restored_; }

  void add(const WebhookRecord& record);
  /// Delivered or given up.
  void remove(uint64_t number);
  void begin(const WebhookRecord& record);
  void end(const std::string& subject);

 private:
  /// Bytes of the past that are not worth writing the file anew.
  static constexpr size_t kWorthRewriting = 1024 * 1024;

  explicit WebhookJournal(std::string path) : path_(std::move(path)) {}

  void read(const std::string& content);
  void append(std::string line);
  Status rewrite();

  std::string path_;
  int fd_ = -1;
  Restored restored_;
  // The lines that still count.
  std::map<uint64_t, std::string> waiting_;
  std::map<std::string, std::string> open_;
  size_t live_bytes_ = 0;
  size_t file_bytes_ = 0;
};

}  // namespace turms::livekit
