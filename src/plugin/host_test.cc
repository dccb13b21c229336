#include "plugin/host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/recent_log.h"
#include "base/task.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/settings_table.h"

namespace turms::plugin {
namespace {

std::string built(const std::string& directory, const std::string& name) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return program.parent_path().parent_path() / directory / (name + ".so");
}
std::string variant(const std::string& name) {
  return built("test-plugins", name);
}

struct Listener final : im::ConferenceListener {
  void participants_changed(MeetingId id, std::vector<im::MeetingParticipant> list) override {
    changes.emplace_back(id, std::move(list));
  }
  void meeting_ended(MeetingId id, WallTime when) override { ended.emplace_back(id, when); }
  void provider_started() override { ++started; }

  std::vector<std::pair<MeetingId, std::vector<im::MeetingParticipant>>> changes;
  std::vector<std::pair<MeetingId, WallTime>> ended;
  int started = 0;
};

template <class T>
Task<void> keep_result(im::Stored<T> task, std::optional<Result<T>>& out) {
  out = co_await std::move(task);
}

class PluginHost : public testing::Test {
 protected:
  void SetUp() override {
    log::set_level(log::Level::kOff);
    make({});
  }
  void make(HostConfig config) {
    host_.reset();
    server_ = *net::HttpServer::listen(loop_, {});
    host_ = std::make_unique<Host>(loop_, server_.get(), std::move(config));
    host_->set_conference_listener(listener_);
  }
  template <class T>
  Result<T> run(im::Stored<T> task) {
    std::optional<Result<T>> result;
    spawn(keep_result(std::move(task), result));
    EXPECT_TRUE(loop_.run_until([&] { return result.has_value(); }, 10s));
    return result ? std::move(*result) : fail(ErrorCode::kInternal, "never completed");
  }
  Result<im::None> create(int64_t id) {
    im::Meeting meeting;
    meeting.id = MeetingId(id);
    return run(host_->conference().create_meeting(meeting, 10, 0));
  }
  void remove(int64_t meeting, int64_t user) {
    host_->conference().tell_members(MeetingId(meeting),
                                     {{.user_id = UserId(user), .allowed = false}}, false);
  }
  Result<net::HttpResponse> get(const std::string& path, std::string body = {}) {
    auto client = net::HttpClient::create(loop_);
    std::optional<Result<net::HttpResponse>> result;
    net::HttpClientRequest request;
    request.method = body.empty() ? "GET" : "POST";
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    request.headers.set("X-Test", "<here>");
    request.body = std::move(body);
    client->request(std::move(request), [&](auto response) { result = std::move(response); });
    EXPECT_TRUE(loop_.run_until([&] { return result.has_value(); }, 10s));
    return result ? std::move(*result) : fail(ErrorCode::kInternal, "no answer");
  }

  net::Loop loop_;
  Listener listener_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<Host> host_;
};

TEST_F(PluginHost, RunsTheExample) {
  HostConfig config;
  config.directory = built("example-plugins", "");
  config.settings = [](const std::string& plugin) {
    EXPECT_EQ(plugin, "example");
    return std::map<std::string, std::string>{{"greeting", "good day"}};
  };
  config.directory = std::filesystem::path(config.directory).parent_path();
  make(std::move(config));
  EXPECT_FALSE(host_->conference().available());
  host_->load({"example"});
  ASSERT_EQ(host_->statuses().size(), 1u);
  EXPECT_EQ(host_->statuses()[0].state, PluginState::kRunning) << host_->statuses()[0].error;
  EXPECT_EQ(host_->statuses()[0].name, "example");
  EXPECT_TRUE(host_->conference().available());

  EXPECT_TRUE(create(7)) << "completed by a timer";
  EXPECT_EQ(run(host_->conference().count_active_meetings(UserId(1))), 1);
  im::Admission admission;
  admission.meeting_id = MeetingId(7);
  admission.user_id = UserId(3);
  EXPECT_EQ(run(host_->conference().accept(admission)), "example-7-3");
  ASSERT_TRUE(loop_.run_until([&] { return !listener_.changes.empty(); }, 5s));
  ASSERT_EQ(listener_.changes[0].second.size(), 1u);
  EXPECT_EQ(listener_.changes[0].second[0].user_id, UserId(3));
  EXPECT_TRUE(listener_.changes[0].second[0].microphone);
  remove(7, 3);
  ASSERT_TRUE(loop_.run_until([&] { return listener_.changes.size() == 2; }, 5s));
  EXPECT_TRUE(listener_.changes[1].second.empty());

  auto hello = get("/plugins/example/hello");
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->status, 200);
  EXPECT_EQ(hello->body, "good day");
  EXPECT_EQ(get("/plugins/example/other")->status, 404);
  EXPECT_EQ(get("/plugins/nobody/hello")->status, 404);
  EXPECT_EQ(get("/plugins/example")->status, 404);
}

