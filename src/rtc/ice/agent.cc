#include "rtc/ice/agent.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace turms::rtc::ice {

Agent::Agent(const IceCredentials& local, Duration consent_timeout, Rng& rng)
    : local_(local), consent_timeout_(consent_timeout), rng_(rng) {}

void Agent::restart(const IceCredentials& local) {
  former_local_ = std::exchange(local_, local);
}

bool Agent::is_verified(const Path& path) const {
  return std::ranges::any_of(paths_, [&](const VerifiedPath& p) { return p.path == path; });
}

Agent::VerifiedPath* Agent::find(const Path& path) {
  const auto it =
      std::ranges::find_if(paths_, [&](const VerifiedPath& p) { return p.path == path; });
  return it == paths_.end() ? nullptr : &*it;
}

void Agent::remove(size_t index) {
  events_.push_back({Event::Kind::kPathRemoved, paths_[index].path});
  paths_.erase(paths_.begin() + static_cast<ptrdiff_t>(index));
}

void Agent::touch(TimePoint now, const Path& path) {
  if (VerifiedPath* known = find(path)) {
    known->heard = now;
    return;
  }
  if (paths_.size() == kMaxPaths) {
    size_t oldest = paths_.size();
    for (size_t i = 0; i < paths_.size(); ++i) {
      if (paths_[i].path == selected_) continue;
      if (oldest == paths_.size() || paths_[i].heard < paths_[oldest].heard) oldest = i;
    }
    remove(oldest);
  }
  lost_ = kNever;
  paths_.push_back({path, now});
  events_.push_back({Event::Kind::kPathAdded, path});
}

void Agent::lose(TimePoint now, const Path& path) {
  const VerifiedPath* known = find(path);
  if (known == nullptr) return;
  remove(static_cast<size_t>(known - paths_.data()));
  if (paths_.empty()) lost_ = now;
  if (selected_ != path) return;
  if (paths_.empty()) {
    selected_.reset();
  } else {
    select(std::ranges::max_element(paths_, {}, &VerifiedPath::heard)->path);
  }
}

void Agent::select(const Path& path) {
  if (selected_ == path) return;
  selected_ = path;
  events_.push_back({Event::Kind::kPathSelected, path});
}

bool Agent::is_selected_stale(TimePoint now) const {
  if (!selected_) return true;
  for (const VerifiedPath& p : paths_) {
    if (p.path == *selected_) return now - p.heard >= kStale;
  }
  return true;
}

TimePoint Agent::next_timeout() const {
  TimePoint next = lost_ == kNever ? kNever : lost_ + consent_timeout_;
  for (const VerifiedPath& p : paths_) next = std::min(next, p.heard + consent_timeout_);
  return next;
}

void Agent::handle_timeout(TimePoint now) {
  if (lost_ != kNever && lost_ + consent_timeout_ <= now) {
    lost_ = kNever;
    events_.push_back({Event::Kind::kConsentExpired, {}});
    return;
  }
  const bool had_paths = !paths_.empty();
  for (size_t i = paths_.size(); i-- > 0;) {
    if (paths_[i].heard + consent_timeout_ <= now) remove(i);
  }
  if (!had_paths) return;
  if (paths_.empty()) {
    events_.push_back({Event::Kind::kConsentExpired, {}});
  } else if (selected_ && !is_verified(*selected_)) {
    select(std::ranges::max_element(paths_, {}, &VerifiedPath::heard)->path);
  }
}

bool Agent::answer(const Path& path, const stun::Message& request, Outcome& outcome) {
  std::array<uint8_t, stun::kMaxBuiltSize> buffer;
  const auto refuse = [&](stun::ErrorCode code, std::string_view password) {
    stun::Builder builder(buffer, stun::Class::kError, request.transaction_id());
    builder.error_code(code);
    if (code == stun::ErrorCode::kUnknownAttribute) {
      builder.unknown_attributes(request.unknown_required());
    }
    send(path, builder.finish(password));
    return false;
  };

  // RFC 8489 section 9.1.3.
  outcome = Outcome::kUnauthenticated;
  if (!request.username() || !request.has_integrity()) {
    return refuse(stun::ErrorCode::kBadRequest, {});
  }
  const std::string_view username = *request.username();
  const std::string_view ufrag = username.substr(0, username.find(':'));
  const bool is_current = ufrag == local_.ufrag;
  const bool is_former = !is_current && former_local_ && ufrag == former_local_->ufrag;
  const IceCredentials& credentials = is_former ? *former_local_ : local_;
  if ((!is_current && !is_former) || ufrag.size() == username.size() ||
      !request.verify_integrity(credentials.password)) {
    return refuse(stun::ErrorCode::kUnauthenticated, {});
  }

  outcome = Outcome::kAccepted;
  if (!request.unknown_required().empty()) {
    return refuse(stun::ErrorCode::kUnknownAttribute, credentials.password);
  }
  if (!settle_role(request)) {
    return refuse(stun::ErrorCode::kRoleConflict, credentials.password);
  }
  send(path, stun::Builder(buffer, stun::Class::kSuccess, request.transaction_id())
                 .xor_mapped_address(path.remote)
                 .finish(credentials.password));
  if (is_current) former_local_.reset();
  return true;
}

void Agent::send(const Path& path, ByteView message) {
  TURMS_CHECK(!message.empty());
  outgoing_.push_back({path, Bytes(message.begin(), message.end())});
}

std::vector<Datagram> Agent::take_outgoing() {
  return std::exchange(outgoing_, {});
}
std::vector<Event> Agent::take_events() {
  return std::exchange(events_, {});
}

Outcome LiteAgent::receive(TimePoint now, const Path& path, const stun::Message& message) {
  if (message.method() != stun::kBindingMethod) return Outcome::kUnexpected;
  if (message.message_class() == stun::Class::kIndication) return Outcome::kAccepted;  // keepalive
  if (message.message_class() != stun::Class::kRequest) return Outcome::kUnexpected;
  Outcome outcome{};
  if (!answer(path, message, outcome)) return outcome;
  // Before touch(), which would make a stale path that speaks again look fresh.
  const bool needed = is_selected_stale(now);
  touch(now, path);
  if (message.use_candidate() || needed) select(path);
  return outcome;
}

void LiteAgent::heard(TimePoint now, const Path& path) {
  if (is_verified(path)) touch(now, path);
}

}  // namespace turms::rtc::ice
