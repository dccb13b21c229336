#include "media/worker_metrics.h"

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace turms::media {

namespace {

constexpr const char* kDropHelp = "Datagrams that were not used or not sent, by reason.";
constexpr const char* kLayerHelp =
    "Decisions for another spatial layer, of subscriptions of video.";
constexpr const char* kPauseHelp = "Subscriptions of video paused for want of bandwidth, resumed.";
constexpr const char* kProbeHelp = "Bursts sent to test paths: any, and those that told a rate.";
constexpr std::array<double, 10> kEstimateBounds = {50e3, 100e3, 250e3, 500e3, 1e6,
                                                    2e6,  5e6,   10e6,  20e6,  50e6};
constexpr std::array<double, 8> kQueueBounds = {0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5};
constexpr std::array<double, 8> kRoundTripBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8};
constexpr std::array<std::string_view, kDatagramDropCount> kDropNames = {
    "unknown_source", "unknown_ufrag", "too_long",      "send_blocked",
    "send_failed",    "stream_full",   "broken_stream", "relay_refused"};

// As rtc::DataSendStatus.
constexpr std::array<std::string_view, 4> kDataFates = {"queued", "receiver_slow", "too_long",
                                                        "closed"};

/// By the name that LiveKit's server gives it.
Metric& outgoing(std::string_view transmission) {
  return metrics::counter(
      "livekit_packet_total", "RTP packets to subscribers",
      {{"country", ""}, {"direction", "outgoing"}, {"transmission", transmission}});
}

}  // namespace

struct WorkerMetrics::RoomCounter {
  const char* name;
  uint64_t sfu::RoomCounters::*value;
};

const std::array<WorkerMetrics::RoomCounter, 14> WorkerMetrics::kRoomCounters = {{
    {"malformed_rtp", &sfu::RoomCounters::malformed_rtp},
    {"malformed_rtcp", &sfu::RoomCounters::malformed_rtcp},
    {"unknown_transport", &sfu::RoomCounters::unknown_transport},
    {"unknown_ssrc", &sfu::RoomCounters::unknown_ssrc},
    {"unknown_payload_type", &sfu::RoomCounters::unknown_payload_type},
    {"duplicate", &sfu::RoomCounters::duplicate},
    {"muted", &sfu::RoomCounters::muted},
    {"oversized", &sfu::RoomCounters::oversized},
    {"sink_refused", &sfu::RoomCounters::sink_refused},
    {"refused_parameters", &sfu::RoomCounters::refused_parameters},
    {"handed_over", &sfu::RoomCounters::handed_over},
    {"handover_dropped", &sfu::RoomCounters::handover_dropped},
    {"handover_refused", &sfu::RoomCounters::handover_refused},
    {"received", &sfu::RoomCounters::received_packets},
}};

struct WorkerMetrics::DecisionCounter {
  const char* metric;
  const char* help;
  const char* label;
  const char* value;
  uint64_t sfu::DecisionCounters::*count;
};

const std::array<WorkerMetrics::DecisionCounter, 6> WorkerMetrics::kDecisions = {{
    {"turms_media_layer_changes_total", kLayerHelp, "direction", "up",
     &sfu::DecisionCounters::layers_raised},
    {"turms_media_layer_changes_total", kLayerHelp, "direction", "down",
     &sfu::DecisionCounters::layers_lowered},
    {"turms_media_video_pauses_total", kPauseHelp, "change", "paused",
     &sfu::DecisionCounters::paused},
    {"turms_media_video_pauses_total", kPauseHelp, "change", "resumed",
     &sfu::DecisionCounters::resumed},
    {"turms_media_probes_total", kProbeHelp, "result", "any", &sfu::DecisionCounters::probes},
    {"turms_media_probes_total", kProbeHelp, "result", "rate",
     &sfu::DecisionCounters::probe_results},
}};

