#include "gateway/ldap/client.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "net/raw_client_testing.h"
#include "net/tcp_server.h"

namespace turms::gateway::ldap {
namespace {

using Verdict = Client::Verdict;

std::string element(uint8_t tag, const std::string& content) {
  return std::string{static_cast<char>(tag), static_cast<char>(content.size())} + content;
}
std::string message(char id, const std::string& operation) {
  return element(0x30, element(0x02, std::string(1, id)) + operation);
}
std::string result(uint8_t operation, char code) {
  return element(operation,
                 element(0x0a, std::string(1, code)) + element(0x04, "") + element(0x04, ""));
}

/// A directory that takes "secret" of its administrator and "right" of everybody else.
class LdapClientTest : public testing::Test {
 protected:
  LdapClientTest() {
    net::TcpServerConfig config;
    config.name = net::test_server_name();
    server_ = std::move(*net::TcpServer::listen(loop_, config, [this](auto connection) {
      ++connections_;
      connection->on_data([this, weak = std::weak_ptr(connection)](ByteView data) {
        if (const auto to = weak.lock()) answer(*to, as_text(data));
      });
      connection->on_close([] {});
      open_.push_back(connection);
    }));
    LdapAuthentication ldap;
    ldap.base_dn = "dc=example";
    ldap.admin.port = ldap.user.port = server_->port();
    ldap.admin.username = "cn=admin";
    ldap.admin.password = "secret";
    config_ = ldap;
  }

  void make() { client_ = std::move(*Client::make(loop_, config_)); }

  void answer(net::TcpConnection& to, std::string_view request) {
    ++requests_;
    if (drop_next_) {
      drop_next_ = false;
      return to.abort();
    }
    if (silent_) return;
    const char id = static_cast<char>(request[4] + wrong_by_);
    const auto operation = static_cast<uint8_t>(request[5]);
    std::string text;
    if (operation == 0x60) {
      const bool good = request.ends_with("secret") || request.ends_with("right");
      text = message(id, result(0x61, good ? 0 : 49));
    } else if (operation == 0x63) {
      for (const std::string& name : entries_) {
        text += message(id, element(0x64, element(0x04, name) + element(0x30, "")));
      }
      text += message(id, result(0x65, 0));
    }
    to.send(as_bytes(text));
  }

  Task<void> run(std::string password, std::optional<Result<Verdict>>& into) {
    into = co_await client_->ask(UserId(5), std::move(password));
  }
  Result<Verdict> ask(const std::string& password) {
    if (!client_) make();
    std::optional<Result<Verdict>> verdict;
    spawn(run(password, verdict));
    if (!loop_.run_until([&] { return verdict.has_value(); }, net::kTestLimit)) {
      return fail(ErrorCode::kInternal, "no verdict");
    }
    return *verdict;
  }

  net::Loop loop_;
  LdapAuthentication config_;
  std::unique_ptr<net::TcpServer> server_;
  std::vector<std::shared_ptr<net::TcpConnection>> open_;
  std::vector<std::string> entries_ = {"uid=5"};
  std::unique_ptr<Client> client_;
  int connections_ = 0;
  int requests_ = 0;
  int wrong_by_ = 0;
  bool silent_ = false;
  bool drop_next_ = false;
};

TEST_F(LdapClientTest, ConnectionsAreKept) {
  EXPECT_EQ(ask("right"), Verdict::kRight);
  EXPECT_EQ(ask("wrong"), Verdict::kWrong);
  EXPECT_EQ(ask("right"), Verdict::kRight);
  EXPECT_EQ(connections_, 2);
  // The administrator is bound once.
  EXPECT_EQ(requests_, 1 + 3 * 2);
}

TEST_F(LdapClientTest, NobodyIsAskedAboutAnEmptyPassword) {
  EXPECT_EQ(ask(""), Verdict::kWrong);
  EXPECT_EQ(connections_, 0);
}

TEST_F(LdapClientTest, OnlyOneEntryIsAUser) {
  entries_ = {};
  EXPECT_EQ(ask("right"), Verdict::kUnknown);
  entries_ = {"uid=5", "cn=5"};
  EXPECT_EQ(ask("right"), Verdict::kAmbiguous);
  // A bind without a name is anonymous, whatever the password.
  entries_ = {""};
  EXPECT_EQ(ask("right"), Verdict::kUnknown);
}

TEST_F(LdapClientTest, AKeptConnectionThatIsGoneIsReplaced) {
  EXPECT_EQ(ask("right"), Verdict::kRight);
  for (const auto& connection : open_) connection->abort();
  EXPECT_EQ(ask("right"), Verdict::kRight);
  // Or goes just then.
  drop_next_ = true;
  EXPECT_EQ(ask("right"), Verdict::kRight);
  EXPECT_EQ(connections_, 5);
}

TEST_F(LdapClientTest, ANewConnectionThatGoesIsAnError) {
  drop_next_ = true;
  const auto verdict = ask("right");
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, ErrorCode::kUnavailable);
}

TEST_F(LdapClientTest, SilenceEndsWithTheDeadlineForAllWhoWait) {
  config_.timeout = 100ms;
  make();
  silent_ = true;
  std::vector<std::optional<Result<Verdict>>> verdicts(20);
  for (auto& verdict : verdicts) spawn(run("right", verdict));
  ASSERT_TRUE(loop_.run_until(
      [&] { return std::ranges::all_of(verdicts, [](const auto& v) { return v.has_value(); }); },
      net::kTestLimit));
  for (const auto& verdict : verdicts) {
    ASSERT_FALSE(*verdict);
    EXPECT_EQ(verdict->error().code, ErrorCode::kDeadlineExceeded);
  }
  EXPECT_EQ(connections_, static_cast<int>(Pool::kMaxConnections));
  silent_ = false;
  EXPECT_EQ(ask("right"), Verdict::kRight);
}

TEST_F(LdapClientTest, ManyAtOnceShareFewConnections) {
  make();
  std::vector<std::optional<Result<Verdict>>> verdicts(50);
  for (auto& verdict : verdicts) spawn(run("right", verdict));
  ASSERT_TRUE(loop_.run_until(
      [&] { return std::ranges::all_of(verdicts, [](const auto& v) { return v.has_value(); }); },
      net::kTestLimit));
  for (const auto& verdict : verdicts) EXPECT_EQ(*verdict, Verdict::kRight);
  EXPECT_LE(connections_, static_cast<int>(2 * Pool::kMaxConnections));
}

TEST_F(LdapClientTest, AnAnswerThatNobodyAskedForIsNotBelieved) {
  wrong_by_ = 1;
  const auto verdict = ask("wrong");
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, ErrorCode::kUnavailable);
}

TEST_F(LdapClientTest, AFilterMustNameTheUser) {
  config_.user.search_filter = "(uid=5)";
  EXPECT_FALSE(Client::make(loop_, config_));
  config_.user.search_filter = "(&(uid=${userId})";
  EXPECT_FALSE(Client::make(loop_, config_));
  config_.user.search_filter = "(|(uid=${userId})(cn=u${userId}))";
  EXPECT_TRUE(Client::make(loop_, config_));
}

}  // namespace
}  // namespace turms::gateway::ldap
