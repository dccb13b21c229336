#include "livekit/data.pb.h"
#include "livekit/data_notes.h"
#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Reason = server::RequestReason;

class RoomDataTest : public testing::RoomTest {
 protected:
  /// What the router was told of this kind since last asked.
  template <class T>
  std::vector<T> take_notes() {
    std::vector<T> out;
    std::erase_if(engine.notes, [&](const auto& note) {
      const auto& value = static_cast<const DataCommand&>(*note).value;
      if (!std::holds_alternative<T>(value)) return false;
      out.push_back(std::get<T>(value));
      return true;
    });
    return out;
  }
  template <class T>
  void report(T value) {
    DataReport note;
    note.value = std::move(value);
    room->on_data(now, note);
    drain();
  }
  static client::PublishDataTrack track(uint32_t handle, const std::string& name) {
    client::PublishDataTrack request;
    request.info.pub_handle = handle;
    request.info.name = name;
    return request;
  }
  Reason refused(ParticipantKey key) { return last<server::RequestResponse>(key).reason; }
};

TEST_F(RoomDataTest, TheRouterIsToldWhoIsInAndWhatChanges) {
  make();
  const ParticipantKey alice = join("alice");
  auto members = take_notes<DataMember>();
  ASSERT_THAT(members, SizeIs(1));
  EXPECT_EQ(members[0].identity, "alice");
  EXPECT_TRUE(members[0].may_publish);
  EXPECT_TRUE(members[0].subscriber);
  // What we open towards clients that take part in data channels.
  const auto& channels = engine.transports.at(members[0].subscriber.value).parameters.channels;
  ASSERT_THAT(channels, SizeIs(3));
  EXPECT_EQ(channels[0].label, "_reliable");
  EXPECT_TRUE(channels[0].ordered);
  EXPECT_EQ(channels[1].label, "_lossy");
  EXPECT_EQ(channels[1].max_retransmits, 0);
  room->update_participant(now, "alice", {.permission = Permission{.can_publish_data = false}});
  drain();
  members = take_notes<DataMember>();
  ASSERT_THAT(members, SizeIs(1));
  EXPECT_FALSE(members[0].may_publish);
  pass(100ms);
  EXPECT_THAT(take_notes<DataMember>(), IsEmpty()) << "nothing changed";
  say(alice, client::Leave{});
  ASSERT_THAT(take_notes<DataMemberGone>(), SizeIs(1));
}

TEST_F(RoomDataTest, AResumeNamesTheLastMessageThatCame) {
  make();
  join("alice");
  const auto member = take_notes<DataMember>().at(0);
  *member.last_sequence = 41;
  const auto back = room->resume(now, "alice", false);
  ASSERT_TRUE(back);
  drain();
  EXPECT_EQ(last<server::Reconnect>(*back).last_message_sequence, 41u);
  client::SyncState state;
  state.data_receive_states = {{"PA_other", 7}};
  say(*back, state);
  const auto received = take_notes<DataReceived>();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_THAT(received[0].last_sequences,
              ElementsAre(std::pair<std::string, uint32_t>("PA_other", 7)));
}

TEST_F(RoomDataTest, DataTracksArePublishedSubscribedAndEnded) {
  make();
  const ParticipantKey alice = join("alice");
  const ParticipantKey bob = join("bob");
  say(alice, track(7, "joystick"));
  const DataTrackInfo info = last<server::DataTrackPublished>(alice).info;
  EXPECT_EQ(info.sid.substr(0, 4), "DTR_");
  pass(200ms);
  const auto update = last<server::ParticipantUpdate>(bob);
  ASSERT_THAT(update.participants, SizeIs(1));
  EXPECT_THAT(update.participants[0].data_tracks, ElementsAre(info));

  client::UpdateDataSubscription subscribe;
  subscribe.updates = {{info.sid, true, 20}};
  say(bob, subscribe);
  const auto handles = last<server::DataTrackSubscriberHandles>(bob).handles;
  ASSERT_THAT(handles, SizeIs(1));
  EXPECT_EQ(handles.begin()->second.track_sid, info.sid);
  EXPECT_EQ(handles.begin()->second.publisher_identity, "alice");
  auto route = take_notes<DataTrackRoute>().back();
  EXPECT_EQ(route.pub_handle, 7);
  ASSERT_THAT(route.subscribers, SizeIs(1));
  EXPECT_EQ(route.subscribers[0].key, bob);
  EXPECT_EQ(route.subscribers[0].handle, handles.begin()->first);
  EXPECT_EQ(route.subscribers[0].target_fps, 20u);

  say(alice, client::UnpublishDataTrack{7});
  EXPECT_EQ(last<server::DataTrackUnpublished>(alice).info.sid, info.sid);
  EXPECT_THAT(take_notes<DataTrackRoute>().back().subscribers, IsEmpty());
  EXPECT_THAT(last<server::DataTrackSubscriberHandles>(bob).handles, IsEmpty());
}

