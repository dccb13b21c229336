#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rtc/sctp/association.h"

/// Two associations and a network between them on virtual time.
namespace turms::rtc::sctp::testing_world {

struct NetworkConfig {
  uint64_t seed = 1;
  double loss = 0;
  double duplication = 0;
  Duration delay = 20ms;
  Duration jitter = 0ms;   // packets overtake one another within it
  double bytes_per_s = 0;  // 0: no bottleneck
  Duration queue = 100ms;  // of the bottleneck; what would wait longer is lost
};

class World {
 public:
  struct Side {
    std::unique_ptr<Association> association;
    std::vector<Message> messages;
    std::vector<Association::Event> events;
    TimePoint free_at{};  // of its outgoing link
    uint64_t packets = 0;

    bool has(Association::Event::Kind kind) const {
      return std::any_of(events.begin(), events.end(),
                         [&](const auto& event) { return event.kind == kind; });
    }
    const Message& last() const { return messages.back(); }
  };

  explicit World(const NetworkConfig& network = {}, AssociationConfig a = {},
                 AssociationConfig b = {})
      : network_(network), rng_(network.seed) {
    a_.association = std::make_unique<Association>(a, rng_);
    b_.association = std::make_unique<Association>(b, rng_);
  }

  Side& a() { return a_; }
  Side& b() { return b_; }
  TimePoint now() const { return now_; }
  NetworkConfig& network() { return network_; }
  /// Sees each packet before it arrives; false: it is lost.
  std::function<bool(bool to_b, Bytes&)> tap;

  bool connect() {
    a_.association->connect(now_);
    return run(30s, [&] { return a_.association->established() && b_.association->established(); });
  }

  DataSendStatus send(Side& from, uint16_t stream, std::string text,
                      const SendOptions& options = {}, uint32_t ppid = 51) {
    return from.association->send(now_, stream, SharedBytes::of(std::move(text)), ppid, options);
  }

  bool run(
      Duration time, const std::function<bool()>& until = [] { return false; }) {
    const TimePoint end = now_ + time;
    drain();
    while (!until()) {
      TimePoint next = std::min(a_.association->next_timeout(), b_.association->next_timeout());
      if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
      if (next > end) {
        now_ = end;
        return until();
      }
      if (++steps_ > 2'000'000) {
        ADD_FAILURE() << "a timeout that is never satisfied";
        return false;
      }
      now_ = std::max(now_, next);
      if (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
        deliver();
      } else {
        for (Side* side : {&a_, &b_}) {
          if (side->association->next_timeout() <= now_) side->association->handle_timeout(now_);
        }
      }
      drain();
    }
    return true;
  }

  void drain() {
    for (Side* side : {&a_, &b_}) {
      std::array<uint8_t, 1200> buffer;
      while (const size_t size = side->association->write_packet(now_, buffer)) {
        transmit(*side, Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size)));
      }
      while (auto message = side->association->poll_message()) {
        side->messages.push_back(std::move(*message));
      }
      while (auto event = side->association->poll_event()) side->events.push_back(*event);
    }
  }

 private:
  struct Flight {
    bool to_b;
    Bytes packet;
  };

  void transmit(Side& from, const Bytes& packet) {
    ++from.packets;
    const bool to_b = &from == &a_;
    const int copies = rng_.chance(network_.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (rng_.chance(network_.loss)) continue;
      TimePoint leaves = now_;
      if (network_.bytes_per_s > 0) {
        leaves = std::max(now_, from.free_at);
        if (leaves - now_ > network_.queue) continue;
        leaves += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
            static_cast<double>(packet.size()) / network_.bytes_per_s));
        from.free_at = leaves;
      }
      const auto jitter = static_cast<uint64_t>(network_.jitter.count());
      const Duration delay =
          network_.delay + Duration(jitter == 0 ? 0 : static_cast<int64_t>(rng_.below(jitter)));
      in_flight_.emplace(leaves + delay, Flight{to_b, packet});
    }
  }

  void deliver() {
    Flight flight = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    if (tap && !tap(flight.to_b, flight.packet)) return;
    (flight.to_b ? b_ : a_).association->receive(now_, flight.packet);
  }

  NetworkConfig network_;
  Rng rng_;
  TimePoint now_ = TimePoint(1000s);
  Side a_;
  Side b_;
  std::multimap<TimePoint, Flight> in_flight_;
  int steps_ = 0;
};

inline std::string text_of(const Message& message) {
  return std::string(as_text(message.data));
}

/// Text that says its number and position, so that mixed-up bytes are seen.
inline std::string pattern(size_t number, size_t size) {
  std::string out = std::to_string(number) + ":";
  while (out.size() < size) out += static_cast<char>('a' + (out.size() * 7 + number) % 26);
  return out;
}

}  // namespace turms::rtc::sctp::testing_world
