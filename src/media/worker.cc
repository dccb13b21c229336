#include "media/worker.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "media/data_link.h"
#include "media/member.h"
#include "rtc/demultiplexer.h"
#include "rtc/stun/message.h"

namespace turms::media {

namespace {

constexpr uint64_t kSocketTag = 1;
rtc::TransportAddress to_rtc(const net::Address& address) {
  return {address.ip_bytes(), address.port(),
          address.is_v4() ? rtc::TransportAddress::Family::kIpv4
                          : rtc::TransportAddress::Family::kIpv6};
}

net::Address to_net(const rtc::TransportAddress& address) {
  if (address.family == rtc::TransportAddress::Family::kIpv6) {
    return net::Address::v6(address.ip, address.port);
  }
  return net::Address::v4({address.ip[0], address.ip[1], address.ip[2], address.ip[3]},
                          address.port);
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::bind(const net::Address& address,
                                             const net::UdpOptions& options,
                                             const rtc::dtls::Context& dtls) {
  Result<net::UdpSocket> socket = net::UdpSocket::bind(address, options);
  if (!socket) return std::unexpected(socket.error());
  return std::unique_ptr<Worker>(new Worker(std::move(*socket), dtls));
}

Worker::Worker(net::UdpSocket socket, const rtc::dtls::Context& dtls)
    : socket_(std::move(socket)),
      srtp_(rtc::srtp::Backend::create()),
      peer_resources_{dtls, *srtp_, rng_},
      sender_(socket_, *srtp_, metrics_) {
  poller_.add(socket_.fd(), kSocketTag, true, false);
}

Worker::~Worker() {
  TURMS_CHECK(!thread_.joinable());
}

void Worker::start(int index, Engine::Post post, EngineEvents& events,
                   MakeDataRouter make_data_router) {
  make_data_router_ = std::move(make_data_router);
  events_ = std::make_shared<EventChannel>(std::move(post), events, [this] { poller_.wake(); });
  thread_ = std::thread([this, index] {
    pthread_setname_np(pthread_self(), ("media-" + std::to_string(index)).c_str());
    // Signals of the process are the control thread's.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    run();
  });
}

bool Worker::send(Command command) {
  const bool always = is_closing(command);
  switch (mailbox_.push(std::move(command), always)) {
    case Push::kWake:
      poller_.wake();
      return true;
    case Push::kTaken:
      return true;
    case Push::kFull:
      break;
  }
  return false;
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  mailbox_.close();
  poller_.wake();
  thread_.join();
  events_->disconnect();
}

void Worker::run() {
  while (!stopping_) turn();
  std::vector<RoomId> ids;
  for (const auto& [id, room] : rooms_) ids.push_back(id);
  for (const RoomId id : ids) close_room(id);
}

void Worker::turn() {
  const auto ready = poller_.wait(monotonic_now(), timers_.next());
  now_ = monotonic_now();
  sender_.set_time(now_, now_);
  metrics_.turns.add();
  apply_commands();
  if (!ready.empty()) receive();
  run_timers();
  settle();
  flush_data();
  sender_.flush();
  events_->publish();
}

void Worker::receive() {
  const auto datagrams = socket_.receive_batch();
  sender_.set_time(now_, now_ - socket_.waited());
  last_member_ = nullptr;
  for (const net::ReceivedDatagram& datagram : datagrams) handle_datagram(datagram);
  forward_burst();
  metrics_.received.add(static_cast<int64_t>(datagrams.size()));
  if (const uint64_t truncated = socket_.truncated(); truncated != truncated_) {
    metrics_.drop(DatagramDrop::kTooLong, truncated - truncated_);
    truncated_ = truncated;
  }
}

void Worker::handle_datagram(const net::ReceivedDatagram& datagram) {
  // A burst comes from one source: ask the table once.
  if (last_member_ == nullptr || datagram.source != last_source_ || datagram.local != last_local_) {
    last_source_ = datagram.source;
    last_local_ = datagram.local;
    last_path_ = {.local = to_rtc(datagram.local), .remote = to_rtc(datagram.source)};
    const auto it = by_address_.find(last_path_.remote);
    last_member_ = it == by_address_.end() ? nullptr : it->second;
  }
  PeerMember* member = last_member_;
  const rtc::DatagramKind kind = rtc::classify(datagram.data);
  if (kind == rtc::DatagramKind::kStun) {
    // A check says itself whom it is for, which also covers an address that has changed hands.
    DatagramDrop reason = DatagramDrop::kUnknownSource;
    if (PeerMember* named = find_by_ufrag(datagram.data, reason)) member = named;
    if (member == nullptr) return metrics_.drop(reason);
  }
  if (member == nullptr) return metrics_.drop(DatagramDrop::kUnknownSource);
  const rtc::Received received = member->peer.receive(now_, last_path_, datagram.data);
  if (received.kind != rtc::Received::Kind::kRtp || member != burst_member_) forward_burst();
  switch (received.kind) {
    case rtc::Received::Kind::kRtp:
      burst_member_ = member;
      burst_.push_back(received.packet);
      return;
    case rtc::Received::Kind::kRtcp:
      member->room.room.handle_rtcp(now_, member->id, received.packet);
      return touch(member->room);
    case rtc::Received::Kind::kNone:
      break;
    case rtc::Received::Kind::kDropped:
      metrics_.drop(received.reason);
      break;
  }
  // Settled at once: the next datagram of this batch may come over a path that this one opened.
  if (kind == rtc::DatagramKind::kStun || kind == rtc::DatagramKind::kDtls) settle_member(*member);
}

void Worker::forward_burst() {
  if (burst_.empty()) return;
  burst_member_->room.room.handle_rtp(now_, burst_member_->id, burst_);
  touch(burst_member_->room);
  burst_.clear();
}

PeerMember* Worker::find_by_ufrag(ByteView datagram, DatagramDrop& reason) {
  const auto message = rtc::stun::Message::parse(datagram);
  // RFC 8445 section 7.2.2: "receiver's ufrag:sender's ufrag".
  if (!message || !message->username()) return nullptr;
  reason = DatagramDrop::kUnknownUfrag;
  const std::string_view username = *message->username();
  const auto it = by_ufrag_.find(username.substr(0, username.find(':')));
  return it == by_ufrag_.end() ? nullptr : it->second;
}

void Worker::run_timers() {
  while (TimerNode* node = timers_.take_due(now_)) {
    auto* const deadline = static_cast<Deadline*>(node);
    if (deadline->member != nullptr) {
      deadline->member->peer.handle_timeout(now_);
      settle_member(*deadline->member);
    } else {
      deadline->room->room.handle_timeout(now_);
      touch(*deadline->room);
    }
  }
}

void Worker::touch(WorkerRoom& room) {
  if (room.touched) return;
  room.touched = true;
  touched_rooms_.push_back(&room);
}

void Worker::settle() {
  for (WorkerRoom* room : touched_rooms_) {
    room->touched = false;
    if (room->room.take_events(room_events_)) tell_room_events(*room);
    timers_.schedule(room->deadline, room->room.next_timeout());
    count(*room);
  }
  touched_rooms_.clear();
}

void Worker::tell_room_events(WorkerRoom& room) {
  for (const auto& change : room_events_.layers) {
    if (change.started) {
      events_->add(event::LayerStarted{change.track, change.spatial});
    } else {
      events_->add(event::LayerStopped{change.track, change.spatial});
    }
  }
  if (room_events_.speakers_changed) {
    events_->add(event::Speakers{room.id, room_events_.speakers});
  }
  if (!room_events_.tracks.empty() || !room_events_.subscriptions.empty()) {
    events_->add(event::Statistics{room.id, room_events_.tracks, room_events_.subscriptions});
  }
}

void Worker::count(WorkerRoom& room) {
  metrics_.add(room.room.counters(), room.counted);
  room.counted = room.room.counters();
}

void Worker::settle_member(PeerMember& member) {
  while (const auto transmit = member.peer.poll_transmit(rtc::Peer::Drain::kWithoutData)) {
    sender_.send({.destination = to_net(transmit->path.remote),
                  .data = transmit->datagram,
                  .source = to_net(transmit->path.local)});
  }
  while (const auto event = member.peer.poll_event()) handle_peer_event(member, *event);
  if (member.peer.has_data()) {
    DataLink(*this, member.room).route(member);
    flush_data_later(member);
  }
  timers_.schedule(member.deadline, member.peer.next_timeout());
}

void Worker::select(PeerMember& member, const rtc::Path& path) {
  member.to_peer.set_destination(to_net(path.remote), to_net(path.local));
}

void Worker::handle_peer_event(PeerMember& member, const rtc::PeerEvent& event) {
  const rtc::TransportAddress& remote = event.path.remote;
  switch (event.kind) {
    case rtc::PeerEvent::Kind::kPathAdded:
      member.paths.push_back(event.path);
      by_address_[remote] = &member;
      last_member_ = nullptr;
      return;
    case rtc::PeerEvent::Kind::kPathRemoved:
      std::erase(member.paths, event.path);
      forget_address(member, remote);
      return;
    case rtc::PeerEvent::Kind::kPathSelected:
      return select(member, event.path);
    case rtc::PeerEvent::Kind::kConnected:
      member.room.room.transport_connected(now_, member.id);
      touch(member.room);
      events_->add(event::TransportConnected{member.id});
      return;
    case rtc::PeerEvent::Kind::kFailed:
      events_->add(event::TransportFailed{member.id, to_string(event.reason)});
      return;
    case rtc::PeerEvent::Kind::kClosed:
      events_->add(event::TransportClosed{member.id});
      return;
  }
}

void Worker::forget_address(PeerMember& member, const rtc::TransportAddress& remote) {
  last_member_ = nullptr;
  // It may still be that of a path to another of our addresses, and another peer may have taken it.
  const auto is_there = [&](const rtc::Path& path) { return path.remote == remote; };
  if (std::any_of(member.paths.begin(), member.paths.end(), is_there)) return;
  const auto it = by_address_.find(remote);
  if (it != by_address_.end() && it->second == &member) by_address_.erase(it);
}

}  // namespace turms::media
