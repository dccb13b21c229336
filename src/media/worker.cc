#include "media/worker.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "media/addresses.h"
#include "media/data_link.h"
#include "media/member.h"
#include "rtc/demultiplexer.h"
#include "rtc/stun/message.h"

namespace turms::media {

namespace {

constexpr uint64_t kSocketTag = 1;
constexpr uint64_t kTurnSocketTag = 2;

Metric& of_worker(uint32_t index, std::string_view name, std::string_view help, bool gauge) {
  const std::string number = std::to_string(index);
  return gauge ? metrics::gauge(name, help, {{"worker", number}})
               : metrics::counter(name, help, {{"worker", number}});
}

std::optional<rtc::turn::ServerConfig> turn_config(const WorkerConfig& config, uint16_t port) {
  if (!config.turn) return std::nullopt;
  rtc::turn::ServerConfig turn = *config.turn;
  turn.worker = config.index;
  for (const std::string& ip : config.advertised) {
    if (const auto address = net::Address::parse(ip, port)) {
      turn.media_addresses.push_back(to_rtc(*address));
    }
  }
  return turn;
}

/// A further stream.
bool may_take(const PeerMember* member) {
  return member != nullptr && member->streams.size() < PeerMember::kMaxStreams;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::bind(WorkerConfig config, const rtc::dtls::Context& dtls) {
  Result<net::UdpSocket> socket = net::UdpSocket::bind(config.address, config.udp);
  if (!socket) return std::unexpected(socket.error());
  std::optional<net::UdpSocket> turn_socket;
  if (config.turn && config.turn_address) {
    Result<net::UdpSocket> bound = net::UdpSocket::bind(*config.turn_address, config.udp);
    if (!bound) return std::unexpected(bound.error());
    turn_socket = std::move(*bound);
  }
  return std::unique_ptr<Worker>(
      new Worker(std::move(config), std::move(*socket), std::move(turn_socket), dtls));
}

Worker::Worker(WorkerConfig config, net::UdpSocket socket,
               std::optional<net::UdpSocket> turn_socket, const rtc::dtls::Context& dtls)
    : index_(config.index),
      socket_(std::move(socket)),
      srtp_(rtc::srtp::Backend::create()),
      peer_resources_{dtls, *srtp_, rng_},
      sender_(socket_, *srtp_, metrics_),
      streams_(poller_, timers_, metrics_, *this),
      cpu_ms_(of_worker(index_, "turms_media_worker_cpu_milliseconds_total",
                        "CPU time of a media worker.", false)),
      load_metric_(of_worker(index_, "turms_media_worker_load_permille",
                             "Share of a CPU that a media worker used lately.", true)),
      forwarded_metric_(of_worker(index_, "turms_media_worker_packets_forwarded_total",
                                  "RTP packets that a media worker wrote to subscribers.", false)) {
  poller_.add(socket_.fd(), kSocketTag, true, false);
  auto turn = turn_config(config, socket_.local().port());
  if (!turn) return;
  if (turn_socket) turn_port_ = turn_socket->local().port();
  relay_.emplace(std::move(*turn), rng_, std::move(turn_socket), streams_, metrics_,
                 static_cast<Relay::Owner&>(*this));
  if (relay_->fd() >= 0) poller_.add(relay_->fd(), kTurnSocketTag, true, false);
}

Worker::~Worker() {
  TURMS_CHECK(!thread_.joinable());
}

void Worker::start(Engine::Post post, EngineEvents& events, SendTo send_to,
                   MakeDataRouter make_data_router) {
  send_to_ = std::move(send_to);
  make_data_router_ = std::move(make_data_router);
  events_ = std::make_shared<EventChannel>(std::move(post), events, [this] { poller_.wake(); });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("media-" + std::to_string(index_)).c_str());
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
  send_all();
}

void Worker::turn() {
  TimePoint until = timers_.next();
  if (relay_) until = std::min(until, relay_->next_timeout());
  if (streams_.has_unread() || parts_unread_) until = TimePoint();
  TimePoint at = monotonic_now();
  if (const Duration pause = pacing_.pause(at, until); pause > Duration(0)) {
    std::this_thread::sleep_for(pause);
    at = monotonic_now();
  }
  const auto ready = poller_.wait(at, until);
  now_ = monotonic_now();
  pacing_.woke(now_ - at);
  sender_.set_time(now_, now_);
  metrics_.turns.add();
  measure_load();
  apply_commands();
  receive_parts();
  streams_.read_unread(now_);
  for (const net::Poller::Event& event : ready) {
    if (event.tag == kSocketTag) {
      receive();
    } else if (event.tag == kTurnSocketTag) {
      relay_->receive_udp(now_);
    } else {
      streams_.on_ready(now_, event);
    }
  }
  run_timers();
  settle();
  flush_data();
  send_all();
  events_->publish();
}

void Worker::send_all() {
  sender_.flush();
  streams_.flush();
  if (relay_) relay_->flush();
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
    last_member_ = find_by_address(last_path_.remote);
  }
  handle_packet(last_member_, last_path_, datagram.data);
}

void Worker::handle_packet(PeerMember* member, const rtc::Path& path, MutableByteView packet) {
  const rtc::DatagramKind kind = rtc::classify(packet);
  DatagramDrop reason = DatagramDrop::kUnknownSource;
  if (kind == rtc::DatagramKind::kStun) {
    // A check says itself whom it is for, which also covers an address that has changed hands.
    if (PeerMember* named = find_by_ufrag(packet, reason)) member = named;
  }
  if (member == nullptr) return metrics_.drop(reason);
  const rtc::Received received = member->peer.receive(now_, path, packet);
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

void Worker::on_stream_message(Stream& stream, MutableByteView message) {
  if (stream.kind() == AdoptedStream::Kind::kTurn) return relay_->receive(now_, stream, message);
  // The first check names the peer, and the stream stays with it.
  DatagramDrop reason = DatagramDrop::kUnknownSource;
  const bool is_first = stream.member == nullptr;
  if (is_first || rtc::classify(message) == rtc::DatagramKind::kStun) {
    PeerMember* const named = find_by_ufrag(message, reason);
    const bool is_other = !is_first && named != nullptr && named != stream.member;
    if (is_other || (is_first && !may_take(named))) {
      metrics_.drop(reason);
      return streams_.close(stream);
    }
    if (is_first) {
      stream.member = named;
      named->streams.push_back(&stream);
    }
  }
  handle_packet(stream.member, stream.path(), message);
}

void Worker::on_stream_closed(Stream& stream) {
  if (stream.kind() == AdoptedStream::Kind::kTurn) return relay_->stream_gone(stream);
  PeerMember* const member = stream.member;
  if (member == nullptr) return;
  std::erase(member->streams, &stream);
  if (member->to_peer.channel() == &stream) {
    sender_.flush();  // into nothing: what was meant for it is lost
    member->to_peer.clear_destination();
  }
  member->peer.lose_path(now_, stream.path());
  settle_member(*member);
}

void Worker::on_relayed(const rtc::Path& path, MutableByteView datagram) {
  handle_packet(find_by_address(path.remote), path, datagram);
}

void Worker::on_misdirected(uint32_t worker, AdoptedStream stream) {
  (void)send_to_(worker, command::AdoptStream{std::move(stream)});
}

PeerMember* Worker::find_by_address(const rtc::TransportAddress& remote) {
  const auto it = by_address_.find(remote);
  return it == by_address_.end() ? nullptr : it->second;
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
    } else if (deadline->room != nullptr) {
      deadline->room->room.handle_timeout(now_);
      touch(*deadline->room);
    } else {
      streams_.handle_timeout(now_, *deadline->stream);
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
    room->room.settle_parts(now_);
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
  if (!room_events_.stream_states.empty()) {
    events_->add(event::StreamStates{room.id, room_events_.stream_states});
  }
  if (!room_events_.tracks.empty() || !room_events_.subscriptions.empty()) {
    events_->add(event::Statistics{room.id, room_events_.tracks, room_events_.subscriptions,
                                   room_events_.paths});
    metrics_.observe(room_events_.paths);
  }
}

void Worker::count(WorkerRoom& room) {
  const sfu::RoomCounters& now = room.room.counters();
  if (const uint64_t forwarded = now.forwarded_packets - room.counted.forwarded_packets) {
    forwarded_metric_.add(static_cast<int64_t>(forwarded));
  }
  metrics_.add(now, room.counted);
  room.counted = room.room.counters();
}

void Worker::settle_member(PeerMember& member) {
  while (const auto transmit = member.peer.poll_transmit(rtc::Peer::Drain::kWithoutData)) {
    this->transmit(transmit->path, transmit->datagram);
  }
  while (const auto event = member.peer.poll_event()) handle_peer_event(member, *event);
  if (member.peer.has_data()) {
    DataLink(*this, member.room).route(member);
    return flush_data_later(member);  // and its deadline then
  }
  timers_.schedule(member.deadline, member.peer.next_timeout());
}

void Worker::transmit(const rtc::Path& path, ByteView datagram) {
  switch (path.remote.protocol) {
    case rtc::Protocol::kUdp:
      return sender_.send(
          {.destination = to_net(path.remote), .data = datagram, .source = to_net(path.local)});
    case rtc::Protocol::kTcp:
      if (Stream* stream = streams_.find(path.remote.channel)) stream->send(datagram);
      return;
    case rtc::Protocol::kRelayed:
      return relay_->send(now_, path, datagram);
  }
}

void Worker::select(PeerMember& member, const rtc::Path& path) {
  std::unique_ptr<Channel> former = std::move(member.relay);
  switch (path.remote.protocol) {
    case rtc::Protocol::kUdp:
      return member.to_peer.set_destination(to_net(path.remote), to_net(path.local));
    case rtc::Protocol::kTcp:
      if (Stream* stream = streams_.find(path.remote.channel)) {
        return member.to_peer.set_destination(*stream);
      }
      return member.to_peer.clear_destination();
    case rtc::Protocol::kRelayed:
      member.relay = std::make_unique<RelayChannel>(*relay_, sender_, path);
      return member.to_peer.set_destination(*member.relay);
  }
}

void Worker::handle_peer_event(PeerMember& member, const rtc::PeerEvent& event) {
  const rtc::TransportAddress& remote = event.path.remote;
  switch (event.kind) {
    case rtc::PeerEvent::Kind::kPathAdded:
      member.paths.push_back(event.path);
      if (remote.protocol == rtc::Protocol::kTcp) {
        if (Stream* stream = streams_.find(remote.channel)) streams_.establish(now_, *stream);
      } else {
        by_address_[remote] = &member;
        last_member_ = nullptr;
      }
      return;
    case rtc::PeerEvent::Kind::kPathRemoved:
      std::erase(member.paths, event.path);
      if (remote.protocol != rtc::Protocol::kTcp) return forget_address(member, remote);
      // Silent for too long, or one too many.
      if (Stream* stream = streams_.find(remote.channel)) streams_.close(*stream);
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
