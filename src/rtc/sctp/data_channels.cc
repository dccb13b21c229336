#include "rtc/sctp/data_channels.h"

#include <utility>

namespace turms::rtc::sctp {
namespace {

constexpr uint32_t kDcep = static_cast<uint32_t>(Ppid::kDcep);

}  // namespace

bool DataChannels::receive(TimePoint now, ByteView packet) {
  const bool taken = association_.receive(now, packet);
  settle(now);
  return taken;
}

void DataChannels::handle_timeout(TimePoint now) {
  association_.handle_timeout(now);
  settle(now);
}

void DataChannels::abort(TimePoint now, std::string_view reason) {
  association_.abort(now, reason);
  settle(now);
}

std::optional<ChannelId> DataChannels::open(TimePoint now, const ChannelParameters& parameters) {
  if (channels_.size() >= kMaxChannels || association_.closed()) return std::nullopt;
  uint16_t stream = next_stream_;
  while (channels_.contains(stream)) stream += 2;
  channels_[stream].parameters = parameters;
  // Always reliable and in order (RFC 8832 section 6).
  association_.send(now, stream, SharedBytes::of(serialize_open(parameters)), kDcep, {});
  return ChannelId(stream);
}

DataSendStatus DataChannels::send(TimePoint now, ChannelId id, const SharedBytes& payload,
                                  bool binary, std::optional<Duration> lifetime) {
  const auto at = channels_.find(id.value);
  if (at == channels_.end() || at->second.closing) {
    return DataSendStatus::kClosed;
  }
  const ChannelParameters& parameters = at->second.parameters;
  SendOptions options{!parameters.ordered, parameters.max_retransmits, parameters.lifetime};
  // Until it is acknowledged nothing may overtake the opening (RFC 8832 section 6).
  if (!at->second.open) options.unordered = false;
  if (lifetime && (!options.lifetime || *lifetime < *options.lifetime)) options.lifetime = lifetime;
  if (payload.empty()) {
    // SCTP has no empty messages (RFC 8831 section 6.6).
    const Ppid ppid = binary ? Ppid::kBinaryEmpty : Ppid::kStringEmpty;
    return association_.send(now, id.value, SharedBytes::of(Bytes(1)), static_cast<uint32_t>(ppid),
                             options);
  }
  return association_.send(now, id.value, payload,
                           static_cast<uint32_t>(binary ? Ppid::kBinary : Ppid::kString), options);
}

void DataChannels::close(TimePoint now, ChannelId id) {
  const auto at = channels_.find(id.value);
  if (at != channels_.end()) begin_close(now, id.value, at->second);
  settle(now);
}

void DataChannels::begin_close(TimePoint now, uint16_t stream, Channel& channel) {
  if (std::exchange(channel.closing, true)) return;
  association_.reset_stream(now, stream);
}

void DataChannels::settle(TimePoint now) {
  while (auto message = association_.poll_message()) handle_message(now, std::move(*message));
  while (auto event = association_.poll_event()) {
    const auto at = channels_.find(event->stream);
    switch (event->kind) {
      case Association::Event::Kind::kConnected:
        break;
      case Association::Event::Kind::kStreamReset:
        if (at == channels_.end()) break;
        at->second.local_reset = true;
        if (at->second.remote_reset) channels_.erase(at);
        break;
      case Association::Event::Kind::kRemoteStreamReset:
        if (at == channels_.end()) break;
        if (std::exchange(at->second.remote_reset, true)) break;
        events_.push_back({DataEvent::Kind::kClosed, ChannelId(event->stream), {}, true, {}});
        begin_close(now, event->stream, at->second);
        if (at->second.local_reset) channels_.erase(at);
        break;
      case Association::Event::Kind::kClosed:
        channels_.clear();
        events_.push_back({DataEvent::Kind::kEnded, {}, std::move(event->reason), true, {}});
        break;
    }
  }
}

void DataChannels::handle_message(TimePoint now, Message message) {
  if (message.ppid == kDcep) return handle_dcep(now, message);
  const auto at = channels_.find(message.stream);
  if (at == channels_.end() || at->second.remote_reset) return;
  DataEvent event;
  event.kind = DataEvent::Kind::kMessage;
  event.channel = ChannelId(message.stream);
  switch (static_cast<Ppid>(message.ppid)) {
    case Ppid::kBinary:
      break;
    case Ppid::kString:
    case Ppid::kStringEmpty:
      event.binary = false;
      break;
    case Ppid::kBinaryEmpty:
      break;
    default:
      return;
  }
  const bool empty = static_cast<Ppid>(message.ppid) == Ppid::kBinaryEmpty ||
                     static_cast<Ppid>(message.ppid) == Ppid::kStringEmpty;
  if (!empty) event.payload = std::move(message.data);
  events_.push_back(std::move(event));
}

void DataChannels::handle_dcep(TimePoint now, const Message& message) {
  const auto at = channels_.find(message.stream);
  if (message.data[0] == kDcepAck) {
    if (at == channels_.end() || at->second.open || at->second.closing) return;
    at->second.open = true;
    events_.push_back({DataEvent::Kind::kOpened,
                       ChannelId(message.stream),
                       at->second.parameters.label,
                       true,
                       {}});
    return;
  }
  auto parameters = parse_open(message.data);
  if (!parameters || at != channels_.end()) return;
  if (channels_.size() >= kMaxChannels) return association_.reset_stream(now, message.stream);
  association_.send(now, message.stream, SharedBytes::of(Bytes{kDcepAck}), kDcep, {});
  Channel& channel = channels_[message.stream];
  channel.parameters = std::move(*parameters);
  channel.open = true;
  events_.push_back(
      {DataEvent::Kind::kOpened, ChannelId(message.stream), channel.parameters.label, true, {}});
}

std::optional<DataEvent> DataChannels::poll_event() {
  if (events_.empty()) return std::nullopt;
  return events_.pop_front();
}

}  // namespace turms::rtc::sctp
