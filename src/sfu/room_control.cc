// RTCP in both directions, and what happens by the clock.
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "sfu/room_impl.h"

namespace turms::sfu {

namespace rtcp = rtc::rtcp;

namespace {

/// Who we are in our reports and requests: receivers take any number that is not one of theirs.
constexpr rtc::Ssrc kOwnSsrc{1};
/// Leaves room for encryption and headers below within any path's MTU.
constexpr size_t kRtcpSize = 1200;

constexpr Duration kSenderReport = 1s;
/// Receivers need a report before they can synchronise: the first few come faster.
constexpr std::array<Duration, 3> kEarlySenderReports = {200ms, 300ms, 500ms};
constexpr Duration kSilentStream = 2s;

}  // namespace

uint64_t Room::Impl::ntp(TimePoint now) const {
  // 1900 to 1970: 70 years with 17 leap days.
  constexpr int64_t kUnixToNtp = 2'208'988'800;
  int64_t ns = now.time_since_epoch().count() + config_.wall_at_zero.unix_ms % 1000 * 1'000'000;
  int64_t seconds = ns / 1'000'000'000 + config_.wall_at_zero.unix_ms / 1000 + kUnixToNtp;
  auto fraction = (static_cast<uint64_t>(ns % 1'000'000'000) << 32) / 1'000'000'000;
  return static_cast<uint64_t>(seconds) << 32 | fraction;
}

void Room::Impl::handle_rtcp(TimePoint now, TransportId id, ByteView bytes) {
  Transport* transport = find_transport(id);
  if (transport == nullptr) {
    ++counters_.unknown_transport;
    return;
  }
  rtcp::Reader reader(bytes);
  while (auto packet = reader.next()) {
    switch (packet->kind()) {
      case rtcp::Kind::kSenderReport:
        on_sender_report(now, *transport, *packet);
        on_report_blocks(now, *transport, *packet);
        break;
      case rtcp::Kind::kReceiverReport:
        on_report_blocks(now, *transport, *packet);
        break;
      case rtcp::Kind::kNack:
        on_nack(now, *transport, *packet);
        break;
      case rtcp::Kind::kPli:
        on_picture_loss(now, *transport, packet->media_ssrc());
        break;
      case rtcp::Kind::kFir:
        rtcp::for_each_fir(
            *packet, [&](rtc::Ssrc media, uint8_t) { on_picture_loss(now, *transport, media); });
        break;
      case rtcp::Kind::kTransportFeedback:
        if (transport->send && transport->send->path) {
          transport->send->path->on_transport_feedback(now, *packet);
        }
        break;
      case rtcp::Kind::kCongestionFeedback:
        if (transport->send && transport->send->path && transport->send->numbers) {
          transport->send->path->on_congestion_feedback(now, *packet, *transport->send->numbers);
        }
        break;
      case rtcp::Kind::kRemb:
        if (transport->send && transport->send->path) {
          transport->send->path->on_remb(now, rtcp::remb(*packet).bits_per_second);
        }
        break;
      case rtcp::Kind::kSourceDescription:
      case rtcp::Kind::kBye:  // its silence tells as much
      case rtcp::Kind::kUnknown:
        break;
    }
  }
  if (!reader.ok()) ++counters_.malformed_rtcp;
  if (transport->send) settle_path(now, *transport);
}

void Room::Impl::on_sender_report(TimePoint now, Transport& transport,
                                  const rtcp::PacketView& packet) {
  if (!transport.receive) return;
  ReceiveStream* stream = transport.receive->demultiplexer.find(packet.sender_ssrc());
  if (stream == nullptr) return;
  rtcp::SenderInfo info = rtcp::sender_info(packet);
  stream->on_sender_report(now, info.ntp, info.rtp_time.value);
  transport.receive->clock.on_sender_report(now, info.ntp);
  for (const Share& share : stream->track().shares) {
    if (share.wants != 0) (void)send_report(now, *share.part, *stream);
  }
}

void Room::Impl::on_report_blocks(TimePoint now, Transport& transport,
                                  const rtcp::PacketView& packet) {
  if (!transport.send) return;
  auto middle = static_cast<uint32_t>(ntp(now) >> 16);
  SubscribedTrack::Reported all;
  for (size_t i = 0; i < packet.count(); ++i) {
    rtcp::ReportBlock block = rtcp::report_block(packet, i);
    auto it = transport.send->by_ssrc.find(block.ssrc.value);
    if (it == transport.send->by_ssrc.end()) continue;
    const auto reported = it->second->on_report_block(now, middle, block);
    all.lost += reported.lost;
    all.expected += reported.expected;
    all.round_trip = reported.round_trip;
  }
  if (transport.send->path && all.round_trip != Duration::zero()) {
    transport.send->path->on_receiver_report(now, all.lost, all.expected, all.round_trip);
  }
}

void Room::Impl::on_nack(TimePoint now, Transport& transport, const rtcp::PacketView& packet) {
  if (!transport.send) return;
  auto it = transport.send->by_ssrc.find(packet.media_ssrc().value);
  if (it == transport.send->by_ssrc.end()) return;
  ForwardContext context(now, counters_);
  rtcp::for_each_nack(packet,
                      [&](rtc::rtp::SeqNum lost) { it->second->resend(context, lost.value); });
}

void Room::Impl::on_picture_loss(TimePoint now, Transport& transport, rtc::Ssrc media) {
  if (!transport.send) return;
  auto it = transport.send->by_ssrc.find(media.value);
  if (it == transport.send->by_ssrc.end()) return;
  ask_key_frame(now, *it->second);
}

void Room::Impl::request_key_frame(TimePoint now, SubscriptionId id) {
  const auto it = subscriptions_.find(id);
  if (it == subscriptions_.end()) return;
  ask_key_frame(now, *it->second);
}

void Room::Impl::ask_key_frame(TimePoint now, SubscribedTrack& subscription) {
  subscription.ask_key_frame();
  // A switch under way brings a key frame of the new layer; the old one may be needed until then.
  ReceiveStream* stream = subscription.current() >= 0
                              ? &subscription.source().stream(subscription.current())
                              : subscription.waiting;
  if (stream != nullptr) want_key_frame(now, *stream);
}

void Room::Impl::send_key_frame_request(TimePoint now, ReceiveStream& stream) {
  if (!stream.watched()) {
    stream.key_frames.reset();
    return;
  }
  if (!stream.started() || stream.track().muted || now - stream.last_packet() > kSilentStream) {
    stream.key_frames.sleep();
    timers_.cancel(stream.key_frame_timer);
    return;
  }
  if (stream.track().origin != nullptr) {
    // Told when what has come is dealt with: the key frame may be among it.
    stream.track().asks |= static_cast<uint8_t>(1U << stream.encoding());
    unsettle(stream.track());
  } else {
    TransportSink& sink = stream.track().transport().sink;
    rtcp::Writer writer(sink.reserve(kRtcpSize));
    if (writer.pli(kOwnSsrc, stream.parameters.ssrc)) sink.commit(writer.size(), PacketKind::kRtcp);
  }
  stream.key_frames.on_sent(now, stream.losses.round_trip());
  if (stream.key_frames.wanted()) {
    timers_.schedule(stream.key_frame_timer, stream.key_frames.due());
  } else {
    timers_.cancel(stream.key_frame_timer);
  }
}

void Room::Impl::handle_timeout(TimePoint now) {
  while (Timer* timer = timers_.take_due(now)) {
    switch (timer->kind()) {
      case Timer::Kind::kNack: {
        auto& stream = *static_cast<ReceiveStream*>(timer->owner());
        send_nacks(now, stream);
        break;
      }
      case Timer::Kind::kKeyFrameRequest: {
        auto& stream = *static_cast<ReceiveStream*>(timer->owner());
        if (stream.key_frames.wanted()) send_key_frame_request(now, stream);
        break;
      }
      case Timer::Kind::kFeedback:
        send_feedback(now, *static_cast<Transport*>(timer->owner()));
        break;
      case Timer::Kind::kReceiverReport:
        send_receiver_reports(now, *static_cast<Transport*>(timer->owner()));
        break;
      case Timer::Kind::kSenderReport:
        send_sender_reports(now, *static_cast<Transport*>(timer->owner()));
        break;
      case Timer::Kind::kPath: {
        auto& transport = *static_cast<Transport*>(timer->owner());
        pace(now, transport);
        settle_path(now, transport);
        break;
      }
      case Timer::Kind::kActivity:
        update_activity(now, *static_cast<PublishedTrack*>(timer->owner()));
        break;
      case Timer::Kind::kTick:
        tick(now);
        break;
      case Timer::Kind::kSpeakers:
        speaker_turn(now);
        break;
      case Timer::Kind::kParts:
        settle_parts(now);
        break;
    }
  }
}

void Room::Impl::send_nacks(TimePoint now, ReceiveStream& stream) {
  if (!stream.watched()) return;
  lost_.clear();
  stream.losses.collect(now, stream.highest(), lost_);
  // The origin of a replica asks. Here it is only known how long there is hope.
  if (stream.track().origin != nullptr) lost_.clear();
  TransportSink& sink = stream.track().transport().sink;
  std::span<const rtc::rtp::SeqNum> rest(lost_);
  while (!rest.empty()) {
    rtcp::Writer writer(sink.reserve(kRtcpSize));
    const size_t asked = writer.nack(kOwnSsrc, stream.parameters.ssrc, rest);
    if (asked == 0) break;
    sink.commit(writer.size(), PacketKind::kRtcp);
    rest = rest.subspan(asked);
  }
  timers_.schedule(stream.nack_timer, std::max(stream.losses.next_due(), now + 1ms));
}

void Room::Impl::send_feedback(TimePoint now, Transport& transport) {
  ReceiveSide& side = *transport.receive;
  for (;;) {
    MutableByteView out = transport.sink.reserve(kRtcpSize);
    if (out.empty()) break;
    const size_t size = side.congestion_feedback
                            ? side.congestion_feedback->write(
                                  now, static_cast<uint32_t>(ntp(now) >> 16), kOwnSsrc, out)
                            : side.feedback.write(now, kOwnSsrc, side.feedback_media, out);
    if (size == 0) break;
    transport.sink.commit(size, PacketKind::kRtcp);
  }
}

void Room::Impl::send_receiver_reports(TimePoint now, Transport& transport) {
  ReceiveSide& side = *transport.receive;
  blocks_.clear();
  for (ReceiveStream* stream : side.to_report) {
    stream->in_report_list = false;
    if (stream->started()) blocks_.push_back(stream->make_report(now));
  }
  side.to_report.clear();
  side.reported = true;
  std::span<const rtcp::ReportBlock> rest(blocks_);
  while (!rest.empty()) {
    auto part = rest.first(std::min(rest.size(), rtcp::kMaxReportBlocks));
    MutableByteView out = transport.sink.reserve(kRtcpSize);
    rtcp::Writer writer(out);
    if (!writer.receiver_report(kOwnSsrc, part)) break;
    transport.sink.commit(writer.size(), PacketKind::kRtcp);
    rest = rest.subspan(part.size());
  }
  // Armed again by the next packet, but not sooner than the interval.
  if (!blocks_.empty()) timers_.schedule(side.report_timer, now + kReceiverReport);
}

void Room::Impl::send_sender_reports(TimePoint now, Transport& transport) {
  SendSide& side = *transport.send;
  uint64_t ntp_now = ntp(now);
  size_t next = 0;
  while (next < side.to_report.size()) {
    MutableByteView out = transport.sink.reserve(kRtcpSize);
    if (out.empty()) break;
    rtcp::Writer writer(out);
    size_t whole = 0;
    for (; next < side.to_report.size(); ++next) {
      SubscribedTrack& subscription = *side.to_report[next];
      rtcp::SenderInfo info;
      info.ntp = ntp_now;
      info.rtp_time = rtc::rtp::RtpTime(subscription.rtp_time_at(now));
      info.packets = static_cast<uint32_t>(subscription.packets());
      info.octets = static_cast<uint32_t>(subscription.payload_bytes());
      // One name for all tracks of a participant (RFC 3550 section 6.5.1).
      std::array<char, 24> name{'t'};
      auto end = std::to_chars(name.data() + 1, name.data() + name.size(),
                               subscription.source().transport().id.value);
      std::string_view cname(name.data(), static_cast<size_t>(end.ptr - name.data()));
      if (!writer.sender_report(subscription.ssrc(), info, {}) ||
          !writer.cname(subscription.ssrc(), cname)) {
        break;
      }
      whole = writer.size();
    }
    if (whole == 0) break;
    transport.sink.commit(whole, PacketKind::kRtcp);
  }
  bool any = !side.to_report.empty();
  for (SubscribedTrack* subscription : side.to_report) subscription->in_report_list = false;
  side.to_report.clear();
  if (!any) return;
  auto early = static_cast<size_t>(side.reports);
  bool is_early = early < kEarlySenderReports.size();
  if (is_early) ++side.reports;
  timers_.schedule(side.report_timer,
                   now + (is_early ? kEarlySenderReports[early] : kSenderReport));
}

void Room::Impl::tick(TimePoint now) {
  Duration interval = now - last_tick_;
  last_tick_ = now;
  for (PublishedTrack* track : ticking_tracks_) {
    for (auto& stream : track->streams()) stream->measure(interval);
  }
  measure_paths(now);
  // Every second time the numbers are told, and whoever had no traffic leaves the lists.
  if (statistics_turn_) tell_statistics(now);
  statistics_turn_ = !statistics_turn_;
  if (!ticking_tracks_.empty() || !statistics_turn_) timers_.schedule(tick_timer_, now + kTick);
}

}  // namespace turms::sfu
