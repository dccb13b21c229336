#include "store/sqlite/heads.h"

#include <algorithm>

namespace turms::store {

Head find_head(Connection& connection, ConversationKey key) {
  Head head;
  {
    Statement last = connection.prepare(
        "select sequence, delivery_date from message where low = ? and high = ? "
        "order by sequence desc limit 1");
    if (last.bind(key.low, key.high).step()) {
      head.sequence = last.integer();
      head.delivery_date = last.time();
    }
  }
  Statement kept = connection.prepare(
      "select sequence, delivery_date from conversation_head where low = ? and high = ?");
  if (kept.bind(key.low, key.high).step()) {
    const int64_t sequence = kept.integer();
    if (sequence > head.sequence) head = {sequence, kept.time()};
  }
  return head;
}

void keep_head(Connection& connection, ConversationKey key) {
  const Head head = find_head(connection, key);
  if (head.sequence == 0) return;
  Statement upsert = connection.prepare(
      "insert into conversation_head (low, high, sequence, delivery_date) values (?, ?, ?, ?) "
      "on conflict (low, high) do update set sequence = excluded.sequence, "
      "delivery_date = excluded.delivery_date");
  upsert.bind(key.low, key.high, head.sequence, head.delivery_date).run();
}

int64_t first_sequence_at(Connection& connection, ConversationKey key, WallTime date) {
  const Head head = find_head(connection, key);
  int64_t first = 1;
  int64_t end = head.sequence + 1;
  if (head.delivery_date < date) return end;
  // Dates ascend with sequences, and what was deleted is skipped.
  Statement probe = connection.prepare(
      "select sequence, delivery_date from message where low = ? and high = ? and sequence >= ? "
      "order by sequence limit 1");
  while (first < end) {
    const int64_t middle = first + (end - first) / 2;
    const bool found = probe.bind(key.low, key.high, middle).step();
    const int64_t sequence = found ? probe.integer() : 0;
    if (!found || sequence >= end || probe.time() >= date) {
      end = middle;
    } else {
      first = sequence + 1;
    }
    probe.reset();
  }
  return first;
}

void ConversationHeads::forget_former_epoch(Connection& connection) {
  if (connection.epoch() == epoch_ && heads_.size() < kMaxRemembered) return;
  epoch_ = connection.epoch();
  heads_.clear();
  latest_.reset();
}

Head ConversationHeads::next(Connection& connection, ConversationKey key, WallTime now) {
  forget_former_epoch(connection);
  if (!latest_) {
    latest_ = WallTime{connection.scalar(
        "select delivery_date from message where id = (select max(id) from message)")};
  }
  auto known = heads_.find(key);
  if (known == heads_.end()) known = heads_.emplace(key, find_head(connection, key)).first;
  Head& last = known->second;
  asked_ = &last;
  // Not later than necessary: a conversation with more than a message each millisecond runs ahead
  // of the clock by itself, and takes no other along.
  if (now < *latest_) now.unix_ms = latest_->unix_ms + 1;
  latest_ = now;
  return {last.sequence + 1, {std::max(now.unix_ms, last.delivery_date.unix_ms + 1)}};
}

}  // namespace turms::store
