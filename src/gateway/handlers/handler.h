#pragma once

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

struct RequestKind {
  int32_t number = 0;  // of its field in TurmsRequest
  Handler handler = nullptr;
  /// It may begin while earlier ones of its connection are not answered, as long as they have
  /// passed their turn: for what only adds behind all that is there.
  bool overlaps = false;
};

/// Null when it is not implemented.
const RequestKind* find_kind(int32_t number);

/// What a kind without a handler is answered with.
Answer not_implemented(int32_t kind);

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
