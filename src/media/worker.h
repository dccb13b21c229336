#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/timer_heap.h"
#include "media/commands.h"
#include "media/event_channel.h"
#include "media/mailbox.h"
#include "media/send_buffer.h"
#include "media/worker_metrics.h"
#include "net/poller.h"
#include "net/udp_socket.h"
#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"
#include "sfu/room.h"

namespace turms::media {

class Member;
struct WorkerRoom;

/// One thread with one UDP socket, its rooms and their transports. Everything private is touched by
/// that thread only; the control thread sends commands.
///
/// A turn: commands, one batch of datagrams, due timers; then what changed is settled (answers of
/// peers, events of rooms, new deadlines) and each destination's datagrams leave together. Between
/// turns it sleeps until a datagram, a command or the next deadline: nothing is scanned. What is
/// more than fits the caches leaves before the end of the turn.
class Worker {
 public:
  /// Binds. kUnavailable when the port is taken.
  static Result<std::unique_ptr<Worker>> bind(const net::Address& address,
                                              const net::UdpOptions& options,
                                              const rtc::dtls::Context& dtls);
  ~Worker();  // stop() first, if it was started
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] const net::Address& local() const { return socket_.local(); }

  // Control thread.
  void start(int index, Engine::Post post, EngineEvents& events);
  void send(Command command);
  void stop();

  // For Member, on the worker's thread.
  /// For what it sends in this turn; flush() takes it back.
  std::unique_ptr<SendBuffer> take_buffer(Member& member);
  /// Its place in the buffer is taken; flush() encrypts it there.
  void protect_later(const rtc::srtp::Session::BatchPacket& packet) {
    unprotected_.push_back(packet);
  }
  /// A packet of so many bytes was added to a buffer.
  void added(size_t bytes) { waiting_bytes_ += bytes; }
  /// Sends what all members have waiting.
  void flush();
  [[nodiscard]] WorkerMetrics& metrics() { return metrics_; }

 private:
  struct Apply;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using ByUfrag = std::unordered_map<std::string, Member*, TextHash, std::equal_to<>>;

  Worker(net::UdpSocket socket, const rtc::dtls::Context& dtls);

  void run();
  void turn();
  void apply_commands();
  void receive();
  void handle_datagram(const net::ReceivedDatagram& datagram);
  /// Gives the room what has gathered of one member's packets.
  void forward_burst();
  /// Whom a check is for; otherwise `reason` says what is wrong with it.
  Member* find_by_ufrag(ByteView datagram, DatagramDrop& reason);
  void run_timers();
  void touch(WorkerRoom& room);
  /// Events and deadlines of the rooms that were touched.
  void settle();
  void tell_room_events(WorkerRoom& room);
  void count(WorkerRoom& room);
  /// Answers, events and the deadline of a peer that was called.
  void settle_member(Member& member);
  void handle_peer_event(Member& member, const rtc::PeerEvent& event);
  /// Of a path that the member no longer has.
  void forget_address(Member& member, const rtc::TransportAddress& remote);
  void protect_batch();
  /// How many datagrams the kernel took.
  uint64_t send_all(std::span<const net::OutgoingDatagrams> messages);
  void add_ufrag(Member& member, const std::string& ufrag);
  void remove_ufrag(Member& member, const std::string& ufrag);
  void close_member(Member& member);
  void close_room(RoomId id);
  WorkerRoom* find_room(RoomId id);
  Member* find_member(TransportId id);

  net::UdpSocket socket_;
  net::Poller poller_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  Mailbox<Command> mailbox_;
  std::shared_ptr<EventChannel> events_;
  WorkerMetrics metrics_;

  Rng rng_ = Rng::from_entropy();
  std::unique_ptr<rtc::srtp::Backend> srtp_;
  rtc::PeerResources peer_resources_;

  TimePoint now_;
  TimePoint arrived_;  // what this turn answers: the oldest datagram of its batch
  TimerHeap timers_;   // before everything that has timers
  SendBufferPool buffers_;
  std::unordered_map<RoomId, std::unique_ptr<WorkerRoom>> rooms_;
  std::unordered_map<TransportId, std::unique_ptr<Member>> members_;
  std::unordered_map<rtc::TransportAddress, Member*> by_address_;
  ByUfrag by_ufrag_;

  // Of the turn; they keep their memory.
  std::vector<Command> commands_;
  std::vector<WorkerRoom*> touched_rooms_;
  std::vector<Member*> sending_;  // have a buffer
  size_t waiting_bytes_ = 0;
  std::vector<rtc::srtp::Session::BatchPacket> unprotected_;
  std::vector<net::OutgoingDatagrams> messages_;
  sfu::RoomEvents room_events_;
  uint64_t truncated_ = 0;
  net::Address last_source_;
  net::Address last_local_;
  rtc::Path last_path_;
  Member* last_member_ = nullptr;  // of last_path_, within one batch
  Member* burst_member_ = nullptr;
  std::vector<MutableByteView> burst_;  // its decrypted RTP, in the socket's buffers
};

}  // namespace turms::media
