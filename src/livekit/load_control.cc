#include "livekit/load_control.h"

#include <algorithm>
#include <numeric>

namespace turms::livekit {

double LoadControl::Mean::add(double value) {
  values_[next_++ % kWindow] = value;
  return std::accumulate(values_.begin(), values_.end(), 0.0) / kWindow;
}

void LoadControl::sample(TimePoint now, const Sample& sample) {
  workers_.resize(sample.workers.size());
  left_out_.resize(sample.workers.size());
  least_busy_ = sample.workers.empty() ? 0 : 1;
  for (size_t i = 0; i < workers_.size(); ++i) {
    const double load = workers_[i].mean.add(sample.workers[i]);
    least_busy_ = std::min(least_busy_, load);
    update_worker(now, workers_[i], load, left_out_[i]);
  }
  service_ = service_mean_.add(sample.service);
  packets_ = packets_mean_.add(sample.packets_per_second);
  update_door(now);
}

/// The first limit that is reached, each lowered by the margin.
LoadControl::Full LoadControl::reached(double margin) const {
  const double cpu = limits_.admit_cpu;
  if (cpu > 0 && least_busy_ >= cpu - margin) return Full::kWorkers;
  if (cpu > 0 && service_ >= cpu - margin) return Full::kService;
  const double packets = limits_.admit_packets_per_second;
  if (packets > 0 && packets_ >= packets * (1 - margin)) return Full::kPackets;
  return Full::kNo;
}

void LoadControl::update_door(TimePoint now) {
  if (const Full full = reached(0); full != Full::kNo) {
    full_ = full;
    calm_since_ = kNever;
    return;
  }
  if (full_ == Full::kNo) return;
  if (reached(kDoorMargin) != Full::kNo) {
    calm_since_ = kNever;
  } else if (calm_since_ == kNever) {
    calm_since_ = now;
  } else if (now - calm_since_ >= kDoorCalm) {
    full_ = Full::kNo;
    calm_since_ = kNever;
  }
}

void LoadControl::update_worker(TimePoint now, Worker& worker, double load, int& left_out) const {
  if (limits_.shed_cpu <= 0) return;
  const bool may_step = worker.stepped_at == kNever || now - worker.stepped_at >= kShedStep;
  if (load >= limits_.shed_cpu) {
    worker.calm_since = kNever;
    if (left_out == kMostLeftOut || !may_step) return;
    const bool again = worker.restored_at != kNever && now - worker.restored_at < kShedAgain;
    worker.calm = again ? std::min(2 * worker.calm, kMaxShedCalm) : worker.calm;
    worker.stepped_at = now;
    ++left_out;
    return;
  }
  if (left_out == 0 || load >= limits_.shed_cpu - kShedMargin) {
    worker.calm_since = kNever;
    // What was restored has held.
    const bool held = worker.restored_at != kNever && now - worker.restored_at >= kShedAgain;
    if (left_out == 0 && held) worker.calm = kShedCalm;
    return;
  }
  if (worker.calm_since == kNever) worker.calm_since = now;
  if (now - worker.calm_since < worker.calm) return;
  worker.calm_since = kNever;
  worker.stepped_at = worker.restored_at = now;
  --left_out;
}

std::string_view to_string(LoadControl::Full full) {
  switch (full) {
    case LoadControl::Full::kNo:
      return "no";
    case LoadControl::Full::kWorkers:
      return "workers";
    case LoadControl::Full::kService:
      return "service";
    case LoadControl::Full::kPackets:
      return "packets";
  }
  return "?";
}

}  // namespace turms::livekit
