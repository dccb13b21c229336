#include "im/blocklist.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class BlocklistTest : public DomainTest {
 protected:
  Blocklist& list() { return domain_->blocklist; }
  void load() {
    run([](Blocklist& blocklist) -> Task<None> {
      co_await blocklist.load();
      co_return None{};
    }(list()));
  }
};

TEST_F(BlocklistTest, WhoIsBlockedIsKeptOutUntilTheTimeIsUp) {
  ASSERT_TRUE(run(list().block_ips({"192.0.2.1", "2001:db8::"}, 10min)));
  ASSERT_TRUE(run(list().block_users({UserId(1)}, 20min)));
  EXPECT_TRUE(list().is_blocked("192.0.2.1"));
  EXPECT_FALSE(list().is_blocked("192.0.2.2"));
  EXPECT_TRUE(list().is_blocked(UserId(1)));
  EXPECT_FALSE(list().is_blocked(UserId(2)));
  clock_.time.unix_ms += to_ms(10min);
  EXPECT_FALSE(list().is_blocked("192.0.2.1"));
  EXPECT_TRUE(list().is_blocked(UserId(1)));
}

TEST_F(BlocklistTest, SessionsOfABlockedUserEndWith701) {
  ASSERT_TRUE(run(list().block_users({UserId(3)}, 1min)));
  ASSERT_EQ(told_.orders.size(), 1u);
  EXPECT_EQ(told_.orders[0].user_id, UserId(3));
  EXPECT_EQ(told_.orders[0].close_status, 701);
}

TEST_F(BlocklistTest, IsReadAgainFromTheStore) {
  std::vector<std::string> told;
  list().on_blocked_ips([&](const std::vector<std::string>& ips) { told = ips; });
  ASSERT_TRUE(run(list().block_ips({"192.0.2.1"}, 10min)));
  EXPECT_EQ(told, std::vector<std::string>{"192.0.2.1"});
  ASSERT_TRUE(run(list().block_ips({"192.0.2.9"}, 1min)));
  ASSERT_TRUE(run(list().block_users({UserId(3)}, 10min)));
  clock_.time.unix_ms += to_ms(5min);
  Blocklist other(domain_->context());
  run([](Blocklist& blocklist) -> Task<None> {
    co_await blocklist.load();
    co_return None{};
  }(other));
  EXPECT_TRUE(other.is_blocked("192.0.2.1"));
  EXPECT_FALSE(other.is_blocked("192.0.2.9"));
  EXPECT_TRUE(other.is_blocked(UserId(3)));
  EXPECT_EQ(told_.orders.size(), 2u) << "the other one has not heard of the user before";
  load();
  EXPECT_EQ(told_.orders.size(), 2u);
}

TEST_F(BlocklistTest, WhoIsBlockedWhileTheStoreIsReadStaysOut) {
  // It has asked the store when the next line begins.
  spawn(list().load());
  ASSERT_TRUE(run(list().block_ips({"192.0.2.1"}, 10min)));
  load();
  EXPECT_TRUE(list().is_blocked("192.0.2.1"));
  spawn(list().load());
  auto blocked = list().block_ips({"192.0.2.2"}, 10min);
  spawn([](Task<Result<None>> task) -> Task<void> {
    (void)co_await std::move(task);
  }(std::move(blocked)));
  spawn(list().load());
  ASSERT_TRUE(run(list().unblock_ips({"192.0.2.1"})));
  EXPECT_FALSE(list().is_blocked("192.0.2.1"));
  EXPECT_TRUE(list().is_blocked("192.0.2.2"));
}

TEST_F(BlocklistTest, UnblockingLetsInAtOnceAndForGood) {
  ASSERT_TRUE(run(list().block_ips({"192.0.2.1", "192.0.2.2"}, 10min)));
  ASSERT_TRUE(run(list().block_users({UserId(3)}, 10min)));
  ASSERT_TRUE(run(list().unblock_ips({"192.0.2.1"})));
  ASSERT_TRUE(run(list().unblock_users({UserId(3)})));
  load();
  EXPECT_FALSE(list().is_blocked("192.0.2.1"));
  EXPECT_TRUE(list().is_blocked("192.0.2.2"));
  EXPECT_FALSE(list().is_blocked(UserId(3)));
}

TEST_F(BlocklistTest, IsQueriedInPages) {
  ASSERT_TRUE(run(list().block_ips({"192.0.2.3", "192.0.2.1", "192.0.2.2"}, 10min)));
  const auto subjects = [&](const std::vector<std::string>& only, size_t skip, size_t limit) {
    std::vector<std::string> found;
    for (const BlockedClient& client : list().query(BlockedKind::kIp, only, skip, limit)) {
      found.push_back(client.subject);
    }
    return found;
  };
  EXPECT_EQ(subjects({}, 1, 1), std::vector<std::string>{"192.0.2.2"});
  EXPECT_EQ(subjects({"192.0.2.3", "192.0.2.9"}, 0, 10), std::vector<std::string>{"192.0.2.3"});
  EXPECT_TRUE(subjects({}, 9, 10).empty());
  EXPECT_TRUE(list().query(BlockedKind::kUser, {}, 0, 10).empty());
}

TEST_F(BlocklistTest, IsBoundedAndWantsATime) {
  EXPECT_EQ(run(list().block_ips({"192.0.2.1"}, 0s)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(run(list().block_ips(std::vector<std::string>(Blocklist::kMaxClients + 1, "x"), 1s))
                .error()
                .code,
            ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace turms::im
