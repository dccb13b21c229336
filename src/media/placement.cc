#include "media/placement.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace turms::media {

namespace {

/// In steps, so that who has a little less at the moment is not always preferred.
int load_step(const Placement::Worker& worker) {
  return worker.load < Placement::kIdle ? 0 : static_cast<int>(worker.load * 10);
}

auto order(const Placement::Worker& worker) {
  return std::tuple(load_step(worker), worker.transports, worker.rooms);
}

}  // namespace

size_t Placement::for_room(std::span<const Worker> workers) {
  const auto least =
      std::min_element(workers.begin(), workers.end(),
                       [](const Worker& a, const Worker& b) { return order(a) < order(b); });
  return static_cast<size_t>(least - workers.begin());
}

size_t Placement::for_member(std::span<const Worker> workers, std::span<const Part> parts) const {
  const auto here = std::min_element(parts.begin(), parts.end(), [&](const Part& a, const Part& b) {
    return std::pair(load_step(workers[a.worker]), a.members) <
           std::pair(load_step(workers[b.worker]), b.members);
  });
  const double load = workers[here->worker].load;
  const bool full = here->members >= members_per_worker_;
  const bool busy = load >= kBusy && here->members >= kKeptTogether;
  if (!full && !busy) return here->worker;

  std::optional<size_t> other;
  for (size_t i = 0; i < workers.size(); ++i) {
    const bool has_part =
        std::any_of(parts.begin(), parts.end(), [&](const Part& p) { return p.worker == i; });
    if (has_part) continue;
    if (!other || order(workers[i]) < order(workers[*other])) other = i;
  }
  if (!other) return here->worker;
  const bool better = workers[*other].load + kBetter <= load;
  const bool as_good = load_step(workers[*other]) <= load_step(workers[here->worker]);
  return better || (full && as_good) ? *other : here->worker;
}

}  // namespace turms::media
