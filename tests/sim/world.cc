#include "sim/world.h"

#include <algorithm>
#include <array>

#include "rtc/rtcp/packets.h"
#include "rtc/rtp/payload.h"
#include "sim/tcp_flow.h"

namespace turms::sim {

using sfu::PacketKind;

namespace {

constexpr std::array<const char*, 3> kRids = {"q", "h", "f"};
constexpr Duration kPollInterval = 10ms;
constexpr Duration kFrameInterval = Duration(1'000'000'000 / kFramesPerSecond);

}  // namespace

/// The server's end of one client.
class World::ServerTransport final : public sfu::TransportSink {
 public:
  ServerTransport(World& world, sfu::Room& room, Client& client)
      : world_(world), room_(room), client_(client) {}

  MutableByteView reserve(size_t size) override {
    if (!channel->connected()) return {};
    return MutableByteView(buffer_).first(size);
  }
  void commit(size_t size, PacketKind kind) override {
    ByteView packet = ByteView(buffer_).first(size);
    world_.simulation_.trace(client_.id().value, size, load_be32(packet.data()));
    if (kind == PacketKind::kRtp) {
      world_.check_.on_sent(world_.now(), client_.id(), packet);
    } else {
      rtc::rtcp::Reader reader(packet);
      while (auto p = reader.next()) {
        if (p->kind() == rtc::rtcp::Kind::kPli) ++world_.key_frame_requests;
      }
    }
    channel->send(world_.now(), buffer_, size, kind);
  }
  void on_datagram(Datagram datagram) {
    if (gone) return;
    TimePoint now = world_.now();
    MutableByteView packet = channel->receive(now, datagram);
    announce();
    if (!packet.empty()) {
      if (rtc::rtp::looks_like_rtcp(packet)) {
        room_.handle_rtcp(now, client_.id(), packet);
      } else {
        room_.handle_rtp(now, client_.id(), packet);
      }
    }
    settle();
  }
  void announce() {
    if (announced_ || !channel->connected()) return;
    announced_ = true;
    room_.transport_connected(world_.now(), client_.id());
  }
  void settle() {
    TimePoint due = channel->next_timeout();
    if (due < wake_ || wake_ <= world_.now()) {
      wake_ = due;
      if (due != kNever) {
        world_.simulation_.at(due, [this, due] {
          if (gone || wake_ != due) return;
          wake_ = kNever;
          if (channel->next_timeout() <= world_.now()) channel->handle_timeout(world_.now());
          settle();
        });
      }
    }
    world_.settle();
  }

  std::unique_ptr<Channel> channel;
  bool gone = false;

 private:
  World& world_;
  sfu::Room& room_;
  Client& client_;
  bool announced_ = false;
  TimePoint wake_ = kNever;
  std::array<uint8_t, 2048> buffer_;
};

/// From one part to another: what is published together arrives together.
class World::Way final : public sfu::PartSink {
 public:
  Way(World& world, size_t from, size_t to) : world_(world), from_(from), to_(to) {}

  MutableByteView reserve(size_t size) override {
    reserved_.resize(size);
    return reserved_;
  }
  void commit() override { written_.push_back(reserved_); }
  void publish() override {
    world_.simulation_.after(world_.config_.part_delay, [this, messages = std::move(written_)] {
      const std::vector<ByteView> views(messages.begin(), messages.end());
      world_.room(to_).handle_part(world_.now(), sfu::PartId(static_cast<uint32_t>(from_)), views);
      world_.settle();
    });
    written_.clear();
  }

