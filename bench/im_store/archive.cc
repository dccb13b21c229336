#include "bench/im_store/archive.h"

#include <fmt/core.h>

#include <chrono>
#include <optional>

#include "im/rights.h"

namespace turms::im_store {
namespace {

using Clock = std::chrono::steady_clock;

// Messages are a second apart, the first one in 2020.
constexpr WallTime kFirst{IdGenerator::kEpochMs + 1000};
constexpr int64_t kInterval = 1000;
// As many as share a transaction of the writer.
constexpr int kWriters = 2000;
constexpr int kIndexers = 64;

im::GroupMember member(GroupId group, UserId user) {
  im::GroupMember one;
  one.group_id = group;
  one.user_id = user;
  one.join_date = kFirst;
  return one;
}

void say(const char* what, int64_t done, Clock::time_point begun) {
  const std::chrono::duration<double> took = Clock::now() - begun;
  fmt::print(stderr, "{} {} messages in {:.0f} s, {:.0f} a second\n", what, done, took.count(),
             static_cast<double>(done) / took.count());
}

}  // namespace

Result<std::unique_ptr<Archive>> Archive::open(const std::filesystem::path& file) {
  std::unique_ptr<Archive> archive(new Archive);
  store::Options options;
  options.file = file;
  auto opened = store::Store::open(
      options, [loop = &archive->loop_](auto function) { loop->post(std::move(function)); });
  if (!opened) return std::unexpected(opened.error());
  archive->store_ = std::move(*opened);
  return archive;
}

Archive::~Archive() {
  if (store_) store_->close();
}

Status Archive::make_groups() {
  for (int64_t id = 1; id <= Layout::kGroups; ++id) {
    im::Group group;
    group.id = GroupId(id);
    group.name = fmt::format("group {}", id);
    group.owner_id = group.creator_id = UserId(Layout::kFirstWriter);
    group.creation_date = group.last_updated_date = kFirst;
    std::vector<im::GroupMember> members;
    members.push_back(member(group.id, group.owner_id));
    members.front().role = im::GroupMemberRole::kOwner;
    if (id <= Layout::kGroupsOfMany) members.push_back(member(group.id, Layout::kMany));
    if (id >= 2 && id <= 4) members.push_back(member(group.id, Layout::kFew));
    if (id == Layout::kLargeGroup) members.push_back(member(group.id, Layout::kLarge));
    auto made = loop_.run(store_->repositories().groups.create(
        im::Rights::administrator(im::action::CreateGroup{group.creator_id}), std::move(group),
        std::move(members)));
    if (!made) return std::unexpected(made.error());
  }
  return {};
}

im::NewMessage Archive::next_message() {
  im::NewMessage added;
  im::Message& message = added.message;
  message.delivery_date = {kFirst.unix_ms + written_ * kInterval};
  message.id = MessageId(ids_.next(message.delivery_date));
  message.text = corpus_.text(rng_);
  ++written_;
  const uint64_t where = rng_.below(10);
  if (where < 7) {
    message.group_id = where < 2
                           ? GroupId(Layout::kLargeGroup)
                           : GroupId(2 + static_cast<int64_t>(rng_.below(Layout::kGroups - 1)));
    message.sender_id = UserId(Layout::kFirstWriter + static_cast<int64_t>(rng_.below(500)));
    return added;
  }
  const auto pair = static_cast<int64_t>(rng_.below(Layout::kPairs));
  message.sender_id = UserId(Layout::kFirstWriter + pair);
  message.recipient_id = pair < Layout::kPairsOfMany       ? Layout::kMany
                         : pair < Layout::kPairsOfMany + 3 ? Layout::kFew
                                                           : UserId(1'000'000 + pair);
  return added;
}

Status Archive::fill(int64_t messages) {
  const auto begun = Clock::now();
  if (Status made = make_groups(); !made) return made;
  std::optional<Error> failure;
  int running = 0;
  const auto write = [&]() -> Task<void> {
    while (written_ < messages && !failure) {
      im::NewMessage added = next_message();
      const im::Message& m = added.message;
      const im::action::SendMessage action{m.sender_id, m.group_id, m.recipient_id};
      auto placed = co_await store_->repositories().messages.append(
          im::Rights::administrator(action), std::move(added));
      if (!placed) failure = placed.error();
    }
    --running;
  };
  for (; running < kWriters;) {
    ++running;
    spawn(write());
  }
  loop_.run_until([&] { return running == 0; });
  if (failure) return std::unexpected(*failure);
  say("stored", messages, begun);
  return {};
}

Status Archive::index() {
  const auto begun = Clock::now();
  std::optional<Error> failure;
  bool more = true;
  int running = 0;
  const auto work = [&]() -> Task<void> {
    while (more && !failure) {
      auto left = co_await store_->repositories().messages.index_text();
      if (!left) {
        failure = left.error();
      } else if (!*left) {
        more = false;
      }
    }
    --running;
  };
  for (; running < kIndexers;) {
    ++running;
    spawn(work());
  }
  loop_.run_until([&] { return running == 0; });
  if (failure) return std::unexpected(*failure);
  say("indexed", written_, begun);
  return {};
}

}  // namespace turms::im_store
