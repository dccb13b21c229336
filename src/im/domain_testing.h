#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/manual_loop.h"
#include "bus/node_bus.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/ports.h"
#include "im/rights.h"
#include "store/store.h"

namespace turms::im {

class ManualClock final : public Clock {
 public:
  WallTime now() const override { return time; }
  WallTime time{1800000000000};
};

/// Who was told, and what.
class RecordingSubscriber final : public BusSubscriber, public PushEncoder {
 public:
  void on_envelope(const Envelope& envelope) override { envelopes.push_back(envelope); }
  void on_disconnect(const DisconnectOrder& order) override { orders.push_back(order); }
  Encoded encode(const Event& event) override {
    events.push_back(event);
    return std::make_shared<const std::string>("event");
  }
  std::vector<Envelope> envelopes;
  std::vector<DisconnectOrder> orders;
  std::vector<Event> events;
};

class RecordingGroupSubscriber final : public GroupSubscriber {
 public:
  void on_group_changed(const GroupChanged& change) override {
    for (const UserId user : change.joined) heard.push_back("joined " + text(user));
    for (const GroupChanged::Member& member : change.changed) {
      if (member.role) {
        heard.push_back("role " + text(member.user_id) + " " +
                        std::to_string(static_cast<int>(*member.role)));
      }
      if (member.mute_end_date) heard.push_back("muted " + text(member.user_id));
    }
    for (const UserId user : change.left) heard.push_back("left " + text(user));
    if (change.mute_end_date) heard.emplace_back("muted all");
    if (change.deleted) heard.emplace_back("deleted");
  }
  static std::string text(UserId user) { return std::to_string(user.value); }

  std::vector<std::string> heard;
};

/// The domain on a real SQLite store and a local bus. Users 1 to 9 exist; 9 is inactive.
class DomainTest : public ::testing::Test {
 protected:
  DomainTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "turms-im-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    const auto post = [this](std::function<void()> function) { loop_.post(std::move(function)); };
    store::Options options;
    options.file = std::filesystem::path(directory_) / "turms.db";
    auto opened = store::Store::open(options, post);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    store_ = std::move(*opened);
    hasher_ = store::make_argon2_hasher(post);
    bus_ = std::make_unique<bus::NodeBus>();
    bus_->subscribe(told_);
    domain_ =
        std::make_unique<Domain>(settings(), store_->repositories(), *bus_, *hasher_, clock_, ids_);
    domain_->delivery.set_encoder(told_);
    domain_->add_group_subscriber(subscriber_);
    for (int64_t id = 1; id <= 9; ++id) {
      User user;
      user.id = UserId(id);
      user.name = "user";
      user.registration_date = clock_.time;
      user.last_updated_date = clock_.time;
      user.active = id != 9;
      EXPECT_TRUE(run(store_->repositories().users.create(
          Rights::administrator(action::CreateUser{user.id}), user, "x")));
    }
  }

  ~DomainTest() override {
    // What is still under way ends with the store, while all that it uses is there.
    store_->close();
    loop_.run_posted();
    domain_.reset();
    store_.reset();
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }

  virtual Settings settings() { return {}; }

  template <class T>
  T run(Task<T> task) {
    return loop_.run(std::move(task));
  }

  /// The code an operation answers with.
  template <class T>
  int code(Task<Outcome<T>> task) {
    auto outcome = run(std::move(task));
    return static_cast<int>(outcome ? Code::kOk : outcome.error().code);
  }

  /// What it answers with; a failed test and an empty answer when it refuses.
  template <class T>
  T ok(Task<Outcome<T>> task) {
    auto outcome = run(std::move(task));
    EXPECT_TRUE(outcome) << "refused with "
                         << (outcome ? 0 : static_cast<int>(outcome.error().code));
    return outcome ? std::move(*outcome) : T{};
  }

  static Caller caller(int64_t user, DeviceType device = DeviceType::kDesktop) {
    return {UserId(user), device, user * 10 + static_cast<int64_t>(device) + 1};
  }

