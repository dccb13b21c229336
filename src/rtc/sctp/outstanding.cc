#include "rtc/sctp/outstanding.h"

#include <algorithm>
#include <map>
#include <utility>

namespace turms::rtc::sctp {
namespace {

constexpr size_t kInitialPackets = 10;  // as RFC 6928
constexpr size_t kMinPackets = 4;

/// What a loss leaves of the window: as much as CUBIC's (RFC 9438 section 4.6) instead of half,
/// since a window of few packets takes long to grow back.
constexpr size_t after_loss(size_t window) {
  return window / 10 * 7;
}

}  // namespace

void RetransmissionTimeout::add(Duration round_trip) {
  if (smoothed_ == Duration(0)) {
    smoothed_ = round_trip;
    variation_ = round_trip / 2;
  } else {
    const Duration difference =
        smoothed_ > round_trip ? smoothed_ - round_trip : round_trip - smoothed_;
    variation_ = variation_ * 3 / 4 + difference / 4;
    smoothed_ = smoothed_ * 7 / 8 + round_trip / 8;
  }
  restore();
}

void RetransmissionTimeout::restore() {
  if (smoothed_ == Duration(0)) return;
  value_ = std::clamp<Duration>(smoothed_ + 4 * variation_, kMin, kMax);
}

void RetransmissionTimeout::back_off() {
  value_ = std::min(value_ * 2, kMax);
}

Outstanding::Outstanding(uint32_t first_tsn, uint32_t peer_window, size_t max_data,
                         bool may_abandon)
    : max_data_(max_data),
      may_abandon_(may_abandon),
      cumulative_(kLineStart + first_tsn - 1),
      forward_(cumulative_),
      window_(kInitialPackets * max_data),
      peer_window_(peer_window) {}

bool Outstanding::may_send(size_t size) const {
  if (flight_ >= window_) return false;
  // One packet at a time finds out whether a closed window has opened (RFC 9260 section 6.1 A).
  return flight_ + size <= peer_window_ || flight_ == 0;
}

uint64_t Outstanding::add(TimePoint now, Chunk chunk) {
  if (flight_ == 0 && now - last_sent_ > timeout_.value()) {
    window_ = std::max(window_ / 2, std::min(window_, kInitialPackets * max_data_));
  }
  flight_ += chunk.size;
  bytes_ += chunk.size;
  Sent sent;
  sent.chunk = std::move(chunk);
  sent.order = next_order_++;
  sent.sent_at = now;
  sent_.push_back(std::move(sent));
  last_sent_ = now;
  if (deadline_ == kNever) deadline_ = now + timeout_.value();
  return last_tsn();
}

std::optional<Outstanding::Retransmission> Outstanding::retransmit(TimePoint now, size_t max_size) {
  if (lost_ == 0 || (flight_ >= window_ && !probes_)) return std::nullopt;
  for (size_t i = 0; i < sent_.size(); ++i) {
    Sent& sent = sent_[i];
    if (sent.state != State::kLost) continue;
    if (sent.chunk.size > max_size) return std::nullopt;
    probes_ = false;
    --lost_;
    sent.state = State::kInFlight;
    sent.misses = 0;
    sent.order = next_order_++;
    sent.sent_at = now;
    ++sent.transmissions;
    ++retransmissions_;
    flight_ += sent.chunk.size;
    // The oldest is under way again: the timer is its (RFC 9260 section 6.3.2 R4).
    if (i == 0 || deadline_ == kNever) deadline_ = now + timeout_.value();
    return Retransmission{&sent.chunk, cumulative_ + 1 + i};
  }
  return std::nullopt;
}

void Outstanding::acknowledge(TimePoint now, Sent& sent, Progress& progress) {
  if (sent.state == State::kAcknowledged) return;
  if (sent.state == State::kInFlight) {
    flight_ -= sent.chunk.size;
    // Karn: a retransmitted one does not tell which of its transmissions was answered.
    if (sent.transmissions == 1) progress.round_trip = now - sent.sent_at;
  }
  if (sent.state == State::kLost) --lost_;
  if (sent.state != State::kAbandoned) {
    progress.bytes += sent.chunk.size;
    progress.newest_order = std::max(progress.newest_order, sent.order);
    sent.state = State::kAcknowledged;
  }
}

bool Outstanding::handle_sack(TimePoint now, const SackView& sack) {
  const uint64_t cumulative = unwrap(cumulative_, sack.cumulative);
  if (cumulative > last_tsn()) return false;
  if (cumulative < cumulative_) return true;  // overtaken by a later one
  const size_t flight_before = flight_;
  Progress progress;
  while (cumulative_ < cumulative) {
    acknowledge(now, sent_.front(), progress);
    if (sent_.front().state == State::kAcknowledged) bytes_ -= sent_.front().chunk.size;
    sent_.pop_front();
    ++cumulative_;
    progress.advanced = true;
  }
  forward_ = std::max(forward_, cumulative_);
  for (ByteView gaps = sack.gaps; gaps.size() >= 4; gaps = gaps.subspan(4)) {
    const size_t first = load_be16(&gaps[0]);
    const size_t last = std::min<size_t>(load_be16(&gaps[2]), sent_.size());
    for (size_t i = first; i != 0 && i <= last; ++i) acknowledge(now, sent_[i - 1], progress);
  }
  if (progress.round_trip >= Duration(0)) {
    timeout_.add(progress.round_trip);
  } else if (progress.advanced)
    timeout_.restore();
  peer_window_ = sack.window;
  if (recovery_end_ != 0 && cumulative_ >= recovery_end_) recovery_end_ = 0;
  if (progress.newest_order != 0) count_misses(now, progress.newest_order);
  if (progress.advanced) grow(progress, flight_before);
  // Acknowledged before, and missing now: the receiver took it back (RFC 9260 section 6.2).
  if (!sent_.empty() && sent_.front().state == State::kAcknowledged) {
    sent_.front().state = State::kLost;
    ++lost_;
  }
  advance_forward();
  if (sent_.empty()) {
    deadline_ = kNever;
  } else if (progress.advanced) {
    deadline_ = now + timeout_.value();
  }
  return true;
}

void Outstanding::count_misses(TimePoint now, uint64_t newest_order) {
  bool found = false;
  for (size_t i = 0; i < sent_.size(); ++i) {
    Sent& sent = sent_[i];
    if (sent.state != State::kInFlight || sent.order >= newest_order) continue;
    if (++sent.misses < kMissesUntilLost) continue;
    lose(now, sent);
    found = true;
  }
  if (!found || recovery_end_ != 0) return;
  recovery_end_ = last_tsn();
  threshold_ = std::max(after_loss(window_), kMinPackets * max_data_);
  window_ = threshold_;
  acknowledged_ = 0;
  probes_ = true;
}

void Outstanding::lose(TimePoint now, Sent& sent) {
  if (sent.state != State::kInFlight) return;
  flight_ -= sent.chunk.size;
  sent.state = State::kLost;
  ++lost_;
  if (!may_abandon_) return;
  if (sent.transmissions >= sent.chunk.max_transmissions || sent.chunk.expires <= now) {
    abandon(sent.chunk);
  }
}

void Outstanding::abandon(const Chunk& chunk) {
  Chunk rest;
  rest.id = chunk.id;
  rest.stream = chunk.stream;
  rest.message = chunk.message;
  rest.unordered = chunk.unordered;
  rest.end = true;
  bool sent_whole = false;
  for (size_t i = 0; i < sent_.size(); ++i) {
    Sent& sent = sent_[i];
    if (sent.chunk.id != rest.id || sent.state == State::kAbandoned) continue;
    if (sent.state == State::kInFlight) flight_ -= sent.chunk.size;
    if (sent.state == State::kLost) --lost_;
    bytes_ -= sent.chunk.size;
    sent_whole = sent_whole || sent.chunk.end;
    sent.state = State::kAbandoned;
    sent.chunk.payload = {};
  }
  ++abandoned_messages_;
  abandoned_.push_back({rest.id, rest.stream});
  if (sent_whole) return;
  // All that was sent may have arrived. A TSN for what never will be makes sure that the receiver
  // is told not to wait for it.
  Sent placeholder;
  placeholder.chunk = std::move(rest);
  placeholder.state = State::kAbandoned;
  sent_.push_back(std::move(placeholder));
}

/// RFC 9260 section 7.2: slow start up to the threshold, then one packet per window.
void Outstanding::grow(const Progress& progress, size_t flight_before) {
  const bool used = flight_before + max_data_ >= window_;
  if (recovery_end_ != 0 || !used) return;
  if (window_ <= threshold_) {
    window_ += std::min(progress.bytes, 2 * max_data_);
  } else {
    acknowledged_ += progress.bytes;
    if (acknowledged_ < window_) return;
    acknowledged_ -= window_;
    window_ += max_data_;
  }
  window_ = std::min(window_, kMaxWindow);
}

void Outstanding::handle_timeout(TimePoint now) {
  if (now < deadline_) return;
  timeout_.back_off();
  threshold_ = std::max(window_ / 2, kMinPackets * max_data_);
  window_ = max_data_;
  acknowledged_ = 0;
  recovery_end_ = 0;
  for (size_t i = 0; i < sent_.size(); ++i) lose(now, sent_[i]);
  deadline_ = now + timeout_.value();
  advance_forward();
}

void Outstanding::advance_forward() {
  while (forward_ < last_tsn() && sent_[forward_ - cumulative_].state == State::kAbandoned) {
    ++forward_;
  }
  needs_forward_ = forward_ > cumulative_;
}

std::vector<Outstanding::Abandoned> Outstanding::take_abandoned() {
  return std::exchange(abandoned_, {});
}

void Outstanding::write_forward(bool interleaving, Bytes& out) {
  needs_forward_ = false;
  // The last message given up of each stream and kind.
  std::map<std::pair<uint16_t, bool>, uint32_t> streams;
  for (uint64_t tsn = cumulative_; tsn < forward_; ++tsn) {
    const Chunk& chunk = sent_[tsn - cumulative_].chunk;
    if (chunk.unordered && !interleaving) continue;
    streams[{chunk.stream, chunk.unordered}] = chunk.message;
  }
  ChunkWriter writer(out);
  writer.begin(interleaving ? ChunkType::kIForwardTsn : ChunkType::kForwardTsn);
  writer.u32(static_cast<uint32_t>(forward_));
  for (const auto& [key, message] : streams) {
    writer.u16(key.first);
    if (interleaving) {
      writer.u16(key.second ? 1 : 0);
      writer.u32(message);
    } else {
      writer.u16(static_cast<uint16_t>(message));
    }
  }
  writer.end();
}

bool Outstanding::has_stream(uint16_t stream) const {
  for (size_t i = 0; i < sent_.size(); ++i) {
    if (sent_[i].chunk.stream == stream) return true;
  }
  return false;
}

}  // namespace turms::rtc::sctp
