#include <algorithm>
#include <utility>

#include "rtc/ice/agent.h"

namespace turms::rtc::ice {

ClientAgent::ClientAgent(const IceCredentials& local, Duration consent_timeout, bool controlling,
                         bool aggressive, Rng& rng)
    : Agent(local, consent_timeout, rng),
      tie_breaker_(rng.next()),
      controlling_(controlling),
      aggressive_(aggressive) {}

void ClientAgent::set_remote(TimePoint now, const IceCredentials& remote) {
  if (remote_ && remote_->ufrag == remote.ufrag && remote_->password == remote.password) return;
  remote_ = remote;
  nominated_.reset();
  nominate_at_ = kNever;
  for (Pair& pair : pairs_) {
    pair.succeeded = false;
    pair.remote_nominated = false;
    schedule(now, pair);
  }
}

void ClientAgent::add_pair(TimePoint now, const Path& path, uint32_t priority) {
  if (find(path) != nullptr || pairs_.size() == kMaxPaths) return;
  Pair& pair = pairs_.emplace_back();
  pair.path = path;
  pair.priority = priority;
  if (remote_) schedule(now, pair);
}

void ClientAgent::clear_pairs() {
  pairs_.clear();
  nominated_.reset();
  nominate_at_ = kNever;
  next_start_ = {};
}

/// A first check, in its turn (RFC 8445 section 6.1.4.2).
void ClientAgent::schedule(TimePoint now, Pair& pair) {
  pair.outstanding = false;
  pair.next_send = std::max(now, next_start_);
  next_start_ = pair.next_send + kPacing;
}

ClientAgent::Pair* ClientAgent::find(const Path& path) {
  const auto it = std::ranges::find_if(pairs_, [&](const Pair& p) { return p.path == path; });
  return it == pairs_.end() ? nullptr : &*it;
}

bool ClientAgent::is_better(const Pair& pair) {
  const Pair* current = nominated_ ? find(*nominated_) : nullptr;
  return current == nullptr || pair.priority > current->priority;
}

void ClientAgent::check(TimePoint now, Pair& pair) {
  if (!pair.outstanding) {
    pair.outstanding = true;
    pair.retransmission = kFirstRetransmission;
    pair.controlling = controlling_;
    pair.nominating = controlling_ && (pair.nominating || nominated_ == pair.path ||
                                       (aggressive_ && !pair.succeeded && is_better(pair)));
    rng_.fill(pair.transaction);
  } else {
    pair.retransmission = std::min<Duration>(pair.retransmission * 2, kMaxRetransmission);
  }
  std::array<uint8_t, stun::kMaxBuiltSize> buffer;
  stun::Builder builder(buffer, stun::Class::kRequest, pair.transaction);
  builder.username(remote_->ufrag, local_.ufrag).priority(pair.priority);
  if (pair.controlling) {
    builder.ice_controlling(tie_breaker_);
  } else {
    builder.ice_controlled(tie_breaker_);
  }
  if (pair.nominating) builder.use_candidate();
  send(pair.path, builder.finish(remote_->password));
  pair.next_send = now + pair.retransmission;
}

bool ClientAgent::settle_role(const stun::Message& request) {
  const auto rival = controlling_ ? request.ice_controlling() : request.ice_controlled();
  if (!rival) return true;
  const bool we_control = tie_breaker_ >= *rival;
  if (we_control == controlling_) return false;
  controlling_ = we_control;
  return true;
}

Outcome ClientAgent::receive(TimePoint now, const Path& path, const stun::Message& message) {
  if (message.method() != stun::kBindingMethod) return Outcome::kUnexpected;
  if (message.message_class() == stun::Class::kIndication) return Outcome::kAccepted;  // keepalive
  if (message.message_class() == stun::Class::kRequest) {
    return receive_request(now, path, message);
  }
  // The response comes from where the request went (RFC 8445 section 7.2.5.2.1).
  Pair* pair = find(path);
  if (pair == nullptr || !pair->outstanding || pair->transaction != message.transaction_id()) {
    return Outcome::kUnexpected;
  }
  const bool is_error = message.message_class() == stun::Class::kError;
  // Errors about the credentials cannot be signed with them (RFC 8489 section 9.1.3).
  if ((!is_error || message.has_integrity()) && !message.verify_integrity(remote_->password)) {
    return Outcome::kUnauthenticated;
  }
  if (!is_error) {
    on_success(now, *pair);
  } else if (message.error_code() == static_cast<uint16_t>(stun::ErrorCode::kRoleConflict)) {
    if (pair->controlling == controlling_) controlling_ = !controlling_;
    pair->outstanding = false;
    check(now, *pair);
  }
  // Other errors: it was too early, or the credentials are being replaced. Retransmissions go on.
  return Outcome::kAccepted;
}

Outcome ClientAgent::receive_request(TimePoint now, const Path& path,
                                     const stun::Message& request) {
  Outcome outcome{};
  if (!answer(path, request, outcome) || controlling_ || !request.use_candidate()) return outcome;
  Pair* pair = find(path);
  if (pair == nullptr) return outcome;
  if (pair->succeeded) {
    take_nominated(*pair);
  } else {
    pair->remote_nominated = true;
    if (remote_ && !pair->outstanding) check(now, *pair);  // a triggered check
  }
  return outcome;
}

void ClientAgent::take_nominated(const Pair& pair) {
  nominated_ = pair.path;
  select(pair.path);
}

void ClientAgent::on_success(TimePoint now, Pair& pair) {
  // Jittered, so that many clients that started together do not stay in step (RFC 7675
  // section 5.1).
  const auto interval = static_cast<double>(kConsentInterval.count()) * (0.8 + 0.4 * rng_.unit());
  pair.outstanding = false;
  pair.next_send = now + Duration(static_cast<int64_t>(interval));
  const bool was_stale = is_selected_stale(now);
  touch(now, pair.path);
  const bool was_nominating = std::exchange(pair.nominating, false);
  const bool is_first = !std::exchange(pair.succeeded, true);

  if (!controlling_) {
    if (std::exchange(pair.remote_nominated, false)) take_nominated(pair);
  } else if (was_nominating) {
    // Aggressive nomination settles on the best that works (RFC 5245 section 8.1.1.2).
    if (!aggressive_ || is_better(pair) || was_stale) take_nominated(pair);
  } else if (is_first && !nominated_ && nominate_at_ == kNever) {
    const bool better_may_come = std::ranges::any_of(
        pairs_, [&](const Pair& p) { return !p.succeeded && p.priority > pair.priority; });
    if (better_may_come) {
      nominate_at_ = now + kNominationDelay;
    } else {
      nominate(now);
    }
  }
}

/// The best pair that is heard and not the nominated one, which is looked for at the start or
/// because that one fell silent.
ClientAgent::Pair* ClientAgent::find_substitute() {
  Pair* found = nullptr;
  for (Pair& pair : pairs_) {
    if (!pair.succeeded || nominated_ == pair.path || !is_verified(pair.path)) continue;
    if (found == nullptr || pair.priority > found->priority) found = &pair;
  }
  return found;
}

void ClientAgent::nominate(TimePoint now) {
  nominate_at_ = kNever;
  Pair* pair = find_substitute();
  if (!controlling_ || pair == nullptr || pair->nominating) return;
  pair->outstanding = false;
  pair->nominating = true;
  check(now, *pair);
}

TimePoint ClientAgent::next_timeout() const {
  TimePoint next = std::min(Agent::next_timeout(), nominate_at_);
  if (remote_) {
    for (const Pair& pair : pairs_) next = std::min(next, pair.next_send);
  }
  return next;
}

void ClientAgent::handle_timeout(TimePoint now) {
  if (nominate_at_ <= now) nominate(now);
  for (Pair& pair : pairs_) {
    if (!remote_ || pair.next_send > now) continue;
    // Silence on the nominated pair shows when its checks are due.
    if (pair.outstanding && nominated_ == pair.path && is_selected_stale(now)) nominate(now);
    check(now, pair);
  }
  Agent::handle_timeout(now);
}

}  // namespace turms::rtc::ice
