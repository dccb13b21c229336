#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "rtc/parameters.h"
#include "rtc/stun/message.h"
#include "rtc/transport_address.h"

/// Interactive Connectivity Establishment (RFC 8445) without gathering: paths are told, or learned
/// from checks that come in.
namespace turms::rtc::ice {

struct Datagram {
  Path path;
  Bytes bytes;
};

struct Event {
  enum class Kind : uint8_t {
    kPathAdded,       // verified by a check
    kPathRemoved,     // silent for too long, or made room for another
    kPathSelected,    // send to `path` from now on
    kConsentExpired,  // no path is left
  };
  Kind kind{};
  Path path;
};

enum class Outcome : uint8_t { kAccepted, kUnauthenticated, kUnexpected };

/// What both agents share: local credentials (two generations around a restart), verified paths,
/// and the answer to a binding request. Owned by a peer, lives on its thread. Take outgoing and
/// events after each call.
///
/// Bound: kMaxPaths verified paths; the one longest without a check, but not the selected one,
/// makes room for another.
class Agent {
 public:
  static constexpr size_t kMaxPaths = 8;
  /// A selected path silent for this long gives way to one that is heard, nominated or not: two
  /// checks of the remote side were missed (RFC 7675 section 5.1 has them every 5 seconds at most).
  static constexpr Duration kStale = std::chrono::seconds(6);

  virtual ~Agent() = default;
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  virtual void set_remote(TimePoint now, const IceCredentials& remote) = 0;
  /// Checks with the former credentials count until the first one with these.
  void restart(const IceCredentials& local);
  virtual Outcome receive(TimePoint now, const Path& path, const stun::Message& message) = 0;
  /// Something came by this path that only the remote side can have sent, other than a check.
  virtual void heard(TimePoint /*now*/, const Path& /*path*/) {}
  /// The path is no more: its stream was closed. Another verified one takes its place; without any,
  /// the remote side has the consent timeout to open one.
  void lose(TimePoint now, const Path& path);

  [[nodiscard]] virtual TimePoint next_timeout() const;
  virtual void handle_timeout(TimePoint now);

  [[nodiscard]] const Path* selected() const { return selected_ ? &*selected_ : nullptr; }
  [[nodiscard]] bool is_verified(const Path& path) const;

  [[nodiscard]] std::vector<Datagram> take_outgoing();
  [[nodiscard]] std::vector<Event> take_events();

 protected:
  struct VerifiedPath {
    Path path;
    TimePoint heard;
  };

  Agent(const IceCredentials& local, Duration consent_timeout, Rng& rng);

  /// Authenticates a binding request and answers it. True when it was a good one.
  bool answer(const Path& path, const stun::Message& request, Outcome& outcome);
  /// Whether the role that a request claims fits ours, after resolving a conflict (RFC 8445 section
  /// 7.3.1.1). False: refused with 487, so that the remote side changes its role.
  virtual bool settle_role(const stun::Message& request) = 0;
  void touch(TimePoint now, const Path& path);
  void select(const Path& path);
  [[nodiscard]] bool is_selected_stale(TimePoint now) const;
  void send(const Path& path, ByteView message);

  IceCredentials local_;
  std::optional<IceCredentials> former_local_;
  Duration consent_timeout_;
  Rng& rng_;
  std::vector<VerifiedPath> paths_;
  std::optional<Path> selected_;
  TimePoint lost_ = kNever;  // when the last path was, until there is one again

 private:
  VerifiedPath* find(const Path& path);
  void remove(size_t index);

  std::vector<Datagram> outgoing_;
  std::vector<Event> events_;
};

/// The server: ICE-lite and controlled. It has one public address, sends no checks, learns every
/// remote address from the checks that come in, and takes the consent to send from them too (RFC
/// 8445 section 2.5; RFC 7675 section 5.1 for what replaces it here). The last check with
/// USE-CANDIDATE selects the path; before any, the first verified one serves, since clients start
/// DTLS as soon as a check succeeded.
class LiteAgent final : public Agent {
 public:
  LiteAgent(const IceCredentials& local, Duration consent_timeout, Rng& rng)
      : Agent(local, consent_timeout, rng) {}

  /// The remote half of USERNAME authenticates nothing, so it is not looked at.
  void set_remote(TimePoint, const IceCredentials&) override {}
  Outcome receive(TimePoint now, const Path& path, const stun::Message& message) override;
  /// Consent for a verified path: libnice sends no checks once it has selected a pair, only
  /// indications (RFC 8445 section 11), which anyone could forge.
  void heard(TimePoint now, const Path& path) override;

 protected:
  /// A lite agent cannot take over control: whoever claims to be controlled too has to change,
  /// whatever the tie-breakers say.
  bool settle_role(const stun::Message& request) override { return !request.ice_controlled(); }
};

/// The client, of an ICE-lite or a full server. Checks the pairs it is told; while controlling
/// nominates one, keeps all that work warm, and moves when the nominated one falls silent; while
/// controlled takes the one the remote side nominates. It answers checks, and sends none to
/// addresses it learns from them: a server is reached at the candidates it told.
///
/// Bound: kMaxPaths pairs; further ones are ignored.
class ClientAgent final : public Agent {
 public:
  static constexpr Duration kPacing = std::chrono::milliseconds(50);  // Ta
  static constexpr Duration kFirstRetransmission = std::chrono::milliseconds(100);
  static constexpr Duration kMaxRetransmission = std::chrono::seconds(2);
  static constexpr Duration kConsentInterval = std::chrono::milliseconds(2500);
  /// Regular nomination: how long better pairs may still succeed after the first did.
  static constexpr Duration kNominationDelay = std::chrono::milliseconds(100);

  ClientAgent(const IceCredentials& local, Duration consent_timeout, bool controlling,
              bool aggressive, Rng& rng);

  /// Starts checking; with other credentials than before, checks everything again.
  void set_remote(TimePoint now, const IceCredentials& remote) override;
  void add_pair(TimePoint now, const Path& path, uint32_t priority);
  void clear_pairs();
  Outcome receive(TimePoint now, const Path& path, const stun::Message& message) override;
  [[nodiscard]] TimePoint next_timeout() const override;
  void handle_timeout(TimePoint now) override;

 protected:
  bool settle_role(const stun::Message& request) override;

 private:
  struct Pair {
    Path path;
    uint32_t priority = 0;
    bool succeeded = false;    // in this generation
    bool outstanding = false;  // a transaction waits for its response
    bool controlling = false;  // the role it claims
    bool nominating = false;   // it carries USE-CANDIDATE
    bool remote_nominated = false;
    stun::TransactionId transaction{};
    Duration retransmission{};
    TimePoint next_send = kNever;
  };

  void schedule(TimePoint now, Pair& pair);
  void check(TimePoint now, Pair& pair);
  Outcome receive_request(TimePoint now, const Path& path, const stun::Message& request);
  void on_success(TimePoint now, Pair& pair);
  void nominate(TimePoint now);
  void take_nominated(const Pair& pair);
  Pair* find(const Path& path);
  bool is_better(const Pair& pair);
  Pair* find_substitute();

  std::optional<IceCredentials> remote_;
  std::vector<Pair> pairs_;
  std::optional<Path> nominated_;  // of this generation
  TimePoint nominate_at_ = kNever;
  TimePoint next_start_{};
  uint64_t tie_breaker_;
  bool controlling_;
  bool aggressive_;
};

}  // namespace turms::rtc::ice
