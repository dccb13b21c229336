#include "sim/tcp_flow.h"

#include <algorithm>
#include <cmath>

namespace turms::sim {

namespace {

constexpr double kBeta = 0.7;
constexpr double kCubic = 0.4;
constexpr int kReordering = 3;
constexpr Duration kTimeout = 1s;

double seconds(Duration d) {
  return static_cast<double>(d.count()) / 1e9;
}

}  // namespace

void TcpFlow::start() {
  running_ = true;
  heard_ = simulation_.now();
  fill();
  watch();
}

void TcpFlow::fill() {
  while (running_ && static_cast<double>(flight_.size()) < window_) {
    Bytes bytes(kSegment);
    store_be64(bytes.data(), next_);
    flight_[next_++] = {simulation_.now()};
    link_.send({kPort, std::move(bytes)});
  }
}

void TcpFlow::on_segment(const Datagram& datagram) {
  ++arrived_;
  uint64_t number = load_be64(datagram.bytes.data());
  simulation_.after(back_, [this, number] { on_acknowledged(number); });
}

void TcpFlow::on_acknowledged(uint64_t number) {
  const auto it = flight_.find(number);
  if (it == flight_.end()) return;
  heard_ = simulation_.now();
  const Duration rtt = heard_ - it->second.at;
  least_rtt_ = std::min(least_rtt_, rtt);
  flight_.erase(it);
  for (auto before = flight_.begin(); before != flight_.end() && before->first < number;) {
    if (++before->second.passed < kReordering) {
      ++before;
      continue;
    }
    const uint64_t lost = before->first;
    before = flight_.erase(before);
    on_loss(lost);
  }
  grow(rtt);
  fill();
}

void TcpFlow::grow(Duration rtt) {
  if (window_ < threshold_) {
    window_ += 1;
    if (rtt > least_rtt_ + std::max<Duration>(8ms, least_rtt_ / 8)) threshold_ = window_;
    return;
  }
  if (epoch_ == kNever) {
    epoch_ = simulation_.now();
    before_loss_ = std::max(before_loss_, window_);
  }
  const double t = seconds(simulation_.now() - epoch_ + least_rtt_);
  const double k = std::cbrt(before_loss_ * (1 - kBeta) / kCubic);
  const double cubic = before_loss_ + kCubic * std::pow(t - k, 3);
  // No slower than Reno would.
  const double reno =
      before_loss_ * kBeta + 3 * (1 - kBeta) / (1 + kBeta) * t / std::max(seconds(rtt), 0.001);
  const double aim = std::clamp(std::max(cubic, reno), window_, window_ * 1.5);
  window_ += (aim - window_) / window_;
}

void TcpFlow::on_loss(uint64_t number) {
  if (number < recovery_) return;
  recovery_ = next_;
  before_loss_ = window_;
  window_ = std::max(window_ * kBeta, 2.0);
  threshold_ = window_;
  epoch_ = kNever;
}

void TcpFlow::watch() {
  if (!running_) return;
  if (simulation_.now() - heard_ > kTimeout) {
    flight_.clear();
    threshold_ = std::max(window_ / 2, 2.0);
    window_ = 2;
    epoch_ = kNever;
    recovery_ = next_;
    heard_ = simulation_.now();
    fill();
  }
  simulation_.after(kTimeout / 4, [this] { watch(); });
}

}  // namespace turms::sim
