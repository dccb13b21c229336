// How many there were in a time, also by hours, days or months of it.
#include <algorithm>
#include <array>
#include <chrono>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/ports/administration.h"

namespace turms::admin {
namespace {

using im::Counted;

constexpr auto kDivisions = std::to_array<std::string_view>({"NOOP", "HOUR", "DAY", "MONTH"});
enum class DivideBy : uint8_t { kNothing, kHour, kDay, kMonth };

/// Upstream's, of one request.
constexpr size_t kMaxHours = 24;
constexpr size_t kMaxDays = 31;
constexpr size_t kMaxMonths = 12;

/// The same day of the next month, or its last one.
WallTime months_after(WallTime start, int count) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(start.unix_ms)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  year_month_day then = date + months(count);
  if (!then.ok()) then = then.year() / then.month() / last;
  return {(sys_days(then) + (at - day)).time_since_epoch().count()};
}

WallTime step(WallTime start, DivideBy unit, int count) {
  using namespace std::chrono;
  switch (unit) {
    case DivideBy::kHour:
      return {start.unix_ms + count * milliseconds(1h).count()};
    case DivideBy::kDay:
      return {start.unix_ms + count * milliseconds(24h).count()};
    case DivideBy::kMonth:
    case DivideBy::kNothing:
      break;
  }
  return months_after(start, count);
}

size_t most(DivideBy unit) {
  return unit == DivideBy::kHour ? kMaxHours : unit == DivideBy::kDay ? kMaxDays : kMaxMonths;
}

/// Where the parts of a time begin, and where the last one ends.
Result<std::vector<WallTime>> divide(WallTime start, WallTime end, DivideBy unit) {
  if (end <= start) return fail(ErrorCode::kInvalidArgument, "a time ends behind its start");
  std::vector<WallTime> bounds = {start};
  if (unit != DivideBy::kNothing) {
    for (WallTime next = step(start, unit, 1); next < end;
         next = step(start, unit, static_cast<int>(bounds.size()))) {
      bounds.push_back(next);
      if (bounds.size() > most(unit)) {
        return fail(ErrorCode::kInvalidArgument,
                    "too many parts: at most 24 hours, 31 days or 12 months");
      }
    }
  }
  bounds.push_back(end);
  return bounds;
}

/// What is counted, in the time between <name>StartDate and <name>EndDate.
struct Measure {
  std::string_view start;
  std::string_view end;
  std::string_view name;
  std::string_view records;
  Counted what;
  /// Divided by how many of these there were.
  std::optional<Counted> per = {};
};

constexpr auto kOfUsers =
    std::to_array<Measure>({{"registeredStartDate", "registeredEndDate", "registeredUsers",
                             "registeredUsersRecords", Counted::kRegisteredUsers},
                            {"deletedStartDate", "deletedEndDate", "deletedUsers",
                             "deletedUsersRecords", Counted::kDeletedUsers},
                            {"sentMessageStartDate", "sentMessageEndDate", "usersWhoSentMessages",
                             "usersWhoSentMessagesRecords", Counted::kUsersWhoSentMessages}});
constexpr auto kOfGroups =
    std::to_array<Measure>({{"createdStartDate", "createdEndDate", "createdGroups",
                             "createdGroupsRecords", Counted::kCreatedGroups},
                            {"deletedStartDate", "deletedEndDate", "deletedGroups",
                             "deletedGroupsRecords", Counted::kDeletedGroups},
                            {"sentMessageStartDate", "sentMessageEndDate", "groupsThatSentMessages",
                             "groupsThatSentMessagesRecords", Counted::kGroupsThatSentMessages}});
constexpr auto kOfMessages = std::to_array<Measure>(
    {{"sentStartDate", "sentEndDate", "sentMessages", "sentMessagesRecords",
      Counted::kSentMessages},
     {"sentOnAverageStartDate", "sentOnAverageEndDate", "sentMessagesOnAverage",
      "sentMessagesOnAverageRecords", Counted::kSentMessages, Counted::kUsersWhoSentMessages}});

std::vector<Field> fields_of(std::span<const Measure> measures, std::vector<Field> more = {}) {
  for (const Measure& measure : measures) {
    more.push_back(date_field(measure.start, "From then on"));
    more.push_back(date_field(measure.end, "Before then"));
  }
  more.push_back(choice_field("divideBy", "Count for each part of the times", kDivisions));
  return more;
}

void write(const Measure& measure, const std::vector<WallTime>& bounds,
           const std::vector<int64_t>& counts, bool divided, JsonObject& data) {
  if (!divided) {
    data.number(measure.name, counts.front());
    return;
  }
  JsonArray records;
  for (size_t i = 0; i < counts.size(); ++i) {
    records.raw(JsonObject().date("date", bounds[i]).number("total", counts[i]).str());
  }
  data.raw(measure.records, records.str());
}

}  // namespace

