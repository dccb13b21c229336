#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "link/shaped_link.h"

namespace turms::link {

/// Both directions, as clients see them: `up` is towards the server.
struct Profiles {
  LinkProfile up;
  LinkProfile down;
};

/// What a line of JSON asks for, applied to `profiles`; what it does not name stays as it is.
///
///   {"both": {"delay_ms": 50}, "down": {"rate_kbps": 700, "queue_ms": 300}}
///
/// Keys of a direction: rate_kbps, queue_ms, queue_bytes, hold, policer_kbps, policer_burst_bytes,
/// loss, burst_start, burst_length, delay_ms, jitter_ms, reorder, reorder_ms, duplicate. Chances
/// are in [0, 1]. Fails, and changes nothing, at an unknown key or a value out of range.
Status apply_change(std::string_view json, Profiles& profiles);

/// The moment of a change in milliseconds ("at_ms"), or 0 when it is for now.
Result<Duration> change_time(std::string_view json);

/// Counters of one direction as a JSON object, with the rate and delay they were made at.
std::string describe(const ShapedLink& link, Duration longest_queued);

}  // namespace turms::link
