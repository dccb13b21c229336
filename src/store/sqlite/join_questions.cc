#include "base/check.h"
#include "store/sqlite/enrollment.h"
#include "store/sqlite/group_rows.h"
#include "store/sqlite/json.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

/// A question's columns; its answers come from a statement of their own.
im::GroupJoinQuestion read_question(Statement& row) {
  im::GroupJoinQuestion question;
  question.id = row.id<JoinQuestionId>();
  question.group_id = row.id<GroupId>();
  question.question = row.text();
  question.score = static_cast<int32_t>(row.integer());
  return question;
}

void read_answers(Connection& connection, im::GroupJoinQuestion& question) {
  Statement select = connection.prepare(
      "select answer.value from group_join_question, json_each(group_join_question.answers) "
      "as answer where group_join_question.id = ? order by answer.key");
  select.bind(question.id);
  while (select.step()) question.answers.push_back(select.text());
}

}  // namespace

im::Stored<std::vector<im::GroupJoinQuestion>> JoinQuestions::find(
    std::vector<JoinQuestionId> ids) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupJoinQuestion>> {
        std::vector<im::GroupJoinQuestion> questions;
        Statement select = connection.prepare(
            "select id, group_id, question, score from group_join_question where id = ?");
        for (const JoinQuestionId id : ids) {
          if (select.bind(id).step()) {
            questions.push_back(read_question(select));
            read_answers(connection, questions.back());
          }
          select.reset();
        }
        return questions;
      });
}

im::Stored<std::vector<im::GroupJoinQuestion>> JoinQuestions::of_group(GroupId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupJoinQuestion>> {
        std::vector<im::GroupJoinQuestion> questions;
        Statement select = connection.prepare(
            "select id, group_id, question, score from group_join_question "
            "where group_id = ? order by id");
        select.bind(id);
        while (select.step()) {
          questions.push_back(read_question(select));
          read_answers(connection, questions.back());
        }
        return questions;
      });
}

im::Stored<im::JoinQuestionRepository::Created> JoinQuestions::create(
    im::Permit<im::action::ChangeJoinQuestions> permit,
    std::vector<im::GroupJoinQuestion> questions, WallTime now) {
  const GroupId group = permit->group;
  for (const im::GroupJoinQuestion& question : questions) TURMS_CHECK(question.group_id == group);
  co_return co_await writer_.run([&](Connection& connection) -> Result<Created> {
    if (!is_group_active(connection, group)) return Created::kGroupGone;
    int64_t count = static_cast<int64_t>(questions.size());
    {
      Statement select =
          connection.prepare("select count(*) from group_join_question where group_id = ?");
      if (select.bind(group).step()) count += select.integer();
    }
    if (count > kMaxQuestions) return Created::kFull;
    for (const im::GroupJoinQuestion& question : questions) {
      const std::string answers = json_of(question.answers);
      Statement insert = connection.prepare(
          "insert into group_join_question (id, group_id, question, answers, score) "
          "values (?, ?, ?, ?, ?)");
      insert.bind(question.id, question.group_id, question.question, answers, question.score).run();
    }
    touch(connection, im::VersionOf::kGroupJoinQuestions, group.value, now);
    return Created::kDone;
  });
}

im::Stored<int64_t> JoinQuestions::remove(im::Permit<im::action::ChangeJoinQuestions> permit,
                                          std::vector<JoinQuestionId> ids, WallTime now) {
  const GroupId group = permit->group;
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t removed = 0;
    for (const JoinQuestionId id : ids) {
      Statement remove =
          connection.prepare("delete from group_join_question where id = ? and group_id = ?");
      removed += remove.bind(id, group).run();
    }
    if (removed > 0) touch(connection, im::VersionOf::kGroupJoinQuestions, group.value, now);
    return removed;
  });
}

im::Stored<bool> JoinQuestions::update(im::Permit<im::action::ChangeJoinQuestions> permit,
                                       JoinQuestionId id, im::JoinQuestionChange change,
                                       WallTime now) {
  const GroupId group = permit->group;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    std::optional<std::string> answers;
    if (change.answers) answers = json_of(*change.answers);
    {
      Statement update = connection.prepare(
          "update group_join_question set question = coalesce(?, question), "
          "answers = coalesce(?, answers), score = coalesce(?, score) "
          "where id = ? and group_id = ?");
      if (update.bind(change.question, answers, change.score, id, group).run() == 0) return false;
    }
    touch(connection, im::VersionOf::kGroupJoinQuestions, group.value, now);
    return true;
  });
}

}  // namespace turms::store
