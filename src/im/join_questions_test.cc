#include "im/join_questions.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class JoinQuestionsTest : public DomainTest {
 protected:
  JoinQuestionsTest() {
    type_.join_strategy = JoinStrategy::kQuestion;
    id_ = make_group_of_type(type_, 1, {2, 3});
    set_role(id_, 2, GroupMemberRole::kManager);
    UpdateGroup command;
    command.group_id = id_;
    command.min_score = 5;
    ok(domain_->groups.update(caller(1), command));
    subscriber_.heard.clear();
  }
  static CreateGroupJoinQuestions two(GroupId group) {
    return {group, {{"1+1?", {"2", "two"}, 3}, {"2+2?", {"4"}, 2}}};
  }
  std::vector<JoinQuestionId> add(int64_t by = 1) {
    return ok(domain_->join_questions.create(caller(by), two(id_))).data;
  }
  int adding(int64_t by, CreateGroupJoinQuestions command) {
    return code(domain_->join_questions.create(caller(by), std::move(command)));
  }
  int adding_one(NewJoinQuestion question) { return adding(1, {id_, {std::move(question)}}); }
  int answering(int64_t by, std::map<JoinQuestionId, std::string> answers) {
    return code(domain_->join_questions.answer(caller(by), std::move(answers)));
  }

  GroupType type_;
  GroupId id_;
};

TEST_F(JoinQuestionsTest, OwnerAndManagersAskThem) {
  EXPECT_EQ(adding(3, two(id_)), 3300);
  EXPECT_EQ(adding(5, two(id_)), 3300);
  EXPECT_EQ(adding(1, two(GroupId(99))), 3300);
  EXPECT_EQ(add(1).size(), 2u);
  EXPECT_EQ(add(2).size(), 2u);
  EXPECT_TRUE(ok(domain_->join_questions.create(caller(5), {id_, {}})).data.empty());
  const std::pair<JoinStrategy, int> strategies[] = {{JoinStrategy::kJoinRequest, 3305},
                                                     {JoinStrategy::kInvitation, 3306},
                                                     {JoinStrategy::kMembershipRequest, 3307}};
  for (const auto& [strategy, expected] : strategies) {
    type_.join_strategy = strategy;
    EXPECT_EQ(adding(1, two(make_group_of_type(type_, 1, {}))), expected);
  }
}

TEST_F(JoinQuestionsTest, QuestionsAreBounded) {
  const std::vector<std::string> eleven = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"};
  EXPECT_EQ(adding_one({"", {"a"}, 1}), 1102);
  EXPECT_EQ(adding_one({std::string(201, 'x'), {"a"}, 1}), 1102);
  EXPECT_EQ(adding_one({"q", {}, 1}), 1102);
  EXPECT_EQ(adding_one({"q", eleven, 1}), 1102);
  EXPECT_EQ(adding_one({"q", {std::string(51, 'x')}, 1}), 1102);
  EXPECT_EQ(adding_one({"q", {"a"}, -1}), 1102);
  EXPECT_EQ(adding_one({std::string(200, 'x'), {std::string(50, 'x'), "a", "a"}, 0}), 1000);
}

TEST_F(JoinQuestionsTest, AnswersAreShownToOwnerAndManagersOnly) {
  QueryGroupJoinQuestions query{id_, false, {}};
  QueryGroupJoinQuestions with_answers{id_, true, {}};
  EXPECT_EQ(code(domain_->join_questions.query(caller(5), query)), 1001);
  EXPECT_EQ(code(domain_->join_questions.query(caller(5), {GroupId(99), false, {}})), 1002);
  const auto ids = add();
  const auto shown = ok(domain_->join_questions.query(caller(5), query));
  ASSERT_EQ(shown.questions.size(), 2u);
  EXPECT_EQ(shown.questions[0].id, ids[0]);
  EXPECT_EQ(shown.questions[0].question, "1+1?");
  EXPECT_TRUE(shown.questions[0].answers.empty());
  EXPECT_EQ(code(domain_->join_questions.query(caller(3), with_answers)), 3303);
  EXPECT_EQ(code(domain_->join_questions.query(caller(5), with_answers)), 3303);
  EXPECT_EQ(ok(domain_->join_questions.query(caller(2), with_answers)).questions[0].answers,
            (std::vector<std::string>{"2", "two"}));
  query.last_updated_date = shown.last_updated_date;
  EXPECT_EQ(code(domain_->join_questions.query(caller(5), query)), 1002);
}

