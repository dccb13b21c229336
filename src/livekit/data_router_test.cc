#include "livekit/data_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "livekit/data.pb.h"
#include "livekit/receive_profile.h"

namespace turms::livekit {
namespace {

namespace pb = ::livekit;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Outlet final : public media::DataOutlet {
 public:
  struct Sent {
    media::TransportId transport;
    rtc::ChannelId channel;
    SharedBytes payload;
  };

  rtc::DataSendStatus send(media::TransportId transport, rtc::ChannelId channel,
                           const SharedBytes& payload, bool, std::optional<Duration>) override {
    if (full.contains(transport.value)) return rtc::DataSendStatus::kFull;
    sent.push_back({transport, channel, payload});
    return rtc::DataSendStatus::kQueued;
  }
  void close(media::TransportId transport, rtc::ChannelId) override {
    closed.push_back(transport.value);
  }
  bool tell(std::shared_ptr<const media::DataNote> note) override {
    reports.push_back(std::static_pointer_cast<const DataReport>(note));
    return true;
  }

  std::vector<Sent> sent;
  std::vector<uint64_t> closed;
  std::vector<std::shared_ptr<const DataReport>> reports;
  std::set<uint64_t> full;
};

/// Members 1, 2, 3 …: identity "m1", sid "PA_1", receiving by transport 10, sending by 11.
class DataRouterTest : public ::testing::Test {
 protected:
  template <class Value>
  void tell(Value value) {
    DataCommand command;
    command.value = std::move(value);
    router_.on_note(now_, command, out_);
  }
  DataMember member(uint64_t number) {
    DataMember out;
    out.key = ParticipantKey(number);
    out.identity = "m" + std::to_string(number);
    out.sid = "PA_" + std::to_string(number);
    out.subscriber = media::TransportId(number * 10);
    out.publisher = media::TransportId(number * 10 + 1);
    out.may_publish = true;
    return out;
  }
  void open(media::TransportId transport) {
    uint16_t id = 1;
    for (const char* label : {"_reliable", "_lossy", "_data_track"}) {
      router_.on_channel_opened(now_, transport, rtc::ChannelId(id), label, out_);
      id += 2;
    }
  }
  void join(const DataMember& info) {
    tell(info);
    open(info.subscriber);
    open(info.publisher);
  }
  void say(uint64_t from, const pb::DataPacket& packet, bool reliable = true) {
    std::string bytes;
    packet.SerializeToString(&bytes);
    router_.on_message(now_, media::TransportId(from * 10 + 1), rtc::ChannelId(reliable ? 1 : 3),
                       Bytes(bytes.begin(), bytes.end()), true, out_);
  }
  static pb::DataPacket text(const std::string& payload, uint32_t sequence = 0) {
    pb::DataPacket packet;
    packet.mutable_user()->set_payload(payload);
    packet.set_sequence(sequence);
    return packet;
  }
  /// What member `to` was sent since the last call, and by which channel of the connection it
  /// receives by.
  std::vector<pb::DataPacket> take(uint64_t to, uint16_t channel = 1) {
    std::vector<pb::DataPacket> packets;
    std::erase_if(out_.sent, [&](const Outlet::Sent& sent) {
      if (sent.transport.value != to * 10 || sent.channel.value != channel) return false;
      EXPECT_TRUE(packets.emplace_back().ParseFromString(std::string(sent.payload.text())));
      return true;
    });
    return packets;
  }
  std::vector<std::string> take_texts(uint64_t to, uint16_t channel = 1) {
    std::vector<std::string> texts;
    for (const pb::DataPacket& packet : take(to, channel)) texts.push_back(packet.user().payload());
    return texts;
  }

