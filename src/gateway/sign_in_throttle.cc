#include "gateway/sign_in_throttle.h"

#include <algorithm>

namespace turms::gateway {
namespace {

std::string key_of(UserId user) {
  return std::to_string(user.value);
}

std::string key_of(UserId user, const Origin& from) {
  return from.device.empty() ? key_of(user) + '@' + network_of(from.address)
                             : key_of(user) + '#' + from.device;
}

}  // namespace

std::string network_of(const net::Address& address) {
  const size_t size = address.is_v4() ? 4 : 8;
  return {reinterpret_cast<const char*>(address.ip_bytes().data()), size};
}

BackOff::Entry BackOff::find(const std::string& key, TimePoint now) {
  const Entry* kept = kept_.find(key);
  if (kept == nullptr || now - kept->last >= limits_.memory) return {};
  return *kept;
}

bool BackOff::allows(const std::string& key, TimePoint now) {
  const Entry entry = find(key, now);
  if (entry.attempts < limits_.free_attempts) return true;
  Duration delay = limits_.first_delay;
  for (int i = limits_.free_attempts; i < entry.attempts && delay < limits_.longest_delay; ++i) {
    delay *= 2;
  }
  return now - entry.last >= std::min(delay, limits_.longest_delay);
}

void BackOff::charge(const std::string& key, TimePoint now) {
  kept_.put(key, {find(key, now).attempts + 1, now}, 1);
}

void BackOff::take_back(const std::string& key) {
  const Entry* kept = kept_.find(key);
  if (kept == nullptr) return;
  if (kept->attempts <= 1) {
    kept_.erase(key);
  } else {
    kept_.put(key, {kept->attempts - 1, kept->last}, 1);
  }
}

bool SignInThrottle::begin(UserId user, const Origin& from, TimePoint now) {
  const std::string both = key_of(user, from);
  const std::string alone = key_of(user);
  if (!by_user_and_origin_.allows(both, now)) return false;
  const bool familiar = !from.device.empty() || familiar_.find(both) != nullptr;
  if (!familiar && !by_user_.allows(alone, now)) return false;
  by_user_and_origin_.charge(both, now);
  by_user_.charge(alone, now);
  return true;
}

void SignInThrottle::finish(UserId user, const Origin& from, Outcome outcome) {
  if (outcome == Outcome::kWrongPassword) return;
  const std::string both = key_of(user, from);
  by_user_.take_back(key_of(user));
  if (outcome == Outcome::kUndecided) {
    by_user_and_origin_.take_back(both);
    return;
  }
  by_user_and_origin_.forgive(both);
  familiar_.put(both, true, 1);
}

}  // namespace turms::gateway
