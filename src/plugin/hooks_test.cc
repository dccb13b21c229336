#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "base/log.h"
#include "base/task.h"
#include "bus/node_bus.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/host.h"

namespace turms::plugin {
namespace {

using Said = im::Outcome<std::optional<std::string>>;

Task<void> keep(Task<Said> task, std::optional<Said>& out) {
  out = co_await std::move(task);
}

class Hooks : public testing::Test, public im::ConferenceListener {
 public:
  void participants_changed(MeetingId id, std::vector<im::MeetingParticipant> list) override {
    told_[id.value].push_back(list.at(0));
  }
  void meeting_ended(MeetingId, WallTime) override {}
  void provider_started() override {}

 protected:
  void SetUp() override {
    log::set_level(log::Level::kOff);
    start({{"hook_deadline_ms", "20000"}});
  }
  void start(std::map<std::string, std::string> settings, const std::string& file = "hooks") {
    host_.reset();
    server_ = *net::HttpServer::listen(loop_, {});
    HostConfig config;
    config.settings = [settings](const std::string&) { return settings; };
    host_ = std::make_unique<Host>(loop_, server_.get(), std::move(config));
    host_->set_conference_listener(*this);
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    const auto build = program.parent_path().parent_path();
    ASSERT_TRUE(host_->load_file(file == "hooks" ? build / "test-plugins/hooks.so"
                                                 : build / "plugins" / (file + ".so")));
  }
  static im::Draft draft(std::string text) {
    im::Draft out;
    out.sender_id = UserId(1);
    out.group_id = GroupId(9);
    out.text = std::move(text);
    out.records = {Bytes{1}, Bytes{2}};
    return out;
  }
  /// What becomes of a text: itself, another one, or "CODE reason" of a refusal.
  std::string say(const std::string& text) {
    std::optional<Said> said;
    spawn(keep(host_->send_hook().before_send(draft(text)), said));
    EXPECT_TRUE(loop_.run_until([&] { return said.has_value(); }, 20s));
    if (!said) return "never answered";
    if (!*said) {
      return std::to_string(static_cast<int>((*said).error().code)) + " " + (*said).error().reason;
    }
    return (**said).value_or(text);
  }
  /// How often the plugin was asked; lets go of a call that blocks.
  std::string calls() {
    auto client = net::HttpClient::create(loop_);
    std::optional<Result<net::HttpResponse>> result;
    net::HttpClientRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/plugins/hooks/x";
    client->request(std::move(request), [&](auto response) { result = std::move(response); });
    EXPECT_TRUE(loop_.run_until([&] { return result.has_value(); }, 20s));
    return result && *result ? (*result)->body : "";
  }
  PluginState state() { return host_->statuses().at(0).state; }

