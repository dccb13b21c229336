#include "im/delivery.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class DeliveryTest : public DomainTest {
 protected:
  void dispatch(int64_t user, const Effects& effects) {
    domain_->delivery.dispatch(caller(user), effects, [this](const Amendments& amendments) {
      ++encoded_;
      amendments_ = amendments;
      return std::make_shared<const std::string>("relay");
    });
  }
  int encoded_ = 0;
  Amendments amendments_;
};

TEST_F(DeliveryTest, NobodyToTellCostsNothing) {
  dispatch(1, Effects{});
  Effects empty;
  empty.relay.audience.recipients = recipients_of({});
  dispatch(1, empty);
  domain_->delivery.push(Push{});
  EXPECT_EQ(encoded_, 0);
  EXPECT_TRUE(told_.envelopes.empty());
}

TEST_F(DeliveryTest, TheCallersOtherDevicesAreToldOnce) {
  Effects effects;
  effects.relay.audience.recipients = recipients_of(users({2, 3}));
  effects.relay.audience.other_sessions_of_caller = true;
  dispatch(1, effects);
  ASSERT_EQ(told_.envelopes.size(), 1u);
  EXPECT_EQ(told_.envelopes[0].caller_id, UserId(1));
  ASSERT_TRUE(told_.envelopes[0].except);
  EXPECT_EQ(told_.envelopes[0].except->session_id, caller(1).session_id);

  // Named among the recipients already.
  effects.relay.audience.recipients = recipients_of(users({1, 2}));
  dispatch(1, effects);
  EXPECT_FALSE(told_.envelopes[1].caller_id);
  EXPECT_TRUE(told_.envelopes[1].except);
}

TEST_F(DeliveryTest, TheCallingSessionIsToldWhereItIsSaid) {
  Effects effects;
  effects.relay.audience.calling_session = true;
  dispatch(1, effects);
  ASSERT_EQ(told_.envelopes.size(), 1u);
  EXPECT_EQ(told_.envelopes[0].caller_id, UserId(1));
  EXPECT_FALSE(told_.envelopes[0].except);
}

TEST_F(DeliveryTest, ARequestsEffectsGoOutInOrder) {
  const GroupId id = make_group(1, {2});
  const MessageId sent = send(1, id, std::nullopt);
  UpdateMessage recall;
  recall.message_id = sent;
  recall.recall_date = clock_.time;
  dispatch(1, ok(domain_->messages.update(caller(1), recall)).effects);
  ASSERT_EQ(told_.envelopes.size(), 2u);
  EXPECT_EQ(*told_.envelopes[0].payload, "relay");
  EXPECT_EQ(*told_.envelopes[1].payload, "event");
  EXPECT_TRUE(std::holds_alternative<SystemMessagePushed>(told_.events.at(0)));
  EXPECT_EQ(encoded_, 1);
}

TEST_F(DeliveryTest, APushOfTheServersOwnKnowsNoCaller) {
  Push push;
  push.audience.recipients = recipients_of(users({1, 2}));
  push.audience.extensions_only = true;
  push.event = MeetingFinished{};
  domain_->delivery.push(push);
  ASSERT_EQ(told_.envelopes.size(), 1u);
  EXPECT_FALSE(told_.envelopes[0].caller_id);
  EXPECT_FALSE(told_.envelopes[0].except);
  EXPECT_TRUE(told_.envelopes[0].extensions_only);
}

}  // namespace
}  // namespace turms::im
