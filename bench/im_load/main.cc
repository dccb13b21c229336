// turms_im_load: clients of a chat server on this machine that write and receive messages, and what
// that cost the server. Prints one JSON object. Bounded in time and connections; it stops by
// itself.
//
// Users 1..N with password "turms" must exist; for --group they are its members. With more
// connections than users each user signs in with several devices. XMPP users are u1@localhost, …,
// and the group is the room gN@conference.localhost.

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/im_load/client.h"
#include "bench/process.h"
#include "net/poller.h"

namespace turms::im_load {
namespace {

struct Plan {
  Protocol protocol = Protocol::kTurms;
  uint16_t port = 11510;
  bool tls = false;
  int connections = 64;
  int users = 0;  // 0: as many as connections
  int senders = 64;
  int64_t group = 0;  // 0: private messages to the next user
  int window = 16;    // unanswered messages of one sender, when not limited by --rate
  double rate = 0;  // messages per second of all senders together; 0: as fast as they are answered
  int seconds = 10;
  std::vector<int> server_pids;
};

constexpr Duration kLoginLimit = 180s;
constexpr int kDeviceTypes = 5;
/// Sign-ins under way at once.
constexpr int kSigningIn = 64;

class Run final : public Observer {
 public:
  explicit Run(const Plan& plan) : plan_(plan) {}

  int execute() {
    // The first ones make the server allocate what it allocates once.
    const int first = plan_.connections / 5;
    if (!sign_in(first)) return 1;
    const double memory_before = server_memory();
    const double sign_in_cpu_before = server_cpu();
    const TimePoint sign_in_start = monotonic_now();
    if (!sign_in(plan_.connections)) return 1;
    const double sign_in_elapsed = seconds_since(sign_in_start);
    const double sign_in_cpu = server_cpu() - sign_in_cpu_before;
    const double memory_kib = server_memory() - memory_before;
    run_for(1s);  // warm up
    answered_ = delivered_ = refused_ = 0;
    latencies_.clear();
    answers_ms_.clear();
    const double cpu_before = server_cpu();
    const double own_before = bench::cpu_seconds(::getpid());
    const TimePoint start = monotonic_now();
    run_for(std::chrono::seconds(plan_.seconds));
    const double elapsed = seconds_since(start);
    const double cpu = server_cpu() - cpu_before;
    const double own = bench::cpu_seconds(::getpid()) - own_before;
    const auto per = [&](uint64_t n) { return n == 0 ? 0.0 : cpu * 1e6 / static_cast<double>(n); };
    const double signed_in = plan_.connections - first;
    fmt::print(
        "{{\"messages_per_second\":{:.0f},\"deliveries_per_second\":{:.0f},\"refused\":{},\"server_"
        "cpu\":{:.4f},\"load_cpu\":{:.4f},\"us_per_message\":{:.2f},"
        "\"us_per_delivery\":{:.3f},\"delivery_p50_ms\":{:.3f},\"delivery_p99_ms\":{:.3f},\"answer_"
        "p50_ms\":{:.3f},\"answer_p99_ms\":{:.3f},\"memory_"
        "kib_per_connection\":{:.2f},\"sign_ins_per_second\":{:.0f},\"us_per_sign_in\":{:.0f}}}\n",
        static_cast<double>(answered_) / elapsed, static_cast<double>(delivered_) / elapsed,
        refused_, cpu / elapsed, own / elapsed, per(answered_), per(delivered_),
        bench::percentile(latencies_, 0.5), bench::percentile(latencies_, 0.99),
        bench::percentile(answers_ms_, 0.5), bench::percentile(answers_ms_, 0.99),
        memory_kib / signed_in, signed_in / sign_in_elapsed, sign_in_cpu * 1e6 / signed_in);
    return 0;
  }

 private:
  static double seconds_since(TimePoint start) {
    return std::chrono::duration<double>(monotonic_now() - start).count();
  }
  double server_cpu() const {
    double sum = 0;
    for (const int pid : plan_.server_pids) sum += bench::cpu_seconds(pid);
    return sum;
  }
  double server_memory() const {
    double sum = 0;
    for (const int pid : plan_.server_pids) sum += bench::resident_kib(pid);
    return sum;
  }

  void on_answer(bool stored, TimePoint written) override {
    answers_ms_.push_back(std::chrono::duration<float, std::milli>(now_ - written).count());
    ++(stored ? answered_ : refused_);
  }

  void on_message(int64_t sender, int64_t receiver, TimePoint written) override {
    ++delivered_;
    if (delivered_ % 16 == 0) {
      latencies_.push_back(std::chrono::duration<float, std::milli>(now_ - written).count());
    }
    // A room sends back to the writer what it writes. What another run has left is nobody's.
    const auto writer = by_user_.find(sender);
    if (writer == by_user_.end() || (plan_.group != 0 && sender != receiver)) return;
    writer->second->was_delivered(written);
  }

