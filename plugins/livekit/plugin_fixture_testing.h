#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "fake_livekit_testing.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "plugin/host.h"

namespace turms::livekit_plugin {

/// The plugin as a host loads it, from its file.
class LiveKitPlugin : public testing::Test, public im::ConferenceListener {
 public:
  void participants_changed(MeetingId id, std::vector<im::MeetingParticipant> list) override {
    participants_[id.value] = std::move(list);
    ++changes_;
  }
  void meeting_ended(MeetingId id, WallTime) override { ended_.push_back(id.value); }
  void provider_started() override { ++started_; }

 protected:
  LiveKitPlugin() { log::set_level(log::Level::kOff); }

  static std::string plugin_file() {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    return program.parent_path().parent_path() / "plugins/turms-plugin-livekit.so";
  }
  Status start(std::map<std::string, std::string> settings) {
    host_.reset();
    server_ = *net::HttpServer::listen(loop_, {});
    plugin::HostConfig config;
    config.settings = [settings = std::move(settings)](const std::string&) { return settings; };
    host_ = std::make_unique<plugin::Host>(loop_, server_.get(), std::move(config));
    host_->set_conference_listener(*this);
    return host_->load_file(plugin_file());
  }
  im::ConferenceProvider& conference() { return host_->conference(); }

  template <class T>
  Result<T> run(im::Stored<T> task) {
    std::optional<Result<T>> result;
    spawn(keep(std::move(task), result));
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : fail(ErrorCode::kInternal, "never completed");
  }
  bool until(const std::function<bool()>& done) { return loop_.run_until(done, 20s); }

  Result<im::None> create(int64_t id, int64_t creator = 1, uint64_t trace_id = 0) {
    im::Meeting meeting;
    meeting.id = MeetingId(id);
    meeting.creator_id = UserId(creator);
    meeting.group_id = GroupId(9);
    meeting.name = "weekly";
    return run(conference().create_meeting(meeting, 25, trace_id));
  }
  Result<std::string> accept(int64_t id, int64_t user,
                             im::GroupMemberRole role = im::GroupMemberRole::kMember,
                             bool muted = false) {
    im::Admission admission;
    admission.meeting_id = MeetingId(id);
    admission.user_id = UserId(user);
    admission.user_name = "user " + std::to_string(user);
    admission.device_type = im::DeviceType::kBrowser;
    admission.role = role;
    admission.muted = muted;
    return run(conference().accept(admission));
  }
  void tell(int64_t id, std::vector<im::MeetingMember> members, bool complete = false) {
    conference().tell_members(MeetingId(id), std::move(members), complete);
  }
  void remove(int64_t id, int64_t user) { tell(id, {{.user_id = UserId(user), .allowed = false}}); }
  void mute(int64_t id, int64_t user, bool muted) {
    tell(id, {{.user_id = UserId(user), .muted = muted}});
  }
  /// Status of a request to any server.
  net::HttpResponse http(net::HttpClientRequest request) {
    auto client = net::HttpClient::create(loop_);
    std::optional<Result<net::HttpResponse>> result;
    client->request(std::move(request), [&](auto response) { result = std::move(response); });
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    if (result && *result) return std::move(**result);
    net::HttpResponse none;
    none.status = 0;
    return none;
  }
  int webhook(const std::string& body, const std::string& authorization,
              const std::string& method = "POST", const std::string& path = "/webhook") {
    net::HttpClientRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/plugins/livekit" + path;
    request.headers.set("Content-Type", "application/webhook+json");
    if (!authorization.empty()) request.headers.set("Authorization", authorization);
    request.body = body;
    return http(std::move(request)).status;
  }

  net::Loop loop_;
  std::map<int64_t, std::vector<im::MeetingParticipant>> participants_;
  int changes_ = 0;
  int started_ = 0;
  std::vector<int64_t> ended_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<plugin::Host> host_;

 private:
  template <class T>
  static Task<void> keep(im::Stored<T> task, std::optional<Result<T>>& out) {
    out = co_await std::move(task);
  }
};

}  // namespace turms::livekit_plugin