TEST_F(JoinQuestionsTest, OwnerAndManagersChangeThem) {
  const auto ids = add();
  const auto update = [&](int64_t by, UpdateGroupJoinQuestion command) {
    return code(domain_->join_questions.update(caller(by), std::move(command)));
  };
  EXPECT_EQ(update(3, {ids[0], "q", {}, {}}), 3302);
  EXPECT_EQ(update(1, {JoinQuestionId(9), "q", {}, {}}), 3302);
  EXPECT_EQ(update(5, {ids[0], {}, {}, {}}), 1000) << "nothing to do";
  EXPECT_EQ(update(1, {ids[0], std::string(201, 'x'), {}, {}}), 1102);
  EXPECT_EQ(update(1, {ids[0], {}, {std::string(51, 'x')}, {}}), 1102);
  EXPECT_EQ(update(1, {ids[0], {}, {}, -1}), 1102);
  EXPECT_EQ(update(2, {ids[0], "3+3?", {"6"}, 9}), 1000);
  const auto shown = ok(domain_->join_questions.query(caller(1), {id_, true, {}}));
  EXPECT_EQ(shown.questions[0].question, "3+3?");
  EXPECT_EQ(shown.questions[0].answers, std::vector<std::string>{"6"});
  EXPECT_EQ(shown.questions[0].score, 9);
}

TEST_F(JoinQuestionsTest, QuestionsOfOthersStay) {
  const GroupId other = make_group_of_type(type_, 5, {});
  const auto theirs = ok(domain_->join_questions.create(caller(5), two(other))).data;
  const auto ids = add();
  EXPECT_EQ(code(domain_->join_questions.remove(caller(3), {id_, ids})), 3301);
  EXPECT_EQ(code(domain_->join_questions.remove(caller(3), {id_, {}})), 1000) << "nothing to do";
  EXPECT_EQ(code(domain_->join_questions.remove(caller(1), {id_, {ids[0], theirs[0]}})), 1000);
  EXPECT_EQ(ok(domain_->join_questions.query(caller(1), {id_, false, {}})).questions.size(), 1u);
  EXPECT_EQ(ok(domain_->join_questions.query(caller(1), {other, false, {}})).questions.size(), 2u);
}

TEST_F(JoinQuestionsTest, EnoughRightAnswersMakeAMember) {
  const auto ids = add();
  const auto half = ok(domain_->join_questions.answer(caller(5), {{ids[0], "two"}, {ids[1], "5"}}));
  EXPECT_EQ(half.data.score, 3);
  EXPECT_EQ(half.data.question_ids, std::vector<JoinQuestionId>{ids[0]});
  EXPECT_FALSE(half.data.joined);
  EXPECT_TRUE(half.effects.pushes.empty());
  EXPECT_FALSE(role(id_, 5));

  const auto all = ok(domain_->join_questions.answer(caller(5), {{ids[0], "2"}, {ids[1], "4"}}));
  EXPECT_EQ(all.data.score, 5);
  EXPECT_EQ(all.data.question_ids, ids);
  EXPECT_TRUE(all.data.joined);
  EXPECT_EQ(relayed_to(all), "");
  ASSERT_EQ(all.effects.pushes.size(), 1u);
  EXPECT_EQ(audience(all.effects.pushes[0].audience), "1 2 3 5 +self");
  EXPECT_EQ(std::get<MembersAdded>(all.effects.pushes[0].event).user_ids, users({5}));
  EXPECT_EQ(role(id_, 5), GroupMemberRole::kMember);
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"joined 5"});
}

TEST_F(JoinQuestionsTest, AnsweringAnswersAsTheProtocolDefines) {
  const auto ids = add();
  block_in_group(id_, 6);
  EXPECT_EQ(answering(5, {}), 1102);
  EXPECT_EQ(answering(5, {{ids[0], std::string(51, 'x')}}), 1102);
  EXPECT_EQ(answering(5, {{JoinQuestionId(9), "x"}}), 1001);
  EXPECT_EQ(answering(6, {{ids[0], "2"}}), 3308);
  EXPECT_EQ(answering(3, {{ids[0], "2"}}), 3309);
  // Only the first one's group counts.
  const GroupId other = make_group_of_type(type_, 5, {});
  const auto theirs = ok(domain_->join_questions.create(caller(5), two(other))).data;
  const auto mixed =
      ok(domain_->join_questions.answer(caller(7), {{ids[0], "2"}, {theirs[1], "4"}}));
  EXPECT_EQ(mixed.data.score, 3);
  EXPECT_EQ(mixed.data.question_ids, std::vector<JoinQuestionId>{ids[0]});

  GroupType full = type_;
  full.size_limit = 1;
  const GroupId small = make_group_of_type(full, 1, {});
  const auto one = ok(domain_->join_questions.create(caller(1), {small, {{"q", {"a"}, 9}}})).data;
  EXPECT_EQ(answering(5, {{one[0], "a"}}), 3403);
  type_.join_strategy = JoinStrategy::kInvitation;
  type_.id = 7;
  EXPECT_TRUE(run(store_->repositories().groups.put_type(
      Rights::administrator(action::PutGroupType{7}), type_)));
  domain_->forget_cached();
  EXPECT_EQ(answering(5, {{ids[0], "2"}}), 3310);
  ok(domain_->groups.remove(caller(1), id_));
  EXPECT_EQ(answering(5, {{ids[0], "2"}}), 3311);
}

}  // namespace
}  // namespace turms::im
