#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Absent: unchanged.
struct JoinQuestionChange {
  std::optional<std::string> question;
  std::optional<std::vector<std::string>> answers;
  std::optional<int32_t> score;
};

class JoinQuestionRepository {
 public:
  /// Of one group; more are kFull.
  static constexpr int64_t kMaxQuestions = 1000;

  virtual ~JoinQuestionRepository() = default;
  /// In the order of `ids`; unknown ones are left out. Those of deleted groups too.
  virtual Stored<std::vector<GroupJoinQuestion>> find(std::vector<JoinQuestionId> ids) = 0;
  /// By id, ascending.
  virtual Stored<std::vector<GroupJoinQuestion>> of_group(GroupId id) = 0;
  enum class Created { kDone, kFull, kGroupGone };
  /// All or none.
  virtual Stored<Created> create(Permit<action::ChangeJoinQuestions>,
                                 std::vector<GroupJoinQuestion> questions, WallTime now) = 0;
  /// How many there were in the group.
  virtual Stored<int64_t> remove(Permit<action::ChangeJoinQuestions>,
                                 std::vector<JoinQuestionId> ids, WallTime now) = 0;
  /// False when the group has no such question.
  virtual Stored<bool> update(Permit<action::ChangeJoinQuestions>, JoinQuestionId id,
                              JoinQuestionChange change, WallTime now) = 0;
};

}  // namespace turms::im
