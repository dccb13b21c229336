#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "livekit/data_notes.h"
#include "media/data_router.h"

namespace livekit {
class DataPacket;
}  // namespace livekit

namespace turms::livekit {

/// The data channels that LiveKit's clients know by their labels.
enum class DataChannel : uint8_t { kReliable, kLossy, kTrack };
inline constexpr size_t kDataChannelCount = 3;

/// For media::EngineConfig.
std::unique_ptr<media::DataRouter> make_data_router(media::RoomId room);

/// What we open towards a client on the connection it receives by.
const std::vector<rtc::ChannelParameters>& server_channels();

/// Where LiveKit's data packets and frames of data tracks go within one room (media::DataRouter).
///
/// Bounds. A receiver that does not take its reliable messages has its channel closed as soon as it
/// holds all it may (sctp::AssociationConfig::max_reliable), and is reported; lossy messages are
/// dropped for it. Reliable messages are kept for kReplayTime, at most kReplayBytes of them, for
/// members whose channel is not up. Of nonces the last kMaxNonces are remembered. Packets that do
/// not parse, or are longer than kMaxPacket, are dropped.
///
/// A room on several workers has a router on each, which knows the members that are there. What one
/// of them routes it hands to the others once, whatever the number of receivers, in order. Should a
/// reliable packet not get across, its receivers there are treated as those that do not keep up.
///
/// A user message with the topic kReceiveProfileTopic is for the server, whatever its sender may
/// send to others: what it wishes to receive. Of more than kMaxProfiles in kProfileTime the rest is
/// dropped.
///
/// A message on a channel with another label is the payload of a user message for everyone, as
/// LiveKit has it (pkg/rtc, "unlabeled" channels). Of such channels a transport has
/// kMaxOtherChannels; what comes by more is dropped.
class DataRouter final : public media::DataRouter {
 public:
  static constexpr size_t kMaxPacket = 256 * 1024;
  static constexpr size_t kReplayBytes = 4 * 1024 * 1024;
  static constexpr Duration kReplayTime = std::chrono::seconds(20);
  static constexpr size_t kMaxNonces = 256;
  static constexpr size_t kMaxOtherChannels = 16;
  static constexpr int kMaxProfiles = 20;
  static constexpr Duration kProfileTime = std::chrono::seconds(10);
  /// A lossy message that waited so long is worth nothing any more.
  static constexpr Duration kLossyLifetime = std::chrono::milliseconds(300);
  static constexpr Duration kTrackLifetime = std::chrono::milliseconds(100);

  DataRouter();
  ~DataRouter() override;

  void on_note(TimePoint now, const media::DataNote& note, media::DataOutlet& out) override;
  void on_channel_opened(TimePoint now, media::TransportId transport, rtc::ChannelId channel,
                         const std::string& label, media::DataOutlet& out) override;
  void on_channel_closed(TimePoint now, media::TransportId transport, rtc::ChannelId channel,
                         media::DataOutlet& out) override;
  void on_message(TimePoint now, media::TransportId transport, rtc::ChannelId channel,
                  Bytes payload, bool binary, media::DataOutlet& out) override;
  void on_transport_closed(TimePoint now, media::TransportId transport,
                           media::DataOutlet& out) override;

 private:
  struct Apply;
  struct Member {
    DataMember info;
    bool slow = false;  // was reported: nothing reliable goes to it any more
    uint32_t last_sequence = 0;
    /// Of reliable messages that came while it had no channel: the first of each sender, by sid.
    std::map<std::string, uint32_t> missed;
    bool receiving = false;  // has a reliable channel
    TimePoint profiles_since;
    int profiles = 0;
  };
  struct Channels {
    std::array<std::optional<rtc::ChannelId>, kDataChannelCount> known;
    std::vector<rtc::ChannelId> others;  // in the order in which they were opened
  };
  struct Cached {
    TimePoint at;
    std::string sender_sid;
    uint32_t sequence = 0;
    std::vector<std::string> identities;
    std::vector<std::string> sids;
    SharedBytes packet;
  };
  struct Subscriber {
    ParticipantKey key;
    uint16_t handle = 0;
    Duration interval{0};  // between frames; 0: all
    TimePoint next{};
    bool forwarding = false;
  };
  struct Destination {
    media::TransportId transport;
    rtc::ChannelId channel;
  };

  Member* find(ParticipantKey key);
  Member* sender_of(media::TransportId transport);
  [[nodiscard]] std::optional<Destination> destination(const Member& member,
                                                       DataChannel channel) const;
  void check_receiving(TimePoint now, Member& member, media::DataOutlet& out);
  void replay(TimePoint now, Member& member, media::DataOutlet& out);

  void route_packet(TimePoint now, Member& sender, bool reliable, Bytes payload,
                    media::DataOutlet& out);
  void route_payload(TimePoint now, Member& sender, const Bytes& payload, media::DataOutlet& out);
  void route_frame(TimePoint now, Member& sender, const Bytes& frame, media::DataOutlet& out);
  /// To the subscribers that are here. False: there are others.
  bool deliver_frame(TimePoint now, ParticipantKey publisher, ByteView frame,
                     media::DataOutlet& out);
  /// Is it for the server alone?
  bool take_profile(TimePoint now, Member& sender, const ::livekit::DataPacket& packet,
                    media::DataOutlet& out);
  /// False: it is the server's own, or not for others.
  bool prepare(const Member& sender, ::livekit::DataPacket& packet, media::DataOutlet& out);
  void broadcast(TimePoint now, const Member* sender, bool reliable,
                 const ::livekit::DataPacket& packet, media::DataOutlet& out);
  /// To the members that are here. False: it is for others too.
  bool deliver_all(TimePoint now, const Member* sender, const RoutedPacket& packet,
                   media::DataOutlet& out);
  void hand_over(std::shared_ptr<const RoutedPacket> packet, media::DataOutlet& out);
  void on_handed(TimePoint now, const HandedPacket& handed, media::DataOutlet& out);
  void give_up(Member& member, media::DataOutlet& out);
  void deliver(Member& to, const std::string& sender_sid, uint32_t sequence, bool reliable,
               const SharedBytes& packet, media::DataOutlet& out);
  void deliver_raw(const Member& to, const SharedBytes& payload, media::DataOutlet& out);
  bool is_repeated(const std::string& nonce);
  void remember(Cached cached);

  std::map<ParticipantKey, Member> members_;
  std::unordered_map<media::TransportId, ParticipantKey> senders_;
  std::unordered_map<media::TransportId, Channels> channels_;
  std::deque<Cached> cache_;
  size_t cached_bytes_ = 0;
  std::deque<std::string> nonces_;
  std::set<std::string> calls_;
  std::map<std::pair<ParticipantKey, uint16_t>, std::vector<Subscriber>> routes_;

  // Other routers of the room.
  std::shared_ptr<const void> name_ = std::make_shared<char>();
  uint64_t handed_ = 0;
  bool handed_gap_ = false;
  std::map<std::shared_ptr<const void>, uint64_t> last_handed_;  // from each
};

}  // namespace turms::livekit
