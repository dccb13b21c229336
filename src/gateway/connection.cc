#include "gateway/connection.h"

#include "base/check.h"
#include "base/log.h"
#include "gateway/environment.h"
#include "gateway/handlers/handler.h"
#include "gateway/metrics.h"
#include "gateway/names.h"
#include "gateway/notification.h"
#include "gateway/plugin_forms.h"
#include "gateway/push_encoder.h"
#include "gateway/request_header.h"
#include "gateway/session_registry.h"
#include "turms/notification.pb.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

/// What answers a request whose own id cannot be told.
constexpr int64_t kUnknownRequestId = -1;
/// What answers a heartbeat that fails.
constexpr int64_t kHeartbeatRequestId = -100;
/// Requests that one connection may have handled without giving others a turn.
constexpr int kRequestsPerTurn = 32;

/// What went wrong inside is not for clients.
bool reason_is_hidden(int32_t code) {
  return code / 100 == 12;
}

Task<void> next_turn(net::Loop& loop) {
  Completion<bool> turn;
  loop.post([resume = turn.setter()] { resume(true); });
  co_await turn;
}

}  // namespace

Connection::Connection(std::shared_ptr<Environment> environment,
                       std::unique_ptr<Transport> transport)
    : environment_(std::move(environment)),
      transport_(std::move(transport)),
      timer_(environment_->loop),
      last_activity_(environment_->loop.now()),
      requests_(environment_->config.rate_limit, last_activity_) {
  environment_->connections.insert(this);
  gateway_metrics().connections.add();
}

Connection::~Connection() {
  leave();
  environment_->connections.erase(this);
  gateway_metrics().connections.add(-1);
}

void Connection::start() {
  timer_.start(environment_->config.establish_timeout, [this] {
    count(Rejection::kSignInTimeout);
    close(CloseStatus::kLoginTimeout);
  });
  transport_->start(shared_from_this());
}

void Connection::configured() {
  const RateLimit& limit = environment_->config.rate_limit;
  if (limit != requests_.limit()) requests_ = TokenBucket(limit, environment_->loop.now());
  if (session_ && !closed_) watch_activity();
}

/// Looks at the clock when the session could be idle, instead of starting a timer per request.
void Connection::watch_activity() {
  const TimePoint due = last_activity_ + environment_->config.idle_timeout;
  const TimePoint now = environment_->loop.now();
  if (due <= now) {
    count(Rejection::kIdleTimeout);
    close(CloseStatus::kHeartbeatTimeout);
    return;
  }
  timer_.start(due - now, [this] { watch_activity(); });
}

// ------------------------------------------------------------------------------------- arriving

void Connection::on_message(ByteView message) {
  if (closed_) return;
  last_activity_ = environment_->loop.now();
  Bytes copy(message.begin(), message.end());
  if (!running_) {
    running_ = true;
    spawn(run(shared_from_this(), std::move(copy)));
    return;
  }
  pending_bytes_ += copy.size();
  pending_.push_back(std::move(copy));
  update_reading();
}

void Connection::update_reading() {
  transport_->set_reading(pending_.size() < kMaxPendingRequests &&
                          pending_bytes_ < kMaxPendingBytes);
}

void Connection::on_frame_error(FrameStatus status) {
  const bool too_large = status == FrameStatus::kTooLarge;
  count(too_large ? Rejection::kFrameTooLarge : Rejection::kFrameLength);
  note(Misdeed::kCorruptedFrame);
  close(CloseStatus::kIllegalRequest, number(im::Code::kInvalidRequest),
        too_large ? fmt::format("A request may have at most {} bytes",
                                environment_->config.max_request_bytes)
                  : std::string("The length of the request is malformed"));
}

void Connection::on_closed() {
  if (closed_) return;
  closed_ = true;
  abandon();
  timer_.cancel();
  if (session_) departed_ = session_->caller;
  leave();
}

void Connection::abandon() {
  if (sign_in_) sign_in_->cancel();
}

/// A request whose handler has begun, until it is answered.
struct Connection::UnderWay final : Turn {
  UnderWay(Connection& connection_in, Access access_in, proto::TurmsRequest& message_in)
      : connection(connection_in),
        access(std::move(access_in)),
        caller(*access.caller),
        message(std::move(message_in)) {}

