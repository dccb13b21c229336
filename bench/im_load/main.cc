// turms_im_load: clients of the Turms TCP port on this machine that write and receive messages, and
// what that cost the server. Prints one JSON object. Bounded in time and connections; it stops by
// itself.
//
// Users 1..N with password "turms" must exist; for --group they are its members. With more
// connections than users each user signs in with several devices.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/time.h"
#include "bench/process.h"
#include "net/poller.h"
#include "turms/notification.pb.h"
#include "turms/request.pb.h"

namespace turms::im_load {
namespace {

struct Plan {
  uint16_t port = 11510;
  int connections = 64;
  int users = 0;  // 0: as many as connections
  int senders = 64;
  int64_t group = 0;  // 0: private messages to the next user
  int window = 16;    // unanswered requests of one sender, when not limited by --rate
  double rate = 0;  // messages per second of all senders together; 0: as fast as they are answered
  int seconds = 10;
  int server_pid = 0;
};

constexpr Duration kLoginLimit = 120s;
constexpr size_t kTextSize = 200;
constexpr int kDeviceTypes = 5;
constexpr std::string_view kMark = "sent-at=";

void append_frame(std::string& out, const std::string& message) {
  size_t size = message.size();
  while (size >= 0x80) {
    out += static_cast<char>(size | 0x80);
    size >>= 7;
  }
  out += static_cast<char>(size);
  out += message;
}

/// One signed-in client.
class Connection {
 public:
  Connection(int64_t user, int device, uint16_t port) : user_(user), device_(device) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    TURMS_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~Connection() { ::close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool signed_in() const { return signed_in_; }
  [[nodiscard]] int unanswered() const { return unanswered_; }

  void sign_in() {
    im::turms::proto::TurmsRequest request;
    request.set_request_id(++last_id_);
    auto& session = *request.mutable_create_session_request();
    session.set_version(1);
    session.set_user_id(user_);
    session.set_password("turms");
    session.set_device_type(static_cast<im::turms::proto::DeviceType>(device_));
    queue(request);
    flush();
  }

  void write_message(TimePoint now, int64_t group) {
    im::turms::proto::TurmsRequest request;
    request.set_request_id(++last_id_);
    auto& message = *request.mutable_create_message_request();
    if (group != 0) {
      message.set_group_id(group);
    } else {
      message.set_recipient_id(recipient);
    }
    std::string text =
        fmt::format("{}{:016x}", kMark, static_cast<uint64_t>(now.time_since_epoch().count()));
    text.resize(kTextSize, 'x');
    message.set_text(text);
    queue(request);
    written_.push_back(now);
    ++unanswered_;
  }

  void flush() {
    while (!out_.empty()) {
      const ssize_t n = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      out_.erase(0, static_cast<size_t>(n));
    }
  }

  /// `on_answer(code, written_at)` and `on_message(sent_at)` for what came. False: the server
  /// closed.
  template <class OnAnswer, class OnMessage>
  bool receive(OnAnswer on_answer, OnMessage on_message) {
    std::array<char, 262144> buffer;
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n > 0) {
        in_.append(buffer.data(), static_cast<size_t>(n));
        if (static_cast<size_t>(n) == buffer.size()) continue;
        break;
      }
      if (n < 0 && errno == EAGAIN) break;
      return false;
    }
    size_t at = 0;
    for (;;) {
      size_t size = 0;
      size_t header = 0;
      bool complete = false;
      while (at + header < in_.size() && header < 5) {
        const auto byte = static_cast<uint8_t>(in_[at + header]);
        size |= static_cast<size_t>(byte & 0x7f) << (7 * header++);
        if ((byte & 0x80) == 0) {
          complete = true;
          break;
        }
      }
      if (!complete || in_.size() - at - header < size) break;
      take(std::string_view(in_).substr(at + header, size), on_answer, on_message);
      at += header + size;
    }
    in_.erase(0, at);
    return true;
  }

  int64_t recipient = 0;

 private:
  void queue(const im::turms::proto::TurmsRequest& request) {
    append_frame(out_, request.SerializeAsString());
  }

  template <class OnAnswer, class OnMessage>
  void take(std::string_view frame, OnAnswer on_answer, OnMessage on_message) {
    if (frame.empty()) return;
    // Relayed messages are found by their mark: parsing each would make this program the
    // bottleneck.
    const size_t mark = frame.size() > kTextSize ? frame.find(kMark) : std::string_view::npos;
    if (mark != std::string_view::npos) {
      const std::string digits(frame.substr(mark + kMark.size(), 16));
      on_message(
          TimePoint(Duration(static_cast<int64_t>(std::strtoull(digits.c_str(), nullptr, 16)))));
      return;
    }
    im::turms::proto::TurmsNotification notification;
    TURMS_CHECK(notification.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
    if (!notification.has_code()) return;
    if (!signed_in_) {
      if (notification.code() != 1000)
        fmt::print(stderr, "user {} cannot sign in: {}\n", user_, notification.code());
      signed_in_ = notification.code() == 1000;
      return;
    }
    --unanswered_;
    // Answers come in the order of the requests.
    const TimePoint written = written_.front();
    written_.pop_front();
    on_answer(notification.code(), written);
  }

  int64_t user_;
  int device_;
  int fd_ = -1;
  int64_t last_id_ = 0;
  int unanswered_ = 0;
  std::deque<TimePoint> written_;  // of what is unanswered
  bool signed_in_ = false;
  std::string in_;
  std::string out_;
};

class Run {
 public:
  explicit Run(const Plan& plan) : plan_(plan) {}

