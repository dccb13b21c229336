// Resetting streams: how data channels are closed (RFC 6525, RFC 8831 section 6.7).
#include <algorithm>
#include <utility>

#include "rtc/sctp/association.h"

namespace turms::rtc::sctp {
namespace {

// Results of a RE-CONFIG (RFC 6525 section 4.4).
constexpr uint32_t kNothingToDo = 0;
constexpr uint32_t kPerformed = 1;
constexpr uint32_t kDenied = 2;
constexpr uint32_t kBadSequence = 5;
constexpr uint32_t kInProgress = 6;
/// Streams per request: they fit into one packet.
constexpr size_t kMaxStreamsPerRequest = 256;

}  // namespace

void Association::reset_stream(TimePoint now, uint16_t stream) {
  if (state_ == State::kEnded) return;
  streams_to_reset_.insert(stream);
  start_reset(now);
}

void Association::start_reset(TimePoint now) {
  if (state_ != State::kEstablished || our_reset_ || streams_to_reset_.empty()) return;
  ResetRequest request;
  for (const uint16_t stream : streams_to_reset_) {
    if (!queue_.is_empty(stream)) continue;
    if (request.streams.size() < kMaxStreamsPerRequest) request.streams.push_back(stream);
  }
  if (request.streams.empty()) return;
  for (const uint16_t stream : request.streams) {
    streams_to_reset_.erase(stream);
    queue_.hold(stream, true);
  }
  request.sequence = next_request_++;
  request.last_tsn = static_cast<uint32_t>(transfer_->outstanding.last_tsn());
  our_reset_ = std::move(request);
  // A side that cannot reset never answers; the number is free all the same.
  if (!peer_reconfig_) return finish_reset(kDenied);
  reset_timeout_ = transfer_->outstanding.timeout();
  send_reset_request(now);
}

void Association::send_reset_request(TimePoint now) {
  if (!our_reset_ || state_ != State::kEstablished) {
    reset_at_ = kNever;
    return;
  }
  Bytes out;
  ChunkWriter writer(out);
  writer.begin(ChunkType::kReconfig);
  writer.begin_parameter(ParameterType::kOutgoingReset);
  writer.u32(our_reset_->sequence);
  writer.u32(expected_request_ - 1);
  writer.u32(our_reset_->last_tsn);
  for (const uint16_t stream : our_reset_->streams) writer.u16(stream);
  writer.end_parameter();
  writer.end();
  queue(std::move(out), peer_tag_, false);
  reset_at_ = now + reset_timeout_.value();
}

void Association::finish_reset(uint32_t result) {
  const bool performed = result == kPerformed || result == kNothingToDo;
  reset_at_ = kNever;
  for (const uint16_t stream : our_reset_->streams) {
    if (performed) queue_.reset(stream);
    queue_.hold(stream, false);
    events_.push_back({Event::Kind::kStreamReset, stream, {}});
  }
  our_reset_.reset();
}

void Association::handle_reconfig(TimePoint now, const ChunkView& chunk) {
  ByteView rest = chunk.value;
  while (!rest.empty()) {
    const auto parameter = ParameterView::take(rest);
    if (!parameter) return;
    ByteReader in(parameter->value);
    switch (parameter->type) {
      case ParameterType::kOutgoingReset: {
        ResetRequest request;
        request.sequence = in.u32();
        in.skip(4);
        request.last_tsn = in.u32();
        if (!in.ok()) return;
        while (in.remaining() >= 2) request.streams.push_back(in.u16());
        answer_reconfig(request.sequence, answer_reset(request));
        break;
      }
      case ParameterType::kResetResponse: {
        const uint32_t sequence = in.u32();
        const uint32_t result = in.u32();
        if (!in.ok() || !our_reset_ || sequence != our_reset_->sequence) break;
        if (result == kInProgress) break;  // asked again when the timer runs out
        finish_reset(result);
        start_reset(now);
        break;
      }
      case ParameterType::kIncomingReset:
      case ParameterType::kTsnReset:
      case ParameterType::kAddOutgoing:
      case ParameterType::kAddIncoming: {
        const uint32_t sequence = in.u32();
        if (!in.ok()) return;
        if (sequence == expected_request_) {
          ++expected_request_;
          last_result_ = kDenied;
        }
        answer_reconfig(sequence, sequence + 1 == expected_request_ ? last_result_ : kBadSequence);
        break;
      }
      default:
        break;
    }
  }
}

uint32_t Association::answer_reset(const ResetRequest& request) {
  if (request.sequence + 1 == expected_request_) {
    // Asked again: the answer may have changed from "in progress" since.
    return last_result_;
  }
  if (request.sequence != expected_request_) return kBadSequence;
  ++expected_request_;
  const uint64_t last = transfer_->received.line(request.last_tsn);
  if (transfer_->received.cumulative() < last) {
    remote_reset_ = request;
    last_result_ = kInProgress;
  } else {
    apply_remote_reset(request);
  }
  return last_result_;
}

void Association::apply_remote_reset(const ResetRequest& request) {
  last_result_ = kPerformed;
  if (request.streams.empty()) {
    transfer_->reassembly.reset_all();
    return;
  }
  for (const uint16_t stream : request.streams) {
    if (stream >= kMaxStreams) continue;
    transfer_->reassembly.reset(stream);
    events_.push_back({Event::Kind::kRemoteStreamReset, stream, {}});
  }
}

void Association::answer_reconfig(uint32_t sequence, uint32_t result) {
  Bytes out;
  ChunkWriter writer(out);
  writer.begin(ChunkType::kReconfig);
  writer.begin_parameter(ParameterType::kResetResponse);
  writer.u32(sequence);
  writer.u32(result);
  writer.end_parameter();
  writer.end();
  queue(std::move(out), peer_tag_, false);
}

}  // namespace turms::rtc::sctp
