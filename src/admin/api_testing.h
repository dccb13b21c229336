#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "admin/api.h"
#include "admin/backend.h"
#include "admin/settings.h"
#include "base/encoding.h"
#include "im/meetings_testing.h"
#include "im/operations.h"
#include "im/request_operations.h"

namespace turms::admin {

/// A hash that costs nothing.
class PlainHasher final : public im::PasswordHasher {
 public:
  im::Stored<std::string> hash(std::string password) override {
    ++hashed;
    co_return "plain " + password;
  }
  im::Stored<Verdict> verify(std::string password, std::string known, im::HashRequester) override {
    ++verified;
    co_return Verdict{known == "plain " + password, false};
  }
  int hashed = 0;
  int verified = 0;
};

class FakePlugins final : public Plugins {
 public:
  std::vector<PluginInfo> list() override { return {{"livekit", "1.0", running, ""}}; }
  Status start(const std::string& name) override { return set(name, "STARTED"); }
  Status stop(const std::string& name) override { return set(name, "STOPPED"); }
  Status pause(const std::string& name) override { return set(name, "PAUSED"); }
  Status resume(const std::string& name) override { return set(name, "STARTED"); }
  Status load(const std::string& name) override {
    loaded.push_back(name);
    return set(name, "STARTED");
  }
  Status unload(const std::string& name) override { return set(name, "GONE"); }
  std::string running = "STARTED";
  std::vector<std::string> loaded;

 private:
  Status set(const std::string& name, const char* state) {
    if (name != "livekit") return fail(ErrorCode::kNotFound, "there is no such plugin");
    running = state;
    return {};
  }
};

class FakeSettings final : public Settings {
 public:
  std::vector<Setting> list() override {
    std::vector<Setting> all;
    for (const config::Option& option : options) {
      all.push_back({&option, *config::parse_value(option, values.at(option.key))});
    }
    return all;
  }
  std::string yaml() override { return "http:\n  port: 1\n"; }
  Task<Status> change(Changes changes, bool reset) override {
    for (const auto& [key, text] : changes) {
      if (!values.contains(key)) {
        co_return fail(ErrorCode::kInvalidArgument, "unknown key '" + key + "'");
      }
    }
    was_reset = reset;
    for (const auto& [key, text] : changes) values[key] = text.value_or("500");
    co_return Status();
  }

  std::vector<config::Option> options = {
      config::number("http.port", "1", 0, 65535, "A port."),
      config::number("turms.service.message.max-text-limit", "500", 1, 1000, "Characters."),
      config::list("turms.service.user.settings.allowed-settings", "", "Names.")};
  std::map<std::string, std::string> values = {
      {"http.port", "1"},
      {"turms.service.message.max-text-limit", "500"},
      {"turms.service.user.settings.allowed-settings", "a,b"}};
  bool was_reset = false;

  FakeSettings() { options[1].changeable = options[2].changeable = true; }
};

class FakeServer final : public ServerControl {
 public:
  im::Listed<OnlineSession> sessions(const std::vector<UserId>& users,
                                     const Paging& paging) override {
    im::Listed<OnlineSession> found;
    for (const OnlineSession& session : online) {
      if (users.empty() || std::ranges::find(users, session.user_id) != users.end()) {
        found.records.push_back(session);
      }
    }
    found.total = static_cast<int64_t>(found.records.size());
    found.records = cut(found.records, paging);
    return found;
  }
  size_t online_users() override { return 2; }
  NodeInfo node() override {
    return {"node", "1.2.3", WallTime{0}, true, "127.0.0.1:8510", "", "127.0.0.1:1", ""};
  }
  void shut_down() override { ++shut_downs; }
  std::vector<OnlineSession> online = {
      {UserId(1), 11, im::DeviceType::kIos, im::UserStatus::kBusy, "192.0.2.7", WallTime{1000}},
      {UserId(1), 13, im::DeviceType::kDesktop, im::UserStatus::kBusy, "192.0.2.7", WallTime{1500}},
      {UserId(2), 12, im::DeviceType::kDesktop, im::UserStatus::kAvailable, "192.0.2.8",
       WallTime{2000}}};
  int shut_downs = 0;
};

/// The whole API on a real store and domain, without a network. The first admin is "turms" with the
/// password "first password".
class ApiTest : public im::MeetingsTest {
 protected:
  struct Reply {
    int status = 0;
    int64_t code = 0;
    boost::json::object body;
    net::HttpResponse response;
    boost::json::value& data() { return body["data"]; }
  };

