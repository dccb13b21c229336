#include "im/join_requests.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class JoinRequestsTest : public DomainTest {
 protected:
  JoinRequestsTest() {
    domain_->context().settings.group.allow_join_request_recall = true;
    GroupType type;
    type.join_strategy = JoinStrategy::kJoinRequest;
    id_ = make_group_of_type(type, 1, {2, 3});
    set_role(id_, 2, GroupMemberRole::kManager);
    subscriber_.heard.clear();
  }
  Reply<JoinRequestId> ask(int64_t user) {
    return ok(domain_->join_requests.create(caller(user), {id_, "let me in"}));
  }
  int asking(int64_t user, GroupId group) {
    return code(domain_->join_requests.create(caller(user), {group, ""}));
  }
  int answering(int64_t by, JoinRequestId id, ResponseAction action = ResponseAction::kAccept) {
    return code(domain_->join_requests.reply(caller(by), {id, action, {}}));
  }

  GroupId id_;
};

TEST_F(JoinRequestsTest, AskingAnswersAsTheProtocolDefines) {
  EXPECT_EQ(asking(5, id_), 1000);
  EXPECT_EQ(asking(5, id_), 1000) << "several may be pending";
  EXPECT_EQ(asking(3, id_), 3601);
  EXPECT_EQ(asking(5, GroupId(99)), 3605);
  block_in_group(id_, 6);
  EXPECT_EQ(asking(6, id_), 3600);
  EXPECT_EQ(code(domain_->join_requests.create(caller(5), {id_, std::string(201, 'x')})), 1102);
  const std::pair<JoinStrategy, int> strategies[] = {{JoinStrategy::kMembershipRequest, 3606},
                                                     {JoinStrategy::kInvitation, 3607},
                                                     {JoinStrategy::kQuestion, 3608}};
  for (const auto& [strategy, expected] : strategies) {
    GroupType type;
    type.join_strategy = strategy;
    EXPECT_EQ(asking(5, make_group_of_type(type, 1, {2})), expected);
  }
}

TEST_F(JoinRequestsTest, OwnerAndManagersAreTold) {
  const auto reply = ask(5);
  EXPECT_EQ(relayed_to(reply), "1 2 +other");
  EXPECT_EQ(reply.effects.relay.amendments.created_id, reply.data.value);
}

TEST_F(JoinRequestsTest, AcceptingMakesTheSenderAMember) {
  const JoinRequestId id = ask(5).data;
  EXPECT_EQ(answering(3, id), 3611);
  EXPECT_EQ(answering(5, id), 3611);
  EXPECT_EQ(answering(1, JoinRequestId(99)), 3611);
  EXPECT_EQ(answering(1, id, static_cast<ResponseAction>(7)), 1102);
  const auto reply = ok(domain_->join_requests.reply(
      caller(2), {id, ResponseAction::kAccept, std::string("welcome")}));
  EXPECT_EQ(relayed_to(reply), "1 5 +other") << "the sender too";
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  EXPECT_EQ(audience(reply.effects.pushes[0].audience), "1 2 3 5 +self");
  const auto& added = std::get<MembersAdded>(reply.effects.pushes[0].event);
  EXPECT_EQ(added.user_ids, users({5})) << "the sender, not who answered";
  EXPECT_EQ(added.by, UserId(2));
  EXPECT_EQ(role(id_, 5), GroupMemberRole::kMember);
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"joined 5"});
  EXPECT_EQ(answering(1, id), 3610);

  QueryGroupJoinRequests mine;
  const auto shown = ok(domain_->join_requests.query(caller(5), mine));
  ASSERT_EQ(shown.requests.size(), 1u);
  EXPECT_EQ(shown.requests[0].status, RequestStatus::kAccepted);
  EXPECT_EQ(shown.requests[0].responder_id, UserId(2));
}

