#pragma once

#include <cstddef>
#include <span>

namespace turms::media {

/// Which worker takes a new room, and which a new member. A room stays on one worker while it is
/// small, since whatever crosses to another worker costs both of them: it spreads when it has
/// `members_per_worker` on each worker that has a part of it, or when those are busy and others are
/// not. Who has a place keeps it.
class Placement {
 public:
  struct Worker {
    double load = 0;  // share of a CPU, 0 to 1
    size_t transports = 0;
    size_t rooms = 0;
  };
  /// What a worker has of the room.
  struct Part {
    size_t worker = 0;
    size_t members = 0;
  };

  /// Loads below this are as good as none.
  static constexpr double kIdle = 0.25;
  /// From here on another worker is looked for, for rooms of at least kKeptTogether on this one.
  static constexpr double kBusy = 0.75;
  static constexpr size_t kKeptTogether = 4;
  /// So much less load makes another worker better.
  static constexpr double kBetter = 0.25;

  explicit Placement(size_t members_per_worker) : members_per_worker_(members_per_worker) {}

  /// `workers` is not empty.
  [[nodiscard]] static size_t for_room(std::span<const Worker> workers);
  /// `parts` is not empty: that of the worker where the room began comes first.
  [[nodiscard]] size_t for_member(std::span<const Worker> workers,
                                  std::span<const Part> parts) const;

 private:
  size_t members_per_worker_;
};

}  // namespace turms::media