std::vector<Route> StatisticsRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = adding_to(all, this);
  add("GET", "/users/count", P::kStatisticsUserQuery,
      "Count users who registered and are there (all, if no time is given), were deleted, or wrote",
      fields_of(kOfUsers), {}, &StatisticsRoutes::users);
  add("GET", "/groups/count", P::kStatisticsGroupQuery,
      "Count groups that were made (all of them, if no time is given), deleted, or written in",
      fields_of(kOfGroups), {}, &StatisticsRoutes::groups);
  add("GET", "/messages/count", P::kStatisticsMessageQuery,
      "Count messages (all of them, if no time is given), or how many each who wrote has written",
      fields_of(kOfMessages, {flag_field("areGroupMessages", "Only those to groups, or to users"),
                              flag_field("areSystemMessages", "Only system messages, or others")}),
      {}, &StatisticsRoutes::messages);
  return all;
}

Task<Answer> StatisticsRoutes::users(Call call) {
  return count(std::move(call.query), 0);
}
Task<Answer> StatisticsRoutes::groups(Call call) {
  return count(std::move(call.query), 1);
}
Task<Answer> StatisticsRoutes::messages(Call call) {
  return count(std::move(call.query), 2);
}

Task<Answer> StatisticsRoutes::count(Values query, size_t subject) {
  const std::array<std::span<const Measure>, 3> subjects = {kOfUsers, kOfGroups, kOfMessages};
  const std::span<const Measure> measures = subjects[subject];
  const DivideBy unit =
      enumerator<DivideBy>(kDivisions, query.text("divideBy")).value_or(DivideBy::kNothing);
  const bool divided = unit != DivideBy::kNothing;
  const bool any = std::ranges::any_of(measures, [&](const Measure& measure) {
    return query.has(measure.start) || query.has(measure.end);
  });
  if (divided && !any) {
    co_return refused(Error{ErrorCode::kInvalidArgument, "divideBy: of what time?"});
  }
  JsonObject data;
  for (const Measure& measure : measures) {
    const auto start = query.date(measure.start);
    const auto end = query.date(measure.end);
    if (any ? !start && !end : &measure != measures.data()) continue;
    if (divided && (!start || !end)) {
      co_return refused(Error{ErrorCode::kInvalidArgument, "a time that is divided has both ends"});
    }
    im::CountSearch search;
    search.what = measure.what;
    search.of_groups = query.flag("areGroupMessages");
    search.system = query.flag("areSystemMessages");
    auto bounds =
        divide(start.value_or(WallTime{INT64_MIN}), end.value_or(WallTime{INT64_MAX}), unit);
    if (!bounds) co_return refused(bounds.error());
    search.bounds = *bounds;
    auto counts = co_await backend_.data.count(search);
    if (!counts) co_return refused(counts.error());
    if (measure.per) {
      search.what = *measure.per;
      auto divisors = co_await backend_.data.count(std::move(search));
      if (!divisors) co_return refused(divisors.error());
      for (size_t i = 0; i < counts->size(); ++i) {
        (*counts)[i] /= std::max<int64_t>((*divisors)[i], 1);
      }
    }
    write(measure, *bounds, *counts, divided, data);
  }
  co_return ok(data.str());
}

}  // namespace turms::admin
