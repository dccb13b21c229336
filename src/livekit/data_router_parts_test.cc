// A room on two workers: a router on each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "livekit/data.pb.h"
#include "livekit/data_router.h"

namespace turms::livekit {
namespace {

namespace pb = ::livekit;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// One of the workers: its router, and what that sends.
struct Worker final : media::DataOutlet {
  rtc::DataSendStatus send(media::TransportId transport, rtc::ChannelId channel,
                           const SharedBytes& payload, bool, std::optional<Duration>) override {
    sent[{transport.value, channel.value}].push_back(payload);
    return rtc::DataSendStatus::kQueued;
  }
  void close(media::TransportId transport, rtc::ChannelId) override {
    closed.push_back(transport.value);
  }
  [[nodiscard]] bool has_others() const override { return true; }
  bool tell_others(std::shared_ptr<const media::DataNote> note) override {
    if (full) return false;
    handed.push_back(std::move(note));
    ++handed_count;
    return true;
  }
  bool tell(std::shared_ptr<const media::DataNote>) override {
    ++reports;
    return true;
  }

  DataRouter router;
  std::map<std::pair<uint64_t, uint16_t>, std::vector<SharedBytes>> sent;
  std::vector<uint64_t> closed;
  std::deque<std::shared_ptr<const media::DataNote>> handed;
  int handed_count = 0;
  bool full = false;
  int reports = 0;
};

/// Members 1 and 2 on one worker, 3 and 4 on the other: each with one connection of its number.
class TwoRouters : public ::testing::Test {
 protected:
  TwoRouters() {
    for (uint64_t i = 1; i <= 4; ++i) {
      DataMember info;
      info.key = ParticipantKey(i);
      info.identity = "m" + std::to_string(i);
      info.sid = "PA_" + std::to_string(i);
      info.publisher = info.subscriber = media::TransportId(i);
      info.may_publish = true;
      tell(of(i), info);
      open(i);
    }
  }
  Worker& of(uint64_t member) { return workers_[member <= 2 ? 0 : 1]; }
  template <class Value>
  void tell(Worker& worker, Value value) {
    DataCommand command;
    command.value = std::move(value);
    worker.router.on_note(now_, command, worker);
  }
  void open(uint64_t member) {
    uint16_t id = 1;
    for (const char* label : {"_reliable", "_lossy", "_data_track"}) {
      of(member).router.on_channel_opened(now_, media::TransportId(member), rtc::ChannelId(id),
                                          label, of(member));
      id += 2;
    }
  }
  void say(uint64_t from, const std::string& payload, uint32_t sequence, bool reliable = true,
           const std::vector<std::string>& to = {}) {
    pb::DataPacket packet;
    packet.mutable_user()->set_payload(payload);
    packet.set_sequence(sequence);
    for (const std::string& identity : to) packet.add_destination_identities(identity);
    std::string bytes;
    packet.SerializeToString(&bytes);
    of(from).router.on_message(now_, media::TransportId(from), rtc::ChannelId(reliable ? 1 : 3),
                               Bytes(bytes.begin(), bytes.end()), true, of(from));
  }
  void pass() {
    for (size_t i = 0; i < 2; ++i) {
      for (const auto& note : std::exchange(workers_[i].handed, {})) {
        workers_[1 - i].router.on_note(now_, *note, workers_[1 - i]);
      }
    }
  }
  std::vector<std::string> texts(uint64_t member, uint16_t channel = 1) {
    std::vector<std::string> out;
    for (const SharedBytes& payload : std::exchange(of(member).sent[{member, channel}], {})) {
      pb::DataPacket packet;
      EXPECT_TRUE(packet.ParseFromString(std::string(payload.text())));
      EXPECT_FALSE(packet.participant_sid().empty());
      out.push_back(packet.user().payload());
    }
    return out;
  }

