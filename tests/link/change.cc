#include "link/change.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <utility>

namespace turms::link {
namespace {

using boost::json::object;
using boost::json::value;

constexpr double kMaxKbps = 100e6;
constexpr double kMaxMs = 600e3;
constexpr double kMaxBytes = 1e9;
constexpr double kMaxBurst = 1e6;  // packets

Status refuse(std::string_view key, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, why));
}

Result<double> number(std::string_view key, const value& v, double min, double max) {
  if (!v.is_number())
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: not a number", key));
  const double n = v.to_number<double>();
  if (!(n >= min && n <= max)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: not from {} to {}", key, min, max));
  }
  return n;
}

Duration from_ms(double ms) {
  return Duration(std::llround(ms * 1e6));
}
uint64_t from_kbps(double kbps) {
  return static_cast<uint64_t>(std::llround(kbps * 1000));
}
uint64_t whole(double n) {
  return static_cast<uint64_t>(n);
}

Status set(LinkProfile& p, std::string_view key, const value& v) {
  if (key == "hold") {
    if (!v.is_bool()) return refuse(key, "neither true nor false");
    p.hold = v.get_bool();
    return {};
  }
  const auto with = [&](double min, double max, auto&& assign) -> Status {
    const Result<double> n = number(key, v, min, max);
    if (!n) return std::unexpected(n.error());
    assign(*n);
    return {};
  };
  const auto chance = [&](double& out) { return with(0, 1, [&](double n) { out = n; }); };
  const auto kbps = [&](uint64_t& out) {
    return with(0, kMaxKbps, [&](double n) { out = from_kbps(n); });
  };
  const auto bytes = [&](uint64_t& out) {
    return with(0, kMaxBytes, [&](double n) { out = whole(n); });
  };
  const auto ms = [&](Duration& out) {
    return with(0, kMaxMs, [&](double n) { out = from_ms(n); });
  };
  if (key == "rate_kbps") return kbps(p.bits_per_second);
  if (key == "queue_ms") return ms(p.queue_time);
  if (key == "queue_bytes") return bytes(p.queue_bytes);
  if (key == "policer_kbps") return kbps(p.policer_bits_per_second);
  if (key == "policer_burst_bytes") return bytes(p.policer_burst_bytes);
  if (key == "loss") return chance(p.loss);
  if (key == "burst_start") return chance(p.burst_start);
  if (key == "burst_length") return with(1, kMaxBurst, [&](double n) { p.burst_length = n; });
  if (key == "delay_ms") return ms(p.delay);
  if (key == "jitter_ms") return ms(p.jitter);
  if (key == "reorder") return chance(p.reorder);
  if (key == "reorder_ms") return ms(p.reorder_delay);
  if (key == "duplicate") return chance(p.duplicate);
  return refuse(key, "unknown");
}

Status set_all(LinkProfile& profile, std::string_view name, const value& v) {
  if (!v.is_object()) return refuse(name, "not an object");
  for (const auto& [key, item] : v.get_object()) {
    if (Status status = set(profile, key, item); !status) return status;
  }
  return {};
}

Result<object> parse(std::string_view json) {
  boost::system::error_code error;
  value parsed = boost::json::parse(json, error);
  if (error || !parsed.is_object()) {
    return fail(ErrorCode::kInvalidArgument, "not a JSON object");
  }
  return std::move(parsed.get_object());
}

}  // namespace

Status apply_change(std::string_view json, Profiles& profiles) {
  const Result<object> change = parse(json);
  if (!change) return std::unexpected(change.error());
  Profiles changed = profiles;
  for (const auto& [key, item] : *change) {
    Status status;
    if (key == "at_ms") continue;
    const bool both = key == "both";
    if (!both && key != "up" && key != "down") return refuse(key, "unknown");
    if (both || key == "up") status = set_all(changed.up, key, item);
    if (status && (both || key == "down")) status = set_all(changed.down, key, item);
    if (!status) return status;
  }
  profiles = changed;
  return {};
}

Result<Duration> change_time(std::string_view json) {
  const Result<object> change = parse(json);
  if (!change) return std::unexpected(change.error());
  const value* at = change->if_contains("at_ms");
  if (at == nullptr) return Duration{};
  const Result<double> ms = number("at_ms", *at, 0, 86'400e3);
  if (!ms) return std::unexpected(ms.error());
  return from_ms(*ms);
}

std::string describe(const ShapedLink& link, Duration longest_queued) {
  const LinkCounters& c = link.counters();
  const LinkProfile& p = link.profile();
  return fmt::format(
      R"({{"rate_kbps":{},"delay_ms":{},"packets_in":{},"bytes_in":{},"packets_carried":{},)"
      R"("bytes_carried":{},"packets_out":{},"bytes_out":{},"policed":{},"queue_full":{},"lost":{},)"
      R"("overflow":{},"queued_us":{},"longest_queued_us":{}}})",
      p.bits_per_second / 1000, to_ms(p.delay), c.packets_in, c.bytes_in, c.packets_carried,
      c.bytes_carried, c.packets_out, c.bytes_out, c.policed, c.queue_full, c.lost, c.overflow,
      to_us(c.queued_total), to_us(longest_queued));
}

}  // namespace turms::link
