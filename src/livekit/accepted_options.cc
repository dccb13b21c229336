#include <array>
#include <utility>

#include "livekit/settings_table.h"

namespace turms::livekit {
namespace {

using Type = config::OptionType;

constexpr auto kAliases = std::to_array<std::pair<const char*, const char*>>({
    {"livekit.port", "http.port"},
    {"livekit.log_level", "log.level"},
    {"livekit.logging.level", "log.level"},
    {"livekit.prometheus_port", "livekit.prometheus.port"},
    {"livekit.room.max_metadata_size", "livekit.limit.max_metadata_size"},
    {"livekit.room.max_room_name_length", "livekit.limit.max_room_name_length"},
    {"livekit.room.max_participant_identity_length",
     "livekit.limit.max_participant_identity_length"},
});

constexpr auto kWithoutEffect = std::to_array<std::pair<const char*, Type>>({
    {"livekit.development", Type::kBool},
    {"livekit.debug_handler", Type::kMap},
    {"livekit.debug_handler_port", Type::kMap},
    {"livekit.enable_data_tracks", Type::kBool},
    {"livekit.rtc.port_range_start", Type::kInt},
    {"livekit.rtc.port_range_end", Type::kInt},
    {"livekit.rtc.external_ip_only", Type::kBool},
    {"livekit.rtc.skip_external_ip_validation", Type::kBool},
    {"livekit.rtc.advertise_internal_ip", Type::kBool},
    {"livekit.rtc.use_stun_port_as_ice", Type::kBool},
    {"livekit.rtc.use_ice_lite", Type::kBool},
    {"livekit.rtc.use_mdns", Type::kBool},
    {"livekit.rtc.enable_loopback_candidate", Type::kBool},
    {"livekit.rtc.allow_tcp_fallback", Type::kBool},
    {"livekit.rtc.tcp_fallback_rtt_threshold", Type::kInt},
    {"livekit.rtc.allow_udp_unstable_fallback", Type::kBool},
    {"livekit.rtc.strict_acks", Type::kBool},
    {"livekit.rtc.batch_io", Type::kMap},
    {"livekit.rtc.congestion_control.use_send_side_bwe_interceptor", Type::kBool},
    {"livekit.rtc.congestion_control.use_send_side_bwe", Type::kBool},
    {"livekit.rtc.congestion_control.send_side_bwe_pacer", Type::kText},
    {"livekit.rtc.congestion_control.send_side_bwe", Type::kMap},
    {"livekit.rtc.congestion_control.remote_bwe", Type::kMap},
    {"livekit.rtc.congestion_control.probe_mode", Type::kText},
    {"livekit.rtc.congestion_control.min_channel_capacity", Type::kInt},
    {"livekit.rtc.congestion_control.nack_ratio_attenuator", Type::kText},
    {"livekit.rtc.congestion_control.expected_usage_threshold", Type::kText},
    {"livekit.rtc.congestion_control.disable_estimation_unmanaged_tracks", Type::kBool},
    {"livekit.rtc.pli_throttle", Type::kMap},
    {"livekit.rtc.packet_buffer_size", Type::kInt},
    {"livekit.rtc.packet_buffer_size_video", Type::kInt},
    {"livekit.rtc.packet_buffer_size_audio", Type::kInt},
    {"livekit.rtc.reconnect_on_publication_error", Type::kBool},
    {"livekit.rtc.reconnect_on_subscription_error", Type::kBool},
    {"livekit.rtc.reconnect_on_data_channel_error", Type::kBool},
    {"livekit.rtc.data_channel_max_buffered_amount", Type::kInt},
    {"livekit.rtc.datachannel_slow_threshold", Type::kInt},
    {"livekit.rtc.datachannel_lossy_target_latency", Type::kText},
    {"livekit.rtc.datachannel_data_track_target_latency", Type::kText},
    {"livekit.rtc.forward_stats", Type::kMap},
    {"livekit.rtc.enable_rtp_stream_restart_detection", Type::kBool},
    {"livekit.rtc.enable_warp", Type::kBool},
    {"livekit.rtc.sctp_min_cwnd", Type::kInt},
    {"livekit.rtc.sctp_fast_rtx_wnd", Type::kInt},
    {"livekit.rtc.sctp_cwnd_ca_step", Type::kInt},
    {"livekit.rtc.host_acceptance_min_wait", Type::kText},
    {"livekit.rtc.srflx_acceptance_min_wait", Type::kText},
    {"livekit.rtc.prflx_acceptance_min_wait", Type::kText},
    {"livekit.rtc.relay_acceptance_min_wait", Type::kText},
    {"livekit.room.enabled_codecs", Type::kList},
    {"livekit.room.create_room_timeout", Type::kText},
    {"livekit.room.create_room_attempts", Type::kInt},
    {"livekit.room.update_batch_target_size", Type::kInt},
    {"livekit.limit.num_tracks", Type::kInt},
    {"livekit.limit.bytes_per_sec", Type::kInt},
    {"livekit.limit.subscription_limit_video", Type::kInt},
    {"livekit.limit.subscription_limit_audio", Type::kInt},
    {"livekit.limit.max_data_blob_key_length", Type::kInt},
    {"livekit.limit.max_data_blobs_size", Type::kInt},
    {"livekit.limit.max_data_track_custom_encoding_length", Type::kInt},
    {"livekit.webhook.url_notifier.num_workers", Type::kInt},
    {"livekit.webhook.resource_url_notifier.max_depth", Type::kInt},
    {"livekit.redis", Type::kMap},
    {"livekit.turn.relay_range_start", Type::kInt},
    {"livekit.turn.relay_range_end", Type::kInt},
    {"livekit.turn.bind_addresses", Type::kList},
    {"livekit.turn.allow_restricted_peer_cidrs", Type::kList},
    {"livekit.turn.deny_peer_cidrs", Type::kList},
    {"livekit.logging", Type::kMap},
    {"livekit.audio", Type::kMap},
    {"livekit.video", Type::kMap},
    {"livekit.node_selector", Type::kMap},
    {"livekit.node_stats", Type::kMap},
    {"livekit.signal_relay", Type::kMap},
    {"livekit.psrpc", Type::kMap},
    {"livekit.ingress", Type::kMap},
    {"livekit.sip", Type::kMap},
    {"livekit.agents", Type::kMap},
    {"livekit.metric", Type::kMap},
    {"livekit.trace", Type::kMap},
    {"livekit.api", Type::kMap},
});

}  // namespace

std::vector<config::Option> accepted_options() {
  std::vector<config::Option> all;
  for (const auto& [key, other] : kAliases) {
    all.push_back(
        {.key = key, .help = "The same; that one wins when both are given.", .alias_of = other});
  }
  for (const auto& [key, type] : kWithoutEffect) {
    all.push_back({.key = key,
                   .type = type,
                   .min = INT64_MIN,
                   .max = INT64_MAX,
                   .help = "Accepted from a LiveKit file; no effect yet.",
                   .supported = false});
  }
  return all;
}

}  // namespace turms::livekit
