// The extension points beyond messages, through a plugin in C (testdata/points.c).
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "base/log.h"
#include "base/task.h"
#include "bus/node_bus.h"
#include "im/ports/admins.h"
#include "im/ports/storage.h"
#include "net/loop.h"
#include "plugin/host.h"

namespace turms::plugin {
namespace {

constexpr Duration kLimit = 20s;

struct OwnObjects final : im::ObjectStore {
  im::Stored<im::ResourceInfo> upload_info(im::UploadTerms) override {
    co_return im::ResourceInfo{{"url", "own"}};
  }
  im::Stored<im::ResourceInfo> download_info(im::DownloadTerms) override {
    co_return im::ResourceInfo{{"url", "own"}};
  }
  im::Stored<std::optional<int64_t>> find(im::ResourceKey) override { co_return 1; }
  im::Stored<im::None> remove(im::ResourceKey) override { co_return im::None(); }
};

struct Heard final : im::BusSubscriber {
  void on_envelope(const im::Envelope& envelope) override {
    std::string line = *envelope.payload + ":";
    for (const UserId user : *envelope.recipients) line += " " + std::to_string(user.value);
    lines.push_back(std::move(line));
  }
  void on_disconnect(const im::DisconnectOrder&) override {}
  std::vector<std::string> lines;
};

class Points : public testing::Test, public im::ConferenceListener {
 public:
  void participants_changed(MeetingId id, std::vector<im::MeetingParticipant> list) override {
    told_[id.value].push_back(list.at(0));
  }
  void meeting_ended(MeetingId, WallTime) override {}
  void provider_started() override {}

 protected:
  void SetUp() override {
    log::set_level(log::Level::kOff);
    bus_->subscribe(heard_);
    start({{"hook_deadline_ms", "20000"}});
  }
  void start(std::map<std::string, std::string> settings) {
    host_.reset();
    HostConfig config;
    config.settings = [settings](const std::string&) { return settings; };
    config.is_request = [](std::string_view bytes, int32_t) { return bytes != "no request"; };
    config.is_notification = [](std::string_view bytes) { return bytes != "no notification"; };
    config.text_of_value = [](std::string_view value) -> std::optional<std::string> {
      if (value == "none") return std::nullopt;
      return "text of " + std::string(value);
    };
    config.forget_subscription = [this](UserId user, const std::string& name,
                                        const std::string& text) {
      forgotten_.push_back(std::to_string(user.value) + " " + name + " " + text);
    };
    host_ = std::make_unique<Host>(loop_, nullptr, std::move(config));
    host_->set_conference_listener(*this);
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    ASSERT_TRUE(host_->load_file(program.parent_path().parent_path() / "test-plugins/points.so"));
    listening_ = host_->listen_on(*bus_);
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    spawn([](Task<T> waited, std::optional<T>& out) -> Task<void> {
      out.emplace(co_await std::move(waited));
    }(std::move(task), result));
    EXPECT_TRUE(loop_.run_until([&] { return result.has_value(); }, kLimit));
    return std::move(*result);
  }
  /// "true", "false", or "CODE reason".
  std::string sign_in(std::optional<std::string> password) {
    im::SignInDraft draft;
    draft.user_id = UserId(5);
    draft.password = std::move(password);
    draft.device_type = im::DeviceType::kIos;
    draft.ip = "192.0.2.1";
    draft.device_details["key"] = "value";
    auto said = run(host_->sign_in_hook().authenticate(std::move(draft)));
    if (said) return *said ? "true" : "false";
    return std::to_string(static_cast<int>(said.error().code)) + " " + said.error().reason;
  }
  /// "=request", "!answer", "" when it stays, or a code.
  std::string request(int32_t kind, const std::string& bytes) {
    im::RequestDraft draft;
    draft.caller = {UserId(5), im::DeviceType::kIos, 7};
    draft.ip = "192.0.2.1";
    draft.request_id = 66;
    draft.kind = kind;
    draft.bytes = bytes;
    auto said = run(host_->request_hook().before_request(std::move(draft)));
    if (!said) return std::to_string(static_cast<int>(said.error().code));
    std::string out;
    if (said->request) out += "=" + *said->request;
    if (said->answer) out += "!" + *said->answer;
    return out;
  }
  void publish(const std::string& payload) {
    im::Envelope envelope;
    envelope.recipients = im::recipients_of({UserId(4), UserId(6)});
    envelope.payload = std::make_shared<const std::string>(payload);
    listening_->publish(envelope);
  }
  std::vector<std::string> heard(size_t count) {
    EXPECT_TRUE(loop_.run_until([&] { return heard_.lines.size() >= count; }, kLimit));
    return std::exchange(heard_.lines, {});
  }
  std::vector<int64_t> kept(std::vector<const char*> texts) {
    std::vector<im::Message> messages;
    for (const char* text : texts) {
      im::Message& message = messages.emplace_back();
      message.id = MessageId(static_cast<int64_t>(messages.size()));
      message.group_id = GroupId(1);
      message.text = text;
    }
    std::vector<int64_t> ids;
    for (const MessageId id : run(host_->expiry_hook().before_expiry(std::move(messages)))) {
      ids.push_back(id.value);
    }
    return ids;
  }