  TimePoint now_{1000s};
  DataRouter router_;
  Outlet out_;
};

TEST_F(DataRouterTest, EveryoneButTheSenderHearsAndKnowsWhoSpoke) {
  for (uint64_t i = 1; i <= 3; ++i) join(member(i));
  pb::DataPacket packet = text("hi");
  packet.set_participant_identity("somebody else");
  packet.mutable_user()->set_participant_sid("PA_else");
  say(1, packet);
  EXPECT_THAT(take(1), IsEmpty());
  ASSERT_EQ(out_.sent.size(), 2u);
  EXPECT_EQ(out_.sent[0].payload.view().data(), out_.sent[1].payload.view().data())
      << "one copy for all";
  const pb::DataPacket heard = take(2).at(0);
  EXPECT_EQ(heard.participant_identity(), "m1");
  EXPECT_EQ(heard.participant_sid(), "PA_1");
  EXPECT_EQ(heard.user().participant_sid(), "PA_1");
  EXPECT_EQ(heard.kind(), pb::DataPacket::RELIABLE);
  EXPECT_THAT(take_texts(3), ElementsAre("hi"));
}

TEST_F(DataRouterTest, DestinationsAreKeptTo) {
  for (uint64_t i = 1; i <= 4; ++i) join(member(i));
  pb::DataPacket by_identity = text("identity");
  by_identity.add_destination_identities("m2");
  by_identity.add_destination_identities("m1");
  say(1, by_identity);
  pb::DataPacket by_sid = text("sid");
  by_sid.mutable_user()->add_destination_sids("PA_3");
  say(1, by_sid);
  pb::DataPacket old_form = text("old");
  old_form.mutable_user()->add_destination_identities("m4");
  say(1, old_form, false);
  EXPECT_THAT(take_texts(2), ElementsAre("identity"));
  EXPECT_THAT(take_texts(3), ElementsAre("sid"));
  EXPECT_THAT(take_texts(4, 3), ElementsAre("old")) << "by the lossy channel";
  EXPECT_THAT(out_.sent, IsEmpty());
}

TEST_F(DataRouterTest, RightsHideAndForbid) {
  DataMember silent = member(1);
  silent.may_publish = false;
  DataMember hidden = member(2);
  hidden.hidden = true;
  join(silent);
  join(hidden);
  join(member(3));
  say(1, text("forbidden"));
  EXPECT_THAT(out_.sent, IsEmpty());
  say(2, text("from nobody"));
  EXPECT_EQ(take(3).at(0).participant_identity(), "");
  pb::DataPacket transcription;
  transcription.mutable_transcription()->set_track_id("TR_1");
  say(3, transcription);
  EXPECT_THAT(take(1), SizeIs(1)) << "only what the hidden one said";
}

TEST_F(DataRouterTest, AgentsSpeakForOthers) {
  DataMember agent = member(1);
  agent.agent = true;
  join(agent);
  join(member(2));
  pb::DataPacket header;
  header.set_participant_identity("m9");
  header.mutable_stream_header()->mutable_text_header();
  say(1, header);
  const pb::DataPacket heard = take(2).at(0);
  EXPECT_EQ(heard.participant_identity(), "m9");
  EXPECT_TRUE(heard.stream_header().text_header().generated());
  say(2, header);
  EXPECT_EQ(take(1).at(0).participant_identity(), "m2") << "no agent";
}

TEST_F(DataRouterTest, MetricsGoToThoseWhoMaySeeThem) {
  DataMember watcher = member(2);
  watcher.may_see_metrics = true;
  join(member(1));
  join(watcher);
  join(member(3));
  pb::DataPacket metrics;
  metrics.mutable_metrics()->add_str_data("x");
  say(1, metrics);
  EXPECT_THAT(take(2), SizeIs(1));
  EXPECT_THAT(out_.sent, IsEmpty());
}

TEST_F(DataRouterTest, WhatIsSentAgainAfterAResumeIsTakenOnce) {
  DataMember sender = member(1);
  sender.last_sequence = std::make_shared<std::atomic<uint32_t>>(0);
  join(sender);
  join(member(2));
  for (const uint32_t sequence : {1, 2, 3, 2, 3, 4}) {
    say(1, text(std::to_string(sequence), sequence));
  }
  EXPECT_THAT(take_texts(2), ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(*sender.last_sequence, 4u);
}

TEST_F(DataRouterTest, WhatCameBeforeTheChannelIsReplayed) {
  join(member(1));
  tell(member(2));
  say(1, text("one", 1));
  say(1, text("unnumbered"));
  say(1, text("two", 2));
  EXPECT_THAT(out_.sent, IsEmpty());
  open(media::TransportId(20));
  EXPECT_THAT(take_texts(2), ElementsAre("one", "two"));
  say(1, text("three", 3));
  EXPECT_THAT(take_texts(2), ElementsAre("three"));
  // Its connection is replaced, and it says what it has.
  router_.on_transport_closed(now_, media::TransportId(20), out_);
  DataMember moved = member(2);
  moved.subscriber = media::TransportId(25);
  tell(moved);
  say(1, text("four", 4));
  tell(DataReceived{ParticipantKey(2), {{"PA_1", 2}}});
  router_.on_channel_opened(now_, media::TransportId(25), rtc::ChannelId(1), "_reliable", out_);
  std::vector<std::string> texts;
  for (const Outlet::Sent& sent : out_.sent) {
    EXPECT_EQ(sent.transport.value, 25u);
    pb::DataPacket packet;
    packet.ParseFromString(std::string(sent.payload.text()));
    texts.push_back(packet.user().payload());
  }
  EXPECT_THAT(texts, ElementsAre("three", "four"));
}

TEST_F(DataRouterTest, AReceiverThatHoldsAllItMayIsClosedAndReportedOnce) {
  for (uint64_t i = 1; i <= 3; ++i) join(member(i));
  out_.full.insert(20);
  say(1, text("one", 1));
  say(1, text("two", 2));
  EXPECT_THAT(take_texts(3), ElementsAre("one", "two")) << "others do not wait";
  EXPECT_THAT(out_.closed, ElementsAre(20));
  ASSERT_THAT(out_.reports, SizeIs(1));
  EXPECT_EQ(std::get<DataReceiverSlow>(out_.reports[0]->value).key, ParticipantKey(2));
  out_.reports.clear();
  say(1, text("lossy"), false);
  EXPECT_THAT(out_.reports, IsEmpty()) << "lossy messages are only dropped";
}

TEST_F(DataRouterTest, AnswersToTheServersCallsAreReportedNotRouted) {
  join(member(1));
  join(member(2));
  tell(ServerCall{"call", ParticipantKey(1), "packet"});
  ASSERT_THAT(out_.sent, SizeIs(1));
  out_.sent.clear();
  pb::DataPacket ack;
  ack.mutable_rpc_ack()->set_request_id("call");
  say(1, ack);
  pb::DataPacket answer;
  answer.mutable_rpc_response()->set_request_id("call");
  answer.mutable_rpc_response()->mutable_error()->set_code(1234);
  say(1, answer);
  ASSERT_THAT(out_.reports, SizeIs(2));
  EXPECT_EQ(std::get<ServerCallAcknowledged>(out_.reports[0]->value).id, "call");
  EXPECT_EQ(std::get<ServerCallAnswered>(out_.reports[1]->value).error_code, 1234u);
  EXPECT_THAT(out_.sent, IsEmpty());
  say(1, answer);
  EXPECT_THAT(take(2), SizeIs(1)) << "of another's call";
}

TEST_F(DataRouterTest, FramesOfDataTracksCarryTheSubscribersOwnHandle) {
  for (uint64_t i = 1; i <= 3; ++i) join(member(i));
  DataTrackRoute route{ParticipantKey(1), 7, {}};
  route.subscribers = {{ParticipantKey(2), 1, 0}, {ParticipantKey(3), 300, 10}};
  tell(route);
  Bytes frame(20, 0xAA);
  frame[0] = 0x18;  // starts and ends a frame
  store_be16(&frame[2], 7);
  const auto publish = [&] {
    router_.on_message(now_, media::TransportId(11), rtc::ChannelId(5), frame, true, out_);
  };
  publish();
  ASSERT_THAT(out_.sent, SizeIs(2));
  EXPECT_EQ(load_be16(&out_.sent[0].payload.view()[2]), 1);
  EXPECT_EQ(load_be16(&out_.sent[1].payload.view()[2]), 300);
  EXPECT_EQ(out_.sent[1].payload.view()[19], 0xAA);
  out_.sent.clear();
  for (int i = 0; i < 99; ++i) {
    now_ += 10ms;
    publish();
  }
  EXPECT_EQ(std::count_if(out_.sent.begin(), out_.sent.end(),
                          [](const Outlet::Sent& s) { return s.transport.value == 20; }),
            99);
  EXPECT_NEAR(std::count_if(out_.sent.begin(), out_.sent.end(),
                            [](const Outlet::Sent& s) { return s.transport.value == 30; }),
              10, 2)
      << "ten a second";
  out_.sent.clear();
  tell(DataTrackRoute{ParticipantKey(1), 7, {}});
  publish();
  frame.resize(11);
  publish();
  EXPECT_THAT(out_.sent, IsEmpty());
}

TEST_F(DataRouterTest, WhatComesByAnotherChannelIsTheTextOfAUserMessage) {
  for (uint64_t i = 1; i <= 3; ++i) join(member(i));
  const media::TransportId from(11);
  constexpr size_t kMost = DataRouter::kMaxOtherChannels;
  for (size_t i = 0; i <= kMost; ++i) {
    router_.on_channel_opened(now_, from, rtc::ChannelId(static_cast<uint16_t>(101 + 2 * i)),
                              "custom", out_);
  }
  const auto publish = [&](size_t channel) {
    router_.on_message(now_, from, rtc::ChannelId(static_cast<uint16_t>(101 + 2 * channel)),
                       Bytes{'h', 'i'}, false, out_);
  };
  publish(0);
  const pb::DataPacket heard = take(2).at(0);
  EXPECT_EQ(heard.user().payload(), "hi");
  EXPECT_EQ(heard.participant_identity(), "m1");
  EXPECT_EQ(heard.kind(), pb::DataPacket::RELIABLE);
  EXPECT_THAT(take_texts(3), ElementsAre("hi"));
  EXPECT_THAT(out_.sent, IsEmpty()) << "not its sender";
  publish(kMost);
  EXPECT_THAT(out_.sent, IsEmpty()) << "beyond the bound";
  router_.on_channel_closed(now_, from, rtc::ChannelId(101), out_);
  publish(0);
  EXPECT_THAT(out_.sent, IsEmpty()) << "closed";
  router_.on_message(now_, from, rtc::ChannelId(103), Bytes(DataRouter::kMaxPacket + 1, 'x'), true,
                     out_);
  EXPECT_THAT(out_.sent, IsEmpty()) << "too long";
  DataMember silent = member(1);
  silent.may_publish = false;
  tell(silent);
  publish(1);
  EXPECT_THAT(out_.sent, IsEmpty()) << "not allowed";
}

TEST_F(DataRouterTest, WhatAMemberWishesToReceiveIsForTheServerAlone) {
  DataMember silent = member(1);
  silent.may_publish = false;
  join(silent);
  join(member(2));
  const auto wish = [&](const std::string& payload) {
    pb::DataPacket packet = text(payload);
    packet.mutable_user()->set_topic(std::string(kReceiveProfileTopic));
    packet.add_destination_identities("m1");
    say(1, packet);
  };
  wish("{}");
  ASSERT_THAT(out_.reports, SizeIs(1)) << "though it may send nothing to others";
  const auto& said = std::get<ReceiveProfileSaid>(out_.reports[0]->value);
  EXPECT_EQ(said.key, ParticipantKey(1));
  EXPECT_EQ(said.payload, "{}");
  wish(std::string(kMaxReceiveProfile + 1, ' '));
  EXPECT_THAT(out_.reports, SizeIs(1)) << "too long";
  for (int i = 0; i < 100; ++i) wish("{}");
  EXPECT_THAT(out_.reports, SizeIs(DataRouter::kMaxProfiles));
  now_ += DataRouter::kProfileTime;
  wish("{}");
  EXPECT_THAT(out_.reports, SizeIs(DataRouter::kMaxProfiles + 1));
  EXPECT_THAT(out_.sent, IsEmpty()) << "nobody else hears of it";
}

TEST_F(DataRouterTest, WhoKnowsNoPacketsIsSentPayloadsOnItsFirstChannel) {
  DataMember raw = member(2);
  raw.raw = true;
  raw.subscriber = raw.publisher;
  join(member(1));
  join(raw);
  say(1, text("before it opens one"));
  EXPECT_THAT(out_.sent, IsEmpty());
  for (const uint16_t channel : {101, 103}) {
    router_.on_channel_opened(now_, raw.publisher, rtc::ChannelId(channel), "custom", out_);
  }
  say(1, text("hi"));
  pb::DataPacket call;
  call.mutable_rpc_request()->set_id("1");
  say(1, call);
  std::string packet;
  text("server").SerializeToString(&packet);
  ServerData data;
  data.packet = packet;
  data.destination_identities = {"m2"};
  tell(data);
  ASSERT_THAT(out_.sent, SizeIs(2)) << "calls are nothing to it";
  EXPECT_EQ(out_.sent[0].payload.text(), "hi");
  EXPECT_EQ(out_.sent[1].payload.text(), "server");
  for (const Outlet::Sent& sent : out_.sent) EXPECT_EQ(sent.channel.value, 101);
}

TEST_F(DataRouterTest, BrokenPacketsAndUnknownChannelsAreDropped) {
  join(member(1));
  join(member(2));
  router_.on_message(now_, media::TransportId(11), rtc::ChannelId(1), Bytes(5, 0xFF), true, out_);
  router_.on_message(now_, media::TransportId(11), rtc::ChannelId(99), {}, true, out_);
  router_.on_message(now_, media::TransportId(99), rtc::ChannelId(1), {}, true, out_);
  EXPECT_THAT(out_.sent, IsEmpty());
  tell(DataMemberGone{ParticipantKey(1)});
  say(1, text("late"));
  EXPECT_THAT(out_.sent, IsEmpty());
}

}  // namespace
}  // namespace turms::livekit
