#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/cancellation.h"
#include "base/task.h"
#include "gateway/access_log.h"
#include "gateway/authentication/permissions.h"
#include "gateway/broadcast.h"
#include "gateway/guard.h"
#include "gateway/proto.h"
#include "gateway/session.h"
#include "gateway/token_bucket.h"
#include "gateway/transport.h"
#include "im/status.h"
#include "im/users.h"
#include "net/loop.h"

namespace turms::gateway {

struct Answer;
struct Environment;
struct RequestKind;

/// One client's connection: its requests, one after the other, and its session. Kept alive by its
/// transport until that has closed, and by a request under way. Lives on the control thread.
///
/// Requests take effect and are answered in the order they came: each is answered before the next
/// begins, but for kinds that may overlap (RequestKind), so that a client's messages share commits.
/// Those that had arrived when the client left still take effect; those behind an end that the
/// server or delete_session made do not. Bounds: kMaxUnderWay have begun, kMaxPendingRequests and
/// kMaxPendingBytes wait, then the socket is not read; what the client does not take is bounded by
/// the transport, and its overflow ends the session.
class Connection final : public TransportListener, public std::enable_shared_from_this<Connection> {
 public:
  static constexpr size_t kMaxUnderWay = 64;
  static constexpr size_t kMaxPendingRequests = 128;
  static constexpr size_t kMaxPendingBytes = 64 * 1024;
  /// The last of them ends the connection.
  static constexpr int kMaxFailedSignIns = 8;

  Connection(std::shared_ptr<Environment> environment, std::unique_ptr<Transport> transport);
  ~Connection() override;

  void start();
  /// The environment's configuration has changed.
  void configured();

  /// Null before signing in and after the end.
  [[nodiscard]] const Session* session() const { return session_ ? &*session_ : nullptr; }

  /// False: the client is too slow, and must be closed with close_slow() once the caller's
  /// iteration is over.
  [[nodiscard]] bool push(Broadcast& broadcast);
  void close_slow();

  [[nodiscard]] const net::Address& remote() const { return transport_->remote(); }
  /// Closes without a word: its address is blocked.
  void drop();
  /// Tells the client why, and closes. Harmless when it is closed.
  void close(CloseStatus status, std::optional<int32_t> code = {}, std::string_view reason = {});
  void close(int32_t status, std::optional<int32_t> code, std::string_view reason);

  /// Set by the registry: a push that names a user twice reaches the session once.
  uint64_t last_envelope = 0;

  void on_message(ByteView message) override;
  void on_frame_error(FrameStatus status) override;
  void on_closed() override;

 private:
  struct UnderWay;
  struct OwnAnswer;

  static Task<void> run(std::shared_ptr<Connection> self, Bytes message);
  Task<void> handle(ByteView message);
  Task<void> handle_sign_in(const proto::TurmsRequest& request, uint64_t trace_id);
  Task<void> handle_sign_out();
  void refuse_sign_in(int64_t request_id, const im::Failure& failure);
  void open_session(int64_t request_id, Session session, const im::SignedIn& signed_in);
  Task<void> handle_request(const RequestKind& kind, const Access& access,
                            proto::TurmsRequest& request);
  static Task<void> finish(std::shared_ptr<Connection> self, const RequestKind& kind,
                           std::shared_ptr<UnderWay> request);
  /// Hooks first, then the kind's handler.
  static Task<Answer> answer_to(Connection& self, const RequestKind& kind, UnderWay& request);
  void respond(UnderWay& request);
  /// Who asks, also when they have left meanwhile.
  [[nodiscard]] std::optional<im::Caller> caller() const;
  void record(const Access& access, int32_t code);
  /// Suspends run() until `done`; wake() looks again.
  Task<void> wait_until(std::function<bool()> done);
  void wake();
  Task<void> all_answered();
  void update_busy();

  void answer_heartbeat();
  void answer(int64_t request_id, int32_t code, std::string_view reason = {});
  void send(const proto::TurmsNotification& notification);
  void update_reading();
  /// The client did something that no client does.
  void note(Misdeed misdeed);
  void watch_activity();
  void leave();
  /// A password whose client is gone need not be checked any more.
  void abandon();

  std::shared_ptr<Environment> environment_;
  std::unique_ptr<Transport> transport_;
  std::optional<Session> session_;
  /// Who the client was that left with requests still waiting.
  std::optional<im::Caller> departed_;
  /// Begun and not answered, in order.
  std::deque<std::shared_ptr<UnderWay>> under_way_;
  std::list<Bytes> pending_;
  size_t pending_bytes_ = 0;
  net::Timer timer_;
  TimePoint last_activity_;
  /// What its session may ask for, also of what waits when it has ended.
  Permissions permissions_;
  /// What signs this client in again; nothing when it has none.
  std::optional<im::TokenHash> token_;
  TokenBucket requests_;
  int failed_sign_ins_ = 0;
  /// Of a sign-in under way.
  std::shared_ptr<Cancellation> sign_in_;
  /// The code with which the connection itself answered the request that it is at.
  std::optional<int32_t> answered_;
  /// Of what was sent last.
  size_t sent_bytes_ = 0;
  /// Since it last let others have a turn.
  int handled_ = 0;
  bool running_ = false;
  /// run() is suspended in wait_until().
  std::function<void(bool)> resume_;
  bool counted_busy_ = false;
  /// By either side: nothing is sent any more.
  bool closed_ = false;
};

/// From now on the connections of an address end when it is blocked.
void drop_who_is_blocked(const std::shared_ptr<Environment>& environment);

}  // namespace turms::gateway
