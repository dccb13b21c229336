#include "media/relay.h"

#include <array>
#include <utility>

#include "media/addresses.h"

namespace turms::media {

namespace {

using rtc::turn::Client;
using rtc::turn::Received;

Client client_of(const Stream& stream) {
  // TLS is ended before it gets here: a stream is a stream.
  return {stream.path().remote, stream.path().local, rtc::turn::Transport::kTcp};
}

}  // namespace

Relay::Relay(rtc::turn::ServerConfig config, Rng& rng, std::optional<net::UdpSocket> socket,
             Streams& streams, WorkerMetrics& metrics, Owner& owner)
    : server_(std::move(config), rng),
      socket_(std::move(socket)),
      streams_(streams),
      metrics_(metrics),
      owner_(owner) {}

Relay::~Relay() {
  metrics_.allocations.add(-allocations_);
}

void Relay::receive_udp(TimePoint now) {
  const auto datagrams = socket_->receive_batch();
  for (const net::ReceivedDatagram& datagram : datagrams) {
    const Client client{to_rtc(datagram.source), to_rtc(datagram.local),
                        rtc::turn::Transport::kUdp};
    const Received received = server_.receive(now, client, datagram.data);
    if (received.kind == Received::Kind::kResponse) {
      gather(client, received.data, {}, 0);
    } else {
      handle(received);
    }
  }
  owner_.on_relay_pause();
  metrics_.received.add(static_cast<int64_t>(datagrams.size()));
}

void Relay::receive(TimePoint now, Stream& stream, MutableByteView message) {
  const size_t before = server_.allocations();
  const Received received = server_.receive(now, client_of(stream), message);
  if (server_.allocations() > before) streams_.establish(now, stream);
  switch (received.kind) {
    case Received::Kind::kResponse:
      return stream.send_message(received.data, {}, 0);
    case Received::Kind::kMisdirected:
      return owner_.on_misdirected(received.worker, streams_.release(stream));
    case Received::Kind::kRelayed:
    case Received::Kind::kDropped:
      return handle(received);
  }
}

void Relay::handle(const Received& received) {
  if (received.kind != Received::Kind::kRelayed) {
    // A datagram to the wrong worker's port is lost: that port was told to nobody.
    return metrics_.drop(DatagramDrop::kRelayRefused);
  }
  rtc::Path path{received.peer, received.relayed};
  path.remote.protocol = rtc::Protocol::kRelayed;
  owner_.on_relayed(path, received.data);
}

void Relay::stream_gone(const Stream& stream) {
  server_.client_gone(client_of(stream));
}

void Relay::send(TimePoint now, const rtc::Path& path, ByteView datagram) {
  rtc::TransportAddress relayed = path.remote;
  relayed.protocol = rtc::Protocol::kUdp;
  std::array<uint8_t, rtc::turn::Server::kMaxHeader> headroom;
  const auto envelope = server_.to_client(now, relayed, path.local, datagram.size(), headroom);
  if (!envelope) return metrics_.drop(DatagramDrop::kRelayRefused);
  const ByteView header = ByteView(headroom).last(envelope->header_size);
  const Client& client = *envelope->client;
  if (client.transport == rtc::turn::Transport::kUdp) {
    return gather(client, header, datagram, envelope->padding);
  }
  if (Stream* stream = streams_.find(client.remote.channel)) {
    stream->send_message(header, datagram, envelope->padding);
  }
}

void Relay::gather(const Client& client, ByteView header, ByteView data, size_t padding) {
  if (!socket_) return;
  const size_t size = header.size() + data.size() + padding;
  if (gathered_bytes_.size() + size > kMaxGathered) flush();
  gathered_.push_back({to_net(client.remote), to_net(client.local), gathered_bytes_.size(), size});
  gathered_bytes_.insert(gathered_bytes_.end(), header.begin(), header.end());
  gathered_bytes_.insert(gathered_bytes_.end(), data.begin(), data.end());
  gathered_bytes_.insert(gathered_bytes_.end(), padding, 0);
}

void Relay::flush() {
  const auto allocations = static_cast<int64_t>(server_.allocations());
  metrics_.allocations.add(allocations - std::exchange(allocations_, allocations));
  if (gathered_.empty()) return;
  messages_.clear();
  for (const Gathered& one : gathered_) {
    messages_.push_back({.destination = one.destination,
                         .data = ByteView(gathered_bytes_).subspan(one.offset, one.size),
                         .source = one.source});
  }
  const net::UdpSocket::SendOutcome outcome = socket_->send_batch(messages_);
  metrics_.sent.add(static_cast<int64_t>(outcome.datagrams));
  metrics_.sent_bytes.add(static_cast<int64_t>(gathered_bytes_.size()));
  metrics_.drop(DatagramDrop::kSendFailed, outcome.failed);
  metrics_.drop(DatagramDrop::kSendBlocked, messages_.size() - outcome.consumed);
  gathered_.clear();
  gathered_bytes_.clear();
}

}  // namespace turms::media
