#include "media/data_link.h"

#include <utility>

#include "media/member.h"

namespace turms::media {

PeerMember* Worker::DataLink::find(TransportId transport) const {
  const auto it = worker_.members_.find(transport);
  if (it == worker_.members_.end() || &it->second->room != &room_) return nullptr;
  return it->second->as_peer();
}

rtc::DataSendStatus Worker::DataLink::send(TransportId transport, rtc::ChannelId channel,
                                           const SharedBytes& payload, bool binary,
                                           std::optional<Duration> lifetime) {
  PeerMember* member = find(transport);
  if (member == nullptr) return rtc::DataSendStatus::kClosed;
  const rtc::DataSendStatus status =
      member->peer.send_data(worker_.now_, channel, payload, binary, lifetime);
  worker_.metrics_.count(status);
  if (status == rtc::DataSendStatus::kQueued) worker_.flush_data_later(*member);
  return status;
}

void Worker::DataLink::close(TransportId transport, rtc::ChannelId channel) {
  PeerMember* member = find(transport);
  if (member == nullptr) return;
  member->peer.close_channel(worker_.now_, channel);
  worker_.flush_data_later(*member);
}

bool Worker::DataLink::has_others() const {
  return !room_.parts.empty();
}

bool Worker::DataLink::tell_others(std::shared_ptr<const DataNote> note) {
  bool all = true;
  for (const auto& part : room_.parts) {
    if (!worker_.send_to_(part->worker(), command::TellData{room_.id, note})) all = false;
  }
  return all;
}

bool Worker::DataLink::tell(std::shared_ptr<const DataNote> note) {
  return worker_.events_->add(event::Data{room_.id, std::move(note)});
}

void Worker::DataLink::route(PeerMember& member) {
  DataRouter* router = room_.router.get();
  while (auto event = member.peer.poll_data()) {
    if (router == nullptr) continue;
    switch (event->kind) {
      case rtc::DataEvent::Kind::kOpened:
        router->on_channel_opened(worker_.now_, member.id, event->channel, event->label, *this);
        break;
      case rtc::DataEvent::Kind::kMessage:
        worker_.metrics_.data_received.add();
        router->on_message(worker_.now_, member.id, event->channel, std::move(event->payload),
                           event->binary, *this);
        break;
      case rtc::DataEvent::Kind::kClosed:
        router->on_channel_closed(worker_.now_, member.id, event->channel, *this);
        break;
      case rtc::DataEvent::Kind::kEnded:
        router->on_transport_closed(worker_.now_, member.id, *this);
        break;
    }
  }
}

void Worker::flush_data_later(PeerMember& member) {
  if (std::exchange(member.data_waits, true)) return;
  data_members_.push_back(&member);
}

/// At the end of a turn, so that one packet carries what came together and one SACK answers all.
void Worker::flush_data() {
  size_t sent = 0;
  for (PeerMember* member : data_members_) {
    member->data_waits = false;
    if (member->to_peer.write_data(now_)) ++sent;
    timers_.schedule(member->deadline, member->peer.next_timeout());
  }
  data_members_.clear();
  pacing_.data_sent(now_, sent);
}

}  // namespace turms::media
