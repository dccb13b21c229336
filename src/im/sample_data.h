#pragma once

#include "im/domain_fwd.h"
#include "im/types.h"

namespace turms::im {

/// What upstream fills an empty deployment with for development (`turms.service.fake.*`), and its
/// client suites expect to find: users 1 to `users` with password 123; group 1, owned by user 1,
/// with the first tenth of them, a question, pending invitations to the ninth tenth and requests of
/// the eighth, and the last tenth blocked; messages among users 1 to 10 and in the group; user 1 as
/// friend of the first tenth, and asking the second tenth. Group type 1 lets anybody invite and
/// join.
class SampleData {
 public:
  static constexpr int kMinUsers = 10;
  static constexpr int kMaxUsers = 100'000;

  explicit SampleData(Context& context) : context_(context) {}

  /// False, and nothing is written, when there is any user. An error leaves what was written so
  /// far.
  Task<Result<bool>> write(int users);

 private:
  Task<Result<None>> write_users(int users);
  Task<Result<None>> write_group(int users);
  Task<Result<None>> write_messages();
  Task<Result<None>> write_relationships(int users);

  Context& context_;
  WallTime now_{};
};

}  // namespace turms::im