  int execute() {
    // The first ones make the server allocate what it allocates once.
    const int first = plan_.connections / 5;
    if (!sign_in(first)) return 1;
    const double memory_before = bench::resident_kib(plan_.server_pid);
    if (!sign_in(plan_.connections)) return 1;
    const double memory_kib = bench::resident_kib(plan_.server_pid) - memory_before;
    run_for(1s);  // warm up
    answered_ = delivered_ = refused_ = 0;
    latencies_.clear();
    answers_ms_.clear();
    const double cpu_before = bench::cpu_seconds(plan_.server_pid);
    const double own_before = bench::cpu_seconds(::getpid());
    const TimePoint start = monotonic_now();
    run_for(std::chrono::seconds(plan_.seconds));
    const double elapsed = std::chrono::duration<double>(monotonic_now() - start).count();
    const double cpu = bench::cpu_seconds(plan_.server_pid) - cpu_before;
    const double own = bench::cpu_seconds(::getpid()) - own_before;
    const auto per = [&](uint64_t n) { return n == 0 ? 0.0 : cpu * 1e6 / static_cast<double>(n); };
    fmt::print(
        "{{\"messages_per_second\":{:.0f},\"deliveries_per_second\":{:.0f},\"refused\":{},\"server_"
        "cpu\":{:.4f},\"load_cpu\":{:.4f},\"us_per_message\":{:.2f},"
        "\"us_per_delivery\":{:.3f},\"delivery_p50_ms\":{:.3f},\"delivery_p99_ms\":{:.3f},\"answer_"
        "p50_ms\":{:.3f},\"answer_p99_ms\":{:.3f},\"memory_"
        "kib_per_connection\":{:.2f}}}\n",
        static_cast<double>(answered_) / elapsed, static_cast<double>(delivered_) / elapsed,
        refused_, cpu / elapsed, own / elapsed, per(answered_), per(delivered_),
        bench::percentile(latencies_, 0.5), bench::percentile(latencies_, 0.99),
        bench::percentile(answers_ms_, 0.5), bench::percentile(answers_ms_, 0.99),
        memory_kib / (plan_.connections - first));
    return 0;
  }

 private:
  /// Until `count` are.
  bool sign_in(int count) {
    for (int i = static_cast<int>(connections_.size()); i < count; ++i) {
      const int users = plan_.users;
      connections_.push_back(std::make_unique<Connection>(i % users + 1, i / users, plan_.port));
      connections_.back()->recipient = (i + 1) % users + 1;
      poller_.add(connections_.back()->fd(), static_cast<uint64_t>(i), true, false);
      connections_.back()->sign_in();
    }
    const TimePoint start = monotonic_now();
    while (!std::ranges::all_of(connections_, [](const auto& c) { return c->signed_in(); })) {
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
    TimePoint now = monotonic_now();
    if (writing) write(now);
    const TimePoint until =
        plan_.rate > 0 && writing ? std::min(next_message_, now + 5ms) : now + 5ms;
    for (const auto& event : poller_.wait(now, until)) {
      now = monotonic_now();
      Connection& connection = *connections_[event.tag];
      const bool open = connection.receive(
          [&](int code, TimePoint written) {
            answers_ms_.push_back(std::chrono::duration<float, std::milli>(now - written).count());
            if (code == 1000) {
              ++answered_;
            } else {
              ++refused_;
            }
          },
          [&](TimePoint sent) {
            ++delivered_;
            if (delivered_ % 16 == 0)
              latencies_.push_back(std::chrono::duration<float, std::milli>(now - sent).count());
          });
      if (!open) {
        fmt::print(stderr, "the server closed connection {}\n", event.tag);
        std::exit(1);
      }
    }
  }

  void write(TimePoint now) {
    if (plan_.rate > 0) {
      const Duration interval(static_cast<int64_t>(1e9 / plan_.rate));
      while (next_message_ <= now) {
        Connection& sender = *connections_[next_sender_++ % static_cast<size_t>(plan_.senders)];
        sender.write_message(next_message_, plan_.group);
        sender.flush();
        next_message_ += interval;
      }
      return;
    }
    for (int i = 0; i < plan_.senders; ++i) {
      Connection& sender = *connections_[i];
      while (sender.unanswered() < plan_.window) sender.write_message(now, plan_.group);
      sender.flush();
    }
  }

  const Plan& plan_;
  net::Poller poller_;
  std::vector<std::unique_ptr<Connection>> connections_;
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
  turms::im_load::Plan plan;
  CLI::App app{"Messages through a Turms server on this machine, and what they cost"};
  app.add_option("--port", plan.port, "Turms TCP port")->capture_default_str();
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
  app.add_option("--server-pid", plan.server_pid, "Process whose CPU and memory are measured")
      ->required();
  CLI11_PARSE(app, argc, argv);
  if (plan.senders > plan.connections) plan.senders = plan.connections;
  if (plan.users == 0) plan.users = plan.connections;
  if (plan.connections > plan.users * turms::im_load::kDeviceTypes) {
    fmt::print(stderr, "a user has at most {} devices\n", turms::im_load::kDeviceTypes);
    return 2;
  }
  return turms::im_load::Run(plan).execute();
}
