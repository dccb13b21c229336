#include "im/session_tokens.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/crypto.h"
#include "im/domain_testing.h"

namespace turms::im {
namespace {

constexpr UserId kUser{20};

class SessionTokensTest : public DomainTest {
 protected:
  SessionTokensTest() {
    EXPECT_TRUE(run(domain_->administration.add_user(kUser, "dora", "secret")));
    domain_->context().settings.session.token_lifetime = 100h;
  }

  SignIn by_password(std::string password = "secret") {
    SignIn command;
    command.version = 1;
    command.user_id = kUser;
    command.password = std::move(password);
    command.device_type = DeviceType::kBrowser;
    command.wants_token = true;
    return command;
  }

  SignIn by_token(const std::string& token, UserId user = kUser) {
    SignIn command;
    command.version = 1;
    command.user_id = user;
    command.wants_token = true;
    command.token = *run(domain_->session_tokens.find(user, token));
    return command;
  }

  std::string token() {
    const auto signed_in = ok(domain_->users.authenticate(by_password()));
    EXPECT_TRUE(signed_in.token);
    return signed_in.token ? signed_in.token->token : "";
  }

  int code_by_token(const std::string& token, UserId user = kUser) {
    return code(domain_->users.authenticate(by_token(token, user)));
  }
};

TEST_F(SessionTokensTest, SignsInWithoutAPasswordAgainAndAgain) {
  const std::string mine = token();
  EXPECT_GE(mine.size(), 43u);
  for (int i = 0; i < 2; ++i) {
    const auto signed_in = ok(domain_->users.authenticate(by_token(mine)));
    EXPECT_EQ(signed_in.user.name, "dora");
    ASSERT_TRUE(signed_in.token);
    EXPECT_TRUE(signed_in.token->token.empty()) << "the client has it";
  }
  EXPECT_EQ(code_by_token(mine, UserId(1)), 2011) << "of another user";
  EXPECT_EQ(code_by_token(std::string(43, 'x')), 2011);
  EXPECT_EQ(code_by_token("short"), 2011);
  EXPECT_EQ(code_by_token(mine), 1000);
}

TEST_F(SessionTokensTest, OnlyItsHashIsStored) {
  const std::string mine = token();
  std::string files;
  store_->close();
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_EQ(files.find(mine), std::string::npos);
  const TokenHash hash = sha256(as_bytes(mine));
  EXPECT_NE(files.find(as_text(hash)), std::string::npos);
}

TEST_F(SessionTokensTest, NoneIsGivenUnaskedOrWhenSwitchedOff) {
  SignIn unasked = by_password();
  unasked.wants_token = false;
  EXPECT_FALSE(ok(domain_->users.authenticate(unasked)).token);
  domain_->context().settings.session.token_lifetime = {};
  EXPECT_FALSE(ok(domain_->users.authenticate(by_password())).token);
}

TEST_F(SessionTokensTest, EndsWithItsLifetimeWhichEachUseRenews) {
  const std::string mine = token();
  for (int day = 0; day < 10; ++day) {
    clock_.time.unix_ms += to_ms(50h);
    EXPECT_EQ(code_by_token(mine), 1000) << day;
  }
  clock_.time.unix_ms += to_ms(100h);
  EXPECT_EQ(code_by_token(mine), 2011);
}

TEST_F(SessionTokensTest, EndsWithAChangedPasswordButStillShowsTheDevice) {
  const std::string mine = token();
  ASSERT_TRUE(run(domain_->administration.set_password(kUser, "new")));
  EXPECT_EQ(code_by_token(mine), 2011);
  SignIn command = by_token(mine);
  ASSERT_TRUE(command.token);
  command.password = "new";
  const auto signed_in = ok(domain_->users.authenticate(command));
  ASSERT_TRUE(signed_in.token);
  EXPECT_FALSE(signed_in.token->token.empty()) << "a new one";
}

TEST_F(SessionTokensTest, EndsWhenTheUserIsDeactivated) {
  const std::string mine = token();
  ASSERT_TRUE(run(store_->repositories().users.set_active(
      Rights::administrator(action::SetActive{kUser}), false, clock_.time)));
  EXPECT_EQ(code_by_token(mine), 2012);
}

TEST_F(SessionTokensTest, EndsWhenItIsRevokedAlsoMeanwhile) {
  const std::string one = token();
  const std::string other = token();
  const SignIn found_before = by_token(one);
  EXPECT_EQ(run(domain_->session_tokens.revoke(UserId(1), found_before.token->hash)), 0);
  EXPECT_EQ(run(domain_->session_tokens.revoke(kUser, found_before.token->hash)), 1);
  EXPECT_EQ(code(domain_->users.authenticate(found_before)), 2011);
  EXPECT_EQ(code_by_token(one), 2011);
  EXPECT_EQ(code_by_token(other), 1000);
}

TEST_F(SessionTokensTest, AnAdministratorsDisconnectEndsThoseOfTheDeviceTypes) {
  const std::string mine = token();
  ASSERT_TRUE(run(domain_->administration.disconnect(kUser, {DeviceType::kIos})));
  EXPECT_EQ(code_by_token(mine), 1000);
  ASSERT_TRUE(run(domain_->administration.disconnect(kUser, {DeviceType::kBrowser})));
  EXPECT_EQ(code_by_token(mine), 2011);
  const std::string another = token();
  ASSERT_TRUE(run(domain_->administration.disconnect(kUser, {})));
  EXPECT_EQ(code_by_token(another), 2011);
  ASSERT_EQ(told_.orders.size(), 3u);
  EXPECT_EQ(told_.orders[2].close_status, 600);
}

TEST_F(SessionTokensTest, TheOldestGoesWhenThereAreTooMany) {
  std::vector<std::string> tokens;
  for (int i = 0; i <= SessionTokens::kMaxPerUser; ++i) {
    clock_.time.unix_ms += 1;
    tokens.push_back(run(domain_->session_tokens.issue(kUser, DeviceType::kIos, 0))->token);
  }
  EXPECT_EQ(code_by_token(tokens.front()), 2011);
  EXPECT_EQ(code_by_token(tokens[1]), 1000);
  EXPECT_EQ(code_by_token(tokens.back()), 1000);
}

}  // namespace
}  // namespace turms::im