  static std::vector<UserId> users(std::initializer_list<int64_t> ids) {
    std::vector<UserId> all;
    for (const int64_t id : ids) all.emplace_back(id);
    return all;
  }

  /// Owner, then members; managers by `set_role`.
  GroupId make_group(int64_t owner, std::initializer_list<int64_t> members) {
    auto made = run(domain_->administration.add_group("group", UserId(owner), users(members)));
    EXPECT_TRUE(made);
    subscriber_.heard.clear();
    return made ? *made : GroupId();
  }

  GroupId make_group_of_type(GroupType type, int64_t owner,
                             std::initializer_list<int64_t> members) {
    const GroupId id = make_group(owner, members);
    type.id = 7;
    EXPECT_TRUE(run(store_->repositories().groups.put_type(
        Rights::administrator(action::PutGroupType{type.id}), type)));
    GroupChange change;
    change.type_id = 7;
    EXPECT_TRUE(run(store_->repositories().groups.update(
        Rights::administrator(action::UpdateGroup{id}), change, clock_.time)));
    domain_->forget_cached();
    return id;
  }

  void set_role(GroupId group, int64_t user, GroupMemberRole role) {
    MemberChange change;
    change.role = role;
    EXPECT_TRUE(run(store_->repositories().groups.update_member(
        Rights::administrator(action::UpdateMember{group, UserId(user)}), change, clock_.time)));
    domain_->forget_cached();
  }

  void block_in_group(GroupId group, int64_t user) {
    EXPECT_TRUE(run(store_->repositories().group_blocklist.block(
        Rights::administrator(action::BlockInGroup{group, UserId(user)}), UserId(1), clock_.time)));
    domain_->forget_cached();
  }

  /// `owner` blocks, or befriends, `other`.
  void relate(int64_t owner, int64_t other, bool blocked) {
    RelationshipChange change;
    change.blocked = blocked;
    EXPECT_TRUE(run(store_->repositories().relationships.update(
        Rights::administrator(action::PutRelationship{UserId(owner), UserId(other)}), change,
        clock_.time)));
    domain_->forget_cached();
  }

  GroupPtr group(GroupId id) {
    auto loaded = run(domain_->context().groups.get(id));
    EXPECT_TRUE(loaded);
    return loaded ? *loaded : nullptr;
  }

  std::optional<GroupMemberRole> role(GroupId id, int64_t user) {
    const GroupPtr state = group(id);
    const GroupMember* member = state ? state->find(UserId(user)) : nullptr;
    return member ? std::optional(member->role) : std::nullopt;
  }

  MessageId send(int64_t sender, std::optional<GroupId> group, std::optional<int64_t> recipient,
                 std::string text = "text") {
    CreateMessage command;
    command.group_id = group;
    if (recipient) command.recipient_id = UserId(*recipient);
    command.text = std::move(text);
    return ok(domain_->messages.create(caller(sender), command)).data.id;
  }

  void pass(Duration duration) { clock_.time.unix_ms += to_ms(duration); }

  /// "1 2 +self -session": recipients, then the caller's other sessions (+other), and the session
  /// itself (+self).
  std::string audience(const Audience& audience) {
    std::string text;
    if (audience.recipients) {
      for (const UserId id : *audience.recipients) text += std::to_string(id.value) + " ";
    }
    if (audience.other_sessions_of_caller) text += "+other ";
    if (audience.calling_session) text += "+self ";
    if (!text.empty()) text.pop_back();
    return text;
  }
  template <class Data>
  std::string relayed_to(const Reply<Data>& reply) {
    return audience(reply.effects.relay.audience);
  }

  std::string directory_;
  ManualLoop loop_;
  ManualClock clock_;
  IdGenerator ids_{0};
  RecordingSubscriber told_;
  RecordingGroupSubscriber subscriber_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<PasswordHasher> hasher_;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Domain> domain_;
};

}  // namespace turms::im
