#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "rtc/bwe/sent_numbers.h"
#include "sfu/congestion_feedback_generator.h"
#include "sfu/demultiplexer.h"
#include "sfu/feedback_generator.h"
#include "sfu/forward_context.h"
#include "sfu/parameters.h"
#include "sfu/path_control.h"
#include "sfu/remote_clock.h"
#include "sfu/timer_heap.h"
#include "sfu/transport_sink.h"

namespace turms::sfu {

/// What a transport needs once it publishes.
struct ReceiveSide {
  explicit ReceiveSide(Transport& transport)
      : feedback_timer(Timer::Kind::kFeedback, &transport),
        report_timer(Timer::Kind::kReceiverReport, &transport) {}

  std::vector<PublishedTrack*> tracks;
  Demultiplexer demultiplexer;
  FeedbackGenerator feedback;
  rtc::Ssrc feedback_media;  // of the latest packet: a feedback message must name one
  /// In place of transport-wide feedback, when that was negotiated.
  std::unique_ptr<CongestionFeedbackGenerator> congestion_feedback;
  RemoteClock clock;
  Timer feedback_timer;
  Timer report_timer;
  std::vector<ReceiveStream*> to_report;  // had packets since the last receiver report
  bool reported = false;                  // at least one receiver report went out
};

/// What a packet is stamped with as it leaves.
struct Stamp {
  uint16_t transport_sequence = 0;
  uint32_t abs_send_time = 0;
};

/// What a transport needs once it subscribes.
struct SendSide {
  explicit SendSide(Transport& transport) : report_timer(Timer::Kind::kSenderReport, &transport) {}

  /// From the first video on; none where the other end is not a network. First, as each packet asks
  /// for it.
  std::unique_ptr<PathControl> path;
  /// Where feedback is by RFC 8888: packets carry no transport sequence.
  std::unique_ptr<rtc::bwe::SentNumbers> numbers;
  std::vector<SubscribedTrack*> tracks;
  std::unordered_map<uint32_t, SubscribedTrack*> by_ssrc;
  Timer report_timer;
  std::vector<SubscribedTrack*> to_report;  // sent packets since the last sender report
  int reports = 0;                          // sent so far: the first ones come faster

  /// For the packet that is written now: media, retransmission or padding.
  [[nodiscard]] Stamp stamp(const ForwardContext& context) const {
    return {path ? path->next_sequence() : transport_sequence_, context.abs_send_time};
  }
  /// It left. `numbered`: it carried the transport-wide sequence number of the stamp. `paced`: the
  /// pacer has counted it.
  void on_sent(TimePoint now, size_t size, bool numbered, bool audio, bool paced) {
    if (path) return path->on_sent(now, size, numbered, audio, paced);
    if (numbered) ++transport_sequence_;
  }
  /// Before on_sent(), of a transport with `numbers`: which packet it is.
  void note(rtc::Ssrc ssrc, uint16_t number, bool again) {
    if (!path) return;
    again ? numbers->forget(ssrc, number) : numbers->on_sent(ssrc, number, path->next_sequence());
  }
  void control_path(TimePoint now, Transport& transport, PathControl::Config config) {
    config.transport_feedback = config.transport_feedback || numbers;
    config.first_sequence = transport_sequence_;
    path = std::make_unique<PathControl>(now, transport, config);
  }

 private:
  uint16_t transport_sequence_ = 0;
};

/// One participant's connection as the room sees it. Small until it publishes or subscribes. Owned
/// by the room.
struct Transport {
  Transport(TransportId id_in, TransportSink& sink_in, bool has_path_in)
      : id(id_in), sink(sink_in), has_path(has_path_in) {}

  ReceiveSide& receiving() {
    if (!receive) receive = std::make_unique<ReceiveSide>(*this);
    return *receive;
  }
  SendSide& sending() {
    if (!send) send = std::make_unique<SendSide>(*this);
    return *send;
  }

  TransportId id;
  TransportSink& sink;
  const bool has_path;  // a network between, with a receiver that reports
  PathLimits limits;
  bool connected = false;
  std::unique_ptr<ReceiveSide> receive;
  std::unique_ptr<SendSide> send;
};

}  // namespace turms::sfu
