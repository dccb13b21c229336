#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(check_group_join_questions_answers) {
  const auto& in = request.check_group_join_questions_answers_request();
  std::map<JoinQuestionId, std::string> answers;
  for (const auto& [id, text] : in.question_id_to_answer()) {
    answers.emplace(JoinQuestionId(id), text);
  }

  auto outcome = co_await environment.domain.join_questions.answer(caller, std::move(answers));
  if (!outcome) co_return refused(std::move(outcome.error()));
  Answer answer;
  answer.effects = std::move(outcome->effects);
  auto& out = *answer.data.mutable_group_join_question_answer_result();
  out.set_score(outcome->data.score);
  for (const JoinQuestionId id : outcome->data.question_ids) out.add_question_ids(id.value);
  out.set_joined(outcome->data.joined);
  co_return answer;
}

TURMS_HANDLER(create_group_join_questions) {
  const auto& in = request.create_group_join_questions_request();
  im::CreateGroupJoinQuestions command;
  command.group_id = GroupId(in.group_id());
  for (const model::GroupJoinQuestion& question : in.questions()) {
    command.questions.push_back({question.question(),
                                 {question.answers().begin(), question.answers().end()},
                                 question.score()});
  }

  auto outcome = co_await environment.domain.join_questions.create(caller, std::move(command));
  if (!outcome) co_return refused(std::move(outcome.error()));
  Answer answer;
  answer.effects = std::move(outcome->effects);
  auto& out = *answer.data.mutable_longs_with_version();
  for (const JoinQuestionId id : outcome->data) out.add_longs(id.value);
  co_return answer;
}

TURMS_HANDLER(delete_group_join_questions) {
  const auto& in = request.delete_group_join_questions_request();
  im::DeleteGroupJoinQuestions command;
  command.group_id = GroupId(in.group_id());
  command.question_ids = ids_from<JoinQuestionId>(in.question_ids());
  co_return done(co_await environment.domain.join_questions.remove(caller, std::move(command)));
}

TURMS_HANDLER(query_group_join_questions) {
  const auto& in = request.query_group_join_questions_request();
  im::QueryGroupJoinQuestions query;
  query.group_id = GroupId(in.group_id());
  query.with_answers = in.with_answers();
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.join_questions.query(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_group_join_questions_with_version();
  for (const im::GroupJoinQuestion& one : found->questions) {
    fill(*out.add_group_join_questions(), one);
  }
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(update_group_join_question) {
  const auto& in = request.update_group_join_question_request();
  im::UpdateGroupJoinQuestion command;
  command.question_id = JoinQuestionId(in.question_id());
  command.question = TURMS_OPTIONAL(in, question, std::string);
  command.answers.assign(in.answers().begin(), in.answers().end());
  command.score = TURMS_OPTIONAL(in, score, int32_t);
  co_return done(co_await environment.domain.join_questions.update(caller, std::move(command)));
}

}  // namespace turms::gateway::handlers
