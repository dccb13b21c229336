#include "sfu/sent_packets.h"

#include <algorithm>

namespace turms::sfu {

SentPackets::Entry& SentPackets::make_room(uint16_t out_sequence, uint32_t now_ms) {
  if (entries_.empty()) entries_.resize(kFirstEntries);
  for (;;) {
    Entry& slot = entries_[out_sequence & (entries_.size() - 1)];
    bool young = slot.state != State::kNone && slot.out_sequence != out_sequence &&
                 slot.age_ms(now_ms) < kMaxAgeMs;
    if (!young || entries_.size() >= kMaxEntries) return slot;
    grow();
  }
}

void SentPackets::clear() {
  for (Entry& entry : entries_) entry.state = State::kNone;
}

SentPackets::Entry* SentPackets::find(uint16_t out_sequence) {
  if (entries_.empty()) return nullptr;
  Entry& slot = entries_[out_sequence & (entries_.size() - 1)];
  return slot.state != State::kNone && slot.out_sequence == out_sequence ? &slot : nullptr;
}

SentPackets::Entry* SentPackets::find_expected(uint16_t source_sequence, uint8_t encoding,
                                               uint8_t epoch, uint16_t first_candidate,
                                               uint16_t end) {
  size_t candidates = std::min<size_t>(static_cast<uint16_t>(end - first_candidate), kMaxEntries);
  for (size_t i = 0; i < candidates; ++i) {
    Entry* entry = find(static_cast<uint16_t>(first_candidate + i));
    if (entry == nullptr || entry->encoding != encoding || entry->epoch != epoch) continue;
    auto ahead = static_cast<int16_t>(entry->source_sequence - source_sequence);
    if (ahead == 0) return entry->state == State::kExpected ? entry : nullptr;
    if (ahead > 0) return nullptr;
  }
  return nullptr;
}

void SentPackets::grow() {
  std::vector<Entry> larger(entries_.size() * 2);
  for (const Entry& entry : entries_) {
    if (entry.state != State::kNone) larger[entry.out_sequence & (larger.size() - 1)] = entry;
  }
  entries_ = std::move(larger);
}

}  // namespace turms::sfu
