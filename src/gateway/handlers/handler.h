#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/task.h"
#include "gateway/environment.h"
#include "gateway/proto.h"
#include "im/delivery.h"
#include "im/status.h"
#include "turms/notification.pb.h"

namespace turms::gateway {

/// What a request is answered with, and who else is told.
struct Answer {
  im::Code code = im::Code::kOk;
  std::string reason;
  proto::TurmsNotification_Data data;
  im::Effects effects;
  /// A serialised notification to be merged into the response, for sessions with extensions.
  std::string addition;
};

/// A request's turn among those of its connection.
class Turn {
 public:
  /// Whatever begins after the request's task has next suspended takes effect behind it: a request
  /// whose kind overlaps may begin before this one is answered. Without a pass it waits.
  virtual void pass() = 0;

 protected:
  ~Turn() = default;
};

/// Translates one kind of request into an operation of the domain and its result back. It checks no
/// rights: the domain does, and offers no way around. All references outlive the task.
using Handler = Task<Answer> (*)(Environment& environment, const im::Caller& caller,
                                 const proto::TurmsRequest& request, Turn& turn);

/// What a request of a kind costs its connection.
enum class RateClass : uint8_t {
  /// A token of the connection's bucket, where a limit is configured.
  kRequest,
  /// Nothing of the bucket: failed attempts are throttled for each user and address.
  kSignIn,
  kNone,
};

/// A line of the table of all requests, which docs/protocol.md is made from.
struct RequestKind {
  int32_t number = 0;  // of its field in TurmsRequest
  /// Null: the connection does it itself.
  Handler handler = nullptr;
  /// It may begin while earlier ones of its connection are not answered, as long as they have
  /// passed their turn: for what only adds behind all that is there.
  bool overlaps = false;
  RateClass rate = RateClass::kRequest;
  /// Who may, in words; the rules are im::Rights.
  const char* rights = "";
  /// Who else hears of it by default, in words; empty: nobody.
  const char* told = "";
};

/// All of them, by number.
std::span<const RequestKind> request_kinds();
/// Null when the protocol has no such kind.
const RequestKind* find_kind(int32_t number);

/// A refusal, or kNoContent and kAlreadyUpToDate.
inline Answer refused(im::Failure failure) {
  Answer answer;
  answer.code = failure.code;
  answer.reason = std::move(failure.reason);
  return answer;
}

/// For operations whose answer is only that they are done.
inline Answer done(im::Outcome<im::Reply<>> outcome) {
  if (!outcome) return refused(std::move(outcome.error()));
  Answer answer;
  answer.effects = std::move(outcome->effects);
  return answer;
}

/// For operations that make something with an id.
template <class Id>
Answer created(im::Outcome<im::Reply<Id>> outcome) {
  if (!outcome) return refused(std::move(outcome.error()));
  Answer answer;
  answer.effects = std::move(outcome->effects);
  answer.data.set_long_(outcome->data.value);
  return answer;
}

}  // namespace turms::gateway