  void pass() override {
    passed = true;
    // Only in a later turn of the loop has the task suspended.
    if (connection.resume_) {
      connection.environment_->loop.post([self = connection.shared_from_this()] { self->wake(); });
    }
  }

  Connection& connection;
  const Access access;
  /// A copy: the session may end before the request does.
  const im::Caller caller;
  proto::TurmsRequest message;
  Answer answer;
  bool passed = false;
  bool done = false;
};

/// A request that the connection itself answers, as long as it is at it.
struct Connection::OwnAnswer {
  OwnAnswer(Connection& connection_in, int64_t request_id, const RequestKind* kind, size_t bytes)
      : connection(connection_in) {
    access.trace_id = connection.environment_->traces.next();
    access.request_id = request_id;
    if (kind != nullptr) access.kind = kind->number;
    access.bytes = bytes;
    access.date = wall_now();
    access.begun = monotonic_now();
    connection.answered_.reset();
  }
  OwnAnswer(const OwnAnswer&) = delete;
  OwnAnswer& operator=(const OwnAnswer&) = delete;
  ~OwnAnswer() {
    if (!connection.answered_) return;
    if (!access.caller) access.caller = connection.caller();
    connection.record(access, *connection.answered_);
  }

  Connection& connection;
  Access access;
};

std::optional<im::Caller> Connection::caller() const {
  return session_ ? std::optional(session_->caller) : departed_;
}

Task<void> Connection::run(std::shared_ptr<Connection> self, Bytes message) {
  self->update_busy();
  for (;;) {
    if (message.empty()) {
      co_await self->all_answered();
      self->answer_heartbeat();
    } else {
      co_await self->handle(message);
    }
    if (++self->handled_ >= kRequestsPerTurn) {
      self->handled_ = 0;
      co_await next_turn(self->environment_->loop);
    }
    if (self->pending_.empty()) break;
    message = std::move(self->pending_.front());
    self->pending_.pop_front();
    self->pending_bytes_ -= message.size();
    self->update_reading();
  }
  self->running_ = false;
  self->update_busy();
}

void Connection::update_busy() {
  const bool busy = running_ || !under_way_.empty();
  if (busy == counted_busy_) return;
  counted_busy_ = busy;
  busy ? ++environment_->busy_connections : --environment_->busy_connections;
}

Task<void> Connection::wait_until(std::function<bool()> done) {
  while (!done()) {
    Completion<bool> woken;
    resume_ = woken.setter();
    co_await woken;
  }
}

Task<void> Connection::all_answered() {
  return wait_until([this] { return under_way_.empty(); });
}

void Connection::wake() {
  if (const auto resume = std::exchange(resume_, nullptr)) resume(true);
}

void Connection::answer_heartbeat() {
  if (closed_) return;
  if (session_) {
    const net::SendResult sent = transport_->send(ByteView());
    if (sent == net::SendResult::kOverflow) close_slow();
    return;
  }
  count(Rejection::kNoSession);
  answer(kHeartbeatRequestId, number(im::Code::kHeartbeatWithoutSession));
}

