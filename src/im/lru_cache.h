#pragma once

#include <list>
#include <unordered_map>
#include <utility>

namespace turms::im {

/// Keeps what was used last, up to a total weight.
template <class Key, class Value>
class LruCache {
 public:
  explicit LruCache(size_t max_weight) : max_weight_(max_weight) {}

  /// Null when it is not kept. Valid until the next change.
  const Value* find(Key key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return &it->second->value;
  }

  void put(Key key, Value value, size_t weight) {
    erase(key);
    entries_.push_front({key, std::move(value), weight});
    index_.emplace(key, entries_.begin());
    weight_ += weight;
    while (weight_ > max_weight_ && !entries_.empty()) erase(entries_.back().key);
  }

  void erase(Key key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return;
    weight_ -= it->second->weight;
    entries_.erase(it->second);
    index_.erase(it);
  }

  void clear() {
    index_.clear();
    entries_.clear();
    weight_ = 0;
  }

  [[nodiscard]] size_t weight() const { return weight_; }

 private:
  struct Entry {
    Key key;
    Value value;
    size_t weight;
  };
  const size_t max_weight_;
  size_t weight_ = 0;
  std::list<Entry> entries_;
  std::unordered_map<Key, typename std::list<Entry>::iterator> index_;
};

}  // namespace turms::im