TEST_F(RoomDataTest, DataTracksThatCannotBeAreRefused) {
  make();
  const ParticipantKey alice = join("alice");
  say(alice, track(0, "a"));
  EXPECT_EQ(refused(alice), Reason::kInvalidHandle);
  say(alice, track(70'000, "a"));
  EXPECT_EQ(refused(alice), Reason::kInvalidHandle);
  say(alice, track(1, ""));
  EXPECT_EQ(refused(alice), Reason::kInvalidName);
  say(alice, track(1, "a"));
  say(alice, track(1, "b"));
  EXPECT_EQ(refused(alice), Reason::kDuplicateHandle);
  say(alice, track(2, "a"));
  EXPECT_EQ(refused(alice), Reason::kDuplicateName);
  say(alice, client::UnpublishDataTrack{9});
  EXPECT_EQ(refused(alice), Reason::kNotFound);
  auto silent = as("silent");
  silent.grants.video->can_publish_data = false;
  const ParticipantKey carol = join(silent);
  say(carol, track(1, "a"));
  EXPECT_EQ(refused(carol), Reason::kNotAllowed);
}

TEST_F(RoomDataTest, BlobsAreKeptForOthersWithinTheirBound) {
  make({.max_data_blobs = 100});
  const ParticipantKey alice = join("alice");
  const ParticipantKey bob = join("bob");
  const auto store = [&](const std::string& key, size_t size) {
    say(alice, client::StoreDataBlob{1, {key, std::string(size, 'x')}});
  };
  store("schema", 50);
  EXPECT_EQ(last<server::DataBlobStored>(alice).request_id, 1u);
  say(bob, client::GetDataBlob{2, "alice", std::string("schema")});
  EXPECT_EQ(last<server::DataBlobFound>(bob).blob.contents, std::string(50, 'x'));
  store("schema", 90);
  EXPECT_THAT(take<server::DataBlobStored>(alice), SizeIs(1)) << "in place of the first";
  store("more", 10);
  EXPECT_EQ(refused(alice), Reason::kLimitExceeded);
  store("", 10);
  EXPECT_EQ(refused(alice), Reason::kInvalidRequest);
  say(bob, client::GetDataBlob{3, "alice", std::string("none")});
  EXPECT_EQ(refused(bob), Reason::kNotFound);
  say(bob, client::GetDataBlob{3, "nobody", std::string("schema")});
  EXPECT_EQ(refused(bob), Reason::kNotFound);
  make();
  const ParticipantKey carol = join("carol");
  say(carol, client::StoreDataBlob{1, {std::string("k"), "x"}});
  EXPECT_EQ(refused(carol), Reason::kNotAllowed);
}

TEST_F(RoomDataTest, TheServersCallsEndInEveryWay) {
  make();
  join("bob");
  std::vector<std::string> payloads;
  std::vector<uint32_t> errors;
  const auto call = [&](const std::string& to = "bob") {
    room->perform_rpc(now, {to, "greet", "hi", 5s}, [&](auto answer) {
      if (answer) {
        payloads.push_back(*answer);
      } else {
        errors.push_back(answer.error().code);
      }
    });
    const auto calls = take_notes<ServerCall>();
    return calls.empty() ? std::string() : calls[0].id;
  };
  call("nobody");
  EXPECT_THAT(errors, ElementsAre(RpcError::kNotFound));
  errors.clear();
  report(ServerCallAnswered{call(), "hello", {}, {}, {}});
  EXPECT_THAT(payloads, ElementsAre("hello"));
  report(ServerCallAnswered{call(), {}, 1234, "no", "details"});
  EXPECT_THAT(errors, ElementsAre(1234u));
  errors.clear();
  call();
  pass(2s);
  EXPECT_THAT(errors, ElementsAre(RpcError::kConnectionTimeout)) << "not even acknowledged";
  EXPECT_THAT(take_notes<ServerCallOver>(), SizeIs(1));
  errors.clear();
  report(ServerCallAcknowledged{call()});
  pass(4s);
  EXPECT_THAT(errors, IsEmpty());
  pass(1s);
  EXPECT_THAT(errors, ElementsAre(RpcError::kResponseTimeout));
  errors.clear();
  call();
  EXPECT_TRUE(room->remove_participant(now, "bob"));
  EXPECT_THAT(errors, ElementsAre(RpcError::kRecipientDisconnected));
}

TEST_F(RoomDataTest, AReceiverTooSlowJoinsAnew) {
  make();
  const ParticipantKey bob = join("bob");
  report(DataReceiverSlow{bob});
  const auto leave = last<server::Leave>(bob);
  EXPECT_EQ(leave.reason, DisconnectReason::kStateMismatch);
  EXPECT_EQ(leave.action, server::LeaveAction::kReconnect);
}

TEST_F(RoomDataTest, TheServersMessagesSayWhomTheyAreFor) {
  make();
  ASSERT_TRUE(room->send_data({.payload = "p",
                               .reliable = false,
                               .topic = "t",
                               .destination_identities = {"bob"},
                               .nonce = "n"}));
  const auto data = take_notes<ServerData>();
  ASSERT_THAT(data, SizeIs(1));
  EXPECT_FALSE(data[0].reliable);
  EXPECT_THAT(data[0].destination_identities, ElementsAre("bob"));
  ::livekit::DataPacket packet;
  ASSERT_TRUE(packet.ParseFromString(data[0].packet));
  EXPECT_EQ(packet.user().payload(), "p");
  EXPECT_EQ(packet.user().topic(), "t");
  EXPECT_EQ(packet.kind(), ::livekit::DataPacket::LOSSY);
}

TEST_F(RoomDataTest, TheRouterHearsOnlyOfThoseWhoChanged) {
  make();
  const ParticipantKey alice = join("alice");
  const ParticipantKey bob = join("bob");
  take_notes<DataMember>();
  say(bob, client::UpdateMetadata{"Robert"});
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  auto members = take_notes<DataMember>();
  ASSERT_THAT(members, SizeIs(1));
  EXPECT_EQ(members[0].key, alice) << "her offer opened a connection";
  EXPECT_TRUE(members[0].publisher);

  // Of what could not be told, it hears the next time.
  engine.takes_notes = false;
  room->update_participant(now, "bob", {.permission = Permission{.hidden = true}});
  say(alice, client::Leave{});
  EXPECT_THAT(engine.notes, IsEmpty());
  engine.takes_notes = true;
  drain();
  members = take_notes<DataMember>();
  ASSERT_THAT(members, SizeIs(1));
  EXPECT_TRUE(members[0].hidden);
  const auto gone = take_notes<DataMemberGone>();
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0].key, alice);
}

