#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/shared_bytes.h"
#include "base/time.h"
#include "rtc/data.h"
#include "rtc/sctp/outstanding.h"
#include "rtc/sctp/reassembly.h"
#include "rtc/sctp/receive_tracker.h"
#include "rtc/sctp/ring.h"
#include "rtc/sctp/send_queue.h"
#include "rtc/sctp/wire.h"

namespace turms::rtc::sctp {

struct AssociationConfig {
  uint16_t local_port = 5000;
  uint16_t remote_port = 5000;
  /// Of a packet, in bytes: what fits into one DTLS record.
  size_t max_packet = 1160;
  /// Bytes that may wait here for a missing fragment or message before them.
  uint32_t receive_window = 512 * 1024;
  /// Of one message from the remote side.
  size_t max_message = 256 * 1024;
  /// Bytes of messages that wait to be sent or acknowledged; send() refuses more.
  size_t max_reliable = 4 * 1024 * 1024;
  size_t max_unreliable = 256 * 1024;
  /// Offer RFC 8260; used when the remote side has it too.
  bool interleaving = true;
};

/// One SCTP association over DTLS (RFC 8261), sans-IO: RFC 9260 without multihoming, path MTU
/// discovery and restart, with RFC 3758, RFC 6525 (stream reset) and RFC 8260. Either side may
/// start, or both at once.
///
/// Contract: after every call that takes `now`, take what write_packet(), poll_message() and
/// poll_event() have, then ask next_timeout() again.
///
/// It never gives up by itself: whether the remote side is alive is decided by ICE consent.
///
/// Bounds: those of the configuration, kMaxStreams streams each way, kMaxControl chunks waiting
/// (further answers are lost, as a network would lose them).
class Association {
 public:
  static constexpr uint16_t kMaxStreams = 1024;
  static constexpr size_t kMaxControl = 16;
  static constexpr Duration kAckDelay = std::chrono::milliseconds(100);

  Association(const AssociationConfig& config, Rng& rng);

  /// Starts the handshake.
  void connect(TimePoint now);
  /// False when the packet was dropped: malformed, of another association, or out of turn.
  bool receive(TimePoint now, ByteView packet);

  /// The payload is not empty. Before the handshake is done it waits.
  DataSendStatus send(TimePoint now, uint16_t stream, SharedBytes payload, uint32_t ppid,
                      const SendOptions& options);
  /// When all that was sent on it has left: RFC 6525 outgoing reset. Told by kStreamReset.
  void reset_stream(TimePoint now, uint16_t stream);
  /// Ends at once; the remote side is told.
  void abort(TimePoint now, std::string_view reason);

  /// The next packet, written to the front of `out`, which has room for max_packet; 0 when there is
  /// nothing to send.
  size_t write_packet(TimePoint now, MutableByteView out);

  struct Event {
    enum class Kind : uint8_t {
      kConnected,
      kStreamReset,        // ours, as asked for: the number may be used again
      kRemoteStreamReset,  // the remote side will send nothing more on it
      kClosed,             // by the remote side or for an error. Last
    };
    Kind kind{};
    uint16_t stream = 0;
    std::string reason;  // of kClosed
  };
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Message> poll_message();

  [[nodiscard]] TimePoint next_timeout() const;
  void handle_timeout(TimePoint now);

  [[nodiscard]] bool established() const { return state_ == State::kEstablished; }
  [[nodiscard]] bool closed() const { return state_ == State::kEnded; }
  [[nodiscard]] bool interleaving() const { return interleaving_; }

  [[nodiscard]] DataStatistics statistics() const;

 private:
  enum class State : uint8_t {
    kNew,
    kCookieWait,
    kCookieEchoed,
    kEstablished,
    kShutdownReceived,  // sends what is left
    kShutdownAckSent,
    kEnded,
  };
  struct Control {
    Bytes chunk;
    uint32_t tag = 0;
    bool alone = false;  // not bundled with others
  };
  /// What exists once the remote side's numbers are known.
  struct Transfer {
    Transfer(const AssociationConfig& config, uint32_t tsn, uint32_t peer_tsn, uint32_t window,
             bool interleaving, bool may_abandon);
    ReceiveTracker received;
    Reassembly reassembly;
    Outstanding outstanding;
  };
  struct ResetRequest {
    uint32_t sequence = 0;
    uint32_t last_tsn = 0;
    std::vector<uint16_t> streams;  // none: all
  };

  // Handshake and end (association_handshake.cc).
  void queue(Bytes chunk, uint32_t tag, bool alone);
  void send_init();
  void handle_init(const ChunkView& chunk);
  void handle_init_ack(TimePoint now, const ChunkView& chunk);
  bool handle_cookie_echo(TimePoint now, const ChunkView& chunk);
  void handle_shutdown(TimePoint now, const ChunkView& chunk);
  void establish(TimePoint now);
  void end(std::string reason);
  void continue_shutdown(TimePoint now);
  void write_init(ChunkType type, ByteView cookie, Bytes& out) const;
  void take_peer(const InitView& init);

  // Data and streams (association.cc, association_reset.cc).
  bool handle_chunk(TimePoint now, const PacketHeader& header, const ChunkView& chunk);
  bool handle_data(TimePoint now, const ChunkView& chunk);
  void handle_sack(TimePoint now, const ChunkView& chunk);
  void handle_forward(TimePoint now, const ChunkView& chunk);
  void handle_reconfig(TimePoint now, const ChunkView& chunk);
  void after_receive(TimePoint now);
  [[nodiscard]] uint32_t receive_window() const;
  [[nodiscard]] size_t write_data(const Chunk& chunk, uint64_t tsn, bool immediate,
                                  MutableByteView out) const;
  [[nodiscard]] size_t data_header() const { return interleaving_ ? kIDataHeader : kDataHeader; }
  void start_reset(TimePoint now);
  void send_reset_request(TimePoint now);
  void finish_reset(uint32_t result);
  uint32_t answer_reset(const ResetRequest& request);
  void apply_remote_reset(const ResetRequest& request);
  void answer_reconfig(uint32_t sequence, uint32_t result);

  AssociationConfig config_;
  State state_ = State::kNew;
  uint32_t local_tag_;
  uint32_t local_tsn_;
  uint32_t peer_tag_ = 0;
  uint32_t peer_tsn_ = 0;
  uint32_t peer_window_ = 0;
  uint16_t peer_streams_ = 0;  // that the remote side accepts
  bool peer_forward_ = false;
  bool peer_reconfig_ = false;
  bool interleaving_ = false;
  Bytes cookie_;

  Ring<Control> control_;
  SendQueue queue_;
  std::optional<Transfer> transfer_;
  Ring<Message> messages_;
  std::vector<Message> complete_;  // scratch
  Ring<Event> events_;

  bool data_in_packet_ = false;  // the packet being received carried data
  int unacknowledged_ = 0;       // packets with data since the last SACK
  bool ack_now_ = false;
  TimePoint ack_at_ = kNever;
  TimePoint handshake_at_ = kNever;  // T1 and T2
  RetransmissionTimeout handshake_timeout_;
  int shutdown_attempts_ = 0;

  std::set<uint16_t> streams_to_reset_;
  std::optional<ResetRequest> our_reset_;  // waits for its answer
  TimePoint reset_at_ = kNever;
  RetransmissionTimeout reset_timeout_;
  uint32_t next_request_ = 0;
  uint32_t expected_request_ = 0;
  uint32_t last_result_ = 0;
  std::optional<ResetRequest> remote_reset_;  // waits for data before it
  Bytes scratch_;
};

}  // namespace turms::rtc::sctp