  net::Loop loop_;
  std::map<int64_t, std::vector<im::MeetingParticipant>> told_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<Host> host_;
};

TEST_F(Hooks, DecideAboutMessages) {
  ASSERT_TRUE(host_->send_hook().active());
  EXPECT_EQ(say("hello"), "hello");
  EXPECT_EQ(say("reject"), "5010 ");
  EXPECT_EQ(say("code"), "5002 because");
  EXPECT_EQ(say("change"), "changed 1 9 2");
  EXPECT_EQ(say("later"), "late");
  EXPECT_EQ(say("twice"), "late") << "the first answer holds";
}

TEST_F(Hooks, FailureIsAllowedOrRefusedAsConfigured) {
  start({{"hook_deadline_ms", "50"}, {"hook_failures", "100"}});
  for (const char* text : {"throw", "nonsense", "never"}) EXPECT_EQ(say(text), text);
  start({{"hook_deadline_ms", "50"}, {"hook_failures", "100"}, {"hook_on_failure", "refuse"}});
  for (const char* text : {"throw", "nonsense", "never"}) {
    EXPECT_EQ(say(text), "1201 a plugin did not answer") << text;
  }
}

TEST_F(Hooks, APluginThatFailsInARowIsPausedUntilItIsResumed) {
  start({{"hook_failures", "3"}, {"hook_deadline_ms", "20000"}});
  (void)say("throw");
  (void)say("throw");
  EXPECT_EQ(say("hello"), "hello") << "not in a row";
  (void)say("throw");
  (void)say("throw");
  EXPECT_EQ(state(), PluginState::kRunning);
  (void)say("throw");
  EXPECT_EQ(state(), PluginState::kPaused);
  EXPECT_NE(host_->statuses()[0].error.find("3 failures in a row"), std::string::npos);
  EXPECT_FALSE(host_->send_hook().active());
  ASSERT_TRUE(host_->resume("hooks"));
  EXPECT_EQ(state(), PluginState::kRunning);
  EXPECT_EQ(say("reject"), "5010 ");
}

TEST_F(Hooks, OneThatBlocksHoldsUpNobodyElse) {
  start({{"hook_deadline_ms", "50"}, {"hook_failures", "2"}});
  EXPECT_EQ(say("block"), "block") << "the loop went on, and the deadline passed";
  EXPECT_EQ(say("reject"), "reject") << "behind the one that blocks";
  EXPECT_EQ(state(), PluginState::kPaused);
  ASSERT_TRUE(host_->resume("hooks"));
  EXPECT_EQ(calls(), "1") << "and lets go";
  bool refused = false;
  for (int tries = 0; tries < 400 && !refused; ++tries) {
    ASSERT_TRUE(host_->resume("hooks"));
    refused = say("reject") == "5010 ";
  }
  EXPECT_TRUE(refused) << "it goes on";
}

TEST_F(Hooks, OneThatNeverComesBackIsLeftAlone) {
  start({{"hook_deadline_ms", "50"}});
  (void)say("block");
  auto stopped = host_->stop("hooks");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(state(), PluginState::kStuck);
  EXPECT_FALSE(host_->start("hooks"));
  EXPECT_FALSE(host_->unload("hooks"));
  EXPECT_FALSE(host_->send_hook().active());
  // It stays where it is, also when the host goes; the next one lets the call return into that.
  start({});
  (void)calls();
}

TEST_F(Hooks, PauseResumeUnload) {
  ASSERT_TRUE(host_->pause("hooks"));
  EXPECT_FALSE(host_->send_hook().active());
  EXPECT_EQ(state(), PluginState::kPaused);
  ASSERT_TRUE(host_->resume("hooks"));
  EXPECT_EQ(say("reject"), "5010 ");
  ASSERT_TRUE(host_->unload("hooks"));
  EXPECT_TRUE(host_->statuses().empty());
  EXPECT_FALSE(host_->send_hook().active());
  EXPECT_EQ(host_->pause("hooks").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(host_->resume("hooks").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(host_->unload("hooks").error().code, ErrorCode::kNotFound);
}

TEST_F(Hooks, UnloadsWithACallUnderWay) {
  std::optional<Said> said;
  spawn(keep(host_->send_hook().before_send(draft("never")), said));
  ASSERT_TRUE(host_->unload("hooks"));
  ASSERT_TRUE(said);
  EXPECT_TRUE(*said);
}

TEST_F(Hooks, HearsWhatPassesOverTheBus) {
  const auto inner = std::make_unique<bus::NodeBus>();
  auto bus = host_->listen_on(*inner);
  const im::Caller session{UserId(4), im::DeviceType::kIos, 7};
  bus->signed_in(session, im::UserStatus::kAvailable);
  im::Envelope envelope;
  envelope.recipients = im::recipients_of({UserId(4), UserId(5)});
  envelope.payload = std::make_shared<const std::string>("12345");
  bus->publish(envelope);
  bus->signed_out(session);
  ASSERT_TRUE(loop_.run_until([&] { return told_[1].size() == 2 && told_[2].size() == 1; }, 20s));
  EXPECT_EQ(told_[1][0].user_id, UserId(4));
  EXPECT_EQ(told_[1][0].joined_date.unix_ms, 1);
  EXPECT_EQ(told_[1][1].joined_date.unix_ms, 0);
  EXPECT_EQ(told_[2][0].user_id, UserId(2)) << "recipients";
  EXPECT_EQ(told_[2][0].joined_date.unix_ms, 5) << "who is offline";
  EXPECT_TRUE(told_[2][0].microphone && told_[2][0].screen) << "five bytes";

  host_.reset();
  bus->publish(envelope);
  bus->signed_in(session, im::UserStatus::kAvailable);
}

TEST_F(Hooks, AntispamRejectsOrMasks) {
  start({{"words", "casino, 赌场"}}, "turms-plugin-antispam");
  EXPECT_EQ(say("hello"), "hello");
  EXPECT_EQ(say("the Ｃａsino"), "5010 ");
  start({{"words", "casino, 赌场"}, {"action", "mask"}, {"mask", "#"}}, "turms-plugin-antispam");
  EXPECT_EQ(say("the 賭場!"), "the ##!");
}

}  // namespace
}  // namespace turms::plugin
