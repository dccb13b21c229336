// The plugin against LiveKit's own server, where there is one: "livekit-server" or "server" in
// $LIVEKIT_SERVER, ~/go/bin or the PATH.
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/random.h"
#include "plugin_fixture_testing.h"
#include "tokens.h"

extern char** environ;

namespace turms::livekit_plugin {
namespace {

std::string server_program() {
  std::vector<std::filesystem::path> places;
  if (const char* named = std::getenv("LIVEKIT_SERVER")) places.emplace_back(named);
  if (const char* home = std::getenv("HOME")) {
    places.push_back(std::filesystem::path(home) / "go/bin/livekit-server");
    places.push_back(std::filesystem::path(home) / "go/bin/server");
  }
  places.emplace_back("/usr/bin/livekit-server");
  for (const auto& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place;
  }
  return {};
}

/// A port that neither TCP nor UDP uses now, below those the kernel hands out by itself (32768 and
/// up): so no connection of another test takes it before the server does.
int free_port() {
  Rng rng = Rng::from_entropy();
  for (;;) {
    const auto port = static_cast<uint16_t>(20000 + rng.below(12000));
    bool free = true;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
      sockaddr_in any{};
      any.sin_family = AF_INET;
      any.sin_port = htons(port);
      free = free && bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
      close(fd);
    }
    if (free) return port;
  }
}

/// What a program prints, for whoever has to find out why it failed.
class OutputFile {
 public:
  OutputFile() : fd_(memfd_create("output", MFD_CLOEXEC)) {}
  ~OutputFile() { close(fd_); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string text() const {
    std::string text(65536, '\0');
    const ssize_t size = pread(fd_, text.data(), text.size(), 0);
    text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    return text;
  }

 private:
  int fd_;
};

class RealLiveKit : public LiveKitPlugin {
 protected:
  void SetUp() override {
    const std::string program = server_program();
    if (program.empty()) GTEST_SKIP() << "no LiveKit server here";
    recorder_ = *net::HttpServer::listen(loop_, {});
    recorder_->route("POST", "/hook", [this](net::HttpRequest request, net::HttpResponder answer) {
      auto verified = verify_webhook(request.header("Authorization").value_or(""), request.body,
                                     FakeLiveKit::kKey, FakeLiveKit::kSecret, wall_now());
      EXPECT_TRUE(verified) << (verified ? "" : verified.error().message);
      auto event = parse_object(request.body);
      if (event) events_.push_back(text_field(*event, "event"));
      answer.send(net::HttpResponse::text(200, ""));
    });
    // The plugin's address must be known to the server, and the server's to the plugin.
    const int port = free_port();
    url_ = "http://127.0.0.1:" + std::to_string(port);
    ASSERT_TRUE(start({{"url", url_},
                       {"api_key", FakeLiveKit::kKey},
                       {"api_secret", FakeLiveKit::kSecret},
                       {"reconcile_seconds", "1"}}));
    const std::string config = fmt::format(
        "port: {}\nbind_addresses: [127.0.0.1]\nrtc:\n  udp_port: {}\n  tcp_port: {}\n"
        "  use_external_ip: false\n  node_ip: 127.0.0.1\nkeys:\n  {}: {}\nlogging:\n  level: "
        "error\n"
        "webhook:\n  api_key: {}\n  urls: [\"http://127.0.0.1:{}/plugins/livekit/webhook\", "
        "\"http://127.0.0.1:{}/hook\"]\n",
        port, free_port(), free_port(), FakeLiveKit::kKey, FakeLiveKit::kSecret, FakeLiveKit::kKey,
        server_->port(), recorder_->port());
    std::string name = program;
    std::string option = "--config-body";
    std::string body = config;
    char* arguments[] = {name.data(), option.data(), body.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output_.fd(), 1);
    posix_spawn_file_actions_adddup2(&actions, output_.fd(), 2);
    ASSERT_EQ(posix_spawn(&pid_, name.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    bool up = false;
    for (int tries = 0; tries < 200 && !up; ++tries) {
      net::HttpClientRequest request;
      request.url = url_ + "/";
      up = http(std::move(request)).status == 200;
      if (!up) (void)loop_.run_until([] { return false; }, 50ms);
    }
    ASSERT_TRUE(up) << "the server did not come up:\n" << output_.text();
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int validate(const std::string& token) {
    net::HttpClientRequest request;
    request.url = url_ + "/rtc/validate?access_token=" + token;
    return http(std::move(request)).status;
  }
  net::HttpResponse room_service(const std::string& method, const std::string& grants,
                                 const std::string& body) {
    net::HttpClientRequest request;
    request.method = "POST";
    request.url = url_ + "/twirp/livekit.RoomService/" + method;
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Authorization", "Bearer " + api_token(grants, FakeLiveKit::kKey,
                                                               FakeLiveKit::kSecret, wall_now()));
    request.body = body;
    return http(std::move(request));
  }
  [[nodiscard]] bool heard(std::string_view event) const {
    return std::find(events_.begin(), events_.end(), event) != events_.end();
  }

  pid_t pid_ = 0;
  OutputFile output_;
  std::string url_;
  std::unique_ptr<net::HttpServer> recorder_;
  std::vector<std::string> events_;
};

TEST_F(RealLiveKit, HoldsAMeeting) {
  ASSERT_TRUE(create(100000001));
  ASSERT_TRUE(create(100000001)) << "the same again is no error";
  const auto rooms = room_service("ListRooms", R"({"roomList":true})", "{}");
  EXPECT_EQ(rooms.status, 200);
  EXPECT_NE(rooms.body.find("100000001"), std::string::npos) << rooms.body;

  auto token = accept(100000001, 2, im::GroupMemberRole::kOwner);
  ASSERT_TRUE(token);
  EXPECT_EQ(validate(*token), 200);
  EXPECT_EQ(validate(*token + "x"), 401);
  auto guest = accept(100000001, 3, im::GroupMemberRole::kGuest);
  ASSERT_TRUE(guest);
  EXPECT_EQ(validate(*guest), 200);

  auto listed = run(conference().participants(MeetingId(100000001)));
  ASSERT_TRUE(listed);
  EXPECT_TRUE(listed->empty());
  // Neither is there: no errors, whatever the server says of it.
  remove(100000001, 2);
  mute(100000001, 3, true);

  ASSERT_TRUE(until([&] { return heard("room_started"); }));
  ASSERT_TRUE(run(conference().cancel_meeting(MeetingId(100000001))));
  ASSERT_TRUE(until([&] { return heard("room_finished"); }));
  EXPECT_TRUE(run(conference().cancel_meeting(MeetingId(100000001)))) << "gone already";
}

TEST_F(RealLiveKit, HearsThatTheRoomIsOver) {
  ASSERT_TRUE(create(100000002));
  ASSERT_EQ(room_service("DeleteRoom", R"({"roomCreate":true})", R"({"room":"100000002"})").status,
            200);
  ASSERT_TRUE(until([&] { return !ended_.empty(); }));
  EXPECT_EQ(ended_, std::vector<int64_t>{100000002});
}

}  // namespace
}  // namespace turms::livekit_plugin
