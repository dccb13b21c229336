#include "media/event_channel.h"

namespace turms::media {

namespace {

struct Deliver {
  EngineEvents& events;
  void operator()(event::TransportConnected& e) { events.on_transport_connected(e.transport); }
  void operator()(event::TransportFailed& e) {
    events.on_transport_failed(e.transport, std::move(e.reason));
  }
  void operator()(event::TransportClosed& e) { events.on_transport_closed(e.transport); }
  void operator()(event::LayerStarted& e) { events.on_layer_started(e.track, e.spatial); }
  void operator()(event::LayerStopped& e) { events.on_layer_stopped(e.track, e.spatial); }
  void operator()(event::Speakers& e) { events.on_speakers(e.room, std::move(e.speakers)); }
  void operator()(event::Snapshot& e) { events.on_snapshot(e.ticket, std::move(e.snapshot)); }
  void operator()(event::StreamStates& e) { events.on_stream_states(e.room, std::move(e.states)); }
  void operator()(event::Data& e) { events.on_data(e.room, *e.note); }
  void operator()(event::Statistics& e) {
    if (!e.paths.empty()) events.on_paths(e.room, std::move(e.paths));
    events.on_statistics(e.room, std::move(e.tracks), std::move(e.subscriptions));
  }
};

}  // namespace

bool EventChannel::add(Event event) {
  if (std::holds_alternative<event::Data>(event) && ++data_notes_ > kMaxDataNotes) return false;
  const bool repeats = std::holds_alternative<event::LayerStarted>(event) ||
                       std::holds_alternative<event::LayerStopped>(event) ||
                       std::holds_alternative<event::Speakers>(event) ||
                       std::holds_alternative<event::StreamStates>(event) ||
                       std::holds_alternative<event::Statistics>(event);
  if (repeats && ++repeating_ > kMaxRepeating) return false;
  waiting_.push_back(std::move(event));
  return true;
}

void EventChannel::publish() {
  if (waiting_.empty()) return;
  // Order matters: told first that more waits, the control thread cannot miss it.
  more_waits_ = true;
  if (under_way_.exchange(true)) return;
  more_waits_ = false;
  repeating_ = 0;
  data_notes_ = 0;
  post_([self = shared_from_this(), batch = std::make_shared<std::vector<Event>>(
                                        std::move(waiting_))] { self->deliver(*batch); });
  waiting_.clear();
}

void EventChannel::deliver(std::vector<Event>& batch) {
  for (Event& event : batch) {
    if (events_ == nullptr) return;  // the engine may be destroyed by what is being told
    std::visit(Deliver{*events_}, event);
  }
  if (events_ == nullptr) return;
  under_way_ = false;
  if (more_waits_) wake_();
}

}  // namespace turms::media
