// turms_loadgen: publishers and subscribers in one room of a LiveKit-compatible server on this
// machine, and what that cost the server. Prints one JSON object. Bounded in time and clients; it
// stops by itself.

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "bench/loadgen/client.h"
#include "bench/loadgen/relay_fabric.h"
#include "bench/loadgen/tcp_fabric.h"
#include "bench/loadgen/udp_fabric.h"
#include "bench/process.h"
#include "net/poller.h"
#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/srtp/backend.h"

namespace turms::loadgen {
namespace {

struct Plan {
  std::string ip = "127.0.0.1";
  uint16_t port = 7880;
  std::string key = "devkey";
  std::string secret = "secret";
  std::string room = "load";
  int publishers = 1;
  int subscribers = 100;
  bool video = false;
  bool audio = false;
  bool silent = false;
  int speaking = -1;  // -1: no levels are told
  bool tcp = false;
  uint16_t turn_tls_port = 0;
  int seconds = 10;
  int joins_per_second = 20;
  int resumes = 0;
  int server_pid = 0;
};

constexpr int kMaxClients = 2000;
constexpr Duration kJoinLimit = 60s;
constexpr Duration kSettle = 2s;
constexpr uint64_t kFabricTag = UINT64_MAX - 1;

class Run {
 public:
  explicit Run(const Plan& plan)
      : plan_(plan),
        rng_(Rng::from_entropy()),
        backend_(rtc::srtp::Backend::create()),
        resources_{dtls_, *backend_, rng_} {
    if (plan.tcp) {
      fabric_ = std::make_unique<TcpFabric>();
    } else if (plan.turn_tls_port != 0) {
      fabric_ = std::make_unique<RelayFabric>(plan.turn_tls_port, rng_);
    } else {
      fabric_ = std::make_unique<UdpFabric>();
    }
    poller_.add(fabric_->fd(), kFabricTag, true, false);
  }

  int execute() {
    const double memory_before = bench::resident_kib(plan_.server_pid);
    for (int i = 0; i < plan_.publishers; ++i) {
      if (!join(true)) return 1;
    }
    if (!turn_until([&] {
          return std::ranges::all_of(clients_, [](const auto& c) { return c->publishing(); }) ||
                 !(plan_.video || plan_.audio);
        })) {
      fmt::print(stderr, "the publishers did not connect\n");
      return 1;
    }
    if (plan_.silent) run_for(kSettle);  // negotiation among the publishers
    const double joins_before = bench::cpu_seconds(plan_.server_pid);
    const TimePoint first_join = monotonic_now();
    for (int i = 0; i < plan_.subscribers; ++i) {
      const TimePoint due = first_join + Duration(1s) * i / plan_.joins_per_second;
      turn_until([&] { return monotonic_now() >= due; });
      if (!join(false)) return 1;
    }
    const auto all_receive = [&] {
      return !plan_publishes() ||
             std::ranges::all_of(clients_.begin() + plan_.publishers, clients_.end(),
                                 [&](const auto& c) {
                                   return static_cast<int>(c->streams()) >= expected_streams();
                                 });
    };
    if (!turn_until(all_receive)) {
      int receiving = 0;
      for (const auto& client : clients_)
        receiving += static_cast<int>(client->streams()) >= expected_streams() ? 1 : 0;
      fmt::print(stderr, "only {} of {} receive everything\n", receiving, clients_.size());
    }
    if (plan_.silent) run_for(kSettle);
    join_cpu_ = bench::cpu_seconds(plan_.server_pid) - joins_before;
    run_for(kSettle);
    if (!resume()) return 1;
    totals_ = {};
    totals_.sample_latency = true;
    for (auto& client : clients_) client->reset_statistics();
    const double cpu_before = bench::cpu_seconds(plan_.server_pid);
    const double own_before = bench::cpu_seconds(::getpid());
    const TimePoint start = monotonic_now();
    run_for(std::chrono::seconds(plan_.seconds));
    const double elapsed = std::chrono::duration<double>(monotonic_now() - start).count();
    const double cpu = bench::cpu_seconds(plan_.server_pid) - cpu_before;
    const double own = bench::cpu_seconds(::getpid()) - own_before;
    totals_.sample_latency = false;
    report(elapsed, cpu, own, bench::resident_kib(plan_.server_pid) - memory_before);
    for (auto& client : clients_) client->leave();
    return 0;
  }

