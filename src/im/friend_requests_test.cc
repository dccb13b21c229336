#include "im/friend_requests.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class FriendRequestsTest : public DomainTest {
 protected:
  FriendRequests& requests() { return domain_->friend_requests; }
  Settings::People& people() { return domain_->context().settings.people; }

  static CreateFriendRequest to(int64_t user, std::string content = "hi") {
    return {UserId(user), std::move(content)};
  }
  static UpdateFriendRequest answer(FriendRequestId id,
                                    ResponseAction action = ResponseAction::kAccept) {
    return {id, action, std::nullopt};
  }
  FriendRequestId ask(int64_t from, int64_t user) {
    return ok(requests().create(caller(from), to(user))).data;
  }
  FriendRequestList list(int64_t user, bool sent) {
    QueryFriendRequests query;
    query.are_sent_by_me = sent;
    return ok(requests().query(caller(user), query));
  }
  std::vector<UserId> friends(int64_t user) {
    return run(domain_->context().reachability.get(UserId(user))).value()->friends;
  }
};

TEST_F(FriendRequestsTest, OneIsMadeForEachPair) {
  auto made = ok(requests().create(caller(1), to(2)));
  EXPECT_EQ(relayed_to(made), "2 +other");
  EXPECT_EQ(made.effects.relay.amendments.created_id, made.data.value);
  EXPECT_EQ(code(requests().create(caller(1), to(2))), 2600);
  EXPECT_EQ(code(requests().create(caller(2), to(1))), 1000);
  EXPECT_EQ(code(requests().create(caller(1), to(1))), 1102);
  EXPECT_EQ(code(requests().create(caller(1), to(777))), 1000);
  EXPECT_EQ(code(requests().create(caller(1), to(3, std::string(201, 'x')))), 1102);
  EXPECT_EQ(code(requests().create(caller(1), to(3, std::string(200, 'x')))), 1000);
  relate(4, 1, true);
  EXPECT_EQ(code(requests().create(caller(1), to(4))), 2601);
}

TEST_F(FriendRequestsTest, AcceptingMakesBothFriends) {
  const FriendRequestId id = ask(1, 2);
  EXPECT_EQ(code(requests().reply(caller(3), answer(id))), 2606);
  EXPECT_EQ(code(requests().reply(caller(1), answer(id))), 2606);
  EXPECT_EQ(code(requests().reply(caller(2), answer(FriendRequestId(5)))), 2606);
  UpdateFriendRequest chatty = answer(id);
  chatty.reason = std::string(201, 'x');
  EXPECT_EQ(code(requests().reply(caller(2), chatty)), 1102);
  EXPECT_EQ(code(requests().reply(caller(2), answer(id, static_cast<ResponseAction>(9)))), 1102);
  // Cached before, so that it must be forgotten.
  EXPECT_TRUE(friends(1).empty());
  EXPECT_TRUE(friends(2).empty());
  const auto sent = list(1, true).last_updated_date;

  auto reply = ok(requests().reply(caller(2), answer(id)));
  EXPECT_EQ(relayed_to(reply), "1 +other");
  EXPECT_TRUE(reply.effects.pushes.empty());
  EXPECT_EQ(friends(1), users({2}));
  EXPECT_EQ(friends(2), users({1}));
  EXPECT_GT(list(1, true).last_updated_date, sent);
  EXPECT_EQ(list(2, false).requests[0].status, RequestStatus::kAccepted);
  EXPECT_EQ(code(requests().reply(caller(2), answer(id))), 2605);
  // The relationship may have ended meanwhile.
  EXPECT_EQ(code(requests().create(caller(1), to(2))), 1000);
}

