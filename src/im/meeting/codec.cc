#include "im/meeting/codec.h"

#include <algorithm>
#include <string_view>

namespace turms::im::meeting {
namespace {

// 1, then numbers in network byte order, texts with their length in two bytes before them.
constexpr uint8_t kVersion = 1;

class Writer {
 public:
  void u8(uint8_t value) { out_.push_back(value); }
  void flag(bool value) { u8(value ? 1 : 0); }
  void u16(size_t value) {
    u8(static_cast<uint8_t>(value >> 8));
    u8(static_cast<uint8_t>(value));
  }
  void i64(int64_t value) {
    uint8_t bytes[8];
    store_be64(bytes, static_cast<uint64_t>(value));
    out_.insert(out_.end(), std::begin(bytes), std::end(bytes));
  }
  void time(WallTime value) { i64(value.unix_ms); }
  void user(std::optional<UserId> value) { i64(value ? value->value : 0); }
  void text(std::string_view value) {
    u16(value.size());
    out_.insert(out_.end(), value.begin(), value.end());
  }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

int64_t i64(ByteReader& in) {
  return static_cast<int64_t>(in.u64());
}
/// Times and counts as a meeting can have them, and not a whole state refused for one that is not:
/// who is held out stays held out. Two of them added are still a Duration.
int64_t count(ByteReader& in) {
  return std::clamp<int64_t>(i64(in), 0, int64_t{1} << 42);  // as a time: the year 2109
}
WallTime time(ByteReader& in) {
  return WallTime{count(in)};
}
std::optional<UserId> user(ByteReader& in) {
  const int64_t value = i64(in);
  return value == 0 ? std::nullopt : std::optional(UserId(value));
}
std::string text(ByteReader& in) {
  const size_t size = in.u16();
  return std::string(as_text(in.bytes(std::min(size, State::kMaxNameBytes))));
}
/// An enumeration up to its last value.
template <class Enum>
Enum word(ByteReader& in, Enum last, bool& known) {
  const uint8_t value = in.u8();
  known = known && value <= static_cast<uint8_t>(last);
  return static_cast<Enum>(value);
}

void write(Writer& out, const Person& person) {
  out.u8(static_cast<uint8_t>(person.standing));
  out.flag(person.cohost);
  out.flag(person.admitted);
  out.flag(person.attended);
  out.u8(static_cast<uint8_t>(person.place));
  out.u8(static_cast<uint8_t>(person.call));
  out.u8(person.ringing);
  out.u8(person.stopped);
  out.u8(person.room);
  out.u8(person.seen_in);
  out.time(person.call_until);
  out.time(person.deadline);
  out.time(person.joined);
  out.time(person.left);
  out.i64(person.present_ms);
  out.i64(person.hand);
  out.text(person.name);
}

Person read_person(ByteReader& in, bool& known) {
  Person person;
  person.standing = word(in, GroupMemberRole::kAnonymousGuest, known);
  person.cohost = in.u8() != 0;
  person.admitted = in.u8() != 0;
  person.attended = in.u8() != 0;
  person.place = word(in, Place::kHeldOut, known);
  person.call = word(in, Call::kMissed, known);
  person.ringing = in.u8();
  person.stopped = in.u8() & kAllTracks;
  person.room = in.u8();
  person.seen_in = in.u8();
  person.call_until = time(in);
  person.deadline = time(in);
  person.joined = time(in);
  person.left = time(in);
  person.present_ms = count(in);
  person.hand = count(in);
  person.name = text(in);
  return person;
}

}  // namespace

Bytes encode(const State& state) {
  Writer out;
  out.u8(kVersion);
  out.u8(static_cast<uint8_t>(state.phase));
  for (const bool flag : {state.in_group, state.locked, state.lobby, state.muted, state.reminded,
                          state.breakouts_open}) {
    out.flag(flag);
  }
  out.user(state.owner);
  out.user(state.host);
  out.user(state.spotlight);
  for (const WallTime when : {state.start, state.live_since, state.empty_since, state.ended}) {
    out.time(when);
  }
  out.i64(state.last_hand);
  out.u16(state.breakouts.size());
  for (const std::string& name : state.breakouts) out.text(name);
  out.u16(state.people.size());
  for (const auto& [user, person] : state.people) {
    out.user(user);
    write(out, person);
  }
  return out.take();
}

Result<State> decode_state(ByteView data) {
  ByteReader in(data);
  bool known = in.u8() == kVersion;
  State state;
  state.phase = word(in, Phase::kEnded, known);
  for (bool* flag : {&state.in_group, &state.locked, &state.lobby, &state.muted, &state.reminded,
                     &state.breakouts_open}) {
    *flag = in.u8() != 0;
  }
  state.owner = user(in).value_or(UserId());
  state.host = user(in);
  state.spotlight = user(in);
  for (WallTime* when : {&state.start, &state.live_since, &state.empty_since, &state.ended}) {
    *when = time(in);
  }
  state.last_hand = count(in);
  const size_t breakouts = in.u16();
  known = known && breakouts <= State::kMaxBreakouts;
  for (size_t i = 0; i < breakouts && known && in.ok(); ++i) state.breakouts.push_back(text(in));
  const size_t people = in.u16();
  known = known && people <= State::kMaxPeople;
  for (size_t i = 0; i < people && known && in.ok(); ++i) {
    const UserId id = user(in).value_or(UserId());
    state.people[id] = read_person(in, known);
  }
  if (!known || !in.ok() || in.remaining() != 0) {
    return fail(ErrorCode::kInvalidArgument, "no state of a meeting that this version knows");
  }
  return state;
}

}  // namespace turms::im::meeting