Task<void> Connection::handle(ByteView message) {
  using Problem = RequestHeader::Problem;
  const RequestHeader header = read_request_header(message);
  const RequestKind* const kind = find_kind(header.kind);
  OwnAnswer own(*this, header.request_id, kind, message.size());
  if (kind == nullptr || !kind->overlaps) {
    co_await all_answered();
    // The server may have ended the session meanwhile.
    if (closed_ && !departed_) co_return;
  }
  own.access.caller = caller();
  if (own.access.caller) own.access.caller->trace_id = own.access.trace_id;
  const int32_t invalid = number(im::Code::kInvalidRequest);

  const bool hidden_extension =
      header.kind >= kFirstExtensionKind && !(session_ && session_->extensions);
  if (header.problem == Problem::kMalformed) {
    count(Rejection::kMalformedRequest);
    note(Misdeed::kCorruptedRequest);
    answer(kUnknownRequestId, invalid, "The request is malformed");
    co_return;
  }
  if (header.problem == Problem::kUnknownKind || hidden_extension) {
    count(Rejection::kUnknownKind);
    note(Misdeed::kCorruptedRequest);
    answer(kUnknownRequestId, invalid, "The kind of the request is unknown");
    co_return;
  }
  if (header.problem == Problem::kIdNotPositive) {
    count(Rejection::kRequestId);
    note(Misdeed::kCorruptedRequest);
    answer(header.request_id, invalid, "The request ID must be greater than 0");
    co_return;
  }

  proto::TurmsRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    count(Rejection::kMalformedRequest);
    note(Misdeed::kCorruptedRequest);
    answer(header.request_id, invalid, "The request is malformed");
    co_return;
  }
  count_request(header.kind);
  const TimePoint now = environment_->loop.now();
  if (kind->rate == RateClass::kRequest &&
      !(requests_.take(now) && environment_->guard.take(remote(), now))) {
    count(Rejection::kTooFrequent);
    note(Misdeed::kFrequentRequest);
    // In its turn, also when it is of a kind that need not wait.
    co_await all_answered();
    answer(header.request_id, number(im::Code::kTooFrequent));
    co_return;
  }
  switch (header.kind) {
    case proto::TurmsRequest::kCreateSessionRequest:
      co_await handle_sign_in(request, own.access.trace_id);
      break;
    case proto::TurmsRequest::kDeleteSessionRequest:
      co_await handle_sign_out();
      break;
    default:
      if (!session_ && !departed_) {
        count(Rejection::kNoSession);
        answer(header.request_id, number(im::Code::kInternalError));
      } else if (!permissions_.allows(header.kind)) {
        count(Rejection::kNotAllowed);
        answer(header.request_id, number(im::Code::kUnauthorizedRequest));
      } else if (!clean_names(request)) {
        count(Rejection::kInvisibleName);
        answer(header.request_id, number(im::Code::kIllegalArgument), "A name must show something");
      } else {
        co_await handle_request(*kind, own.access, request);
      }
      break;
  }
}

// ------------------------------------------------------------------------------------- requests

Task<void> Connection::handle_request(const RequestKind& kind, const Access& access,
                                      proto::TurmsRequest& message) {
  const auto request = std::make_shared<UnderWay>(*this, access, message);
  under_way_.push_back(request);
  spawn(finish(shared_from_this(), kind, request));
  co_await wait_until([this, &request] {
    return request->done || (request->passed && under_way_.size() < kMaxUnderWay);
  });
}

Task<void> Connection::finish(std::shared_ptr<Connection> self, const RequestKind& kind,
                              std::shared_ptr<UnderWay> request) {
  im::RequestHook* const hook = self->environment_->request_hook;
  if (hook != nullptr && hook->asked_about(kind.number)) {
    request->answer = co_await answer_to(*self, kind, *request);
  } else {
    request->answer =
        co_await kind.handler(*self->environment_, request->caller, request->message, *request);
  }
  request->done = true;
  while (!self->under_way_.empty() && self->under_way_.front()->done) {
    const std::shared_ptr<UnderWay> next = std::move(self->under_way_.front());
    self->under_way_.pop_front();
    self->respond(*next);
  }
  self->update_busy();
  self->wake();
}

Task<Answer> Connection::answer_to(Connection& self, const RequestKind& kind, UnderWay& request) {
  im::RequestDraft draft;
  draft.caller = request.caller;
  draft.ip = self.remote().ip();
  draft.request_id = request.message.request_id();
  draft.kind = kind.number;
  draft.bytes = request.message.SerializeAsString();
  auto screened = co_await self.environment_->request_hook->before_request(std::move(draft));
  if (!screened) co_return refused(std::move(screened.error()));
  if (screened->answer) co_return answer_from(*screened->answer);
  if (screened->request) {
    const int64_t id = request.message.request_id();
    const bool right = request.message.ParseFromString(*screened->request) &&
                       static_cast<int32_t>(request.message.kind_case()) == kind.number;
    request.message.set_request_id(id);
    if (!right) {
      co_return refused(im::Failure{im::Code::kInternalError, "a plugin made what is no request"});
    }
    if (!clean_names(request.message)) {
      co_return refused(im::Failure{im::Code::kIllegalArgument, "A name must show something"});
    }
  }
  co_return co_await kind.handler(*self.environment_, request.caller, request.message, request);
}

