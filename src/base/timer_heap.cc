#include "base/timer_heap.h"

namespace turms {

TimerNode::~TimerNode() {
  if (heap_ != nullptr) heap_->cancel(*this);
}

void TimerHeap::schedule(TimerNode& timer, TimePoint due) {
  if (due == kNever) {
    cancel(timer);
    return;
  }
  if (timer.heap_ == nullptr) {
    timer.heap_ = this;
    timer.due_ = due;
    heap_.push_back(&timer);
    place(heap_.size() - 1, &timer);
    sift_up(timer.position_);
    return;
  }
  bool sooner = due < timer.due_;
  timer.due_ = due;
  if (sooner) {
    sift_up(timer.position_);
  } else {
    sift_down(timer.position_);
  }
}

void TimerHeap::cancel(TimerNode& timer) {
  if (timer.heap_ == nullptr) return;
  timer.heap_ = nullptr;
  timer.due_ = kNever;
  size_t hole = timer.position_;
  TimerNode* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  place(hole, last);
  sift_up(hole);
  sift_down(last->position_);
}

TimerNode* TimerHeap::take_due(TimePoint now) {
  if (heap_.empty() || heap_.front()->due_ > now) return nullptr;
  TimerNode* timer = heap_.front();
  cancel(*timer);
  return timer;
}

void TimerHeap::place(size_t position, TimerNode* timer) {
  heap_[position] = timer;
  timer->position_ = static_cast<uint32_t>(position);
}

void TimerHeap::sift_up(size_t position) {
  TimerNode* timer = heap_[position];
  while (position > 0) {
    size_t parent = (position - 1) / 2;
    if (heap_[parent]->due_ <= timer->due_) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, timer);
}

void TimerHeap::sift_down(size_t position) {
  TimerNode* timer = heap_[position];
  for (;;) {
    size_t child = position * 2 + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
    if (timer->due_ <= heap_[child]->due_) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, timer);
}

}  // namespace turms
