// A room's data on virtual time: members with associations of their own over a bad network, and the
// router between them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "livekit/data.pb.h"
#include "livekit/data_router.h"
#include "rtc/sctp/data_channels.h"
#include "sim/seeds.h"

namespace turms::sim {
namespace {

namespace pb = ::livekit;
using rtc::sctp::DataChannels;

struct Network {
  double loss = 0;
  double duplication = 0;
  Duration delay = 20ms;
  Duration jitter = 0ms;
};

/// Members 1 to n, each with one association to the server, whose channels the member opens. They
/// are in turn on so many workers.
class DataRoom {
 public:
  DataRoom(uint64_t seed, const Network& network, size_t members, size_t workers)
      : rng_(seed), network_(network) {
    for (size_t i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(*this, i));
    for (size_t i = 0; i < members; ++i) {
      auto member = std::make_unique<Member>(rng_);
      member->number = i + 1;
      livekit::DataCommand note;
      livekit::DataMember info;
      info.key = livekit::ParticipantKey(member->number);
      info.identity = "m" + std::to_string(member->number);
      info.sid = "PA_" + info.identity;
      info.publisher = info.subscriber = media::TransportId(member->number);
      info.may_publish = true;
      note.value = info;
      Worker& worker = worker_of(member->number);
      worker.router.on_note(now_, note, worker);
      for (const rtc::ChannelParameters& channel : livekit::server_channels()) {
        member->channels.push_back(*member->client.open(now_, channel));
      }
      member->client.connect(now_);
      members_.push_back(std::move(member));
    }
  }

  void say(size_t from, const pb::DataPacket& packet, bool reliable) {
    Member& member = *members_[from];
    std::string bytes;
    packet.SerializeToString(&bytes);
    const auto status = member.client.send(now_, member.channels[reliable ? 0 : 1],
                                           SharedBytes::of(std::move(bytes)), true);
    EXPECT_EQ(status, rtc::DataSendStatus::kQueued);
  }
  [[nodiscard]] const std::vector<pb::DataPacket>& heard(size_t by) const {
    return members_[by]->heard;
  }
  [[nodiscard]] TimePoint now() const { return now_; }

  bool run(
      Duration time, const std::function<bool()>& until = [] { return false; }) {
    const TimePoint end = now_ + time;
    drain();
    while (!until()) {
      TimePoint next = flights_.empty() ? kNever : flights_.begin()->first;
      if (!notes_.empty()) next = std::min(next, notes_.front().at);
      for (const auto& member : members_) {
        next = std::min({next, member->client.next_timeout(), member->server.next_timeout()});
      }
      if (next > end) {
        now_ = end;
        return until();
      }
      now_ = std::max(now_, next);
      while (!flights_.empty() && flights_.begin()->first <= now_) {
        const Flight flight = std::move(flights_.begin()->second);
        flights_.erase(flights_.begin());
        Member& member = *members_[flight.member];
        (flight.to_server ? member.server : member.client).receive(now_, flight.packet);
      }
      while (!notes_.empty() && notes_.front().at <= now_) {
        const Note note = std::move(notes_.front());
        notes_.pop_front();
        Worker& worker = *workers_[note.to];
        worker.router.on_note(now_, *note.note, worker);
      }
      for (const auto& member : members_) {
        if (member->client.next_timeout() <= now_) member->client.handle_timeout(now_);
        if (member->server.next_timeout() <= now_) member->server.handle_timeout(now_);
      }
      drain();
    }
    return true;
  }

  int reports = 0;

 private:
  struct Member {
    explicit Member(Rng& rng)
        : client({}, rtc::DtlsRole::kClient, rng), server({}, rtc::DtlsRole::kServer, rng) {}
    uint64_t number = 0;
    DataChannels client;
    DataChannels server;
    std::vector<rtc::ChannelId> channels;
    std::vector<pb::DataPacket> heard;
  };
  /// A router, and what it asks for.
  struct Worker final : media::DataOutlet {
    Worker(DataRoom& room_in, size_t index_in) : room(room_in), index(index_in) {}
    rtc::DataSendStatus send(media::TransportId transport, rtc::ChannelId channel,
                             const SharedBytes& payload, bool binary,
                             std::optional<Duration> lifetime) override {
      EXPECT_EQ(&room.worker_of(transport.value), this);
      return room.members_[transport.value - 1]->server.send(room.now_, channel, payload, binary,
                                                             lifetime);
    }
    void close(media::TransportId transport, rtc::ChannelId channel) override {
      room.members_[transport.value - 1]->server.close(room.now_, channel);
    }
    [[nodiscard]] bool has_others() const override { return room.workers_.size() > 1; }
    bool tell_others(std::shared_ptr<const media::DataNote> note) override {
      for (size_t to = 0; to < room.workers_.size(); ++to) {
        if (to != index) room.notes_.push_back({room.now_ + kCrossing, to, note});
      }
      return true;
    }
    bool tell(std::shared_ptr<const media::DataNote>) override {
      ++room.reports;
      return true;
    }

    DataRoom& room;
    size_t index;
    livekit::DataRouter router;
  };
  /// From one worker to another.
  static constexpr Duration kCrossing = 100us;
  struct Note {
    TimePoint at;
    size_t to = 0;
    std::shared_ptr<const media::DataNote> note;
  };
  Worker& worker_of(uint64_t member) { return *workers_[member % workers_.size()]; }

  struct Flight {
    size_t member = 0;
    bool to_server = false;
    Bytes packet;
  };