void Connection::respond(UnderWay& request) {
  Answer& result = request.answer;
  if (!closed_) {
    proto::TurmsNotification response = notification_now();
    response.set_request_id(request.message.request_id());
    response.set_code(number(result.code));
    if (!result.reason.empty() && !reason_is_hidden(number(result.code))) {
      response.set_reason(std::move(result.reason));
    }
    if (result.data.kind_case() != proto::TurmsNotification_Data::KIND_NOT_SET) {
      response.mutable_data()->Swap(&result.data);
    }
    if (request.caller.extensions && !result.addition.empty()) {
      TURMS_CHECK(response.MergeFromString(result.addition));
    }
    send(response);
  }
  record(request.access, number(result.code));
  // The answer first; and also when nobody is there to take it, for the change has been made.
  if (result.code == im::Code::kOk) {
    environment_->domain.delivery.dispatch(
        request.caller, result.effects, [&](const im::Amendments& amendments) {
          return encode_relay(request.caller.user_id, request.message, amendments);
        });
  }
}

// --------------------------------------------------------------------------------------- leaving

void Connection::answer(int64_t request_id, int32_t code, std::string_view reason) {
  proto::TurmsNotification response = notification_now();
  response.set_request_id(request_id);
  response.set_code(code);
  if (!reason.empty() && !reason_is_hidden(code)) response.set_reason(std::string(reason));
  send(response);
  answered_ = code;
}

void Connection::record(const Access& access, int32_t code) {
  const Duration took = monotonic_now() - access.begun;
  if (access.kind != 0) observe_request(access.kind, took);
  if (!environment_->config.access_log) return;
  log::info("{}", access_line(access, remote(), {code, closed_ ? 0 : sent_bytes_, took}));
}

void Connection::send(const proto::TurmsNotification& notification) {
  if (closed_) return;
  const std::string bytes = notification.SerializeAsString();
  sent_bytes_ = bytes.size();
  if (transport_->send(as_bytes(bytes)) == net::SendResult::kOverflow) close_slow();
}

bool Connection::push(Broadcast& broadcast) {
  return transport_->send(broadcast) != net::SendResult::kOverflow;
}

void Connection::note(Misdeed misdeed) {
  const std::optional<im::Caller> who = caller();
  environment_->guard.note(misdeed, remote(), who ? std::optional(who->user_id) : std::nullopt,
                           environment_->loop.now());
}

void Connection::drop() {
  if (closed_) return;
  count(Rejection::kBlocked);
  closed_ = true;
  abandon();
  pending_.clear();
  timer_.cancel();
  leave();
  transport_->close(ByteView());
}

void Connection::close_slow() {
  if (closed_) return;
  count(Rejection::kSlowReceiver);
  close(CloseStatus::kServerUnavailable, {},
        "Too much is waiting for this client: sign in again and query from the last message you "
        "have");
}

void Connection::close(CloseStatus status, std::optional<int32_t> code, std::string_view reason) {
  close(static_cast<int32_t>(status), code, reason);
}

void Connection::close(int32_t status, std::optional<int32_t> code, std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  abandon();
  pending_.clear();
  timer_.cancel();
  leave();
  proto::TurmsNotification notification = notification_now();
  notification.set_close_status(status);
  if (code) notification.set_code(*code);
  if (!reason.empty()) notification.set_reason(std::string(reason));
  const std::string bytes = notification.SerializeAsString();
  transport_->close(as_bytes(bytes));
}

void Connection::leave() {
  if (!session_) return;
  environment_->domain.locations.forget(session_->caller);
  environment_->registry.sign_out(*this, *session_);
  session_.reset();
}

void drop_who_is_blocked(const std::shared_ptr<Environment>& environment) {
  environment->domain.blocklist.on_blocked_ips(
      [weak = std::weak_ptr(environment)](const std::vector<std::string>&) {
        const auto held = weak.lock();
        if (!held) return;
        // Closing one may free another.
        std::vector<std::shared_ptr<Connection>> blocked;
        for (Connection* connection : held->connections) {
          if (held->guard.lets_in(connection->remote())) continue;
          if (auto shared = connection->weak_from_this().lock()) {
            blocked.push_back(std::move(shared));
          }
        }
        for (const auto& connection : blocked) connection->drop();
      });
}

}  // namespace turms::gateway
