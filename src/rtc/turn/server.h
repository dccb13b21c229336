#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "base/timer_heap.h"
#include "rtc/stun/message.h"
#include "rtc/transport_address.h"
#include "rtc/turn/credentials.h"

namespace turms::rtc::turn {

class Message;

/// Between client and server.
enum class Transport : uint8_t { kUdp, kTcp, kTls };

/// The 5-tuple (RFC 8656 section 3.2). A stream's is its own while it lives: tell client_gone() at
/// its end.
struct Client {
  TransportAddress remote;
  TransportAddress local;
  Transport transport = Transport::kUdp;
  bool operator==(const Client&) const = default;
};

inline constexpr size_t kMaxRealm = 127;

struct ServerConfig {
  std::string realm = "turms";  // at most kMaxRealm bytes
  Secret secret{};              // the same for all workers
  uint32_t worker = 0;
  /// What this worker's UDP candidates say: the only peers there are. The first address of each
  /// family is also the address that relayed addresses carry, with ports that exist in this
  /// process only.
  std::vector<TransportAddress> media_addresses;
  size_t max_allocations = 10000;  // more get 486
  size_t max_allocations_per_user = 12;
};

enum class DropReason : uint8_t {
  kNone,
  kMalformed,     // neither STUN nor ChannelData, or broken
  kNoAllocation,  // an indication or ChannelData of a client without one
  kNoChannel,     // ChannelData on a channel that is not bound
  kNoPermission,  // to a peer without permission, or not ours
  kUnexpected,    // a response, an unknown indication
  kTooLong,       // a datagram that no peer of ours would send
};
inline constexpr size_t kDropReasons = 7;

struct Received {
  enum class Kind : uint8_t {
    kDropped,     // counted under `drop`
    kResponse,    // `data` goes back to the client
    kRelayed,     // `data` came from `relayed` to `peer`, one of our media addresses
    kMisdirected  // an Allocate that is `worker`'s: give the stream or datagram to it, unchanged
  };
  Kind kind = Kind::kDropped;
  DropReason drop = DropReason::kNone;
  /// kRelayed: a part of the message received. kResponse: valid until the next call.
  MutableByteView data;
  TransportAddress relayed;
  TransportAddress peer;
  uint32_t worker = 0;
};

/// What to put around a datagram on its way to a client: `header_size` bytes in front of it, and
/// `padding` zero bytes behind.
struct Envelope {
  const Client* client = nullptr;
  size_t header_size = 0;
  size_t padding = 0;
};

/// An embedded TURN server (RFC 8656) whose relayed addresses reach the media of this process and
/// nothing else: no relay port is opened, a permission for any other peer is refused with 403, and
/// what is sent to a peer is returned for the worker to feed to rtc::Peer. Sans-IO, one per worker,
/// on its thread.
///
/// UDP, TCP and TLS clients; long-term credentials (credentials.h) with MESSAGE-INTEGRITY;
/// stateless nonces that workers share. EVEN-PORT with a reservation and RESERVATION-TOKEN get 508,
/// TCP allocations (RFC 6062) 442. DONT-FRAGMENT holds by itself.
///
/// Bounds: max_allocations, max_allocations_per_user; per allocation one permission and one channel
/// per media address.
class Server {
 public:
  static constexpr Duration kDefaultLifetime = std::chrono::minutes(10);
  static constexpr Duration kMaxLifetime = std::chrono::hours(1);
  static constexpr Duration kPermissionLifetime = std::chrono::minutes(5);
  static constexpr Duration kChannelLifetime = std::chrono::minutes(10);
  static constexpr Duration kNonceLifetime = std::chrono::hours(1);
  /// Of a Data indication with an IPv6 peer; the most that an Envelope takes in front.
  static constexpr size_t kMaxHeader = 48;
  static constexpr size_t kMaxPadding = 3;
  /// The longest datagram relayed either way: what net::UdpSocket carries.
  static constexpr size_t kMaxDatagram = 2048;

