#include "base/check.h"
#include "store/sqlite/json.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

// What read_meeting() reads. A macro, because a statement's text must be one literal.
#define TURMS_SELECT_MEETING                                                         \
  "select id, creator_id, user_id, group_id, name, intro, password, creation_date, " \
  "start_date, end_date, cancel_date from meeting "

im::Meeting read_meeting(Statement& row) {
  im::Meeting meeting;
  meeting.id = row.id<MeetingId>();
  meeting.creator_id = row.id<UserId>();
  meeting.user_id = row.optional_id<UserId>();
  meeting.group_id = row.optional_id<GroupId>();
  meeting.name = row.text();
  meeting.intro = row.text();
  meeting.password = row.optional_text();
  meeting.creation_date = row.time();
  meeting.start_date = row.time();
  meeting.end_date = row.optional_time();
  meeting.cancel_date = row.optional_time();
  return meeting;
}

}  // namespace

im::Stored<std::optional<im::Meeting>> Meetings::find(MeetingId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::Meeting>> {
        Statement select = connection.prepare(TURMS_SELECT_MEETING "where id = ?");
        if (!select.bind(id).step()) return std::nullopt;
        return read_meeting(select);
      });
}

im::Stored<std::vector<im::Meeting>> Meetings::query(im::MeetingFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::Meeting>> {
    const auto ids = json_of(filter.ids);
    const auto creators = json_of(filter.creator_ids);
    const auto users = json_of(filter.user_ids);
    const auto groups = json_of(filter.group_ids);
    std::optional<UserId> concerned;
    std::optional<std::string> concerned_groups;
    if (filter.concerned) {
      concerned = filter.concerned->user_id;
      concerned_groups = json_of(filter.concerned->group_ids);
    }
    std::vector<im::Meeting> meetings;
    Statement select = connection.prepare(
        TURMS_SELECT_MEETING
        "where (?1 is null or id in (select value from json_each(?1))) "
        "and (?2 is null or creator_id in (select value from json_each(?2))) "
        "and (?3 is null or user_id in (select value from json_each(?3))) "
        "and (?4 is null or group_id in (select value from json_each(?4))) "
        "and (?5 is null or creation_date >= ?5) and (?6 is null or creation_date <= ?6) "
        "and (not ?7 or (end_date is null and cancel_date is null)) "
        "and (?8 is null or creator_id = ?8 or user_id = ?8 "
        "or group_id in (select value from json_each(?9))) "
        "order by creation_date, id limit ?10 offset ?11");
    select.bind(ids, creators, users, groups, filter.creation_date_start, filter.creation_date_end,
                filter.active_only, concerned, concerned_groups,
                filter.limit > 0 ? filter.limit : -1, filter.skip);
    while (select.step()) meetings.push_back(read_meeting(select));
    return meetings;
  });
}

im::Stored<bool> Meetings::create(im::Permit<im::action::CreateMeeting> permit,
                                  im::Meeting meeting) {
  TURMS_CHECK(meeting.creator_id == permit->creator);
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement insert = connection.prepare(
        "insert into meeting (id, creator_id, user_id, group_id, name, intro, password, "
        "creation_date, start_date, end_date, cancel_date) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
    insert.bind(meeting.id, meeting.creator_id, meeting.user_id, meeting.group_id, meeting.name,
                meeting.intro, meeting.password, meeting.creation_date, meeting.start_date,
                meeting.end_date, meeting.cancel_date);
    return insert.run() > 0;
  });
}

im::Stored<bool> Meetings::update(im::Permit<im::action::UpdateMeeting> permit,
                                  im::MeetingChange change) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare(
        "update meeting set name = coalesce(?, name), intro = coalesce(?, intro), "
        "password = coalesce(?, password) "
        "where id = ? and end_date is null and cancel_date is null");
    return update.bind(change.name, change.intro, change.password, permit->meeting).run() > 0;
  });
}

im::Stored<bool> Meetings::cancel(im::Permit<im::action::CancelMeeting> permit, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare(
        "update meeting set cancel_date = ?1, end_date = ?1 "
        "where id = ?2 and end_date is null and cancel_date is null");
    return update.bind(now, permit->meeting).run() > 0;
  });
}

im::Stored<bool> Meetings::end(im::Permit<im::action::EndMeeting> permit, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare(
        "update meeting set end_date = ? "
        "where id = ? and end_date is null and cancel_date is null");
    return update.bind(now, permit->meeting).run() > 0;
  });
}

im::Stored<bool> Meetings::put_state(im::Permit<im::action::PutMeetingState> permit, Bytes state) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare("update meeting set state = ? where id = ?");
    return update.bind(ByteView(state), permit->meeting).run() > 0;
  });
}

im::Stored<std::vector<im::MeetingStateRow>> Meetings::states(std::vector<MeetingId> ids) {
  if (ids.empty()) co_return std::vector<im::MeetingStateRow>();
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::MeetingStateRow>> {
        const auto wanted = json_of(ids);
        std::vector<im::MeetingStateRow> rows;
        Statement select = connection.prepare(
            "select id, state from meeting where state is not null "
            "and id in (select value from json_each(?)) order by id");
        select.bind(wanted);
        while (select.step()) {
          im::MeetingStateRow& row = rows.emplace_back();
          row.id = select.id<MeetingId>();
          const ByteView state = select.blob();
          row.state.assign(state.begin(), state.end());
        }
        return rows;
      });
}

im::Stored<im::None> Meetings::erase(im::Permit<im::action::EraseMeeting> permit) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    Statement remove = connection.prepare("delete from meeting where id = ?");
    remove.bind(permit->meeting).run();
    return im::None{};
  });
}

}  // namespace turms::store
