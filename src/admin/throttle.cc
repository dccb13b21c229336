#include "admin/throttle.h"

#include <algorithm>

namespace turms::admin {
namespace {

constexpr Duration kFirstDelay = 1s;
constexpr Duration kLongestDelay = 60s;
constexpr Duration kMemory = 15min;

}  // namespace

std::string network_of(const net::Address& address) {
  const size_t size = address.is_v4() ? 4 : 8;
  return {reinterpret_cast<const char*>(address.ip_bytes().data()), size};
}

bool RequestLimit::take(const std::string& network, TimePoint now) {
  Bucket bucket{capacity_, now};
  if (const Bucket* kept = kept_.find(network)) {
    const double seconds = std::chrono::duration<double>(now - kept->filled).count();
    bucket.tokens = std::min(capacity_, kept->tokens + std::max(0.0, seconds) * per_second_);
  }
  const bool enough = bucket.tokens >= 1;
  if (enough) bucket.tokens -= 1;
  kept_.put(network, bucket, 1);
  return enough;
}

bool WrongPasswords::allows(const std::string& key, TimePoint now) {
  const Entry* entry = kept_.find(key);
  if (entry == nullptr || entry->wrong < kFree || now - entry->last >= kMemory) return true;
  Duration delay = kFirstDelay;
  for (int i = kFree; i < entry->wrong && delay < kLongestDelay; ++i) delay *= 2;
  return now - entry->last >= std::min(delay, kLongestDelay);
}

void WrongPasswords::charge(const std::string& key, TimePoint now) {
  Entry entry;
  if (const Entry* kept = kept_.find(key); kept != nullptr && now - kept->last < kMemory) {
    entry = *kept;
  }
  kept_.put(key, {entry.wrong + 1, now}, 1);
}

}  // namespace turms::admin
