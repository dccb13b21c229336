// What becomes of messages for who is nowhere, and of those that a hook wants to keep.
#include "im/missed_messages.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class Hooks final : public PushHook, public ExpiryHook {
 public:
  bool pushes() const override { return on; }
  bool pushes_to_everybody() const override { return everybody; }
  void push(std::vector<MissedMessage> some) override {
    std::move(some.begin(), some.end(), std::back_inserter(missed));
  }
  bool asked_about_expiry() const override { return true; }
  Task<std::vector<MessageId>> before_expiry(std::vector<Message> messages) override {
    std::vector<MessageId> ids;
    for (const Message& message : messages) {
      ++asked;
      if (message.text == "keep") ids.push_back(message.id);
    }
    co_return ids;
  }

  bool on = true;
  bool everybody = false;
  int asked = 0;
  std::vector<MissedMessage> missed;
};

class MissedMessages : public DomainTest {
 protected:
  MissedMessages() {
    domain_->context().push_hook = &hooks_;
    domain_->context().expiry_hook = &hooks_;
    domain_->context().settings.message.retention_period = std::chrono::hours(10);
  }
  int subscribe(int64_t user, const std::string& name, const std::string& value = "v") {
    ValueMap settings;
    settings[name] = value;
    return code(domain_->user_settings.update(caller(user), std::move(settings)));
  }
  /// "2: 7 unread, mentioned", in the order of users.
  std::vector<std::string> told(size_t count) {
    loop_.run_until([&] { return hooks_.missed.size() >= count; });
    std::ranges::sort(hooks_.missed, {}, &MissedMessage::user_id);
    std::vector<std::string> lines;
    for (const MissedMessage& one : hooks_.missed) {
      std::string line = std::to_string(one.user_id.value) + ": " + std::to_string(one.unread);
      if (one.mentioned) line += " mentioned";
      lines.push_back(std::move(line));
    }
    hooks_.missed.clear();
    return lines;
  }
  /// To its end.
  void wait_for(Task<void> task) {
    run([](Task<void> awaited) -> Task<bool> {
      co_await std::move(awaited);
      co_return true;
    }(std::move(task)));
  }
  void tidy() { wait_for(domain_->messages.tidy()); }
  bool exists(MessageId id) {
    auto found = run(store_->repositories().messages.find(id));
    return found && found->has_value();
  }

  Hooks hooks_;
};

TEST_F(MissedMessages, AreToldOnceToThoseWhoAskedAndAreNowhere) {
  ASSERT_EQ(subscribe(2, "push.a"), 1000);
  ASSERT_EQ(subscribe(2, "push.b"), 1000);
  ASSERT_EQ(subscribe(3, "push.a"), 1000);
  ASSERT_EQ(subscribe(1, "push.a"), 1000);
  const GroupId id = make_group(1, {2, 3, 4});
  bus_->signed_in(caller(3), UserStatus::kAvailable);
  send(1, id, {}, "hello @{2}");
  loop_.run_until([&] { return !hooks_.missed.empty(); });
  ASSERT_EQ(hooks_.missed.size(), 1u);
  const MissedMessage& one = hooks_.missed[0];
  EXPECT_EQ(one.sender_id, UserId(1));
  EXPECT_EQ(one.sender_name, "user");
  EXPECT_EQ(one.group_id, id);
  EXPECT_EQ(one.group_name, "group");
  EXPECT_EQ(one.text, "hello @{2}");
  EXPECT_EQ(one.sequence, 1);
  EXPECT_EQ(one.subscriptions.size(), 2u);
  EXPECT_EQ(told(1), std::vector<std::string>{"2: 1 mentioned"});
  bus_->signed_out(caller(3));
  send(1, id, {});
  EXPECT_EQ(told(2), (std::vector<std::string>{"2: 2", "3: 2"}));
  send(1, {}, 2);
  EXPECT_EQ(told(1), std::vector<std::string>{"2: 1"}) << "of that conversation";
  hooks_.everybody = true;
  send(1, id, {});
  EXPECT_EQ(told(3), (std::vector<std::string>{"2: 3", "3: 3", "4: 3"}));
  hooks_.on = false;
  send(1, id, {});
  EXPECT_TRUE(hooks_.missed.empty());
}

TEST_F(MissedMessages, OfAMutedConversationAreNotTold) {
  ASSERT_EQ(subscribe(2, "push.a"), 1000);
  ConversationRef with_one;
  with_one.user_id = UserId(1);
  ASSERT_TRUE(run(store_->repositories().conversation_settings.put(
      Rights::administrator(action::ChangeConversationSettings{UserId(2)}), with_one,
      {{"muted", std::string("\x28\x01")}}, {}, clock_.time)));
  Message message;
  message.sender_id = UserId(1);
  message.recipient_id = UserId(2);
  wait_for(tell_who_misses(domain_->context(), message, recipients_of({UserId(2)}), {}));
  EXPECT_TRUE(hooks_.missed.empty());
  message.sender_id = UserId(3);
  wait_for(tell_who_misses(domain_->context(), message, recipients_of({UserId(2)}), {}));
  EXPECT_EQ(hooks_.missed.size(), 1u);
}

TEST_F(MissedMessages, SubscriptionsAreBoundedAndForgotten) {
  EXPECT_EQ(subscribe(2, "push."), 1102);
  EXPECT_EQ(subscribe(2, "push.a b"), 1102);
  EXPECT_EQ(subscribe(2, "push." + std::string(60, 'x')), 1102);
  for (size_t i = 0; i < kMaxPushSettings; ++i) {
    EXPECT_EQ(subscribe(2, "push." + std::to_string(i)), 1000);
  }
  EXPECT_EQ(subscribe(2, "push.more"), 1102);
  EXPECT_EQ(subscribe(2, "push.0", "new"), 1000) << "one that is there";
  Context& context = domain_->context();
  wait_for(forget_push_setting(context, UserId(2), "push.0", "v"));
  wait_for(forget_push_setting(context, UserId(2), "push.1", "v"));
  auto left = run(store_->repositories().user_settings.find(UserId(2)));
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->contains("push.0")) << "another one by now";
  EXPECT_FALSE(left->contains("push.1"));
  hooks_.on = false;
  EXPECT_EQ(subscribe(2, "push.1"), 1102) << "nobody pushes";
}

TEST_F(MissedMessages, WhatAHookKeepsIsAskedAboutAgainLater) {
  const MessageId kept = send(1, {}, 2, "keep");
  const MessageId gone = send(1, {}, 2, "go");
  pass(std::chrono::hours(11));
  const MessageId young = send(1, {}, 2, "keep");
  tidy();
  EXPECT_TRUE(exists(kept));
  EXPECT_FALSE(exists(gone));
  EXPECT_TRUE(exists(young));
  EXPECT_EQ(hooks_.asked, 2);
  tidy();
  EXPECT_EQ(hooks_.asked, 2) << "not at once";
  pass(std::chrono::hours(1));
  tidy();
  EXPECT_EQ(hooks_.asked, 3);
  EXPECT_TRUE(exists(kept));
  domain_->context().expiry_hook = nullptr;
  tidy();
  EXPECT_FALSE(exists(kept));
}

}  // namespace
}  // namespace turms::im