 private:
  /// One subscriber after the other changes its network.
  bool resume() {
    for (int i = 0; i < plan_.resumes && i < plan_.subscribers; ++i) {
      const auto index = static_cast<size_t>(plan_.publishers + i);
      Client& client = *clients_[index];
      poller_.remove(client.signal().fd());
      const TimePoint start = monotonic_now();
      const Status status = client.move_network(start, plan_.ip, plan_.port, token_of(index));
      if (!status) {
        fmt::print(stderr, "{}\n", status.error().message);
        return false;
      }
      poller_.add(client.signal().fd(), index, true, false);
      if (!turn_until([&] { return client.media_after_move().has_value(); })) {
        fmt::print(stderr, "client {} did not resume\n", index);
        return false;
      }
      resumes_ms_.push_back(
          std::chrono::duration<float, std::milli>(*client.media_after_move() - start).count());
    }
    return true;
  }

  [[nodiscard]] std::string token_of(size_t index) const {
    const bool publisher = index < static_cast<size_t>(plan_.publishers);
    return join_token(plan_.key, plan_.secret,
                      fmt::format("{}{}", publisher ? "pub" : "sub", index), plan_.room);
  }

  [[nodiscard]] bool plan_publishes() const {
    return (plan_.video || plan_.audio) && !plan_.silent;
  }
  [[nodiscard]] int expected_streams() const {
    // The silent ones may be left out.
    if (plan_.speaking >= 0 && !plan_.video) return std::min(plan_.speaking, plan_.publishers);
    return plan_.publishers * (static_cast<int>(plan_.video) + static_cast<int>(plan_.audio));
  }

  bool join(bool publisher) {
    const size_t index = clients_.size();
    auto client =
        std::make_unique<Client>(Shared{*fabric_, resources_, dtls_.fingerprint(), totals_}, index);
    Client::Media media;
    if (publisher) media = {.video = plan_.video, .audio = plan_.audio, .silent = plan_.silent};
    if (publisher && plan_.speaking >= 0) {
      constexpr uint8_t kSpeech = 25;
      constexpr uint8_t kRoom = 90;
      media.level = index < static_cast<size_t>(plan_.speaking) ? kSpeech : kRoom;
    }
    const Status status =
        client->join(monotonic_now(), plan_.ip, plan_.port, token_of(index), media);
    if (!status) {
      fmt::print(stderr, "{}\n", status.error().message);
      return false;
    }
    poller_.add(client->signal().fd(), index, true, false);
    clients_.push_back(std::move(client));
    return true;
  }

  template <class Done>
  bool turn_until(Done done) {
    const TimePoint limit = monotonic_now() + kJoinLimit;
    while (!done()) {
      if (monotonic_now() > limit) return false;
      turn();
    }
    return true;
  }
  void run_for(Duration duration) {
    const TimePoint end = monotonic_now() + duration;
    turn_until([&] { return monotonic_now() >= end; });
  }

  void turn() {
    TimePoint now = monotonic_now();
    const auto events = poller_.wait(now, now + 1ms);
    for (const auto& event : events) {
      if (event.tag == kFabricTag) continue;
      now = monotonic_now();
      if (Status status = clients_[event.tag]->receive_signal(now); !status) {
        fmt::print(stderr, "client {}: {}\n", event.tag, status.error().message);
      }
    }
    for (int batches = 0; batches < 64; ++batches) {
      const auto datagrams = fabric_->receive();
      if (datagrams.empty()) break;
      now = monotonic_now();
      for (const Fabric::Datagram& datagram : datagrams) {
        const size_t index = datagram.endpoint / 2;
        if (index < clients_.size())
          clients_[index]->receive_datagram(now, datagram.endpoint % 2 == 1, datagram.source,
                                            datagram.data);
      }
    }
    now = monotonic_now();
    for (int i = 0; i < plan_.publishers && i < static_cast<int>(clients_.size()); ++i)
      clients_[i]->publish(now);
    if (now >= next_timeouts_) {
      next_timeouts_ = now + 5ms;
      for (auto& client : clients_) client->handle_timeout(now);
    }
    // Reports and pings of the clients are spread over their interval, as those of real ones are.
    if (!clients_.empty() && now >= next_report_) {
      next_report_ = std::max(next_report_ + Duration(1s) / static_cast<int64_t>(clients_.size()),
                              now - 100ms);
      Client& client = *clients_[report_index_++ % clients_.size()];
      client.send_reports(now);
      if (report_index_ / clients_.size() % 5 == 0) client.send_ping(now);
    }
    fabric_->flush();
  }

