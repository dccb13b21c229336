#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
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
#include "media/part_link.h"
#include "media/relay.h"
#include "media/sender.h"
#include "media/streams.h"
#include "media/turn_pacing.h"
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

/// What a worker is made with.
struct WorkerConfig {
  uint32_t index = 0;
  net::Address address;
  net::UdpOptions udp;
  /// With a TURN server; its `worker` and `media_addresses` are filled in.
  std::optional<rtc::turn::ServerConfig> turn;
  /// That of its UDP port; none: streams only.
  std::optional<net::Address> turn_address;
  std::vector<std::string> advertised;
};

/// One thread with one UDP socket, its rooms and their transports. Everything private is touched by
/// that thread only; the control thread sends commands.
///
/// A turn: commands, one batch of datagrams, due timers; then what changed is settled (answers of
/// peers, events of rooms, new deadlines) and each destination's datagrams leave together. Between
/// turns it sleeps until a datagram, a command or the next deadline: nothing is scanned. What is
/// more than fits the caches leaves before the end of the turn.
class Worker final : private Streams::Owner, private Relay::Owner {
 public:
  /// Binds. kUnavailable when a port is taken.
  static Result<std::unique_ptr<Worker>> bind(WorkerConfig config, const rtc::dtls::Context& dtls);
  ~Worker();  // stop() first, if it was started
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] const net::Address& local() const { return socket_.local(); }
  /// 0: none.
  [[nodiscard]] uint16_t turn_port() const { return turn_port_; }

  // Control thread.
  /// To another worker, from this one's thread: a TURN client whose credentials name that one, or
  /// what data routers hand over. As send().
  using SendTo = std::function<bool(uint32_t worker, Command)>;
  void start(Engine::Post post, EngineEvents& events, SendTo send_to,
             MakeDataRouter make_data_router);
  /// Share of a CPU that it used lately, about 0 to 1.
  [[nodiscard]] double load() const;
  /// Of all workers together.
  [[nodiscard]] const WorkerMetrics& metrics() const { return metrics_; }
  void stop();

  // Any thread.
  /// False: the mailbox is full, and the command is not of a kind that always gets in.
  [[nodiscard]] bool send(Command command);
  /// Something waits in one of its rings.
  void wake() { poller_.wake(); }

 private:
  struct Apply;
  class DataLink;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using ByUfrag = std::unordered_map<std::string, PeerMember*, TextHash, std::equal_to<>>;

  Worker(WorkerConfig config, net::UdpSocket socket, std::optional<net::UdpSocket> turn_socket,
         const rtc::dtls::Context& dtls);

  void run();
  void turn();
  void apply_commands();
  void send_all();
  /// What other workers handed over.
  void receive_parts();
  void receive_parts(PartLink& link);
  void measure_load();
  void receive();
  void handle_datagram(const net::ReceivedDatagram& datagram);
  /// `member`: whose path it is, if that is known.
  void handle_packet(PeerMember* member, const rtc::Path& path, MutableByteView packet);
  void on_stream_message(Stream& stream, MutableByteView message) override;
  void on_stream_pause() override { forward_burst(); }
  void on_stream_closed(Stream& stream) override;
  void on_relayed(const rtc::Path& path, MutableByteView datagram) override;
  void on_relay_pause() override { forward_burst(); }
  void on_misdirected(uint32_t worker, AdoptedStream stream) override;
  /// Who has this address.
  PeerMember* find_by_address(const rtc::TransportAddress& remote);
  void transmit(const rtc::Path& path, ByteView datagram);
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

  const uint32_t index_;
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
  TurnPacing pacing_;
  TimerHeap timers_;  // before everything that has timers
  Streams streams_;
  std::optional<Relay> relay_;
  uint16_t turn_port_ = 0;
  SendTo send_to_;
  std::vector<PartLink> links_;  // with workers that have parts of the same rooms
  bool parts_unread_ = false;
  std::unordered_map<RoomId, std::unique_ptr<WorkerRoom>> rooms_;
  int left_out_layers_ = 0;
  std::unordered_map<TransportId, std::unique_ptr<Member>> members_;
  std::unordered_map<rtc::TransportAddress, PeerMember*> by_address_;
  ByUfrag by_ufrag_;

  // CPU time of the thread, as last measured.
  Duration cpu_{};
  TimePoint measured_;
  std::atomic<uint32_t> load_permille_{0};
  std::atomic<int64_t> load_at_{0};
  Metric& cpu_ms_;
  Metric& load_metric_;
  Metric& forwarded_metric_;

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
  std::vector<ByteView> part_messages_;
  std::vector<MutableByteView> burst_;  // its decrypted RTP, in the socket's buffers
};

}  // namespace turms::media