TEST_F(JoinRequestsTest, OthersAnswersAddNobody) {
  for (const ResponseAction action : {ResponseAction::kDecline, ResponseAction::kIgnore}) {
    const auto reply =
        ok(domain_->join_requests.reply(caller(1), {ask(5).data, action, std::string("no")}));
    EXPECT_EQ(relayed_to(reply), "2 5 +other");
    EXPECT_TRUE(reply.effects.pushes.empty());
    EXPECT_FALSE(role(id_, 5));
  }
  // Asked twice, accepted twice: the second adds nobody and is no mistake.
  const JoinRequestId first = ask(5).data;
  const JoinRequestId second = ask(5).data;
  EXPECT_EQ(answering(1, first), 1000);
  const auto reply =
      ok(domain_->join_requests.reply(caller(1), {second, ResponseAction::kAccept, {}}));
  EXPECT_TRUE(reply.effects.pushes.empty());
}

TEST_F(JoinRequestsTest, AFullGroupAndABlockedUserAreRefused) {
  const JoinRequestId id = ask(5).data;
  block_in_group(id_, 5);
  EXPECT_EQ(answering(1, id), 3404);
  EXPECT_EQ(answering(1, id, ResponseAction::kDecline), 1000);
  GroupType type;
  type.size_limit = 2;
  type.join_strategy = JoinStrategy::kJoinRequest;
  const GroupId small = make_group_of_type(type, 1, {2});
  const auto request = ok(domain_->join_requests.create(caller(6), {small, ""}));
  EXPECT_EQ(answering(1, request.data), 3403);
}

TEST_F(JoinRequestsTest, TheSenderRecallsWhereItIsAllowed) {
  const JoinRequestId id = ask(5).data;
  EXPECT_EQ(code(domain_->join_requests.recall(caller(1), id)), 3602);
  EXPECT_EQ(code(domain_->join_requests.recall(caller(5), JoinRequestId(99))), 3602);
  EXPECT_EQ(relayed_to(ok(domain_->join_requests.recall(caller(5), id))), "1 2 +other");
  EXPECT_EQ(code(domain_->join_requests.recall(caller(5), id)), 3604);
  EXPECT_EQ(answering(1, id), 3610);
  domain_->context().settings.group.allow_join_request_recall = false;
  EXPECT_EQ(code(domain_->join_requests.recall(caller(5), ask(5).data)), 3609);
}

TEST_F(JoinRequestsTest, ARequestExpires) {
  const JoinRequestId id = ask(5).data;
  pass(std::chrono::hours(24 * 30));
  EXPECT_EQ(answering(1, id), 3610);
  EXPECT_EQ(code(domain_->join_requests.recall(caller(5), id)), 3604);
  const auto shown = ok(domain_->join_requests.query(caller(1), {id_, {}}));
  EXPECT_EQ(shown.requests[0].status, RequestStatus::kExpired);
  domain_->context().settings.group.join_request_lifetime = {};
  const JoinRequestId for_ever = ask(6).data;
  pass(std::chrono::hours(24 * 365 * 100));
  EXPECT_EQ(answering(1, for_ever), 1000);
}

TEST_F(JoinRequestsTest, RequestsAreShownToThoseConcerned) {
  QueryGroupJoinRequests of_group;
  of_group.group_id = id_;
  EXPECT_EQ(code(domain_->join_requests.query(caller(1), of_group)), 1001);
  EXPECT_EQ(code(domain_->join_requests.query(caller(3), of_group)), 3603);
  EXPECT_EQ(code(domain_->join_requests.query(caller(5), of_group)), 3603);
  EXPECT_EQ(code(domain_->join_requests.query(caller(5), {})), 1002);
  ask(5);
  const auto list = ok(domain_->join_requests.query(caller(2), of_group));
  ASSERT_EQ(list.requests.size(), 1u);
  EXPECT_EQ(list.requests[0].content, "let me in");
  EXPECT_EQ(ok(domain_->join_requests.query(caller(5), {})).requests.size(), 1u);
  of_group.last_updated_date = list.last_updated_date;
  EXPECT_EQ(code(domain_->join_requests.query(caller(1), of_group)), 1002);
  answering(1, list.requests[0].id, ResponseAction::kDecline);
  EXPECT_EQ(ok(domain_->join_requests.query(caller(1), of_group)).requests[0].status,
            RequestStatus::kDeclined);
}

}  // namespace
}  // namespace turms::im