  void report(double elapsed, double cpu, double own, double memory_kib) {
    std::vector<float> joins;
    for (size_t i = static_cast<size_t>(plan_.publishers); i < clients_.size(); ++i) {
      const auto first = clients_[i]->first_media();
      if (first)
        joins.push_back(
            std::chrono::duration<float, std::milli>(*first - clients_[i]->joined_at()).count());
    }
    uint64_t lost = 0;
    uint64_t expected = 0;
    for (const auto& client : clients_) {
      const auto [l, e] = client->lost_of_expected();
      lost += l;
      expected += e;
    }
    const auto packets = static_cast<double>(totals_.packets);
    fmt::print(
        "{{\"packets_per_second\":{:.0f},\"loss\":{:.5f},\"server_cpu\":{:.4f},\"loadgen_cpu\":{:."
        "4f},\"us_per_packet\":{:.3f},"
        "\"latency_p50_ms\":{:.3f},\"latency_p99_ms\":{:.3f},\"join_p50_ms\":{:.1f},\"join_p99_"
        "ms\":{:.1f},\"join_cpu_ms\":{:.2f},\"resume_p50_ms\":{:.1f},\"resume_p99_ms\":{:.1f},"
        "\"memory_kib_per_participant\":{:.1f}}}\n",
        packets / elapsed,
        expected == 0 ? 0.0 : static_cast<double>(lost) / static_cast<double>(expected),
        cpu / elapsed, own / elapsed, packets == 0 ? 0.0 : cpu * 1e6 / packets,
        bench::percentile(totals_.latency_ms, 0.5), bench::percentile(totals_.latency_ms, 0.99),
        bench::percentile(joins, 0.5), bench::percentile(joins, 0.99),
        plan_.subscribers == 0 ? 0.0 : join_cpu_ * 1000 / plan_.subscribers,
        bench::percentile(resumes_ms_, 0.5), bench::percentile(resumes_ms_, 0.99),
        memory_kib / static_cast<double>(clients_.size()));
  }

  const Plan& plan_;
  Rng rng_;
  rtc::dtls::Context dtls_;
  std::unique_ptr<rtc::srtp::Backend> backend_;
  rtc::PeerResources resources_;
  std::unique_ptr<Fabric> fabric_;
  net::Poller poller_;
  Totals totals_;
  std::vector<std::unique_ptr<Client>> clients_;
  TimePoint next_timeouts_{};
  TimePoint next_report_{};
  size_t report_index_ = 0;
  double join_cpu_ = 0;  // of the server, while the subscribers came
  std::vector<float> resumes_ms_;
};

}  // namespace
}  // namespace turms::loadgen

int main(int argc, char** argv) {
  using namespace turms::loadgen;
  Plan plan;
  CLI::App app{"Load on a LiveKit-compatible server on this machine, and what it cost"};
  app.add_option("--port", plan.port, "HTTP port of the server")->capture_default_str();
  app.add_option("--key", plan.key, "API key")->capture_default_str();
  app.add_option("--secret", plan.secret, "API secret")->capture_default_str();
  app.add_option("--room", plan.room, "Room")->capture_default_str();
  app.add_option("--publishers", plan.publishers)->check(CLI::Range(0, 100))->capture_default_str();
  app.add_option("--subscribers", plan.subscribers)
      ->check(CLI::Range(0, kMaxClients - 100))
      ->capture_default_str();
  app.add_flag("--video", plan.video, "Each publisher sends 2.3 Mbit/s of VP8");
  app.add_flag("--audio", plan.audio, "Each publisher sends 50 packets of audio per second");
  app.add_flag("--silent", plan.silent, "Tracks are published, and nothing is sent on them");
  app.add_option("--speaking", plan.speaking,
                 "So many of the publishers speak, the others say that they are silent")
      ->check(CLI::Range(0, 100));
  CLI::Option* tcp = app.add_flag("--tcp", plan.tcp, "Media over TCP");
  app.add_option("--turn-tls", plan.turn_tls_port,
                 "Port of the server's TURN over TLS: who only subscribes receives through it")
      ->excludes(tcp);
  app.add_option("--seconds", plan.seconds, "How long to measure")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option("--joins-per-second", plan.joins_per_second)
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--resumes", plan.resumes,
                 "So many subscribers then change their network, one after the other")
      ->check(CLI::Range(0, kMaxClients))
      ->capture_default_str();
  app.add_option("--server-pid", plan.server_pid, "Process whose CPU and memory are measured")
      ->required();
  CLI11_PARSE(app, argc, argv);
  Run run(plan);
  return run.execute();
}