  void drain() {
    for (const auto& member : members_) {
      const media::TransportId transport(member->number);
      Worker& worker = worker_of(member->number);
      while (auto event = member->server.poll_event()) {
        if (event->kind == rtc::DataEvent::Kind::kOpened) {
          worker.router.on_channel_opened(now_, transport, event->channel, event->label, worker);
        } else if (event->kind == rtc::DataEvent::Kind::kMessage) {
          worker.router.on_message(now_, transport, event->channel, std::move(event->payload),
                                   event->binary, worker);
        }
      }
    }
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = *members_[i];
      while (auto event = member.client.poll_event()) {
        if (event->kind != rtc::DataEvent::Kind::kMessage) continue;
        EXPECT_TRUE(member.heard.emplace_back().ParseFromArray(
            event->payload.data(), static_cast<int>(event->payload.size())));
      }
      std::array<uint8_t, 1200> buffer;
      for (const bool to_server : {true, false}) {
        DataChannels& from = to_server ? member.client : member.server;
        while (const size_t size = from.write_packet(now_, buffer)) {
          const int copies = rng_.chance(network_.duplication) ? 2 : 1;
          for (int copy = 0; copy < copies; ++copy) {
            if (rng_.chance(network_.loss)) continue;
            const auto jitter = static_cast<uint64_t>(network_.jitter.count());
            const Duration late(jitter == 0 ? 0 : static_cast<int64_t>(rng_.below(jitter)));
            flights_.emplace(
                now_ + network_.delay + late,
                Flight{i, to_server,
                       Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size))});
          }
        }
      }
    }
  }

  Rng rng_;
  Network network_;
  TimePoint now_{1000s};
  std::vector<std::unique_ptr<Worker>> workers_;
  std::deque<Note> notes_;
  std::vector<std::unique_ptr<Member>> members_;
  std::multimap<TimePoint, Flight> flights_;
};

/// On as many workers as the parameter says: nothing else may be different.
class DataRoomTest : public testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(OnWorkers, DataRoomTest, testing::Values(1, 2),
                         [](const auto& test) { return std::to_string(test.param); });

TEST_P(DataRoomTest, ReliableMessagesReachEveryoneOnceAndInOrderWhateverTheNetworkDoes) {
  for (const uint64_t seed : seeds(20)) {
    constexpr size_t kMembers = 5;
    constexpr uint32_t kMessages = 60;
    DataRoom room(seed, {.loss = 0.05, .duplication = 0.05, .jitter = 30ms}, kMembers, GetParam());
    for (uint32_t sequence = 1; sequence <= kMessages; ++sequence) {
      for (size_t from = 0; from < kMembers; ++from) {
        pb::DataPacket packet;
        packet.set_sequence(sequence);
        packet.mutable_user()->set_payload(std::string(sequence % 9 == 0 ? 8000 : 50, 'x'));
        room.say(from, packet, true);
        packet.clear_sequence();
        room.say(from, packet, false);
      }
      room.run(20ms);
    }
    const auto reliable = [&](size_t by) {
      return std::count_if(room.heard(by).begin(), room.heard(by).end(),
                           [](const auto& p) { return p.kind() == pb::DataPacket::RELIABLE; });
    };
    ASSERT_TRUE(room.run(120s, [&] {
      for (size_t by = 0; by < kMembers; ++by) {
        if (reliable(by) != (kMembers - 1) * kMessages) return false;
      }
      return true;
    })) << replay_hint(seed);
    room.run(10s);
    for (size_t by = 0; by < kMembers; ++by) {
      std::map<std::string, uint32_t> last;
      size_t lossy = 0;
      for (const pb::DataPacket& packet : room.heard(by)) {
        EXPECT_NE(packet.participant_identity(), "m" + std::to_string(by + 1));
        if (packet.kind() == pb::DataPacket::LOSSY) {
          ++lossy;
          continue;
        }
        EXPECT_EQ(packet.sequence(), ++last[packet.participant_identity()]) << replay_hint(seed);
      }
      EXPECT_EQ(last.size(), kMembers - 1);
      // Behind more than the window takes they grow too old, and are dropped.
      EXPECT_LE(lossy, (kMembers - 1) * kMessages) << replay_hint(seed);
    }
    EXPECT_EQ(room.reports, 0) << "nobody was too slow";
  }
}

TEST_P(DataRoomTest, LossyMessagesReachMostOnceWhereTheNetworkHasRoom) {
  for (const uint64_t seed : seeds(20)) {
    constexpr size_t kMembers = 5;
    constexpr size_t kMessages = 100;
    DataRoom room(seed, {.loss = 0.05, .duplication = 0.05, .jitter = 30ms}, kMembers, GetParam());
    room.run(30s);  // until the channels are open, whichever packets of their setup are lost
    for (size_t i = 0; i < kMessages; ++i) {
      for (size_t from = 0; from < kMembers; ++from) {
        pb::DataPacket packet;
        packet.mutable_user()->set_payload(std::to_string(i));
        room.say(from, packet, false);
      }
      room.run(20ms);
    }
    room.run(10s);
    for (size_t by = 0; by < kMembers; ++by) {
      std::set<std::pair<std::string, std::string>> seen;
      for (const pb::DataPacket& packet : room.heard(by)) {
        EXPECT_EQ(packet.kind(), pb::DataPacket::LOSSY);
        EXPECT_NE(packet.participant_identity(), "m" + std::to_string(by + 1));
        EXPECT_TRUE(seen.emplace(packet.participant_identity(), packet.user().payload()).second)
            << replay_hint(seed);
      }
      // Each way loses a twentieth.
      EXPECT_GT(seen.size(), (kMembers - 1) * kMessages * 3 / 4) << replay_hint(seed);
      EXPECT_LT(seen.size(), (kMembers - 1) * kMessages) << "sent again";
    }
  }
}

}  // namespace
}  // namespace turms::sim
