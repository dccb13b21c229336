// Who has a word in requests and sign-ins.
#include <gtest/gtest.h>

#include "gateway/authentication/authenticator.h"
#include "gateway/gateway_testing.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

constexpr int32_t kCreateMessage = 8;

class Hook final : public im::RequestHook, public im::SignInHook {
 public:
  bool asked_about(int32_t kind) const override { return kind == kCreateMessage; }
  Task<im::Outcome<im::ScreenedRequest>> before_request(im::RequestDraft draft) override {
    ++asked;
    proto::TurmsRequest request;
    EXPECT_TRUE(request.ParseFromString(draft.bytes));
    auto& message = *request.mutable_create_message_request();
    const std::string text = message.text();
    im::ScreenedRequest screened;
    if (text == "refuse") co_return im::refuse(im::Code::kUnauthorizedRequest, "no");
    if (text == "answer") {
      proto::TurmsNotification answer;
      answer.mutable_data()->set_long_(77);
      screened.answer = answer.SerializeAsString();
    }
    if (text == "change") {
      message.set_text("changed");
      request.set_request_id(9999);
      screened.request = request.SerializeAsString();
    }
    if (text == "other kind") {
      request.mutable_query_messages_request();
      screened.request = request.SerializeAsString();
    }
    co_return screened;
  }

  bool asked_to_authenticate() const override { return authenticates; }
  Task<im::Outcome<bool>> authenticate(im::SignInDraft draft) override {
    if (draft.password == "wrong") co_return im::refuse(im::Code::kLoginFailed);
    co_return draft.password == "right";
  }

  int asked = 0;
  bool authenticates = true;
};

class RequestHooks : public testing::Test {
 protected:
  void SetUp() override {
    fixture_.add_user(1);
    fixture_.add_user(2);
    alice_ = fixture_.sign_in(1);
    bob_ = fixture_.sign_in(2);
    fixture_.environment->request_hook = &hook_;
  }
  proto::TurmsNotification say(const std::string& text) {
    return fixture_.ask(alice_, [&](proto::TurmsRequest& request) {
      request.mutable_create_message_request()->set_recipient_id(2);
      request.mutable_create_message_request()->set_text(text);
    });
  }
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const auto& push : bob_.received()) {
      texts.push_back(push.relayed_request().create_message_request().text());
    }
    bob_.received().clear();
    return texts;
  }
  int32_t sign_in(int64_t user, const std::string& password) {
    TestClient client = fixture_.connect();
    return fixture_
        .ask(client,
             [&](proto::TurmsRequest& request) {
               auto& in = *request.mutable_create_session_request();
               in.set_version(1);
               in.set_user_id(user);
               in.set_password(password);
             })
        .code();
  }

  Hook hook_;
  Fixture fixture_;
  TestClient alice_;
  TestClient bob_;
};

TEST_F(RequestHooks, ChangeRequestsForAllWhoAreTold) {
  EXPECT_EQ(say("as it is").code(), 1000);
  EXPECT_EQ(say("change").code(), 1000);
  EXPECT_EQ(told(), (std::vector<std::string>{"as it is", "changed"}));
}

TEST_F(RequestHooks, AnswerAndRefuseRequests) {
  const auto answered = say("answer");
  EXPECT_EQ(answered.code(), 1000);
  EXPECT_EQ(answered.data().long_(), 77);
  const auto refused = say("refuse");
  EXPECT_EQ(refused.code(), 1106);
  EXPECT_EQ(refused.reason(), "no");
  EXPECT_EQ(say("other kind").code(), 1200);
  EXPECT_TRUE(told().empty());
}

TEST_F(RequestHooks, AreNotAskedAboutOtherKinds) {
  const auto answer = fixture_.ask(alice_, [](proto::TurmsRequest& request) {
    request.mutable_query_user_profiles_request()->add_user_ids(2);
  });
  EXPECT_EQ(answer.code(), 1000);
  EXPECT_EQ(hook_.asked, 0);
}

TEST_F(RequestHooks, SayWhoSignsIn) {
  im::Users& users = fixture_.domain->users;
  fixture_.environment->authenticator =
      make_hooked_authenticator(users, hook_, make_password_authenticator(users));
  EXPECT_EQ(sign_in(1, "right"), 1000);
  EXPECT_EQ(sign_in(777, "right"), 1000) << "who need not be stored";
  EXPECT_EQ(sign_in(1, "wrong"), 2011);
  EXPECT_EQ(sign_in(1, "turms"), 1000) << "the server's own way";
  EXPECT_EQ(sign_in(1, "else"), 2011);
  EXPECT_EQ(sign_in(0, "right"), 2011) << "what is no user is none for a plugin either";
  hook_.authenticates = false;
  EXPECT_EQ(sign_in(1, "right"), 2011);
}

}  // namespace
}  // namespace turms::gateway
