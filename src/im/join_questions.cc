#include "im/join_questions.h"

#include <algorithm>

#include "im/context.h"
#include "im/enrollment.h"
#include "im/ports/groups.h"
#include "im/ports/join_questions.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

/// Without repetition, in the order given.
std::vector<std::string> distinct(std::vector<std::string> answers) {
  std::vector<std::string> kept;
  for (std::string& answer : answers) {
    if (std::ranges::find(kept, answer) == kept.end()) kept.push_back(std::move(answer));
  }
  return kept;
}

Code code_of(GroupRepository::Added added) {
  using Added = GroupRepository::Added;
  switch (added) {
    case Added::kDone:
      return Code::kOk;
    case Added::kDuplicate:
      return Code::kAnswerByMember;
    case Added::kFull:
      return Code::kAddMemberSizeLimit;
    case Added::kBlocked:
      return Code::kAnswerByBlocked;
    case Added::kGroupGone:
      return Code::kAnswerToInactiveGroup;
  }
  return Code::kInternalError;
}

/// Counts the answers to questions of one group.
JoinQuestionsResult judge(const std::vector<GroupJoinQuestion>& questions, GroupId group,
                          const std::map<JoinQuestionId, std::string>& answers) {
  JoinQuestionsResult result;
  int64_t score = 0;
  for (const GroupJoinQuestion& question : questions) {
    if (question.group_id != group) continue;
    const auto given = answers.find(question.id);
    if (given == answers.end()) continue;
    if (std::ranges::find(question.answers, given->second) == question.answers.end()) continue;
    result.question_ids.push_back(question.id);
    score += question.score;
  }
  result.score = static_cast<int32_t>(std::min<int64_t>(score, INT32_MAX));
  return result;
}

}  // namespace

std::optional<Failure> check_join_question(const Settings::Group& limits,
                                           const JoinQuestionChange& parts) {
  const auto wrong = [](std::string reason) {
    return Failure{Code::kIllegalArgument, std::move(reason)};
  };
  if (parts.question) {
    if (parts.question->empty()) return wrong("the question is empty");
    if (too_long(*parts.question, limits.max_question_size)) {
      return wrong("the question is too long");
    }
  }
  if (parts.answers) {
    if (parts.answers->empty()) return wrong("a question has an answer");
    if (parts.answers->size() > limits.max_answers) {
      return wrong("the question has too many answers");
    }
    for (const std::string& answer : *parts.answers) {
      if (too_long(answer, limits.max_answer_size)) return wrong("the answer is too long");
    }
  }
  if (parts.score && *parts.score < 0) return wrong("the score must not be negative");
  return std::nullopt;
}