TEST_F(FriendRequestsTest, ARefusalStandsInTheWayOfTheNextUnlessAllowed) {
  for (const auto action : {ResponseAction::kDecline, ResponseAction::kIgnore}) {
    const int64_t recipient = action == ResponseAction::kDecline ? 2 : 3;
    people().allow_friend_request_again = false;
    ok(requests().reply(caller(recipient), answer(ask(1, recipient), action)));
    EXPECT_TRUE(friends(1).empty());
    EXPECT_EQ(code(requests().create(caller(1), to(recipient))), 2600);
    people().allow_friend_request_again = true;
    EXPECT_EQ(code(requests().create(caller(1), to(recipient))), 1000);
    EXPECT_EQ(code(requests().create(caller(1), to(recipient))), 2600);
  }
}

TEST_F(FriendRequestsTest, OneExpiresAfterThirtyDays) {
  const FriendRequestId id = ask(1, 2);
  pass(std::chrono::hours(24 * 30) - std::chrono::milliseconds(1));
  EXPECT_EQ(list(2, false).requests[0].status, RequestStatus::kPending);
  pass(std::chrono::milliseconds(1));
  EXPECT_EQ(list(2, false).requests[0].status, RequestStatus::kExpired);
  EXPECT_EQ(code(requests().reply(caller(2), answer(id))), 2605);
  EXPECT_EQ(code(requests().create(caller(1), to(2))), 2600);
  people().friend_request_lifetime = {};
  const FriendRequestId lasting = ask(1, 3);
  pass(std::chrono::hours(24 * 3000));
  EXPECT_EQ(code(requests().reply(caller(3), answer(lasting))), 1000);
}

TEST_F(FriendRequestsTest, OnlyASenderRecallsAndOnlyWhereAllowed) {
  const FriendRequestId id = ask(1, 2);
  EXPECT_EQ(code(requests().recall(caller(1), id)), 2603);
  people().allow_friend_request_recall = true;
  EXPECT_EQ(code(requests().recall(caller(2), id)), 2604);
  EXPECT_EQ(code(requests().recall(caller(1), FriendRequestId(5))), 2604);
  EXPECT_EQ(relayed_to(ok(requests().recall(caller(1), id))), "2 +other");
  EXPECT_EQ(code(requests().recall(caller(1), id)), 2602);
  EXPECT_EQ(list(2, false).requests[0].status, RequestStatus::kCanceled);
  EXPECT_EQ(code(requests().reply(caller(2), answer(id))), 2605);
  EXPECT_EQ(code(requests().create(caller(1), to(2))), 1000);
}

TEST_F(FriendRequestsTest, QueriesTellWhetherAnythingIsNew) {
  QueryFriendRequests query;
  EXPECT_EQ(code(requests().query(caller(2), query)), 1001);
  ask(1, 2);
  const FriendRequestList found = list(2, false);
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_EQ(found.requests[0].content, "hi");
  query.last_updated_date = found.last_updated_date;
  EXPECT_EQ(code(requests().query(caller(2), query)), 1002);
  query = {};
  query.are_sent_by_me = true;
  EXPECT_EQ(code(requests().query(caller(2), query)), 1001);
  EXPECT_EQ(list(1, true).requests.size(), 1u);
}

TEST_F(FriendRequestsTest, BothAreToldOfTheirNewRelationshipsWhenConfigured) {
  people().relationship_added.others = true;
  people().friend_request_replied = {false, false};
  relate(1, 2, false);
  auto reply = ok(requests().reply(caller(2), answer(ask(1, 2))));
  EXPECT_EQ(relayed_to(reply), "");
  // The sender had one already.
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  EXPECT_EQ(audience(reply.effects.pushes[0].audience), "1");
  const auto& made = std::get<RelationshipCreated>(reply.effects.pushes[0].event);
  EXPECT_EQ(made.owner_id, UserId(2));
  EXPECT_EQ(made.related_user_id, UserId(1));

  reply = ok(requests().reply(caller(4), answer(ask(3, 4))));
  ASSERT_EQ(reply.effects.pushes.size(), 2u);
  EXPECT_EQ(audience(reply.effects.pushes[1].audience), "4 +self");
}

}  // namespace
}  // namespace turms::im
