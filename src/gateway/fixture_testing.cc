#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "base/check.h"
#include "gateway/gateway_testing.h"

namespace turms::gateway {
namespace {

class SystemClock final : public im::Clock {
 public:
  WallTime now() const override { return wall_now(); }
};

/// Argon2 is meant to be slow; here nobody attacks.
class PlainHasher final : public im::PasswordHasher {
 public:
  im::Stored<std::string> hash(std::string password) override { co_return password; }
  im::Stored<Verdict> verify(std::string password, std::string hash, im::HashRequester) override {
    co_return Verdict{.matches = password == hash, .outdated = false};
  }
};

constexpr const char* kPassword = "turms";

}  // namespace

Fixture::Fixture(Config config)
    : clock_(std::make_unique<SystemClock>()),
      hasher_(std::make_unique<PlainHasher>()),
      bus_(std::make_unique<bus::NodeBus>()) {
  static std::atomic<int> serial = 0;
  directory_ = std::filesystem::temp_directory_path() /
               fmt::format("turms-gateway-test-{}-{}", ::getpid(), ++serial);
  store::Options options;
  options.file = database();
  auto opened = store::Store::open(std::move(options), [this](std::function<void()> function) {
    loop.post(std::move(function));
  });
  TURMS_CHECK(opened.has_value());
  store_ = std::move(*opened);
  domain = std::make_unique<im::Domain>(im::Settings{}, store_->repositories(), *bus_, *hasher_,
                                        *clock_, ids_);
  environment = std::make_shared<Environment>(loop, std::move(config), *domain, *bus_);
  bus_->subscribe(environment->registry);
  drop_who_is_blocked(environment);
  domain->delivery.set_encoder(encoder_);
}

Fixture::~Fixture() {
  for (const TestClient& client : clients_) {
    if (const auto connection = client.connection.lock()) client.transport->report_closed();
  }
  EXPECT_TRUE(run_until([this] { return environment->busy_connections == 0; }));
  store_->close();
  (void)loop.run_until([this] { return loop.posted() == 0; }, kTestLimit);
  domain.reset();
  store_.reset();
  std::filesystem::remove_all(directory_);
}

template <class T>
T Fixture::wait(Task<T> task) {
  std::optional<T> result;
  spawn([](Task<T> waited, std::optional<T>& out) -> Task<void> { out.emplace(co_await waited); }(
                                                      std::move(task), result));
  TURMS_CHECK(run_until([&] { return result.has_value(); }));
  return std::move(*result);
}

void Fixture::add_user(int64_t id) {
  TURMS_CHECK(
      wait(domain->administration.add_user(UserId(id), fmt::format("user {}", id), kPassword))
          .has_value());
}

void Fixture::change_password(int64_t user) {
  TURMS_CHECK(wait(domain->administration.set_password(UserId(user), kPassword)).has_value());
}

int64_t Fixture::add_group(int64_t owner, std::vector<int64_t> members) {
  std::vector<UserId> ids;
  for (const int64_t member : members) ids.emplace_back(member);
  auto group = wait(domain->administration.add_group("a group", UserId(owner), std::move(ids)));
  TURMS_CHECK(group.has_value());
  return group->value;
}

TestClient Fixture::connect() {
  auto transport = std::make_unique<FakeTransport>();
  TestClient client;
  client.transport = transport.get();
  auto connection = std::make_shared<Connection>(environment, std::move(transport));
  client.connection = connection;
  connection->start();
  clients_.push_back(client);
  return client;
}

TestClient Fixture::sign_in(int64_t user, proto::DeviceType device, bool extensions) {
  TestClient client = connect();
  sign_in(client, user, device, extensions);
  client.received().clear();
  return client;
}

void Fixture::sign_in(TestClient& client, int64_t user, proto::DeviceType device, bool extensions) {
  const auto response = ask(client, [&](proto::TurmsRequest& request) {
    auto& in = *request.mutable_create_session_request();
    in.set_version(1);
    in.set_user_id(user);
    in.set_password(kPassword);
    in.set_device_type(device);
    if (extensions) (*in.mutable_device_details())["turms.extensions"] = "1";
  });
  TURMS_CHECK(response.code() == 1000);
}

proto::TurmsNotification Fixture::answer_to(TestClient& client, int64_t request_id) {
  const proto::TurmsNotification* answer = nullptr;
  const bool answered = run_until([&] {
    for (const auto& notification : client.received()) {
      if (!notification.has_relayed_request() && notification.request_id() == request_id) {
        answer = &notification;
      }
    }
    return answer != nullptr;
  });
  EXPECT_TRUE(answered);
  return answer == nullptr ? proto::TurmsNotification() : *answer;
}

}  // namespace turms::gateway
