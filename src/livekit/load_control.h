#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace turms::livekit {

/// What may be used up. Shares of a CPU, 0 to 1; 0: no bound.
struct LoadLimits {
  /// Beyond it nobody new gets in: of the least busy media worker, or of the thread of the LiveKit
  /// service.
  double admit_cpu = 0.85;
  /// Received and sent by the media workers together; 0: no bound.
  double admit_packets_per_second = 0;
  /// Of a media worker: beyond it what it sends loses its top layers.
  double shed_cpu = 0.92;
};

/// Decides by measured load whether somebody new gets in, and how many of the top layers of video
/// each media worker leaves out. Who is in stays in: others are refused before that, and layers go
/// down before packets are late. Sans-IO: samples with the time in, decisions out.
///
/// - The door closes when the mean of kWindow samples reaches a limit, and opens when it has stayed
///   kDoorMargin below it for kDoorCalm.
/// - A worker leaves out one layer more when its mean reaches the limit, at most every kShedStep;
///   one less when it has stayed kShedMargin below for a while: kShedCalm, doubled up to
///   kMaxShedCalm each time a layer had to go again within kShedAgain.
class LoadControl {
 public:
  static constexpr size_t kWindow = 3;
  /// Between samples.
  static constexpr Duration kInterval = std::chrono::seconds(1);
  static constexpr double kDoorMargin = 0.1;  // of a CPU; a tenth of a number of packets
  static constexpr Duration kDoorCalm = std::chrono::seconds(5);
  static constexpr double kShedMargin = 0.25;
  static constexpr Duration kShedStep = std::chrono::seconds(3);
  static constexpr Duration kShedCalm = std::chrono::seconds(10);
  static constexpr Duration kMaxShedCalm = std::chrono::seconds(160);
  static constexpr Duration kShedAgain = std::chrono::seconds(30);
  /// All but the lowest of three.
  static constexpr int kMostLeftOut = 2;

  /// What somebody new is refused for.
  enum class Full : uint8_t { kNo, kWorkers, kService, kPackets };

  struct Sample {
    std::vector<double> workers;  // share of a CPU that each media worker used lately
    double service = 0;           // the thread of the LiveKit service
    double packets_per_second = 0;
  };

  explicit LoadControl(const LoadLimits& limits) : limits_(limits) {}

  /// To be called every kInterval.
  void sample(TimePoint now, const Sample& sample);
  [[nodiscard]] Full full() const { return full_; }
  /// By worker, as many as the last sample had.
  [[nodiscard]] const std::vector<int>& left_out() const { return left_out_; }

 private:
  class Mean {
   public:
    double add(double value);

   private:
    std::array<double, kWindow> values_{};
    size_t next_ = 0;
  };
  struct Worker {
    Mean mean;
    TimePoint stepped_at = kNever;  // either way
    TimePoint restored_at = kNever;
    TimePoint calm_since = kNever;
    Duration calm = kShedCalm;
  };

  [[nodiscard]] Full reached(double margin) const;
  void update_door(TimePoint now);
  void update_worker(TimePoint now, Worker& worker, double load, int& left_out) const;

  LoadLimits limits_;
  Mean service_mean_;
  Mean packets_mean_;
  double least_busy_ = 0;
  double service_ = 0;
  double packets_ = 0;
  Full full_ = Full::kNo;
  TimePoint calm_since_ = kNever;
  std::vector<Worker> workers_;
  std::vector<int> left_out_;
};

/// "workers", "service", "packets": for metrics and the log.
std::string_view to_string(LoadControl::Full full);

}  // namespace turms::livekit