 private:
  World& world_;
  size_t from_;
  size_t to_;
  Bytes reserved_;
  std::vector<Bytes> written_;
};

World::World(const WorldConfig& config)
    : config_(config),
      simulation_(config.seed),
      channels_(config.encrypted ? ChannelFactory::encrypted(simulation_.rng())
                                 : ChannelFactory::plain()) {
  for (size_t i = 0; i < config.parts; ++i) {
    parts_.push_back(std::make_unique<Part>());
    parts_[i]->room = std::make_unique<sfu::Room>(
        sfu::RoomConfig{config.seed + i, WallTime{1'700'000'000'000}, config.settings});
  }
  for (size_t from = 0; from < config.parts; ++from) {
    for (size_t to = 0; to < config.parts; ++to) {
      if (from == to) continue;
      Way& way = *parts_[from]->ways.emplace_back(std::make_unique<Way>(*this, from, to));
      room(from).add_part(now(), sfu::PartId(static_cast<uint32_t>(to)), way, to == 0);
    }
  }
}

World::~World() = default;

Client& World::add_client() {
  return add_client(config_.up, config_.down);
}

Client& World::add_client(const LinkConfig& up, const LinkConfig& down) {
  sfu::TransportId id(next_id());
  const size_t part = clients_.size() % config_.parts;
  clients_.push_back(std::make_unique<Client>(*this, part, id, up, down));
  Client& client = *clients_.back();
  auto transport = std::make_unique<ServerTransport>(*this, room(part), client);
  ServerTransport& server = *transport;
  transports_.push_back(std::move(transport));
  auto pair = channels_->make(
      now(), [&client](Datagram d) { client.send_up(std::move(d)); },
      [&client](Datagram d) { client.send_down(std::move(d)); });
  client.channel_ = std::move(pair.client);
  server.channel = std::move(pair.server);
  room(part).add_transport(id, server, config_.follows_bandwidth);
  client.up_.set_deliver([&server](Datagram d) { server.on_datagram(std::move(d)); });
  client.down_.set_deliver([&client](Datagram d) { client.on_datagram(std::move(d)); });
  client.leave_ = [this, &server, &client, part, id] {
    server.gone = true;
    room(part).remove_transport(now(), id);
    for (const sfu::TrackId track : client.tracks_) {
      for (size_t i = 0; i < parts_.size(); ++i) {
        if (i != part) room(i).remove_receive_track(now(), track);
      }
    }
    settle();
  };
  client.settle();
  server.announce();
  server.settle();
  return client;
}

void World::run_for(Duration duration) {
  simulation_.run_until(now() + duration);
}

void World::settle() {
  for (auto& part : parts_) settle(*part);
}

void World::settle(Part& part) {
  sfu::Room& room = *part.room;
  room.settle_parts(now());
  if (room.take_events(events_)) {
    if (events_.speakers_changed) speakers_.push_back({now(), events_.speakers});
    for (auto& e : events_.layers) layer_changes_.push_back(e);
    for (auto& s : events_.tracks) track_statistics_[s.track] = s;
    for (auto& e : events_.stream_states) stream_states_.push_back(e);
    for (auto& p : events_.paths) path_statistics_[p.transport] = p;
    for (auto& s : events_.subscriptions) subscription_statistics_[s.subscription] = s;
  }
  TimePoint due = room.next_timeout();
  if (due >= part.wake && part.wake > now()) return;
  part.wake = due;
  if (due == kNever) return;
  simulation_.at(due, [this, &part, due] {
    if (part.wake != due) return;
    part.wake = kNever;
    part.room->handle_timeout(now());
    settle();
  });
}

Client::Client(World& world, size_t part, sfu::TransportId id, const LinkConfig& up,
               const LinkConfig& down)
    : world_(world),
      part_(part),
      id_(id),
      up_(world.simulation(), up),
      down_(world.simulation(), down) {
  every(kPollInterval, [this] {
    for (auto& receiver : receivers_) receiver->poll(world_now());
    for (auto& [ssrc, listener] : listeners_) listener->poll(world_now());
  });
  // The first reports come early, as a browser's do.
  world_.simulation().after(200ms, [this] { send_reports(); });
  every(1s, [this] { send_reports(); });
  if (world_.config().follows_bandwidth) {
    every(sfu::FeedbackGenerator::kInterval, [this] { send_feedback(); });
  }
}

TimePoint Client::world_now() const {
  return world_.now();
}

TimePoint Client::own_now() const {
  const Duration since = world_now().time_since_epoch();
  return TimePoint(since + since / 1'000'000 * clock_ppm_);
}

sfu::Room& Client::room() {
  return world_.room(part_);
}

void Client::publish(const sfu::ReceiveTrackParameters& parameters) {
  tracks_.push_back(parameters.id);
  for (size_t i = 0; i < world_.config().parts; ++i) {
    if (i == part_) {
      world_.room(i).add_receive_track(world_now(), parameters);
    } else {
      world_.room(i).add_replica(world_now(), sfu::PartId(static_cast<uint32_t>(part_)),
                                 parameters);
    }
  }
}

void Client::subscribe(const sfu::SendTrackParameters& parameters,
                       const sfu::LayerRequest& request) {
  world_.room(part_).add_send_track(world_now(), parameters, request);
  world_.settle();
}

void Client::every(Duration interval, std::function<void()> action) {
  world_.simulation().after(interval, [this, interval, action] {
    if (gone_) return;
    action();
    every(interval, action);
  });
}

void Client::settle() {
  TimePoint due = channel_->next_timeout();
  if (due >= wake_ && wake_ > world_now()) return;
  wake_ = due;
  if (due == kNever) return;
  world_.simulation().at(due, [this, due] {
    if (gone_ || wake_ != due) return;
    wake_ = kNever;
    if (channel_->next_timeout() <= world_now()) channel_->handle_timeout(world_now());
    settle();
  });
}

SyntheticStream Client::make_stream(const std::string& mid, const std::string& rid, bool rtx,
                                    uint8_t payload_type, uint8_t rtx_payload_type,
                                    uint32_t clock_rate) {
  Rng& rng = world_.simulation().rng();
  SyntheticStream::Config config;
  config.mid = mid;
  config.rid = rid;
  config.ssrc = rtc::Ssrc(rng.next_u32() | 1);
  if (rtx) config.rtx_ssrc = rtc::Ssrc(rng.next_u32() | 1);
  config.payload_type = payload_type;
  config.rtx_payload_type = rtx_payload_type;
  config.clock_rate = clock_rate;
  config.first_sequence = static_cast<uint16_t>(rng.next_u32());
  config.first_timestamp = rng.next_u32();
  return SyntheticStream(config, transport_sequence_,
                         [this](MutableByteView packet) { transmit(packet, PacketKind::kRtp); });
}

sfu::TrackId Client::publish_video(std::vector<uint64_t> bits_per_second) {
  sfu::ReceiveTrackParameters p;
  p.id = sfu::TrackId(world_.next_id());
  p.transport = id_;
  p.kind = rtc::MediaKind::kVideo;
  p.mid = std::to_string(next_mid_++);
  p.codecs = ids::publisher_codecs(p.kind);
  p.extensions = ids::publisher_extensions();
  bool simulcast = bits_per_second.size() > 1;
  for (size_t i = 0; i < bits_per_second.size(); ++i) {
    std::string rid = simulcast ? kRids[i] : "";
    p.encodings.push_back({rid, {}, {}});
    layers_.push_back(std::make_unique<SyntheticLayer>(
        static_cast<uint8_t>(i), bits_per_second[i], kFramesPerSecond,
        make_stream(p.mid, rid, true, ids::kVp8, ids::kVp8Rtx, 90000), world_.simulation().rng()));
  }
  publish(p);
  every(kFrameInterval, [this] {
    if (!connected()) return;
    for (auto& layer : layers_) layer->capture(world_now());
  });
  return p.id;
}

sfu::TrackId Client::publish_audio(AudioOptions options) {
  sfu::ReceiveTrackParameters p;
  p.id = sfu::TrackId(world_.next_id());
  p.transport = id_;
  p.kind = rtc::MediaKind::kAudio;
  p.mid = std::to_string(next_mid_++);
  p.codecs = ids::publisher_codecs(p.kind);
  p.extensions = ids::publisher_extensions();
  p.encodings.push_back({});
  p.codecs.front().nack = options.nack;
  if (options.red) p.codecs.insert(p.codecs.begin(), ids::red(ids::kRed));
  audio_ = std::make_unique<SyntheticAudio>(make_stream(p.mid, "", false, ids::kOpus, 0, 48000));
  if (options.red) audio_->stream.set_payload_type(ids::kRed);
  if (options.nack) audio_->stream.repeat_when_asked();
  audio_->red = options.red;
  publish(p);
  auto turn = std::make_shared<int>(0);
  every(20ms, [this, turn] {
    if (!connected() || audio_->stopped) return;
    if (audio_->silent && ++*turn % 20 != 0) return;
    capture_audio();
  });
  return p.id;
}

void Client::capture_audio() {
  SyntheticAudio& audio = *audio_;
  TimePoint now = world_now();
  Bytes frame(80, 0x11);
  Truth truth;
  truth.frame = static_cast<uint32_t>(audio.captured.size());
  truth.captured_us = to_us(now.time_since_epoch());
  truth.write(frame.data());
  // Not across a pause.
  const bool follows = !audio.captured.empty() && now - audio.captured.back() <= 20ms;
  audio.captured.push_back(now);
  Bytes payload = frame;
  if (audio.red) {
    const rtc::rtp::RedBlock block{ids::kOpus, 960, audio.before};
    const std::span<const rtc::rtp::RedBlock> blocks(&block, follows ? 1 : 0);
    payload.resize(rtc::rtp::red_head_size(blocks.size()));
    rtc::rtp::write_red_head(payload, blocks, ids::kOpus);
    if (follows) payload.insert(payload.end(), audio.before.begin(), audio.before.end());
    payload.insert(payload.end(), frame.begin(), frame.end());
  }
  audio.before = frame;
  audio.stream.send(now, audio.stream.timestamp_at(now), false, payload, audio.level);
}

ModelReceiver& Client::subscribe_video(sfu::TrackId source, const sfu::LayerRequest& request) {
  sfu::SendTrackParameters p;
  p.id = sfu::SubscriptionId(world_.next_id());
  p.transport = id_;
  p.source = source;
  p.mid = std::to_string(next_mid_++);
  p.ssrc = rtc::Ssrc(static_cast<uint32_t>(10'000 + world_.next_id()));
  p.rtx_ssrc = rtc::Ssrc(static_cast<uint32_t>(10'000 + world_.next_id()));
  p.codecs = ids::subscriber_codecs(rtc::MediaKind::kVideo);
  p.extensions = ids::subscriber_extensions();
  receivers_.push_back(std::make_unique<ModelReceiver>(
      "client " + std::to_string(id_.value), p.ssrc, p.rtx_ssrc,
      [this](MutableByteView packet) { transmit(packet, PacketKind::kRtcp); }));
  ModelReceiver& receiver = *receivers_.back();
  by_ssrc_[p.ssrc.value] = by_ssrc_[p.rtx_ssrc.value] = &receiver;
  subscriptions_[&receiver] = p.id;
  subscribe(p, request);
  return receiver;
}

ModelListener& Client::listen(sfu::TrackId source, ModelListener::Options options, bool red) {
  sfu::SendTrackParameters p;
  p.id = sfu::SubscriptionId(world_.next_id());
  p.transport = id_;
  p.source = source;
  p.mid = std::to_string(next_mid_++);
  p.ssrc = rtc::Ssrc(static_cast<uint32_t>(10'000 + world_.next_id()));
  p.codecs = ids::subscriber_codecs(rtc::MediaKind::kAudio);
  if (red) p.codecs.insert(p.codecs.begin(), ids::red(ids::kSubscriberRed));
  // As browsers: what is sent again must be the same to the last byte.
  p.extensions.set(rtc::Extension::kMid, 2);
  const auto number = rtc::Extension::kTransportSequence;
  p.extensions.set(number, ids::subscriber_extensions().id(number));
  auto listener = std::make_unique<ModelListener>(
      p.ssrc, options, [this](MutableByteView packet) { transmit(packet, PacketKind::kRtcp); });
  ModelListener& added = *listener;
  listeners_.emplace(p.ssrc.value, std::move(listener));
  every(options.report_interval, [this, &added] {
    if (connected()) added.report(world_now());
  });
  subscribe(p, {});
  return added;
}

sfu::SubscriptionId Client::subscribe_audio(sfu::TrackId source) {
  sfu::SendTrackParameters p;
  p.id = sfu::SubscriptionId(world_.next_id());
  p.transport = id_;
  p.source = source;
  p.mid = std::to_string(next_mid_++);
  p.ssrc = audio_ssrc_ = rtc::Ssrc(static_cast<uint32_t>(10'000 + world_.next_id()));
  p.codecs = ids::subscriber_codecs(rtc::MediaKind::kAudio);
  p.extensions = ids::subscriber_extensions();
  subscribe(p, {});
  return p.id;
}

sfu::SubscriptionId Client::subscription(const ModelReceiver& receiver) const {
  return subscriptions_.at(&receiver);
}

void Client::restart_video() {
  Rng& rng = world_.simulation().rng();
  for (auto& layer : layers_) {
    layer->stream().restart(rtc::Ssrc(rng.next_u32() | 1), rtc::Ssrc(rng.next_u32() | 1),
                            static_cast<uint16_t>(rng.next_u32()), rng.next_u32());
    layer->restart();
  }
}

void Client::change_address() {
  channel_->change_address();
}

void Client::leave() {
  gone_ = true;
  leave_();
}

void Client::share(SharedLink& down, SharedLink& up) {
  shared_down_ = down.join([this](Datagram d) { down_.send(std::move(d)); });
  shared_up_ = up.join([this](Datagram d) { up_.send(std::move(d)); });
}

void Client::send_up(Datagram datagram) {
  shared_up_ ? shared_up_(std::move(datagram)) : up_.send(std::move(datagram));
}

void Client::send_down(Datagram datagram) {
  shared_down_ ? shared_down_(std::move(datagram)) : down_.send(std::move(datagram));
}

void Client::transmit(MutableByteView packet, PacketKind kind) {
  if (gone_) return;
  std::array<uint8_t, 2048> buffer;
  std::copy(packet.begin(), packet.end(), buffer.begin());
  channel_->send(world_now(), buffer, packet.size(), kind);
}

void Client::on_datagram(Datagram datagram) {
  if (gone_) return;
  if (datagram.client_port == TcpFlow::kPort) {
    if (foreign) foreign(datagram);
    return;
  }
  MutableByteView packet = channel_->receive(world_now(), datagram);
  settle();
  if (packet.empty()) return;
  if (rtc::rtp::looks_like_rtcp(packet)) {
    on_rtcp(packet);
    return;
  }
  auto view = rtc::rtp::PacketView::parse(packet);
  if (!view) return;
  if (world_.config().follows_bandwidth) {
    const uint8_t id = ids::subscriber_extensions().id(rtc::Extension::kTransportSequence);
    auto number = rtc::rtp::parse_transport_sequence(view->extension(id).value_or(ByteView()));
    if (number) feedback_.on_packet(own_now(), *number);
  }
  world_.simulation().trace(id_.value, view->ssrc().value, view->sequence().value);
  if (audio_ssrc_ && view->ssrc() == audio_ssrc_) {
    audio_sequences_.push_back(view->sequence().value);
    return;
  }
  if (auto it = by_ssrc_.find(view->ssrc().value); it != by_ssrc_.end()) {
    it->second->on_rtp(world_now(), *view);
  } else if (auto heard = listeners_.find(view->ssrc().value); heard != listeners_.end()) {
    heard->second->on_rtp(world_now(), *view);
  }
}

void Client::on_rtcp_nack(const rtc::rtcp::PacketView& packet) {
  rtc::rtcp::for_each_nack(packet, [&](rtc::rtp::SeqNum lost) {
    for (auto& layer : layers_) {
      if (layer->stream().config().ssrc == packet.media_ssrc()) {
        layer->stream().on_nack(world_now(), lost);
      }
    }
    if (audio_ && audio_->stream.config().ssrc == packet.media_ssrc()) {
      audio_->stream.on_nack(world_now(), lost);
    }
  });
}

void Client::on_rtcp(ByteView bytes) {
  rtc::rtcp::Reader reader(bytes);
  while (auto packet = reader.next()) {
    auto for_layer = [&](rtc::Ssrc ssrc, auto action) {
      for (auto& layer : layers_) {
        if (layer->stream().config().ssrc == ssrc) action(*layer);
      }
    };
    switch (packet->kind()) {
      case rtc::rtcp::Kind::kNack:
        on_rtcp_nack(*packet);
        break;
      case rtc::rtcp::Kind::kPli:
        for_layer(packet->media_ssrc(), [](SyntheticLayer& layer) { layer.request_key_frame(); });
        break;
      case rtc::rtcp::Kind::kReceiverReport:
        for (size_t i = 0; i < packet->count(); ++i) {
          for_layer(rtc::rtcp::report_block(*packet, i).ssrc,
                    [](SyntheticLayer& layer) { layer.stream().on_report(); });
        }
        break;
      case rtc::rtcp::Kind::kSenderReport: {
        auto it = by_ssrc_.find(packet->sender_ssrc().value);
        if (it != by_ssrc_.end()) {
          it->second->on_sender_report(world_now(), rtc::rtcp::sender_info(*packet));
        }
        auto heard = listeners_.find(packet->sender_ssrc().value);
        if (heard != listeners_.end()) {
          heard->second->on_sender_report(world_now(), rtc::rtcp::sender_info(*packet));
        }
        break;
      }
      case rtc::rtcp::Kind::kTransportFeedback: {
        ++feedback_messages_;
        rtc::rtcp::FeedbackReader feedback(*packet);
        while (auto status = feedback.next()) feedback_lost_ += status->received ? 0 : 1;
        break;
      }
      default:
        break;
    }
  }
}

void Client::send_feedback() {
  if (gone_ || !connected()) return;
  std::array<uint8_t, 1200> buffer;
  while (feedback_.pending()) {
    size_t size = feedback_.write(own_now(), rtc::Ssrc(5), rtc::Ssrc(6), buffer);
    if (size == 0) break;
    transmit(MutableByteView(buffer).first(size), PacketKind::kRtcp);
  }
}

void Client::send_reports() {
  if (gone_ || !connected()) return;
  auto report = [&](SyntheticStream& stream) {
    if (stream.packets() == 0) return;
    std::array<uint8_t, 200> buffer;
    rtc::rtcp::Writer writer(buffer);
    writer.sender_report(stream.config().ssrc, stream.sender_info(world_now()), {});
    writer.cname(stream.config().ssrc, "synthetic");
    transmit(writer.written(), PacketKind::kRtcp);
  };
  for (auto& layer : layers_) {
    if (layer->enabled) report(layer->stream());
  }
  if (audio_) report(audio_->stream);
  for (auto& receiver : receivers_) receiver->report(world_now());
}

}  // namespace turms::sim