  Server(ServerConfig config, Rng& rng);
  ~Server();

  /// One message of a client: a datagram, or a frame of its stream (framing.h).
  Received receive(TimePoint now, const Client& client, MutableByteView message);

  /// A datagram of `size` bytes from one of our media addresses to a relayed address. Writes the
  /// header so that it ends at the end of `headroom`, which is to lie right in front of the
  /// datagram (kMaxHeader bytes are always enough). Nothing when there is no such allocation or
  /// no permission.
  std::optional<Envelope> to_client(TimePoint now, const TransportAddress& relayed,
                                    const TransportAddress& from, size_t size,
                                    MutableByteView headroom);

  /// The stream is closed: its allocation ends (RFC 8656 section 5).
  void client_gone(const Client& client);
  /// New addresses, for instance when the external one is known. Permissions and channels of those
  /// that are gone end.
  void set_media_addresses(std::vector<TransportAddress> addresses);

  [[nodiscard]] TimePoint next_timeout() const { return timers_.next(); }
  void handle_timeout(TimePoint now);

  [[nodiscard]] size_t allocations() const { return by_client_.size(); }
  [[nodiscard]] uint64_t dropped(DropReason reason) const {
    return dropped_[static_cast<size_t>(reason)];
  }

 private:
  struct Allocation;
  struct PeerState;
  struct Request;
  struct ClientHash {
    size_t operator()(const Client& client) const noexcept {
      const std::hash<TransportAddress> hash;
      return hash(client.remote) ^
             (hash(client.local) * 31 + static_cast<size_t>(client.transport));
    }
  };

  Received drop(DropReason reason);
  Received receive_channel_data(TimePoint now, const Client& client, MutableByteView message);
  Received receive_send(TimePoint now, const Client& client, const Message& message,
                        MutableByteView datagram);
  Received relay(TimePoint now, const Allocation& allocation, const PeerState& peer,
                 MutableByteView data);

  Received receive_request(TimePoint now, const Client& client, const Message& message);
  /// Nothing when the credentials are good; `request` is complete then.
  std::optional<Received> authenticate(Request& request);
  Received allocate(const Request& request);
  Received refresh(const Request& request);
  Received create_permission(const Request& request);
  Received bind_channel(const Request& request);
  Received allocated(const Request& request, const Allocation& allocation);
  Received succeed(const Request& request);
  Received refuse(const Request& request, stun::ErrorCode code, std::string_view reason);
  Received challenge(const Request& request, stun::ErrorCode code, std::string_view reason);
  Received binding(const Client& client, const Message& message);
  [[nodiscard]] Received respond(ByteView response);

  [[nodiscard]] Allocation* find(const Client& client);
  /// The address that relayed addresses of this family carry; empty when there is none.
  [[nodiscard]] TransportAddress relay_address(uint8_t family) const;
  TransportAddress free_relayed_address(TransportAddress address, bool even);
  void remove(Allocation& allocation);
  [[nodiscard]] std::string make_nonce(TimePoint expiry, const Client& client) const;
  [[nodiscard]] bool is_fresh(TimePoint now, std::string_view nonce, const Client& client) const;

  ServerConfig config_;
  Rng& rng_;
  TimerHeap timers_;  // outlives the allocations, whose deadlines are in it
  std::unordered_map<Client, std::unique_ptr<Allocation>, ClientHash> by_client_;
  std::unordered_map<TransportAddress, Allocation*> by_relayed_;
  std::unordered_map<std::string, size_t> per_user_;
  std::array<uint64_t, kDropReasons> dropped_{};
  std::array<uint8_t, 1024> response_;
};

/// Whether a datagram on a port shared with media is TURN's: a STUN message of one of its methods,
/// or ChannelData (0x40 to 0x4F; RFC 7983 section 7 and RFC 8656 section 12).
bool is_turn(ByteView datagram);

}  // namespace turms::rtc::turn
