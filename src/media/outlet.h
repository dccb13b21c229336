#pragma once

#include <memory>
#include <vector>

#include "media/packet_queue.h"
#include "media/send_buffer.h"
#include "media/sender.h"
#include "net/address.h"
#include "rtc/peer.h"
#include "sfu/transport_sink.h"

namespace turms::media {

/// Where the packets of one transport of a room go. The room writes into it during a turn; the
/// worker's sender calls flush() at the end of the turn, or sooner when much has gathered. Owned by
/// a member, on the worker's thread.
class Outlet : public sfu::TransportSink {
 public:
  /// What was committed leaves: datagrams by `datagrams`, which the sender sends before it calls
  /// flushed(), anything else on its own way at once.
  virtual void flush(std::vector<net::OutgoingDatagrams>& datagrams) = 0;
  virtual void flushed() {}
};

/// Datagrams to a peer by another way than the worker's UDP socket.
class Channel {
 public:
  virtual ~Channel() = default;
  /// May drop what it cannot send now, as a network would, and counts it itself.
  virtual void send(ByteView datagram) = 0;
};

/// To a WebRTC peer: encrypted where the room wrote it, in a buffer that the sender lends for the
/// turn, so that an idle transport stays small.
class PeerOutlet final : public Outlet {
 public:
  PeerOutlet(Sender& sender, rtc::Peer& peer) : sender_(sender), peer_(peer) {}

  MutableByteView reserve(size_t size) override;
  void commit(size_t size, sfu::PacketKind kind) override;
  /// Takes all datagrams with data that the peer has now. False: there were none.
  bool write_data(TimePoint now);
  void flush(std::vector<net::OutgoingDatagrams>& datagrams) override;
  void flushed() override { sender_.give_back(std::move(buffer_)); }

  /// The selected path. What waits was meant for the former one, and may as well take the new one.
  void set_destination(const net::Address& destination, const net::Address& source);
  void set_destination(Channel& channel);
  void clear_destination();
  [[nodiscard]] const Channel* channel() const { return channel_; }

 private:
  Sender& sender_;
  rtc::Peer& peer_;
  net::Address destination_;
  net::Address source_;
  Channel* channel_ = nullptr;  // in place of both
  bool has_destination_ = false;
  std::unique_ptr<SendBuffer> buffer_;  // from the first packet of a turn to its flush
  MutableByteView reserved_;
};

/// Into a queue: for a reader that wants what the room sends as it is.
class QueueOutlet final : public Outlet {
 public:
  QueueOutlet(Sender& sender, std::shared_ptr<PacketQueue> queue)
      : sender_(sender), queue_(std::move(queue)) {}

  MutableByteView reserve(size_t size) override { return queue_->reserve(size); }
  void commit(size_t size, sfu::PacketKind kind) override;
  void flush(std::vector<net::OutgoingDatagrams>&) override;

 private:
  Sender& sender_;
  std::shared_ptr<PacketQueue> queue_;
  bool waiting_ = false;
};

}  // namespace turms::media