TEST_F(PluginHost, RefusesWhatIsNoPluginOfThisVersion) {
  const struct {
    const char* name;
    const char* error;
  } cases[] = {
      {"other_abi", "was built for ABI version 2, this is 1"},
      {"short_table", "its plugin table is too short"},
      {"short_conference", "its conference table is too short"},
      {"bad_name", "its name is not made of a-z, 0-9 and -"},
      {"no_entry", "exports no turms_plugin_entry"},
      {"declines", "declined to be loaded"},
      {"fails_to_start", "did not start: no database"},
  };
  HostConfig config;
  config.settings = [](const std::string&) {
    return std::map<std::string, std::string>{{"needed", "database"}};
  };
  make(std::move(config));
  size_t count = 0;
  for (const auto& c : cases) {
    auto loaded = host_->load_file(variant(c.name));
    ASSERT_FALSE(loaded) << c.name;
    EXPECT_EQ(loaded.error().message, c.error);
    ASSERT_EQ(host_->statuses().size(), ++count);
    EXPECT_EQ(host_->statuses().back().state, PluginState::kFailed);
    EXPECT_EQ(host_->statuses().back().error, c.error);
  }
  auto missing = host_->load_file(variant("nowhere"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(host_->conference().available());
  // And a good one still runs beside them.
  EXPECT_TRUE(host_->load_file(built("example-plugins", "example")));
  EXPECT_TRUE(host_->conference().available());
}

TEST_F(PluginHost, TellsWhatPluginsMayBeTold) {
  const auto example = std::filesystem::path(built("example-plugins", "example"));
  const auto all = plugin_options(example.parent_path(), {"example", "nowhere"});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].key, "plugins.example.greeting");
  EXPECT_EQ(all[0].type, config::OptionType::kText);
  EXPECT_EQ(all[0].help, "What /hello answers.");
  const auto earlier = std::filesystem::path(variant("example_1_0"));
  EXPECT_TRUE(plugin_options(earlier.parent_path(), {"example_1_0"}).empty()) << "says nothing";
}

TEST_F(PluginHost, RunsPluginsOfEarlierHeaders) {
  ASSERT_TRUE(host_->load_file(variant("example_1_0")));
  EXPECT_EQ(listener_.started, 1);
  EXPECT_TRUE(create(7));
  im::Admission admission;
  admission.meeting_id = MeetingId(7);
  admission.user_id = UserId(3);
  EXPECT_EQ(run(host_->conference().accept(admission)), "example-7-3");
  ASSERT_TRUE(loop_.run_until([&] { return listener_.changes.size() == 1; }, 5s));
  host_->conference().tell_members(MeetingId(7), {{.user_id = UserId(3)}}, true);
  remove(7, 3);
  ASSERT_TRUE(loop_.run_until([&] { return listener_.changes.size() == 2; }, 5s));
  EXPECT_TRUE(listener_.changes[1].second.empty()) << "told as the change it knows";
}

