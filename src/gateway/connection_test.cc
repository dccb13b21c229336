#include "gateway/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/metrics.h"
#include "gateway/gateway_testing.h"

namespace turms::gateway {
namespace {

using Notification = proto::TurmsNotification;
using Request = proto::TurmsRequest;
using testing::ElementsAre;

int64_t rejections(std::string_view reason) {
  return metrics::counter("turms_gateway_rejections_total", "", {{"reason", reason}}).value();
}

auto signing_in(int64_t user, proto::DeviceType device = proto::DESKTOP) {
  return [=](Request& request) {
    auto& in = *request.mutable_create_session_request();
    in.set_version(1);
    in.set_user_id(user);
    in.set_password("turms");
    in.set_device_type(device);
  };
}

auto writing_to(int64_t user, std::string text = "hello") {
  return [=](Request& request) {
    auto& in = *request.mutable_create_message_request();
    in.set_recipient_id(user);
    in.set_text(text);
  };
}

void ask_for_members(Request& request) {
  request.mutable_query_group_members_request()->set_group_id(1);
}

void ask_for_nothing(Request& request) {
  request.mutable_query_user_profiles_request();
}

std::vector<int64_t> answered_ids(const std::vector<Notification>& received) {
  std::vector<int64_t> ids;
  for (const Notification& notification : received) {
    if (notification.has_request_id() && !notification.has_relayed_request()) {
      ids.push_back(notification.request_id());
    }
  }
  return ids;
}

/// Keeps the store from writing, as another program that uses its database could.
class WriteLock {
 public:
  explicit WriteLock(const std::filesystem::path& database) {
    TURMS_CHECK(sqlite3_open(database.c_str(), &handle_) == SQLITE_OK);
    sqlite3_busy_timeout(handle_, 10'000);
    TURMS_CHECK(sqlite3_exec(handle_, "begin immediate", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  ~WriteLock() { sqlite3_close(handle_); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    for (int64_t id = 1; id <= 3; ++id) fixture.add_user(id);
  }
  Fixture fixture;
};

TEST_F(ConnectionTest, TheSessionIsPushedBeforeTheAnswer) {
  TestClient client = fixture.connect();
  const Notification answer = fixture.ask(client, signing_in(1));
  EXPECT_EQ(answer.code(), 1000);
  ASSERT_EQ(client.received().size(), 2u);
  const Notification& session = client.received()[0];
  EXPECT_TRUE(session.data().has_user_session());
  EXPECT_FALSE(session.has_request_id());
  EXPECT_FALSE(session.has_code());
  EXPECT_GT(std::stoll(session.data().user_session().session_id()), 0);
  EXPECT_EQ(fixture.environment->registry.sessions(), 1u);
}

TEST_F(ConnectionTest, TheSameDeviceTypeEndsTheOlderSession) {
  TestClient older = fixture.sign_in(1, proto::IOS);
  TestClient other = fixture.sign_in(1, proto::DESKTOP);
  TestClient newer = fixture.sign_in(1, proto::IOS);
  ASSERT_EQ(older.received().size(), 1u);
  EXPECT_EQ(older.received()[0].close_status(), 500);
  EXPECT_TRUE(older.transport->closed);
  EXPECT_FALSE(other.transport->closed);
  EXPECT_FALSE(newer.transport->closed);
  EXPECT_EQ(fixture.environment->registry.sessions(), 2u);
}

TEST_F(ConnectionTest, TwoThatSignInAtOnceLeaveOneSession) {
  TestClient first = fixture.connect();
  TestClient second = fixture.connect();
  fixture.send(first, signing_in(1));
  fixture.send(second, signing_in(1));
  ASSERT_TRUE(
      fixture.run_until([&] { return first.received().size() + second.received().size() == 5; }));
  EXPECT_NE(first.transport->closed, second.transport->closed);
  EXPECT_EQ(fixture.environment->registry.sessions(), 1u);
}

TEST_F(ConnectionTest, RequestsAreAnsweredInTheOrderSentWhateverTheyWaitFor) {
  TestClient client = fixture.connect();
  std::vector<int64_t> sent;
  sent.push_back(fixture.send(client, signing_in(1)));
  for (int i = 0; i < 100; ++i) {
    sent.push_back(fixture.send(client, writing_to(2, std::to_string(i))));
    sent.push_back(fixture.send(client, ask_for_nothing));
    // Not implemented: answered without waiting for anything.
    sent.push_back(fixture.send(
        client, [](Request& request) { request.mutable_query_nearby_users_request(); }));
  }
  fixture.answer_to(client, sent.back());
  EXPECT_EQ(answered_ids(client.received()), sent);
}

TEST_F(ConnectionTest, OneThatAsksALotLetsOthersHaveATurn) {
  TestClient busy = fixture.connect();
  int64_t last = 0;
  // Refused at once, so that only the turn's share ends the work.
  for (int i = 0; i < 100; ++i) last = fixture.send(busy, ask_for_nothing);
  EXPECT_EQ(busy.received().size(), 32u);
  fixture.answer_to(busy, last);
  EXPECT_EQ(busy.received().size(), 100u);
}

TEST_F(ConnectionTest, StopsReadingWhenRequestsPileUpAndGoesOnAfterwards) {
  TestClient client = fixture.sign_in(1);
  int64_t last = 0;
  for (size_t i = 0; i <= Connection::kMaxPendingRequests; ++i) {
    EXPECT_TRUE(client.transport->reading) << i;
    last = fixture.send(client, ask_for_members);
  }
  EXPECT_FALSE(client.transport->reading);
  fixture.answer_to(client, last);
  EXPECT_TRUE(client.transport->reading);
}

TEST_F(ConnectionTest, StopsReadingWhenFewButLargeRequestsPileUp) {
  TestClient client = fixture.sign_in(1);
  // Its answer is what the others wait for.
  fixture.send(client, ask_for_members);
  int sent = 0;
  while (client.transport->reading && sent < 100) {
    fixture.send(client, writing_to(2, std::string(15000, 'x')));
    ++sent;
  }
  EXPECT_EQ(sent, 5);
  EXPECT_TRUE(fixture.run_until([&] { return client.transport->reading; }));
}

TEST_F(ConnectionTest, DeleteSessionIsNotAnsweredAndEndsWhatFollows) {
  TestClient client = fixture.sign_in(1);
  fixture.send(client, [](Request& request) { request.mutable_delete_session_request(); });
  fixture.send(client, ask_for_nothing);
  ASSERT_EQ(client.received().size(), 1u);
  EXPECT_EQ(client.received()[0].close_status(), 500);
  EXPECT_FALSE(client.received()[0].has_request_id());
  EXPECT_EQ(fixture.environment->registry.sessions(), 0u);
}

TEST_F(ConnectionTest, DeleteSessionBeforeSigningInMeansNothing) {
  TestClient client = fixture.connect();
  fixture.send(client, [](Request& request) { request.mutable_delete_session_request(); });
  fixture.sign_in(client, 1);
  EXPECT_EQ(fixture.environment->registry.sessions(), 1u);
}

TEST_F(ConnectionTest, AClientTooSlowForAnAnswerIsTold) {
  const int64_t before = rejections("slow_receiver");
  TestClient client = fixture.sign_in(1);
  client.transport->full = true;
  fixture.send(client, ask_for_nothing);
  ASSERT_TRUE(fixture.run_until([&] { return client.transport->closed; }));
  ASSERT_EQ(client.received().size(), 1u);
  EXPECT_EQ(client.received()[0].close_status(), 202);
  EXPECT_THAT(client.received()[0].reason(), testing::HasSubstr("query from the last message"));
  EXPECT_EQ(rejections("slow_receiver"), before + 1);
}

TEST_F(ConnectionTest, AClientTooSlowForAPushLosesItsSessionAndOthersLoseNothing) {
  const int64_t group = fixture.add_group(1, {1, 2, 3});
  TestClient sender = fixture.sign_in(1);
  TestClient slow = fixture.sign_in(2);
  TestClient quick = fixture.sign_in(3);
  slow.transport->full = true;
  fixture.ask(sender, [&](Request& request) {
    request.mutable_create_message_request()->set_group_id(group);
    request.mutable_create_message_request()->set_text("x");
  });
  ASSERT_TRUE(fixture.run_until([&] { return !quick.received().empty(); }));
  EXPECT_TRUE(slow.transport->closed);
  EXPECT_EQ(slow.received()[0].close_status(), 202);
  EXPECT_EQ(fixture.environment->registry.sessions(), 2u);
}

TEST_F(ConnectionTest, OthersAreToldEvenWhenTheSenderIsGoneBeforeTheAnswer) {
  TestClient sender = fixture.sign_in(1);
  TestClient receiver = fixture.sign_in(2);
  fixture.send(sender, writing_to(2));
  sender.transport->report_closed();
  ASSERT_TRUE(fixture.run_until([&] { return !receiver.received().empty(); }));
  EXPECT_EQ(receiver.received()[0].relayed_request().create_message_request().text(), "hello");
}

TEST_F(ConnectionTest, WhatHadArrivedTakesEffectWhenTheClientLeaves) {
  TestClient sender = fixture.sign_in(1);
  TestClient receiver = fixture.sign_in(2);
  for (int i = 0; i < 5; ++i) fixture.send(sender, writing_to(2, std::to_string(i)));
  sender.transport->report_closed();
  EXPECT_EQ(fixture.environment->registry.sessions(), 1u);
  ASSERT_TRUE(fixture.run_until([&] { return receiver.received().size() == 5; }));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(receiver.received()[static_cast<size_t>(i)]
                  .relayed_request()
                  .create_message_request()
                  .text(),
              std::to_string(i));
  }
}

TEST_F(ConnectionTest, WhatWaitsBehindAnEndOfTheServersMakingIsDropped) {
  TestClient sender = fixture.sign_in(1);
  TestClient receiver = fixture.sign_in(2);
  // Loads the recipient, so that those behind begin at once.
  fixture.ask(sender, writing_to(2));
  ASSERT_TRUE(fixture.run_until([&] { return !receiver.received().empty(); }));
  receiver.received().clear();
  std::optional<TestClient> signed_in;
  {
    // What is under way stays so until the other session is there.
    const WriteLock lock(fixture.database());
    fixture.send(sender, writing_to(2, "under way"));
    fixture.send(sender, writing_to(2, "under way too"));
    fixture.send(sender, ask_for_members);
    fixture.send(sender, writing_to(2, "waiting"));
    signed_in = fixture.sign_in(1);
  }
  TestClient& newer = *signed_in;
  EXPECT_TRUE(sender.transport->closed);
  fixture.ask(newer, writing_to(2, "later"));
  ASSERT_TRUE(fixture.run_until([&] { return receiver.received().size() == 3; }));
  std::vector<std::string> texts;
  for (const Notification& push : receiver.received()) {
    texts.push_back(push.relayed_request().create_message_request().text());
  }
  EXPECT_THAT(texts, ElementsAre("under way", "under way too", "later"));
}

TEST_F(ConnectionTest, MessagesBeginBeforeFormerOnesAreAnsweredAndNothingElseDoes) {
  const int64_t group = fixture.add_group(1, {1, 2});
  TestClient client = fixture.sign_in(1);
  // One that waits for the answer to the former would be a commit of its own: fifty. Nothing can be
  // written while they come, so that few commits serve all; how few is the machine's pace.
  auto& transactions = metrics::counter("turms_store_transactions_total", "");
  fixture.ask(client, writing_to(2));
  const int64_t before = transactions.value();
  std::vector<int64_t> sent;
  {
    const WriteLock lock(fixture.database());
    for (int i = 0; i < 50; ++i) sent.push_back(fixture.send(client, writing_to(2)));
  }
  fixture.answer_to(client, sent.back());
  EXPECT_EQ(answered_ids(client.received()).size(), 51u);
  EXPECT_LE(transactions.value() - before, 25);
  // What reads finds all that was written before it; what is written behind it, it does not find.
  client.received().clear();
  const auto to_group = [&](Request& request) {
    request.mutable_create_message_request()->set_group_id(group);
    request.mutable_create_message_request()->set_text("x");
  };
  sent.clear();
  for (int i = 0; i < 5; ++i) sent.push_back(fixture.send(client, to_group));
  sent.push_back(fixture.send(client, [&](Request& request) {
    auto& query = *request.mutable_query_messages_request();
    query.set_are_group_messages(true);
    query.set_max_count(100);
  }));
  // Refused at once, yet answered in its place.
  sent.push_back(fixture.send(client, writing_to(2, "")));
  for (int i = 0; i < 5; ++i) sent.push_back(fixture.send(client, to_group));
  fixture.answer_to(client, sent.back());
  EXPECT_EQ(answered_ids(client.received()), sent);
  EXPECT_EQ(client.received()[5].data().messages().messages_size(), 5);
  EXPECT_EQ(client.received()[6].code(), 1102);
}

TEST_F(ConnectionTest, MessagesKeepTheirOrderWhenTheFirstHasToLoadItsGroup) {
  const int64_t group = fixture.add_group(1, {1, 2});
  TestClient sender = fixture.sign_in(1);
  TestClient receiver = fixture.sign_in(2);
  fixture.domain->forget_cached();
  fixture.ask(sender, writing_to(2));
  ASSERT_TRUE(fixture.run_until([&] { return !receiver.received().empty(); }));
  receiver.received().clear();
  for (int i = 0; i < 20; ++i) {
    fixture.send(sender, [&](Request& request) {
      auto& in = *request.mutable_create_message_request();
      // The first waits for its group, the second would not have to wait for its recipient.
      if (i % 2 == 0) {
        in.set_group_id(group);
      } else {
        in.set_recipient_id(2);
      }
      in.set_text(std::to_string(i));
    });
  }
  ASSERT_TRUE(fixture.run_until([&] { return receiver.received().size() == 20; }));
  int64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const auto& message = receiver.received()[i].relayed_request().create_message_request();
    EXPECT_EQ(message.text(), std::to_string(i));
    EXPECT_GT(message.message_id(), last);
    last = message.message_id();
  }
}

TEST_F(ConnectionTest, ARelayCarriesTheSendersRequestIdAndWhatTheServerAdded) {
  TestClient sender = fixture.sign_in(1);
  TestClient receiver = fixture.sign_in(2);
  const Notification answer = fixture.ask(sender, writing_to(2));
  ASSERT_TRUE(fixture.run_until([&] { return !receiver.received().empty(); }));
  const Notification& push = receiver.received()[0];
  EXPECT_FALSE(push.has_request_id());
  EXPECT_EQ(push.requester_id(), 1);
  EXPECT_EQ(push.relayed_request().request_id(), answer.request_id());
  EXPECT_EQ(push.relayed_request().create_message_request().message_id(), answer.data().long_());
  EXPECT_GT(push.relayed_request().create_message_request().delivery_date(), 0);
}

TEST_F(ConnectionTest, SequencesAreForThoseWhoKnowThem) {
  TestClient sender = fixture.sign_in(1, proto::DESKTOP, /*extensions=*/true);
  TestClient aware = fixture.sign_in(2, proto::BROWSER, /*extensions=*/true);
  TestClient plain = fixture.sign_in(2);
  const auto write = [&](Request& request) {
    writing_to(2)(request);
    request.mutable_create_message_request()->set_sender_key("key");
  };
  const Notification answer = fixture.ask(sender, write);
  EXPECT_EQ(answer.message_place().sequence(), 1);
  EXPECT_EQ(answer.message_place().message_id(), answer.data().long_());
  ASSERT_TRUE(
      fixture.run_until([&] { return !aware.received().empty() && !plain.received().empty(); }));
  EXPECT_EQ(aware.received()[0].message_place().sequence(), 1);
  EXPECT_FALSE(plain.received()[0].has_message_place());
  for (TestClient* client : {&aware, &plain}) {
    const auto& relayed = client->received()[0].relayed_request().create_message_request();
    EXPECT_FALSE(relayed.has_sender_key());
    EXPECT_EQ(relayed.message_id(), answer.data().long_());
  }
  const auto query = [](Request& request) {
    request.mutable_query_messages_request()->set_are_group_messages(false);
  };
  EXPECT_EQ(fixture.ask(aware, query).data().messages().messages(0).sequence(), 1);
  const auto shown = fixture.ask(plain, query).data().messages().messages(0);
  EXPECT_FALSE(shown.has_sequence());
  EXPECT_FALSE(shown.has_sequence_id());

  const Notification again = fixture.ask(sender, write);
  EXPECT_EQ(again.data().long_(), answer.data().long_());
  TestClient old_sender = fixture.sign_in(1, proto::ANDROID);
  const Notification unkeyed = fixture.ask(old_sender, write);
  EXPECT_NE(unkeyed.data().long_(), answer.data().long_());
  EXPECT_FALSE(unkeyed.has_message_place());
}

TEST_F(ConnectionTest, ASystemMessageNamesWhoCausedItAsTheRequester) {
  TestClient sender = fixture.sign_in(1);
  TestClient receiver = fixture.sign_in(2);
  const Notification answer = fixture.ask(sender, writing_to(2));
  fixture.ask(sender, [&](Request& request) {
    auto& in = *request.mutable_update_message_request();
    in.set_message_id(answer.data().long_());
    in.set_recall_date(1);
  });
  const auto is_notice = [](const Notification& push) {
    return push.relayed_request().create_message_request().is_system_message();
  };
  ASSERT_TRUE(
      fixture.run_until([&] { return std::ranges::any_of(receiver.received(), is_notice); }));
  const Notification& notice = *std::ranges::find_if(receiver.received(), is_notice);
  EXPECT_EQ(notice.requester_id(), 1) << "clients show it as the sender";
  EXPECT_TRUE(notice.has_request_id());
  EXPECT_EQ(notice.request_id(), 0);
}

TEST_F(ConnectionTest, RefusalsOfTheWireFormatAreCounted) {
  TestClient client = fixture.sign_in(1);
  struct Case {
    const char* reason;
    Bytes message;
    int64_t request_id;
  };
  const Case cases[] = {
      {"malformed_request", {0xDE, 0xAD}, -1},
      {"unknown_kind", {0x08, 0x07, 0xFA, 0x01, 0x00}, -1},
      {"request_id", {0x08, 0x00, 0x42, 0x00}, 0},
      {"malformed_request", {0x08, 0x07, 0x42, 0x01, 0xFF}, 7},
      // An extension, to one that knows none.
      {"unknown_kind", {0x08, 0x07, 0xC2, 0xB8, 0x02, 0x00}, -1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.reason);
    const int64_t before = rejections(c.reason);
    client.received().clear();
    client.transport->feed(c.message);
    ASSERT_EQ(client.received().size(), 1u);
    EXPECT_EQ(client.received()[0].code(), 1100);
    EXPECT_EQ(client.received()[0].request_id(), c.request_id);
    EXPECT_EQ(rejections(c.reason), before + 1);
  }
  EXPECT_FALSE(client.transport->closed);
}

auto guessing(int64_t user) {
  return [=](Request& request) {
    signing_in(user)(request);
    request.mutable_create_session_request()->set_password("guess");
  };
}

TEST_F(ConnectionTest, AConnectionIsClosedAfterEightFailedSignIns) {
  TestClient client = fixture.connect();
  // Whoever does not exist is a guess as well; a wrong version is none.
  for (int i = 1; i < Connection::kMaxFailedSignIns; ++i) {
    EXPECT_EQ(fixture.ask(client, guessing(i % 2 ? 1 : 77)).code(), i % 2 ? 2011 : 2012);
  }
  EXPECT_EQ(
      fixture
          .ask(client,
               [](Request& request) { request.mutable_create_session_request()->set_user_id(1); })
          .code(),
      2000);
  EXPECT_FALSE(client.transport->closed);
  EXPECT_EQ(fixture.ask(client, guessing(1)).code(), 2011);
  EXPECT_TRUE(client.transport->closed);
  EXPECT_EQ(client.received().back().close_status(), 100);
  EXPECT_EQ(client.received().back().code(), 1101);
}

TEST_F(ConnectionTest, GuessersAreThrottledAndTheUserElsewhereIsNot) {
  const int64_t before = rejections("sign_in_throttled");
  for (int i = 0; i < 10; ++i) {
    TestClient guesser = fixture.connect();
    EXPECT_EQ(fixture.ask(guesser, guessing(1)).code(), 2011) << i;
  }
  TestClient guesser = fixture.connect();
  EXPECT_EQ(fixture.ask(guesser, signing_in(1)).code(), 1101) << "even with the right password";
  EXPECT_EQ(rejections("sign_in_throttled"), before + 1);
  EXPECT_FALSE(guesser.transport->closed);

  TestClient user = fixture.connect();
  user.transport->address = net::Address::v4({192, 0, 2, 1}, 1);
  EXPECT_EQ(fixture.ask(user, signing_in(1)).code(), 1000);
}

TEST(Guarding, WhoSendsWhatCannotBeReadIsKeptOutForAWhile) {
  Config config;
  config.guard.ip.corrupted_request = {
      .enabled = true, .triggers = 3, .levels = {{10min, 1min, 1}}};
  Fixture fixture(config);
  fixture.add_user(1);
  const auto home = net::Address::v4({192, 0, 2, 1}, 1);
  TestClient bad = fixture.connect();
  bad.transport->address = home;
  TestClient neighbour = fixture.connect();
  neighbour.transport->address = home.with_port(2);
  TestClient other = fixture.connect();
  const std::string garbage = "\xFF\xFF";
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(bad.transport->closed) << i;
    bad.transport->feed(as_bytes(garbage));
  }
  EXPECT_TRUE(bad.transport->closed);
  EXPECT_TRUE(neighbour.transport->closed);
  EXPECT_FALSE(other.transport->closed);
  EXPECT_FALSE(fixture.environment->guard.lets_in(home));
  EXPECT_TRUE(fixture.run_until([&] { return fixture.loop.posted() == 0; }));
}

TEST(Guarding, ABlockedUserIsToldSoAndTheirSessionEnds) {
  Fixture fixture;
  fixture.add_user(1);
  TestClient client = fixture.sign_in(1);
  spawn([](im::Blocklist& blocklist) -> Task<void> {
    std::vector<UserId> users(1, UserId(1));
    (void)co_await blocklist.block_users(std::move(users), 10min);
  }(fixture.domain->blocklist));
  ASSERT_TRUE(fixture.run_until([&] { return client.transport->closed; }));
  EXPECT_EQ(client.received().back().close_status(), 701);
  TestClient again = fixture.connect();
  fixture.send(again, signing_in(1));
  ASSERT_TRUE(fixture.run_until([&] { return again.transport->closed; }));
  EXPECT_EQ(again.received().back().close_status(), 701);
  EXPECT_EQ(fixture.environment->registry.sessions(), 0u);
}

TEST(SignIn, ByANameThatOneUserHas) {
  Fixture fixture;
  fixture.add_user(1);
  const auto by_name = [](std::string name, bool extensions = true) {
    return [=](Request& request) {
      signing_in(0)(request);
      auto& in = *request.mutable_create_session_request();
      in.set_user_name(name);
      if (extensions) (*in.mutable_device_details())["turms.extensions"] = "1";
    };
  };
  TestClient client = fixture.connect();
  EXPECT_EQ(fixture.ask(client, by_name("User 2")).code(), 2011);
  EXPECT_EQ(fixture.ask(client, by_name("user 1", false)).code(), 2011);
  EXPECT_EQ(fixture.ask(client, by_name("User 1")).code(), 1000);
  const auto& received = client.received();
  const auto told = std::ranges::find_if(
      received, [](const auto& each) { return each.data().has_user_session(); });
  ASSERT_NE(told, received.end());
  EXPECT_EQ(told->data().user_session().user_id(), 1);
}

TEST(Guarding, NobodyNewIsLetInWhileThereIsNoTimeForThem) {
  Fixture fixture;
  fixture.add_user(1);
  TestClient known = fixture.connect();
  fixture.sign_in(known, 1, proto::DESKTOP, true);
  const std::string token = known.received()[0].data().user_session().session_token();
  ASSERT_FALSE(token.empty());
  for (int i = 0; i < LoadWatch::kShutAfter; ++i) (void)fixture.environment->load.sample(1h, {});
  TestClient newcomer = fixture.connect();
  EXPECT_EQ(fixture.ask(newcomer, signing_in(1, proto::IOS)).code(), 1201);
  EXPECT_FALSE(known.transport->closed);
  TestClient back = fixture.connect();
  EXPECT_EQ(fixture
                .ask(back,
                     [&](Request& request) {
                       signing_in(1)(request);
                       auto& in = *request.mutable_create_session_request();
                       in.clear_password();
                       in.set_session_token(token);
                       (*in.mutable_device_details())["turms.extensions"] = "1";
                     })
                .code(),
            1000);
  for (int i = 0; i < LoadWatch::kShutAfter; ++i) (void)fixture.environment->load.sample(0s, {});
  EXPECT_EQ(fixture.ask(newcomer, signing_in(1, proto::IOS)).code(), 1000);
}

TEST(Guarding, AnAddressHasOneRateForAllItsConnections) {
  Config config;
  config.guard.address_limit = {.capacity = 5, .initial_tokens = 5, .refill_interval = 0s};
  Fixture fixture(config);
  for (int64_t id = 1; id <= 3; ++id) fixture.add_user(id);
  TestClient one = fixture.sign_in(1);
  TestClient two = fixture.sign_in(2);
  TestClient elsewhere = fixture.connect();
  elsewhere.transport->address = net::Address::v4({192, 0, 2, 1}, 1);
  fixture.sign_in(elsewhere, 3);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(fixture.ask(i % 2 ? one : two, ask_for_nothing).code(), 1101) << i;
  }
  EXPECT_EQ(fixture.ask(one, ask_for_nothing).code(), 1101);
  EXPECT_EQ(fixture.ask(two, ask_for_nothing).code(), 1101);
  EXPECT_NE(fixture.ask(elsewhere, ask_for_nothing).code(), 1101);
}

TEST(ConnectionLimits, RequestsAboveTheRateAreRefusedInTheirTurn) {
  Config config;
  config.rate_limit = {.capacity = 20, .initial_tokens = 20, .refill_interval = 0s};
  Fixture fixture(config);
  fixture.add_user(1);
  fixture.add_user(2);
  TestClient client = fixture.sign_in(1);
  const int64_t before = rejections("too_frequent");
  std::vector<int64_t> sent;
  for (int i = 0; i < 25; ++i) sent.push_back(fixture.send(client, writing_to(2)));
  fixture.answer_to(client, sent.back());
  EXPECT_EQ(answered_ids(client.received()), sent);
  int refused = 0;
  for (const Notification& notification : client.received()) refused += notification.code() == 1101;
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(rejections("too_frequent"), before + refused);
  // Heartbeats are free.
  client.transport->feed({});
  ASSERT_TRUE(fixture.run_until([&] { return client.transport->heartbeats == 1; }));
}

TEST(ConnectionLimits, WithoutARateAClientMayPipelineAsItLikes) {
  Fixture fixture;
  fixture.add_user(1);
  TestClient client = fixture.sign_in(1);
  int64_t last = 0;
  for (int i = 0; i < 1000; ++i) last = fixture.send(client, ask_for_nothing);
  fixture.answer_to(client, last);
  for (const Notification& notification : client.received()) EXPECT_EQ(notification.code(), 1000);
}

TEST_F(ConnectionTest, AskingBeforeSigningInIsAnInternalErrorWithoutAReason) {
  TestClient client = fixture.connect();
  const Notification answer = fixture.ask(client, ask_for_nothing);
  EXPECT_EQ(answer.code(), 1200);
  EXPECT_FALSE(answer.has_reason());
}

TEST_F(ConnectionTest, AChangedPasswordEndsOlderSessionsOnly) {
  TestClient older = fixture.sign_in(1, proto::DESKTOP);
  TestClient other = fixture.sign_in(2);
  fixture.change_password(1);
  TestClient newer = fixture.sign_in(1, proto::IOS);
  fixture.domain->changed_elsewhere();
  ASSERT_TRUE(fixture.run_until([&] { return older.transport->closed; }));
  EXPECT_EQ(older.received().back().close_status(), 600);
  EXPECT_FALSE(newer.transport->closed);
  EXPECT_FALSE(other.transport->closed);
}

TEST_F(ConnectionTest, Heartbeats) {
  TestClient client = fixture.connect();
  client.transport->feed({});
  ASSERT_EQ(client.received().size(), 1u);
  EXPECT_EQ(client.received()[0].request_id(), -100);
  EXPECT_EQ(client.received()[0].code(), 2104);
  TestClient signed_in = fixture.sign_in(1);
  signed_in.transport->feed({});
  EXPECT_EQ(signed_in.transport->heartbeats, 1);
}

TEST_F(ConnectionTest, AHeartbeatBehindARequestIsAnsweredBehindIt) {
  TestClient client = fixture.connect();
  fixture.send(client, signing_in(1));
  client.transport->feed({});
  ASSERT_TRUE(fixture.run_until([&] { return client.transport->heartbeats == 1; }));
  EXPECT_EQ(client.received().size(), 2u);
}

TEST_F(ConnectionTest, ExtensionsReachThoseWhoAskedForThem) {
  TestClient plain = fixture.sign_in(1, proto::DESKTOP);
  TestClient aware = fixture.sign_in(1, proto::BROWSER, /*extensions=*/true);
  im::Meeting meeting;
  meeting.id = MeetingId(7);
  meeting.group_id = GroupId(9);
  const im::Push push{
      .audience = {.recipients = im::recipients_of({UserId(1)}), .extensions_only = true},
      .event = im::MeetingStateChanged{
          .meeting = meeting,
          .participants = {{.user_id = UserId(3), .camera = true, .name = "carol"}},
          .version = 4}};
  fixture.domain->delivery.push(push);
  EXPECT_TRUE(plain.received().empty());
  ASSERT_EQ(aware.received().size(), 1u);
  const Notification& told = aware.received()[0];
  EXPECT_FALSE(told.has_request_id());
  EXPECT_FALSE(told.has_relayed_request());
  ASSERT_EQ(told.data().meeting_states().meeting_states_size(), 1);
  const auto& state = told.data().meeting_states().meeting_states(0);
  EXPECT_EQ(state.meeting_id(), 7);
  EXPECT_EQ(state.version(), 4);
  EXPECT_EQ(state.participants(0).name(), "carol");
  EXPECT_TRUE(state.participants(0).camera());
}

TEST_F(ConnectionTest, AUserNamedTwiceIsToldOncePerSession) {
  TestClient client = fixture.sign_in(1);
  const im::Push push{
      .audience = {.recipients = im::recipients_of({UserId(1), UserId(1)})},
      .event = im::MembersAdded{
          .group_id = GroupId(1), .user_ids = {UserId(2)}, .role = {}, .by = UserId(2)}};
  fixture.domain->delivery.push(push);
  EXPECT_EQ(client.received().size(), 1u);
}

TEST(ConnectionTimeouts, WhoNeverSignsInIsClosed) {
  Config config;
  config.establish_timeout = 1ms;
  Fixture fixture(config);
  TestClient stranger = fixture.connect();
  ASSERT_TRUE(fixture.run_until([&] { return stranger.transport->closed; }));
  EXPECT_EQ(stranger.received()[0].close_status(), 111);
}

TEST(ConnectionTimeouts, WhoFallsSilentIsClosed) {
  Config config;
  config.idle_timeout = 1ms;
  Fixture fixture(config);
  fixture.add_user(1);
  TestClient client = fixture.connect();
  fixture.send(client, signing_in(1));
  ASSERT_TRUE(fixture.run_until([&] { return client.transport->closed; }));
  EXPECT_EQ(client.received().back().close_status(), 110);
}

}  // namespace
}  // namespace turms::gateway