TEST_F(RoomDataTest, WhoAsksForItHasEveryDataTrack) {
  make();
  const ParticipantKey alice = join("alice");
  say(alice, track(7, "joystick"));
  const std::string first = last<server::DataTrackPublished>(alice).info.sid;
  JoinParameters parameters = as("bob");
  parameters.auto_subscribe_data_tracks = true;
  const ParticipantKey bob = join(parameters);
  const ParticipantKey carol = join("carol");
  EXPECT_THAT(last<server::DataTrackSubscriberHandles>(bob).handles, SizeIs(1));
  say(alice, track(8, "compass"));
  const std::string second = last<server::DataTrackPublished>(alice).info.sid;
  EXPECT_THAT(last<server::DataTrackSubscriberHandles>(bob).handles, SizeIs(2));
  EXPECT_THAT(take<server::DataTrackSubscriberHandles>(carol), IsEmpty());
  const auto route = take_notes<DataTrackRoute>().back();
  EXPECT_EQ(route.pub_handle, 8);
  ASSERT_THAT(route.subscribers, SizeIs(1));
  // It can do without one.
  say(bob, client::UpdateDataSubscription{{{first, false, {}}}});
  const auto handles = last<server::DataTrackSubscriberHandles>(bob).handles;
  ASSERT_THAT(handles, SizeIs(1));
  EXPECT_EQ(handles.begin()->second.track_sid, second);
}

}  // namespace
}  // namespace turms::livekit