TEST_F(PluginHost, LoadsAName_OnlyOnce) {
  EXPECT_TRUE(host_->load_file(variant("good")));
  auto again = host_->load_file(variant("silent"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(PluginHost, TranslatesStatuses) {
  ASSERT_TRUE(host_->load_file(variant("good")));
  const std::pair<int, ErrorCode> cases[] = {
      {1, ErrorCode::kInvalidArgument},  {2, ErrorCode::kNotFound},
      {3, ErrorCode::kPermissionDenied}, {4, ErrorCode::kResourceExhausted},
      {5, ErrorCode::kUnavailable},      {6, ErrorCode::kDeadlineExceeded},
      {8, ErrorCode::kInternal},         {99, ErrorCode::kInternal},
  };
  for (const auto& [status, code] : cases) {
    auto returned = create(status);
    ASSERT_FALSE(returned);
    EXPECT_EQ(returned.error().code, code) << status;
    if (status > 8) continue;
    auto completed = create(100 + status);
    ASSERT_FALSE(completed);
    EXPECT_EQ(completed.error().code, code) << status;
    EXPECT_EQ(completed.error().message, "as told");
  }
  EXPECT_TRUE(create(0));
}

TEST_F(PluginHost, HandsOverAdmissions) {
  ASSERT_TRUE(host_->load_file(variant("good")));
  im::Admission admission;
  admission.user_name = "Ann";
  admission.device_type = im::DeviceType::kBrowser;
  admission.role = im::GroupMemberRole::kGuest;
  admission.muted = true;
  EXPECT_EQ(run(host_->conference().accept(admission)), "Ann BROWSER 3 muted");
  admission.trace_id = 4711;
  EXPECT_EQ(run(host_->conference().accept(admission)), "Ann BROWSER 3 muted 4711");
}

TEST_F(PluginHost, SaysForWhichRequestAMeetingIsMade) {
  ASSERT_TRUE(host_->load_file(variant("good")));
  log::set_level(log::Level::kWarn);
  ASSERT_TRUE(run(host_->conference().create_meeting({}, 1, 4712)));
  EXPECT_TRUE(std::ranges::any_of(log::recent(), [](const log::Line& line) {
    return line.text.ends_with("made for request 4712");
  }));
}

TEST_F(PluginHost, LoadsByNameFromItsDirectoryAlone) {
  HostConfig config;
  config.directory = std::filesystem::path(variant("good")).parent_path();
  const std::string name = std::filesystem::path(variant("good")).stem();
  make(config);
  EXPECT_EQ(host_->load_named("nowhere").error().code, ErrorCode::kNotFound);
  for (const char* path : {"", "../good", "a/b", ".", "good.so"}) {
    EXPECT_EQ(host_->load_named(path).error().code, ErrorCode::kInvalidArgument) << path;
  }
  ASSERT_TRUE(host_->load_named(name));
  EXPECT_EQ(host_->load_named(name).error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(host_->unload(host_->statuses().front().name));
  EXPECT_TRUE(host_->statuses().empty());
  EXPECT_TRUE(host_->load_named(name));
}

TEST_F(PluginHost, SurvivesWrongAnswers) {
  ASSERT_TRUE(host_->load_file(variant("good")));
  auto count = run(host_->conference().count_active_meetings(UserId(1)));
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().code, ErrorCode::kInternal);
  EXPECT_TRUE(run(host_->conference().cancel_meeting(MeetingId(1)))) << "text is more than enough";
  auto list = run(host_->conference().participants(MeetingId(1)));
  ASSERT_TRUE(list) << "of a larger struct";
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[1].user_id, UserId(2));
  EXPECT_EQ((*list)[1].joined_date, WallTime{1001});
  EXPECT_TRUE((*list)[1].camera);

  remove(5, 1);
  ASSERT_TRUE(loop_.run_until([&] { return !listener_.ended.empty(); }, 5s));
  EXPECT_EQ(listener_.ended[0], std::pair(MeetingId(5), WallTime{77}));
  EXPECT_TRUE(listener_.changes.empty()) << "the broken list was dropped";
}

TEST_F(PluginHost, CompletesFromAnyThreadAndOnce) {
  ASSERT_TRUE(host_->load_file(variant("threaded")));
  EXPECT_TRUE(create(1));
}

TEST_F(PluginHost, ContainsExceptions) {
  ASSERT_TRUE(host_->load_file(variant("throws")));
  auto made = create(1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInternal);
  host_->conference().tell_members(MeetingId(1), {{.user_id = UserId(1), .muted = true}}, false);
  EXPECT_EQ(get("/plugins/test/x")->status, 500);
}

TEST_F(PluginHost, GivesUpOnWhatIsNeverAnswered) {
  HostConfig config;
  config.call_deadline = 50ms;
  make(std::move(config));
  ASSERT_TRUE(host_->load_file(variant("silent")));
  auto made = create(1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(get("/plugins/test/x")->status, 504);
  EXPECT_TRUE(host_->conference().available()) << "still there for the next call";
}

TEST_F(PluginHost, StopsAndStartsAtRunTime) {
  ASSERT_TRUE(host_->load_file(variant("silent")));
  std::optional<Result<im::None>> under_way;
  spawn(keep_result(host_->conference().create_meeting({}, 1, 0), under_way));
  EXPECT_FALSE(under_way);
  ASSERT_TRUE(host_->stop("test"));
  ASSERT_TRUE(under_way);
  EXPECT_EQ(under_way->error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(host_->conference().available());
  auto refused = create(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(get("/plugins/test/x")->status, 404);
  EXPECT_EQ(host_->statuses()[0].state, PluginState::kStopped);

  EXPECT_EQ(listener_.started, 1);
  EXPECT_TRUE(host_->start("test"));
  EXPECT_EQ(listener_.started, 2);
  EXPECT_TRUE(host_->conference().available());
  EXPECT_EQ(host_->stop("nobody").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(host_->start("nobody").error().code, ErrorCode::kNotFound);
}

TEST_F(PluginHost, ServesHttp) {
  ASSERT_TRUE(host_->load_file(variant("good")));
  auto answer = get("/plugins/test/a%20b/c?x=1&y", "body");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "POST /a b/c?x=1&y body<here>");
  EXPECT_TRUE(answer->headers.has("X-Good"));
  EXPECT_FALSE(answer->headers.has("X-Injected"));
  EXPECT_FALSE(answer->headers.has("X-Bad"));
  EXPECT_EQ(get("/plugins/test/a%00b")->status, 400);
}

}  // namespace
}  // namespace turms::plugin
