#include "rtc/sctp/reassembly.h"

#include <iterator>
#include <utility>

namespace turms::rtc::sctp {
namespace {

Bytes copy(ByteView data) {
  return {data.begin(), data.end()};
}

}  // namespace

uint64_t Reassembly::message_line(uint64_t reference, uint32_t message) const {
  return interleaved_ ? unwrap(reference, message)
                      : unwrap16(reference, static_cast<uint16_t>(message));
}

Reassembly::Outcome Reassembly::add(uint64_t tsn, const DataView& chunk,
                                    std::vector<Message>& out) {
  if (chunk.data.size() > max_message_) return Outcome::kTooLong;
  Stream& stream = streams_[chunk.stream];
  const bool whole = chunk.begin && chunk.end;
  if (chunk.unordered) {
    if (whole) {
      out.push_back({chunk.stream, chunk.ppid, true, copy(chunk.data)});
      return Outcome::kTaken;
    }
    if (!interleaved_) return add_unordered_data(stream, tsn, chunk, out);
  }
  std::map<uint64_t, Partial>& messages = chunk.unordered ? stream.unordered : stream.ordered;
  const uint64_t reference = chunk.unordered ? stream.unordered_line : stream.next_ordered;
  const uint64_t message = message_line(reference, chunk.message);
  if (!chunk.unordered) {
    // A fragment, sent before its message was given up, that arrived after we were told.
    if (message < stream.next_ordered) return Outcome::kTaken;
    if (whole && message == stream.next_ordered && !messages.contains(message)) {
      out.push_back({chunk.stream, chunk.ppid, false, copy(chunk.data)});
      ++stream.next_ordered;
      deliver_ready(chunk.stream, stream, out);
      return Outcome::kTaken;
    }
  } else {
    stream.unordered_line = std::max(stream.unordered_line, message);
  }
  Partial& partial = messages[message];
  if (!insert(partial, tsn, chunk)) return Outcome::kInconsistent;
  if (partial.size > max_message_) return Outcome::kTooLong;
  if (!is_complete(partial)) return Outcome::kTaken;
  if (chunk.unordered) {
    out.push_back(
        join(chunk.stream, true, partial.fragments.begin(), partial.fragments.end(), partial));
    messages.erase(message);
  } else if (message == stream.next_ordered) {
    deliver_ready(chunk.stream, stream, out);
  }
  return Outcome::kTaken;
}

/// Nothing but neighbouring TSNs ties such fragments together.
Reassembly::Outcome Reassembly::add_unordered_data(Stream& stream, uint64_t tsn,
                                                   const DataView& chunk,
                                                   std::vector<Message>& out) {
  Partial& partial = stream.unordered[0];
  if (!insert(partial, tsn, chunk)) return Outcome::kInconsistent;
  Fragments& fragments = partial.fragments;
  auto first = fragments.find(tsn);
  auto last = first;
  size_t size = first->second.data.size();
  while (!first->second.begin) {
    if (first == fragments.begin() || std::prev(first)->first + 1 != first->first) break;
    --first;
    if (first->second.end) return Outcome::kInconsistent;
    size += first->second.data.size();
  }
  while (!last->second.end) {
    const auto next = std::next(last);
    if (next == fragments.end() || next->first != last->first + 1) break;
    if (next->second.begin) return Outcome::kInconsistent;
    last = next;
    size += last->second.data.size();
  }
  if (size > max_message_) return Outcome::kTooLong;
  if (first->second.begin && last->second.end) {
    out.push_back(join(chunk.stream, true, first, std::next(last), partial));
  }
  return Outcome::kTaken;
}

bool Reassembly::insert(Partial& partial, uint64_t tsn, const DataView& chunk) {
  const uint64_t number = interleaved_ ? (chunk.begin ? 0 : chunk.fragment) : tsn;
  if (interleaved_ && !chunk.begin && number == 0) return false;
  const auto [at, is_new] = partial.fragments.try_emplace(number);
  if (!is_new) return false;
  at->second = {tsn, chunk.begin, chunk.end, chunk.ppid, copy(chunk.data)};
  partial.size += chunk.data.size();
  bytes_ += chunk.data.size() + kOverhead;
  return true;
}

bool Reassembly::is_complete(const Partial& partial) {
  const auto& first = *partial.fragments.begin();
  const auto& last = *partial.fragments.rbegin();
  return first.second.begin && last.second.end &&
         last.first - first.first + 1 == partial.fragments.size();
}

Message Reassembly::join(uint16_t stream, bool unordered, Fragments::iterator first,
                         Fragments::iterator last, Partial& partial) {
  Message message{stream, first->second.ppid, unordered, {}};
  size_t size = 0;
  for (auto at = first; at != last; ++at) size += at->second.data.size();
  message.data.reserve(size);
  for (auto at = first; at != last; ++at) {
    message.data.insert(message.data.end(), at->second.data.begin(), at->second.data.end());
    bytes_ -= at->second.data.size() + kOverhead;
  }
  partial.size -= size;
  partial.fragments.erase(first, last);
  return message;
}

void Reassembly::deliver_ready(uint16_t id, Stream& stream, std::vector<Message>& out) {
  while (!stream.ordered.empty()) {
    const auto next = stream.ordered.begin();
    if (next->first != stream.next_ordered || !is_complete(next->second)) return;
    out.push_back(join(id, false, next->second.fragments.begin(), next->second.fragments.end(),
                       next->second));
    stream.ordered.erase(next);
    ++stream.next_ordered;
  }
}

void Reassembly::skip(const SkippedStream& skipped, std::vector<Message>& out) {
  Stream& stream = streams_[skipped.stream];
  if (skipped.unordered) {
    const uint64_t last = message_line(stream.unordered_line, skipped.message);
    while (!stream.unordered.empty() && stream.unordered.begin()->first <= last) {
      forget(stream.unordered.begin()->second);
      stream.unordered.erase(stream.unordered.begin());
    }
    return;
  }
  const uint64_t last = message_line(stream.next_ordered, skipped.message);
  if (last < stream.next_ordered) return;
  while (!stream.ordered.empty() && stream.ordered.begin()->first <= last) {
    const auto at = stream.ordered.begin();
    if (is_complete(at->second)) {
      out.push_back(join(skipped.stream, false, at->second.fragments.begin(),
                         at->second.fragments.end(), at->second));
    } else {
      forget(at->second);
    }
    stream.ordered.erase(at);
  }
  stream.next_ordered = last + 1;
  deliver_ready(skipped.stream, stream, out);
}

void Reassembly::skip_to(uint64_t tsn) {
  if (interleaved_) return;
  for (auto& [id, stream] : streams_) {
    const auto unordered = stream.unordered.find(0);
    if (unordered == stream.unordered.end()) continue;
    Fragments& fragments = unordered->second.fragments;
    while (!fragments.empty() && fragments.begin()->first <= tsn) {
      const size_t size = fragments.begin()->second.data.size();
      bytes_ -= size + kOverhead;
      unordered->second.size -= size;
      fragments.erase(fragments.begin());
    }
  }
}

void Reassembly::reset(uint16_t id) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  for (auto& [number, partial] : at->second.ordered) forget(partial);
  for (auto& [number, partial] : at->second.unordered) forget(partial);
  streams_.erase(at);
}

void Reassembly::reset_all() {
  streams_.clear();
  bytes_ = 0;
}

void Reassembly::forget(Partial& partial) {
  for (const auto& [number, fragment] : partial.fragments) {
    bytes_ -= fragment.data.size() + kOverhead;
  }
  partial = {};
}

}  // namespace turms::rtc::sctp