WorkerMetrics::WorkerMetrics()
    : received(metrics::counter("turms_udp_datagrams_received_total", "Datagrams received.")),
      sent(metrics::counter("turms_udp_datagrams_sent_total", "Datagrams sent.")),
      sent_bytes(metrics::counter("turms_udp_sent_bytes_total", "Bytes of datagrams sent.")),
      turns(metrics::counter("turms_media_turns_total", "Turns of the media workers.")),
      rooms(metrics::gauge("turms_media_rooms", "Rooms on the media workers.")),
      transports(metrics::gauge("turms_media_transports", "Transports on the media workers.")),
      streams(metrics::gauge("turms_media_streams", "TCP streams on the media workers.")),
      stream_received(metrics::counter("turms_media_stream_datagrams_received_total",
                                       "Datagrams received in TCP streams.")),
      stream_sent(metrics::counter("turms_media_stream_datagrams_sent_total",
                                   "Datagrams sent in TCP streams.")),
      allocations(metrics::gauge("turms_turn_allocations", "Allocations of the TURN server.")),
      refused_commands(metrics::counter("turms_media_refused_commands_total",
                                        "Commands that named a room or transport not there.")),
      data_received(metrics::counter("turms_data_messages_received_total",
                                     "Messages that came on data channels.")),
      path_estimate_(metrics::histogram("turms_media_path_estimate_bits_per_second",
                                        "What paths to subscribers of video are estimated to "
                                        "carry, each once a second.",
                                        kEstimateBounds)),
      path_queue_(metrics::histogram(
          "turms_media_path_queue_seconds",
          "Wait in the queues of paths to subscribers of video, each once a second.",
          kQueueBounds)),
      path_round_trip_(metrics::histogram(
          "turms_media_path_round_trip_seconds",
          "Round trip of paths to subscribers of video, each once a second.", kRoundTripBounds)),
      forwarded_(metrics::counter("turms_media_packets_forwarded_total",
                                  "RTP packets written to subscribers.")),
      retransmitted_(metrics::counter("turms_media_packets_retransmitted_total",
                                      "RTP packets written again on request.")),
      initial_(outgoing("initial")),
      retransmit_(outgoing("retransmit")) {
  const auto counter = [](std::string_view reason) {
    return &metrics::counter("turms_udp_datagrams_dropped_total", kDropHelp, {{"reason", reason}});
  };
  for (size_t i = 0; i <= kDelayBounds.size(); ++i) {
    const std::string bound =
        i == kDelayBounds.size()
            ? "+Inf"
            : fmt::format("{:g}", std::chrono::duration<double>(kDelayBounds[i]).count());
    delay_buckets_[i] = &metrics::counter(
        "turms_media_forwarding_delay_seconds_bucket",
        "Datagrams of rooms sent, by the time since what caused them came to the socket.",
        {{"le", bound}});
  }
  for (size_t i = 0; i < kDatagramDropCount; ++i) drops_[i] = counter(kDropNames[i]);
  for (size_t i = 0; i < rtc::kDropReasonCount; ++i) {
    peer_drops_[i] = counter(to_string(static_cast<rtc::DropReason>(i)));
  }
  for (size_t i = 0; i < kDataFates.size(); ++i) {
    data_fates_[i] = &metrics::counter(
        "turms_data_messages_total",
        "Messages on data channels by what became of them, once for each receiver.",
        {{"fate", kDataFates[i]}});
  }
  for (size_t i = 0; i < kDecisions.size(); ++i) {
    const DecisionCounter& c = kDecisions[i];
    decisions_[i] = &metrics::counter(c.metric, c.help, {{c.label, c.value}});
  }
  for (size_t i = 0; i < sfu::kLayerLimitCount; ++i) {
    limited_[i] = &metrics::gauge("turms_media_video_subscriptions",
                                  "Subscriptions of video, by what keeps them from a better layer.",
                                  {{"limit", to_string(static_cast<sfu::LayerLimit>(i))}});
  }
  for (size_t i = 0; i < kRoomCounters.size(); ++i) {
    room_fates_[i] = &metrics::counter("turms_media_packets_total",
                                       "Packets that rooms received, and did not use, by fate.",
                                       {{"fate", kRoomCounters[i].name}});
  }
}

void WorkerMetrics::add(const sfu::RoomCounters& now, const sfu::RoomCounters& last) {
  const auto add_difference = [&](Metric& metric, uint64_t sfu::RoomCounters::*value) {
    if (now.*value != last.*value) metric.add(static_cast<int64_t>(now.*value - last.*value));
  };
  for (size_t i = 0; i < kRoomCounters.size(); ++i) {
    add_difference(*room_fates_[i], kRoomCounters[i].value);
  }
  if (now.decisions != last.decisions) add_decisions(now.decisions, last.decisions);
  add_difference(forwarded_, &sfu::RoomCounters::forwarded_packets);
  add_difference(retransmitted_, &sfu::RoomCounters::retransmitted_packets);
  add_difference(initial_, &sfu::RoomCounters::forwarded_packets);
  add_difference(retransmit_, &sfu::RoomCounters::retransmitted_packets);
}

void WorkerMetrics::add_decisions(const sfu::DecisionCounters& now,
                                  const sfu::DecisionCounters& last) {
  for (size_t i = 0; i < kDecisions.size(); ++i) {
    const auto count = kDecisions[i].count;
    decisions_[i]->add(static_cast<int64_t>(now.*count - last.*count));
  }
  for (size_t i = 0; i < sfu::kLayerLimitCount; ++i) {
    limited_[i]->add(static_cast<int64_t>(now.limited[i] - last.limited[i]));
  }
}

void WorkerMetrics::observe(const std::vector<sfu::PathStatistics>& paths) {
  for (const sfu::PathStatistics& path : paths) {
    path_estimate_.observe(static_cast<double>(path.estimate_bps));
    path_queue_.observe(static_cast<double>(path.queue_us + uint64_t{path.pacer_us}) / 1e6);
    if (path.round_trip_us != 0) {
      path_round_trip_.observe(static_cast<double>(path.round_trip_us) / 1e6);
    }
  }
}

void WorkerMetrics::sent_within(Duration delay, uint64_t datagrams) {
  for (size_t i = 0; i < kDelayBounds.size(); ++i) {
    if (delay <= kDelayBounds[i]) delay_buckets_[i]->add(static_cast<int64_t>(datagrams));
  }
  delay_buckets_.back()->add(static_cast<int64_t>(datagrams));
}

}  // namespace turms::media