  TimePoint now_{1000s};
  std::array<Worker, 2> workers_;
};

TEST_F(TwoRouters, EveryoneHearsAndEachWorkerIsToldOnce) {
  say(1, "a", 1);
  say(3, "b", 1);
  say(1, "c", 2);
  pass();
  EXPECT_THAT(texts(1), ElementsAre("b"));
  EXPECT_THAT(texts(2), ElementsAre("a", "c", "b"));
  EXPECT_THAT(texts(3), ElementsAre("a", "c"));
  EXPECT_THAT(texts(4), ElementsAre("b", "a", "c"));
  EXPECT_EQ(workers_[0].handed_count, 2);
  EXPECT_EQ(workers_[1].handed_count, 1);
}

TEST_F(TwoRouters, LossyOnesGoAcrossByTheLossyChannel) {
  say(1, "a", 0, false);
  pass();
  EXPECT_THAT(texts(4, 3), ElementsAre("a"));
  EXPECT_THAT(texts(4), IsEmpty());
}

TEST_F(TwoRouters, WhatIsForMembersHereStaysHere) {
  say(1, "here", 1, true, {"m2"});
  EXPECT_THAT(workers_[0].handed, IsEmpty());
  say(1, "there", 2, true, {"m4"});
  say(1, "both", 3, true, {"m2", "m4"});
  pass();
  EXPECT_THAT(texts(2), ElementsAre("here", "both"));
  EXPECT_THAT(texts(3), IsEmpty());
  EXPECT_THAT(texts(4), ElementsAre("there", "both"));
}

TEST_F(TwoRouters, WhoseChannelIsNotUpYetGetsWhatCameMeanwhile) {
  DataMember info;
  info.key = ParticipantKey(5);
  info.identity = "m5";
  info.sid = "PA_5";
  info.publisher = info.subscriber = media::TransportId(5);
  tell(of(5), info);
  say(1, "a", 1);
  say(1, "b", 2);
  pass();
  EXPECT_THAT(texts(5), IsEmpty());
  open(5);
  EXPECT_THAT(texts(5), ElementsAre("a", "b"));
}

TEST_F(TwoRouters, AReliableOneThatDidNotGetAcrossMakesItsReceiversJoinAnew) {
  say(1, "a", 1);
  pass();
  workers_[0].full = true;
  say(1, "lost", 2);
  say(1, "lossy", 0, false);
  workers_[0].full = false;
  pass();
  EXPECT_THAT(workers_[1].closed, IsEmpty());
  say(1, "b", 3);
  pass();
  EXPECT_THAT(workers_[1].closed, ElementsAre(3, 4));
  EXPECT_EQ(workers_[1].reports, 2);
  EXPECT_THAT(texts(3), ElementsAre("a"));
  EXPECT_THAT(texts(2), ElementsAre("a", "lost", "b"));
}

TEST_F(TwoRouters, ThatHoldsForTheFirstOneToo) {
  workers_[0].full = true;
  say(1, "lost", 1);
  workers_[0].full = false;
  say(1, "b", 2);
  pass();
  EXPECT_THAT(workers_[1].closed, SizeIs(2));
  EXPECT_THAT(texts(3), IsEmpty());
}

TEST_F(TwoRouters, FramesOfDataTracksGoAcrossWhereSomebodyTakesThem) {
  DataTrackRoute route{ParticipantKey(1), 7, {}};
  route.subscribers = {{ParticipantKey(2), 1, 0}};
  for (Worker& worker : workers_) tell(worker, route);
  Bytes frame(20, 0xAA);
  frame[0] = 0x18;
  store_be16(&frame[2], 7);
  const auto publish = [&] {
    of(1).router.on_message(now_, media::TransportId(1), rtc::ChannelId(5), frame, true, of(1));
  };
  publish();
  EXPECT_THAT(workers_[0].handed, IsEmpty());
  route.subscribers = {{ParticipantKey(2), 1, 0}, {ParticipantKey(4), 300, 0}};
  for (Worker& worker : workers_) tell(worker, route);
  publish();
  pass();
  EXPECT_THAT((of(2).sent[{2, 5}]), SizeIs(2));
  ASSERT_THAT((of(4).sent[{4, 5}]), SizeIs(1));
  EXPECT_EQ(load_be16(&(of(4).sent[{4, 5}][0].view()[2])), 300);
}

}  // namespace
}  // namespace turms::livekit
