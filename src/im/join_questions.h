#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/join_questions.h"
#include "im/settings.h"
#include "im/status.h"

namespace turms::im {

struct NewJoinQuestion {
  std::string question;
  std::vector<std::string> answers;
  int32_t score = 0;
};

struct CreateGroupJoinQuestions {
  GroupId group_id;
  std::vector<NewJoinQuestion> questions;
};

struct DeleteGroupJoinQuestions {
  GroupId group_id;
  std::vector<JoinQuestionId> question_ids;
};

struct UpdateGroupJoinQuestion {
  JoinQuestionId question_id;
  std::optional<std::string> question;
  /// Empty: unchanged.
  std::vector<std::string> answers;
  std::optional<int32_t> score;
};

struct QueryGroupJoinQuestions {
  GroupId group_id;
  bool with_answers = false;
  std::optional<WallTime> last_updated_date;
};

struct GroupJoinQuestionList {
  /// Without answers, unless they were asked for.
  std::vector<GroupJoinQuestion> questions;
  std::optional<WallTime> last_updated_date;
};

struct JoinQuestionsResult {
  int32_t score = 0;
  /// Those answered right, of the group of the first question.
  std::vector<JoinQuestionId> question_ids;
  bool joined = false;
};

/// Questions of groups whose type lets in who answers them.
/// What is wrong with the parts that are there.
std::optional<Failure> check_join_question(const Settings::Group& limits,
                                           const JoinQuestionChange& parts);

class JoinQuestions {
 public:
  explicit JoinQuestions(Context& context) : context_(context) {}

  /// The new questions' ids, in their order.
  Task<Outcome<Reply<std::vector<JoinQuestionId>>>> create(Caller caller,
                                                           CreateGroupJoinQuestions command);
  Task<Outcome<Reply<>>> remove(Caller caller, DeleteGroupJoinQuestions command);
  Task<Outcome<Reply<>>> update(Caller caller, UpdateGroupJoinQuestion command);
  Task<Outcome<GroupJoinQuestionList>> query(Caller caller, QueryGroupJoinQuestions query);
  /// Whose score reaches the group's minimum becomes a member.
  Task<Outcome<Reply<JoinQuestionsResult>>> answer(Caller caller,
                                                   std::map<JoinQuestionId, std::string> answers);

 private:
  Context& context_;
};

}  // namespace turms::im
