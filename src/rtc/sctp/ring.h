#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.h"

namespace turms::rtc::sctp {

/// A queue in one piece of memory that grows by doubling and keeps it: in steady state it does not
/// allocate. Indexed from the front.
template <class T>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  T& operator[](size_t i) { return items_[(head_ + i) & (items_.size() - 1)]; }
  const T& operator[](size_t i) const { return items_[(head_ + i) & (items_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  void push_back(T item) {
    if (size_ == items_.size()) grow();
    ++size_;
    back() = std::move(item);
  }
  T pop_front() {
    TURMS_CHECK(size_ > 0);
    T item = std::exchange(front(), T());
    head_ = (head_ + 1) & (items_.size() - 1);
    --size_;
    return item;
  }
  void clear() {
    items_.clear();
    head_ = size_ = 0;
  }

 private:
  void grow() {
    std::vector<T> larger(std::max<size_t>(8, items_.size() * 2));
    for (size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    items_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> items_;  // a power of two
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace turms::rtc::sctp
