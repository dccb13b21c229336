#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bus/node_bus.h"
#include "gateway/connection.h"
#include "gateway/environment.h"
#include "gateway/push_encoder.h"
#include "im/domain.h"
#include "net/loop.h"
#include "store/store.h"
#include "turms/notification.pb.h"

namespace turms::gateway {

constexpr Duration kTestLimit = 20s;

/// A client's end of a connection without a network.
class FakeTransport final : public Transport {
 public:
  void start(std::shared_ptr<TransportListener> listener) override { listener_ = listener; }
  net::SendResult send(ByteView message) override { return keep(as_text(message)); }
  net::SendResult send(Broadcast& broadcast) override { return keep(broadcast.message().text()); }
  void close(ByteView last_message) override {
    closed = true;
    keep(as_text(last_message));
  }
  void set_reading(bool value) override { reading = value; }
  const net::Address& remote() const override { return address; }

  /// The peer is gone: what a real transport says in a later turn.
  void report_closed() {
    if (const auto listener = std::exchange(listener_, nullptr)) listener->on_closed();
  }
  void feed(ByteView message) {
    if (listener_) listener_->on_message(message);
  }

  /// Heartbeats are default notifications.
  std::vector<proto::TurmsNotification> received;
  int heartbeats = 0;
  bool closed = false;
  bool reading = true;
  /// What send() answers from now on.
  bool full = false;
  /// Where the client is.
  net::Address address;

 private:
  net::SendResult keep(std::string_view message) {
    if (full && !closed) return net::SendResult::kOverflow;
    if (message.empty()) {
      ++heartbeats;
      return net::SendResult::kQueued;
    }
    TURMS_CHECK(
        received.emplace_back().ParseFromArray(message.data(), static_cast<int>(message.size())));
    return net::SendResult::kQueued;
  }

  std::shared_ptr<TransportListener> listener_;
};

/// One client of a test; the server's Connection belongs to its transport, as always.
struct TestClient {
  FakeTransport* transport = nullptr;
  std::weak_ptr<Connection> connection;
  int64_t next_request_id = 1;

  std::vector<proto::TurmsNotification>& received() { return transport->received; }
};

/// The gateway on a real domain over a real store; only network and password hashing are played.
class Fixture {
 public:
  explicit Fixture(Config config = {});
  ~Fixture();

  [[nodiscard]] std::filesystem::path database() const { return directory_ / "turms.db"; }

  void add_user(int64_t id);
  /// Into the same one, which is a change all the same.
  void change_password(int64_t user);
  int64_t add_group(int64_t owner, std::vector<int64_t> members);

  TestClient connect();
  /// Connected, signed in, and nothing received yet.
  TestClient sign_in(int64_t user, proto::DeviceType device = proto::DESKTOP,
                     bool extensions = false);
  void sign_in(TestClient& client, int64_t user, proto::DeviceType device = proto::DESKTOP,
               bool extensions = false);

  /// Sends one request without waiting; `fill` sets its kind. Returns its id.
  template <class Fill>
  int64_t send(TestClient& client, Fill fill) {
    proto::TurmsRequest request;
    request.set_request_id(client.next_request_id++);
    fill(request);
    const std::string bytes = request.SerializeAsString();
    client.transport->feed(as_bytes(bytes));
    return request.request_id();
  }
  /// Sends one and turns the loop until it is answered; the answer.
  template <class Fill>
  proto::TurmsNotification ask(TestClient& client, Fill fill) {
    const int64_t id = send(client, fill);
    return answer_to(client, id);
  }
  proto::TurmsNotification answer_to(TestClient& client, int64_t request_id);
  bool run_until(const std::function<bool()>& done) { return loop.run_until(done, kTestLimit); }

  net::Loop loop;
  std::unique_ptr<im::Domain> domain;
  std::shared_ptr<Environment> environment;

 private:
  template <class T>
  T wait(Task<T> task);

  std::filesystem::path directory_;
  std::unique_ptr<im::Clock> clock_;
  std::unique_ptr<im::PasswordHasher> hasher_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<im::Bus> bus_;
  IdGenerator ids_{0};
  NotificationEncoder encoder_;
  std::vector<TestClient> clients_;
};

}  // namespace turms::gateway