  net::Loop loop_;
  std::unique_ptr<im::Bus> bus_ = std::make_unique<bus::NodeBus>();
  Heard heard_;
  std::map<int64_t, std::vector<im::MeetingParticipant>> told_;
  std::vector<std::string> forgotten_;
  OwnObjects own_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<im::Bus> listening_;
};

TEST_F(Points, SayWhoSomebodyIs) {
  ASSERT_TRUE(host_->sign_in_hook().asked_to_authenticate());
  EXPECT_EQ(sign_in("yes"), "true");
  EXPECT_EQ(sign_in("no"), "2011 ");
  EXPECT_EQ(sign_in("details"), "2013 value");
  EXPECT_EQ(sign_in("else"), "false") << "the server's to find out";
  EXPECT_EQ(sign_in(std::nullopt), "false");
  EXPECT_EQ(sign_in("change"), "false") << "nonsense lets nobody in";
  ASSERT_TRUE(host_->stop("points"));
  EXPECT_FALSE(host_->sign_in_hook().asked_to_authenticate());
}

TEST_F(Points, AnAuthenticatorThatFailsLetsNobodyIn) {
  start({{"hook_deadline_ms", "50"}});
  EXPECT_EQ(sign_in("never"), "false") << "the password decides";
  start({{"hook_deadline_ms", "50"}, {"hook_on_failure", "refuse"}});
  EXPECT_EQ(sign_in("never"), "1201 a plugin did not answer");
}

TEST_F(Points, ChangeAndAnswerRequestsOfTheKindsThatTheyAskFor) {
  EXPECT_TRUE(host_->request_hook().asked_about(7));
  EXPECT_TRUE(host_->request_hook().asked_about(8));
  EXPECT_FALSE(host_->request_hook().asked_about(9));
  EXPECT_EQ(request(7, "other"), "");
  EXPECT_EQ(request(7, "transform"), "=transformed");
  EXPECT_EQ(request(8, "answer"), "!5 IOS 192.0.2.1 66 8");
  EXPECT_EQ(request(8, "both"), "=answer!5 IOS 192.0.2.1 66 8") << "transformed first";
  EXPECT_EQ(request(7, "reject"), "1106");
  EXPECT_EQ(request(9, "transform"), "");
}

TEST_F(Points, WhatIsNoRequestIsAFailure) {
  start({{"hook_deadline_ms", "20000"}, {"hook_failures", "1"}});
  EXPECT_EQ(request(7, "wrong"), "");
  EXPECT_EQ(host_->statuses()[0].state, PluginState::kPaused);
  ASSERT_TRUE(host_->resume("points"));
  EXPECT_EQ(request(7, "empty"), "");
  EXPECT_EQ(host_->statuses()[0].state, PluginState::kPaused);
  EXPECT_FALSE(host_->request_hook().asked_about(7));
  start({{"hook_deadline_ms", "20000"}, {"hook_on_failure", "refuse"}});
  EXPECT_EQ(request(7, "wrong"), "1201");
}

TEST_F(Points, ChangeDropAndRedirectNotifications) {
  publish("as it is");
  publish("drop");
  publish("change");
  publish("first");
  EXPECT_EQ(heard(3), (std::vector<std::string>{"as it is: 4 6", "changed: 4 6", "first: 4"}));
  publish("wrong");
  EXPECT_EQ(heard(1), std::vector<std::string>{"wrong: 4 6"}) << "a failure, which is allowed";
}

TEST_F(Points, NotificationsKeepTheirOrder) {
  publish("late");
  publish("one");
  publish("drop");
  publish("two");
  EXPECT_FALSE(loop_.run_until([&] { return !heard_.lines.empty(); }, 50ms));
  publish("release");
  EXPECT_EQ(heard(4),
            (std::vector<std::string>{"late: 4 6", "one: 4 6", "two: 4 6", "release: 4 6"}));
  ASSERT_TRUE(host_->stop("points"));
  publish("at once");
  EXPECT_EQ(heard_.lines, std::vector<std::string>{"at once: 4 6"});
}

TEST_F(Points, WhatWaitsIsSentWhenThePluginGoes) {
  publish("late");
  publish("one");
  ASSERT_TRUE(host_->unload("points"));
  EXPECT_EQ(heard(2), (std::vector<std::string>{"late: 4 6", "one: 4 6"}));
  start({{"hook_deadline_ms", "20000"}});
  publish("late");
  host_.reset();
  EXPECT_EQ(heard_.lines, std::vector<std::string>{"late: 4 6"});
}

TEST_F(Points, KeepMessagesThatExpired) {
  ASSERT_TRUE(host_->expiry_hook().asked_about_expiry());
  EXPECT_EQ(kept({"a", "b"}), std::vector<int64_t>{});
  EXPECT_EQ(kept({"a", "keep", "b", "keep"}), (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(kept({"a", "all"}), (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(host_->send_hook().active()) << "it offers that table, but not this";
}

TEST_F(Points, HearOfWhatAdminsDo) {
  im::AuditEntry entry;
  entry.action = "DELETE /users";
  entry.arguments = "{..}";
  entry.status = 403;
  entry.code = 1300;
  host_->admin_action(entry);
  ASSERT_TRUE(loop_.run_until([&] { return told_[3].size() == 1; }, kLimit));
  EXPECT_EQ(told_[3][0].user_id, UserId(403));
  EXPECT_EQ(told_[3][0].joined_date.unix_ms, 1300);
  EXPECT_TRUE(told_[3][0].screen) << "four bytes";
}

TEST_F(Points, KeepFiles) {
  im::ObjectStore& objects = host_->objects(own_);
  im::UploadTerms upload;
  upload.key = {im::ResourceType::kMessageAttachment, 3};
  upload.content_type = "image/png";
  EXPECT_EQ(*run(objects.upload_info(upload)),
            (im::ResourceInfo{{"type", "image/png"}, {"url", "http://store/up"}}));
  im::DownloadTerms download;
  download.name = "a picture";
  EXPECT_EQ(*run(objects.download_info(download)), (im::ResourceInfo{{"url", "a picture"}}));
  EXPECT_EQ(*run(objects.find({im::ResourceType::kMessageAttachment, 4})), 40);
  EXPECT_EQ(*run(objects.find({im::ResourceType::kMessageAttachment, 9})), std::nullopt);
  EXPECT_TRUE(run(objects.remove({im::ResourceType::kMessageAttachment, 4})));
  EXPECT_EQ(run(objects.remove({im::ResourceType::kMessageAttachment, 9})).error().code,
            ErrorCode::kUnavailable);
  upload.key.id = 9;
  EXPECT_EQ(run(objects.upload_info(upload)).error().code, ErrorCode::kResourceExhausted);

  ASSERT_TRUE(host_->pause("points"));
  EXPECT_EQ(*run(objects.upload_info(upload)), (im::ResourceInfo{{"url", "own"}}));
}

TEST_F(Points, AStoreThatNeverAnswersIsPaused) {
  start({{"hook_deadline_ms", "50"}, {"hook_failures", "1"}});
  im::UploadTerms upload;
  upload.key.id = 8;
  im::ObjectStore& objects = host_->objects(own_);
  EXPECT_EQ(run(objects.upload_info(upload)).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(host_->statuses()[0].state, PluginState::kPaused);
}

TEST_F(Points, HearOfMissedMessagesAndForgetSubscriptions) {
  ASSERT_TRUE(host_->push_hook().pushes());
  im::MissedMessage missed;
  missed.user_id = UserId(5);
  missed.unread = 3;
  missed.mentioned = true;
  missed.subscriptions = {{"push.a", "none"}, {"push.b", "x"}};
  host_->push_hook().push({missed});
  ASSERT_TRUE(
      loop_.run_until([&] { return told_[4].size() == 1 && forgotten_.size() == 1; }, kLimit));
  EXPECT_EQ(told_[4][0].user_id, UserId(5));
  EXPECT_EQ(told_[4][0].joined_date.unix_ms, 3);
  EXPECT_TRUE(told_[4][0].microphone);
  EXPECT_EQ(forgotten_[0], "5 push.b text of x");
  EXPECT_FALSE(host_->push_hook().pushes_to_everybody());
  start({{"everybody", "1"}});
  EXPECT_TRUE(host_->push_hook().pushes_to_everybody());
  missed.subscriptions.clear();
  host_->push_hook().push({missed});
  ASSERT_TRUE(loop_.run_until([&] { return told_[4].size() == 2; }, kLimit));
}

TEST_F(Points, MoreNotificationsThanMayWaitAreSentInOrder) {
  start({{"hook_deadline_ms", "20000"}, {"hook_failures", "1000000"}});
  publish("late");
  for (int i = 0; i < 3000; ++i) publish(std::to_string(i));
  ASSERT_TRUE(host_->stop("points"));
  const auto lines = heard(3001);
  ASSERT_EQ(lines.size(), 3001u);
  for (size_t i = 0; i < 3000; ++i) EXPECT_EQ(lines[i + 1], std::to_string(i) + ": 4 6");
}

}  // namespace
}  // namespace turms::plugin