Task<Outcome<Reply<std::vector<JoinQuestionId>>>> JoinQuestions::create(
    Caller caller, CreateGroupJoinQuestions command) {
  const Settings::Group& limits = context_.settings.group;
  std::vector<GroupJoinQuestion> questions;
  const WallTime now = context_.now();
  Reply<std::vector<JoinQuestionId>> reply;
  for (NewJoinQuestion& one : command.questions) {
    one.answers = distinct(std::move(one.answers));
    if (auto failure = check_join_question(limits, {one.question, one.answers, one.score})) {
      co_return std::unexpected(std::move(*failure));
    }
    GroupJoinQuestion question;
    question.id = context_.next_id<JoinQuestionId>(now);
    question.group_id = command.group_id;
    question.question = std::move(one.question);
    question.answers = std::move(one.answers);
    question.score = one.score;
    reply.data.push_back(question.id);
    questions.push_back(std::move(question));
  }
  if (questions.empty()) co_return reply;
  auto group = co_await context_.groups.get(command.group_id);
  if (!group) co_return refuse(group.error());
  auto permit = Rights::create_join_questions(group->get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto created = co_await context_.store.join_questions.create(*permit, std::move(questions), now);
  if (!created) co_return refuse(created.error());
  using Created = JoinQuestionRepository::Created;
  if (*created == Created::kGroupGone) co_return refuse(Code::kCreateQuestionInInactiveGroup);
  if (*created == Created::kFull) {
    co_return refuse(Code::kIllegalArgument, "the group has too many questions");
  }
  co_return reply;
}

Task<Outcome<Reply<>>> JoinQuestions::remove(Caller caller, DeleteGroupJoinQuestions command) {
  sort_unique(command.question_ids);
  if (command.question_ids.empty()) co_return Reply<>{};
  auto group = co_await context_.groups.get(command.group_id);
  if (!group) co_return refuse(group.error());
  auto permit =
      Rights::change_join_questions(group->get(), caller.user_id, Code::kDeleteQuestionNotManager);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto removed = co_await context_.store.join_questions.remove(
      *permit, std::move(command.question_ids), context_.now());
  if (!removed) co_return refuse(removed.error());
  co_return Reply<>{};
}

Task<Outcome<Reply<>>> JoinQuestions::update(Caller caller, UpdateGroupJoinQuestion command) {
  const Settings::Group& limits = context_.settings.group;
  JoinQuestionChange change;
  change.question = std::move(command.question);
  if (!command.answers.empty()) change.answers = distinct(std::move(command.answers));
  change.score = command.score;
  if (auto failure = check_join_question(limits, change)) {
    co_return std::unexpected(std::move(*failure));
  }
  if (!change.question && !change.answers && !change.score) co_return Reply<>{};

  std::vector<JoinQuestionId> ids;
  ids.push_back(command.question_id);
  auto found = co_await context_.store.join_questions.find(std::move(ids));
  if (!found) co_return refuse(found.error());
  GroupPtr group;
  if (!found->empty()) {
    auto loaded = co_await context_.groups.get(found->front().group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = *loaded;
  }
  // Whether there is such a question is told only to those who may change it.
  auto permit =
      Rights::change_join_questions(group.get(), caller.user_id, Code::kUpdateQuestionNotManager);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto updated = co_await context_.store.join_questions.update(*permit, command.question_id,
                                                               std::move(change), context_.now());
  if (!updated) co_return refuse(updated.error());
  if (!*updated) co_return refuse(Code::kUpdateQuestionNotManager);
  co_return Reply<>{};
}

Task<Outcome<GroupJoinQuestionList>> JoinQuestions::query(Caller caller,
                                                          QueryGroupJoinQuestions query) {
  auto group = co_await context_.groups.get(query.group_id);
  if (!group) co_return refuse(group.error());
  if (query.with_answers) {
    auto allowed = Rights::query_join_answers(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }
  auto found =
      co_await context_.store.versions.find(VersionOf::kGroupJoinQuestions, query.group_id.value);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto questions = co_await context_.store.join_questions.of_group(query.group_id);
  if (!questions) co_return refuse(questions.error());
  if (questions->empty()) co_return refuse(Code::kNoContent);
  if (!query.with_answers) {
    for (GroupJoinQuestion& question : *questions) question.answers.clear();
  }
  co_return GroupJoinQuestionList{std::move(*questions), *version};
}

Task<Outcome<Reply<JoinQuestionsResult>>> JoinQuestions::answer(
    Caller caller, std::map<JoinQuestionId, std::string> answers) {
  if (answers.empty()) co_return refuse(Code::kIllegalArgument, "there must be an answer");
  std::vector<JoinQuestionId> ids;
  for (const auto& [id, text] : answers) {
    if (too_long(text, context_.settings.group.max_answer_size)) {
      co_return refuse(Code::kIllegalArgument, "the answer is too long");
    }
    ids.push_back(id);
  }
  auto questions = co_await context_.store.join_questions.find(std::move(ids));
  if (!questions) co_return refuse(questions.error());
  if (questions->empty()) co_return refuse(Code::kNoContent);
  const GroupId group_id = questions->front().group_id;
  auto loaded = co_await context_.groups.get(group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = Rights::join_by_answers(group.get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));

  Reply<JoinQuestionsResult> reply;
  reply.data = judge(*questions, group_id, answers);
  if (reply.data.score < group->group.min_score) co_return reply;
  const WallTime now = context_.now();
  std::vector<GroupMember> members;
  members.push_back(new_member(group_id, caller.user_id, now));
  auto added = co_await context_.store.groups.add_members(*permit, std::move(members),
                                                          group->type.size_limit, now);
  GroupChanged done{.group_id = group_id};
  reply.data.joined = added && *added == GroupRepository::Added::kDone;
  if (reply.data.joined) done.joined.push_back(caller.user_id);
  context_.publish(done);
  if (!added) co_return refuse(added.error());
  if (const Code code = code_of(*added); code != Code::kOk) co_return refuse(code);
  auto after = co_await context_.groups.get(group_id);
  if (after && *after) {
    reply.effects.pushes.push_back(
        member_added(context_.settings, **after, caller.user_id, caller.user_id));
  }
  co_return reply;
}

}  // namespace turms::im
