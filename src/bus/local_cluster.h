#pragma once

#include <memory>

#include "bus/transport.h"

namespace turms::bus {

/// Nodes within one process: the one of a server that stands alone, and several in tests, where
/// each can be cut off. Sans-IO: what is to happen happens in advance(). On one thread.
///
/// Bound: kMaxWaiting messages wait for one subscriber; then they are dropped and it hears of a
/// gap.
class LocalCluster {
 public:
  static constexpr size_t kMaxWaiting = 10'000;

  LocalCluster();
  ~LocalCluster();
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  /// A further node. The cluster outlives it.
  std::unique_ptr<Transport> join();

  /// Delivers what was published and lets time pass. Time never goes back.
  void advance(TimePoint now);
  /// When advance() has something to do: kNever, or a moment in the past for at once.
  [[nodiscard]] TimePoint next() const;

  /// The node reaches nobody, and nobody it, until heal().
  void cut(const Transport& node);
  void heal(const Transport& node);

 private:
  struct State;
  class Node;
  std::shared_ptr<State> state_;
};

}  // namespace turms::bus
