#include "store/hash_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace turms::store {

HashQueue::Job HashQueue::erase(Sources::iterator source, Source::iterator waiting) {
  Job job = std::move(waiting->second.job);
  sources_of_.erase(waiting->first);
  source->second.erase(waiting);
  if (source->second.empty()) {
    std::erase(turns_, source->first);
    sources_.erase(source);
  }
  return job;
}

HashQueue::Added HashQueue::add(TimePoint now, const std::string& source, Job job) {
  Added added;
  if (size() == kMaxWaiting) {
    const auto largest = std::max_element(
        sources_.begin(), sources_.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    added.displaced = erase(largest, largest->second.begin());
  }
  added.id = ++last_id_;
  const auto [it, is_new] = sources_.try_emplace(source);
  if (is_new) turns_.push_back(source);
  it->second.emplace(added.id, Waiting{std::move(job), now});
  sources_of_.emplace(added.id, source);
  return added;
}

std::optional<HashQueue::Job> HashQueue::remove(Id id) {
  const auto owner = sources_of_.find(id);
  if (owner == sources_of_.end()) return std::nullopt;
  const auto source = sources_.find(owner->second);
  return erase(source, source->second.find(id));
}

std::optional<HashQueue::Job> HashQueue::take(TimePoint now) {
  if (turns_.empty()) return std::nullopt;
  const auto source = sources_.find(turns_.front());
  turns_.push_back(std::move(turns_.front()));
  turns_.pop_front();
  const auto oldest = source->second.begin();
  const bool overloaded = now - oldest->second.since > kPatience;
  return erase(source, overloaded ? std::prev(source->second.end()) : oldest);
}

}  // namespace turms::store
