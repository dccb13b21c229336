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
#include "media/sender.h"
#include "media/worker_metrics.h"
#include "net/poller.h"
#include "net/udp_socket.h"
#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"
#include "sfu/room.h"

namespace turms::media {

struct Member;
struct PeerMember;
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
  void start(int index, Engine::Post post, EngineEvents& events, MakeDataRouter make_data_router);
  /// False: the mailbox is full, and the command is not of a kind that always gets in.
  [[nodiscard]] bool send(Command command);
  void stop();

 private:
  struct Apply;
  class DataLink;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using ByUfrag = std::unordered_map<std::string, PeerMember*, TextHash, std::equal_to<>>;

  Worker(net::UdpSocket socket, const rtc::dtls::Context& dtls);

  void run();
  void turn();
  void apply_commands();
  void receive();
  void handle_datagram(const net::ReceivedDatagram& datagram);
  /// Gives the room what has gathered of one member's packets.
  void forward_burst();
  /// Whom a check is for; otherwise `reason` says what is wrong with it.
  PeerMember* find_by_ufrag(ByteView datagram, DatagramDrop& reason);
  void run_timers();
  void touch(WorkerRoom& room);
  /// Events and deadlines of the rooms that were touched.
  void settle();
  void tell_room_events(WorkerRoom& room);
  void count(WorkerRoom& room);
  /// Answers, events and the deadline of a peer that was called.
  void settle_member(PeerMember& member);
  void handle_peer_event(PeerMember& member, const rtc::PeerEvent& event);
  /// Media takes this path from now on.
  void select(PeerMember& member, const rtc::Path& path);
  /// Of a path that the member no longer has.
  void forget_address(PeerMember& member, const rtc::TransportAddress& remote);
  void flush_data_later(PeerMember& member);
  void flush_data();
  void add_ufrag(PeerMember& member, const std::string& ufrag);
  void remove_ufrag(PeerMember& member, const std::string& ufrag);
  /// False: it is there already, or its room is not.
  bool add_member(std::unique_ptr<Member> member);
  void close_member(Member& member);
  void close_room(RoomId id);
  WorkerRoom* find_room(RoomId id);
  /// Counts what is not there; of a queue it is null too.
  PeerMember* find_peer(TransportId id);

  net::UdpSocket socket_;
  net::Poller poller_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  Mailbox<Command> mailbox_;
  std::shared_ptr<EventChannel> events_;
  MakeDataRouter make_data_router_;
  WorkerMetrics metrics_;

  Rng rng_ = Rng::from_entropy();
  std::unique_ptr<rtc::srtp::Backend> srtp_;
  rtc::PeerResources peer_resources_;
  Sender sender_;

  TimePoint now_;
  TimerHeap timers_;  // before everything that has timers
  std::unordered_map<RoomId, std::unique_ptr<WorkerRoom>> rooms_;
  std::unordered_map<TransportId, std::unique_ptr<Member>> members_;
  std::unordered_map<rtc::TransportAddress, PeerMember*> by_address_;
  ByUfrag by_ufrag_;

  // Of the turn; they keep their memory.
  std::vector<Command> commands_;
  std::vector<WorkerRoom*> touched_rooms_;
  sfu::RoomEvents room_events_;
  std::vector<PeerMember*> data_members_;  // may have datagrams with data
  uint64_t truncated_ = 0;
  net::Address last_source_;
  net::Address last_local_;
  rtc::Path last_path_;
  PeerMember* last_member_ = nullptr;  // of last_path_, within one batch
  PeerMember* burst_member_ = nullptr;
  std::vector<MutableByteView> burst_;  // its decrypted RTP, in the socket's buffers
};

}  // namespace turms::media