  ApiTest() {
    api_.add(admins_.routes());
    api_.add(users_.routes());
    api_.add(online_.routes());
    api_.add(statistics_.routes());
    api_.add(people_.routes());
    api_.add(requests_.routes());
    api_.add(groups_.routes());
    api_.add(messages_.routes());
    api_.add(blocklist_.routes());
    api_.add(server_.routes());
    api_.add(configuration_.routes());
    api_.add(openapi_routes(api_, "test"));
    EXPECT_TRUE(run(accounts_.make_first("first password")));
  }

  static std::string basic(const std::string& account, const std::string& password) {
    return "Basic " + base64(as_bytes(account + ":" + password));
  }

  Reply ask(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& authorization = basic("turms", "first password"),
            std::vector<std::pair<std::string, std::string>> headers = {}) {
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    if (target.size() > request.path.size()) {
      request.query = net::parse_query(std::string_view(target).substr(request.path.size() + 1));
    }
    request.body = body;
    request.remote = remote_;
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    for (auto& [name, value] : headers) request.headers.set(name, value);
    Reply reply;
    const Route* route = find(method, request.path);
    Api::Response response = run(api_.respond(route, std::move(request), now_));
    reply.response = std::move(response.http);
    if (response.then) response.then();
    reply.status = reply.response.status;
    boost::system::error_code error;
    auto parsed = boost::json::parse(reply.response.body, error);
    if (!error && parsed.is_object()) reply.body = parsed.get_object();
    if (auto* code = reply.body.if_contains("code")) reply.code = code->to_number<int64_t>();
    // No test is about the rate unless it stops this.
    now_ += 1s;
    return reply;
  }

  const Route* find(std::string_view method, std::string_view path) {
    for (const Route& route : api_.routes()) {
      if (route.method == method && route.path == path) return &route;
    }
    return nullptr;
  }

  /// A new role and account; how it signs in.
  std::string make_admin(int64_t role_id, const std::string& permissions, int rank = 1) {
    const std::string id = std::to_string(role_id);
    EXPECT_EQ(ask("POST", "/admins/roles",
                  R"({"id":)" + id + R"(,"name":"role)" + id + R"(","permissions":)" + permissions +
                      R"(,"rank":)" + std::to_string(rank) + "}")
                  .status,
              200);
    EXPECT_EQ(ask("POST", "/admins",
                  R"({"account":"admin)" + id + R"(","password":"a password","roleId":)" + id + "}")
                  .status,
              200);
    return basic("admin" + id, "a password");
  }

  static int64_t changed(Reply reply) { return reply.data().at("modifiedCount").as_int64(); }
  static int64_t gone(Reply reply) { return reply.data().at("deletedCount").as_int64(); }

  /// `members`: of the request's body, behind the name. The group's id.
  std::string add_group(const std::string& members) {
    Reply made = ask("POST", "/groups", R"({"name":"team",)" + members + "}");
    EXPECT_EQ(made.status, 200);
    return std::to_string(made.data().at("id").as_int64());
  }

  PlainHasher plain_;
  Accounts accounts_{store_->admins(), plain_, clock_};
  im::Operations operations_{domain_->context(), store_->administration(), domain_->delivery};
  im::RequestOperations request_operations_{domain_->context(), store_->administration()};
  FakePlugins plugins_;
  FakeServer process_;
  Backend backend_{
      *domain_, store_->administration(), operations_, request_operations_, *meetings_, plugins_,
      process_};
  AdminRoutes admins_{accounts_, store_->admins()};
  UserRoutes users_{backend_};
  OnlineRoutes online_{backend_};
  StatisticsRoutes statistics_{backend_};
  PeopleRoutes people_{backend_};
  RequestRoutes requests_{backend_};
  GroupRoutes groups_{backend_};
  MessageRoutes messages_{backend_};
  BlocklistRoutes blocklist_{backend_};
  ServerRoutes server_{backend_};
  FakeSettings settings_;
  SettingRoutes configuration_{settings_};
  Api api_{accounts_, store_->admins(), clock_, {}};
  net::Address remote_ = net::Address::v4({192, 0, 2, 1}, 1000);
  TimePoint now_{1h};
};

}  // namespace turms::admin
