// Data channels of a peer: SCTP in the application data of DTLS (RFC 8261).
#include <array>
#include <utility>

#include "base/check.h"
#include "rtc/dtls/transport.h"
#include "rtc/ice/agent.h"
#include "rtc/peer_state.h"
#include "rtc/sctp/data_channels.h"

namespace turms::rtc {

static_assert(Peer::kMaxDataDatagram == dtls::Transport::kMaxDatagram);

Peer::Data& Peer::data() {
  if (!data_) data_ = std::make_unique<Data>();
  return *data_;
}

void Peer::open_data(TimePoint now, const DataParameters& parameters) {
  if (ended_ || (data_ && data_->wanted)) return;
  Data& state = data();
  state.parameters = parameters;
  state.wanted = true;
  start_data(now);
}

void Peer::start_data(TimePoint now) {
  if (!data_ || !data_->wanted || data_->connecting) return;
  data_->make_channels(dtls_role_, resources_.rng);
  if (!connected_) return;
  data_->connecting = true;
  data_->now = now;
  data_->channels->connect(now);
}

void Peer::Data::make_channels(DtlsRole role, Rng& rng) {
  if (channels) return;
  sctp::AssociationConfig config;
  config.local_port = parameters.local_port;
  config.remote_port = parameters.remote_port;
  constexpr size_t kRoom = kMaxDataDatagram - dtls::Records::kOverhead;
  config.max_packet = kRoom - kRoom % 4;
  channels.emplace(config, role, rng);
}

void Peer::read_data(TimePoint now) {
  if (ended_) return;
  std::array<uint8_t, 2048> record;
  while (const size_t size = dtls_->read(record)) {
    if (!connected_) continue;  // who the remote side is has not been verified yet
    Data& state = data();
    state.make_channels(dtls_role_, resources_.rng);
    state.now = now;
    (void)state.channels->receive(now, ByteView(record).first(size));
  }
  start_data(now);
}

std::optional<ChannelId> Peer::open_channel(TimePoint now, const ChannelParameters& parameters) {
  if (ended_ || !data_ || !data_->channels) return std::nullopt;
  data_->now = now;
  return data_->channels->open(now, parameters);
}

DataSendStatus Peer::send_data(TimePoint now, ChannelId channel, const SharedBytes& payload,
                               bool binary, std::optional<Duration> lifetime) {
  if (ended_ || !data_ || !data_->channels) return DataSendStatus::kClosed;
  const uint64_t limit = data_->parameters.max_message_size;
  if (limit != 0 && payload.size() > limit) return DataSendStatus::kTooLong;
  data_->now = now;
  return data_->channels->send(now, channel, payload, binary, lifetime);
}

void Peer::close_channel(TimePoint now, ChannelId channel) {
  if (ended_ || !data_ || !data_->channels) return;
  data_->now = now;
  data_->channels->close(now, channel);
}

std::optional<DataEvent> Peer::poll_data() {
  return data_ && data_->channels ? data_->channels->poll_event() : std::nullopt;
}

size_t Peer::write_data(TimePoint now, MutableByteView out) {
  if (!connected_ || !data_ || !data_->channels) return 0;
  TURMS_CHECK(out.size() >= kMaxDataDatagram);
  const size_t size =
      data_->channels->write_packet(now, out.subspan(dtls::Records::kContentOffset));
  return size == 0 ? 0 : dtls_->protect(out, size);
}

std::optional<Peer::Transmit> Peer::transmit_data() {
  if (!connected_ || !data_ || !data_->channels) return std::nullopt;
  const size_t size = write_data(data_->now, data_->scratch);
  if (size == 0) return std::nullopt;
  return Transmit{*ice_->selected(), ByteView(data_->scratch).first(size)};
}

TimePoint Peer::data_timeout() const {
  return connected_ && data_ && data_->channels ? data_->channels->next_timeout() : kNever;
}

void Peer::handle_data_timeout(TimePoint now) {
  if (data_timeout() > now) return;
  data_->now = now;
  data_->channels->handle_timeout(now);
}

DataStatistics Peer::data_statistics() const {
  if (!data_ || !data_->channels) return {};
  return data_->channels->association().statistics();
}

}  // namespace turms::rtc
