#include "livekit/snapshots.h"

#include <iterator>
#include <utility>

namespace turms::livekit {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

void Snapshots::take(media::Engine& engine, media::RoomId room,
                     std::vector<media::TransportId> transports, Handler handler) {
  if (waiting_.size() >= kMaxWaiting) {
    return handler(fail(ErrorCode::kResourceExhausted, "too many ask for statistics"));
  }
  const media::SnapshotTicket asked = engine.request_snapshot(room, std::move(transports));
  if (asked.parts == 0) {
    return handler(fail(ErrorCode::kUnavailable, "the media workers are busy"));
  }
  auto waiting = std::make_unique<Waiting>(loop_);
  waiting->parts = asked.parts;
  waiting->handler = std::move(handler);
  waiting->timer.start(kTimeout, [this, ticket = asked.ticket] {
    finish(ticket, fail(ErrorCode::kUnavailable, "the media workers are busy"));
  });
  waiting_.emplace(asked.ticket, std::move(waiting));
}

void Snapshots::add(uint64_t ticket, media::RoomSnapshot part) {
  const auto it = waiting_.find(ticket);
  if (it == waiting_.end()) return;
  Waiting& waiting = *it->second;
  append(waiting.snapshot.tracks, std::move(part.tracks));
  append(waiting.snapshot.subscriptions, std::move(part.subscriptions));
  append(waiting.snapshot.paths, std::move(part.paths));
  waiting.snapshot.truncated |= part.truncated;
  if (--waiting.parts == 0) finish(ticket, std::move(waiting.snapshot));
}

void Snapshots::finish(uint64_t ticket, Result<media::RoomSnapshot> result) {
  const auto it = waiting_.find(ticket);
  if (it == waiting_.end()) return;
  const std::unique_ptr<Waiting> waiting = std::move(it->second);
  waiting_.erase(it);
  waiting->timer.cancel();
  waiting->handler(std::move(result));
}

}  // namespace turms::livekit