  Role role_of(int i) const {
    Role role;
    role.protocol = plan_.protocol;
    role.port = plan_.port;
    role.tls = plan_.tls;
    role.user = i % plan_.users + 1;
    role.device = i / plan_.users;
    role.group = plan_.group;
    role.recipient = (i + 1) % plan_.users + 1;
    return role;
  }

  /// Until `count` are.
  bool sign_in(int count) {
    const TimePoint start = monotonic_now();
    const auto waiting = [&] {
      return std::ranges::count_if(clients_, [](const auto& one) { return !one->signed_in(); });
    };
    while (static_cast<int>(clients_.size()) < count || waiting() > 0) {
      for (auto free = kSigningIn - waiting();
           free > 0 && static_cast<int>(clients_.size()) < count; --free) {
        const auto tag = static_cast<uint64_t>(clients_.size());
        clients_.push_back(Client::make(role_of(static_cast<int>(tag)), *this));
        by_user_.try_emplace(clients_.back()->role().user, clients_.back().get());
        poller_.add(clients_.back()->fd(), tag, true, false);
      }
      if (monotonic_now() - start > kLoginLimit) {
        fmt::print(stderr, "not all could sign in\n");
        return false;
      }
      turn(false);
    }
    return true;
  }

  void run_for(Duration duration) {
    const TimePoint end = monotonic_now() + duration;
    next_message_ = monotonic_now();
    while (monotonic_now() < end) turn(true);
  }

  void turn(bool writing) {
    now_ = monotonic_now();
    if (writing) write();
    const TimePoint until =
        plan_.rate > 0 && writing ? std::min(next_message_, now_ + 5ms) : now_ + 5ms;
    for (const auto& event : poller_.wait(now_, until)) {
      now_ = monotonic_now();
      if (!clients_[event.tag]->receive()) {
        fmt::print(stderr, "the server closed connection {}\n", event.tag);
        std::exit(1);
      }
    }
  }

  void write() {
    if (plan_.rate > 0) {
      const Duration interval(static_cast<int64_t>(1e9 / plan_.rate));
      while (next_message_ <= now_) {
        Client& sender = *clients_[next_sender_++ % static_cast<size_t>(plan_.senders)];
        sender.write_message(next_message_);
        sender.flush();
        next_message_ += interval;
      }
      return;
    }
    for (int i = 0; i < plan_.senders; ++i) {
      Client& sender = *clients_[static_cast<size_t>(i)];
      while (sender.unanswered() < plan_.window) sender.write_message(now_);
      sender.flush();
    }
  }

  const Plan& plan_;
  net::Poller poller_;
  std::vector<std::unique_ptr<Client>> clients_;
  /// The first device of each.
  std::map<int64_t, Client*> by_user_;
  TimePoint now_;
  TimePoint next_message_{};
  size_t next_sender_ = 0;
  uint64_t answered_ = 0;
  uint64_t delivered_ = 0;
  uint64_t refused_ = 0;
  std::vector<float> latencies_;
  std::vector<float> answers_ms_;
};

}  // namespace
}  // namespace turms::im_load

int main(int argc, char** argv) {
  using turms::im_load::Protocol;
  turms::im_load::Plan plan;
  CLI::App app{"Messages through a chat server on this machine, and what they cost"};
  const std::map<std::string, Protocol> protocols = {{"turms", Protocol::kTurms},
                                                     {"turms-websocket", Protocol::kTurmsWebSocket},
                                                     {"xmpp", Protocol::kXmpp}};
  app.add_option("--protocol", plan.protocol, "What is spoken: turms by default")
      ->transform(CLI::CheckedTransformer(protocols));
  app.add_option("--port", plan.port, "TCP port of the server")->capture_default_str();
  app.add_flag("--tls", plan.tls, "Inside TLS from the first byte");
  app.add_option("--connections", plan.connections, "Signed in as users 1..N")
      ->check(CLI::Range(2, 10000))
      ->capture_default_str();
  app.add_option("--users", plan.users, "How many users; without: as many as connections")
      ->check(CLI::Range(2, 10000));
  app.add_option("--senders", plan.senders, "How many of them write")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--group", plan.group, "Group to write to; without: private messages");
  app.add_option("--window", plan.window, "Unanswered messages per sender")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--rate", plan.rate, "Messages per second in all; without: saturated");
  app.add_option("--seconds", plan.seconds)->check(CLI::Range(1, 600))->capture_default_str();
  app.add_option("--server-pid", plan.server_pids, "Processes whose CPU and memory are measured")
      ->required();
  CLI11_PARSE(app, argc, argv);
  plan.senders = std::min(plan.senders, plan.connections);
  if (plan.users == 0) plan.users = plan.connections;
  if (plan.connections > plan.users * turms::im_load::kDeviceTypes) {
    fmt::print(stderr, "a user has at most {} devices\n", turms::im_load::kDeviceTypes);
    return 2;
  }
  return turms::im_load::Run(plan).execute();
}
