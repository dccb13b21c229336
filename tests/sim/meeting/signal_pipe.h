#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "sim/simulation.h"

namespace turms::sim {

/// The WebSocket between a client and the server: messages in order, late by the delay of the
/// network. While the network is down they wait, as TCP has them do; a side that hears nothing for
/// long gives the connection up by itself.
class SignalPipe : public std::enable_shared_from_this<SignalPipe> {
 public:
  /// What the server's WebSocket bears without hearing anything.
  static constexpr Duration kServerPatience = 20s;

  struct End {
    std::function<void(const std::string&)> on_message;
    std::function<void()> on_close;
  };
  enum Side : uint8_t { kClient = 0, kServer = 1 };

  SignalPipe(Simulation& simulation, Duration delay) : simulation_(simulation), delay_(delay) {}

  void attach(Side side, End end);
  void send(Side from, std::string message) { put(from, {false, std::move(message)}); }
  /// After what was sent before. The side that closes hears nothing any more.
  void close(Side from);
  /// A side drops the connection without a word: the other hears of it late, or by silence only.
  void abandon(Side side, bool other_hears);
  void set_network(bool up);
  [[nodiscard]] bool open(Side side) const { return ends_[side].open; }

 private:
  struct Message {
    bool close = false;
    std::string text;
  };
  struct Direction {
    TimePoint last_arrival;
    std::deque<Message> held;  // while the network is down
  };
  struct EndState : End {
    bool open = true;
    TimePoint heard;
  };

  static Side other(Side side) { return side == kClient ? kServer : kClient; }
  void put(Side from, Message message);
  void arrive(Side to, Message message);
  void end(Side side);
  void watch();

  Simulation& simulation_;
  Duration delay_;
  bool up_ = true;
  std::array<Direction, 2> to_;
  std::array<EndState, 2> ends_;
};

}  // namespace turms::sim
