// turms_loadgen: publishers and subscribers in rooms of a LiveKit-compatible server on this
// machine, and what that cost the server. Prints one JSON object, with what this program itself
// needed: where that is a whole core, the figures are its own. Bounded in time and clients; it
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
  int rooms = 1;
  int publishers = 1;     // of each room
  int subscribers = 100;  // of each room, who publish nothing
  int cameras = -1;       // so many of the publishers have one; -1: all
  bool video = false;
  bool audio = false;
  bool simulcast = false;
  bool silent = false;
  int tiles = 0;
  bool feedback = true;
  int talking = 0;
  int speaking = -1;  // -1: no levels are told
  bool tcp = false;
  uint16_t turn_tls_port = 0;
  int seconds = 10;
  int joins_per_second = 20;
  int join_step = 0;
  int resumes = 0;
  int server_pid = 0;
};

constexpr int kMaxClients = 4000;
/// Old clients' timers are asked in turns of so many.
constexpr size_t kTimerTurns = 8;
constexpr size_t kNewClients = 256;
/// From here on the figures say more about this program than about the server.
constexpr double kBusy = 0.9;
constexpr double kLateMs = 10;
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
    if (!join_all(true, plan_.rooms * plan_.publishers)) return 1;
    if (!turn_until([&] {
          return std::ranges::all_of(clients_, [](const auto& c) { return c->publishing(); }) ||
                 !(plan_.video || plan_.audio);
        })) {
      fmt::print(stderr, "the publishers did not connect\n");
      return 1;
    }
    if (plan_.silent) run_for(kSettle);  // negotiation among the publishers
    const double joins_before = bench::cpu_seconds(plan_.server_pid);
    if (!join_all(false, plan_.rooms * plan_.subscribers)) return 1;
    const auto receives = [&](size_t i) {
      return static_cast<int>(clients_[i]->streams()) >= expected_streams(i) &&
             static_cast<int>(clients_[i]->videos()) >= expected_videos(i);
    };
    size_t seen = 0;  // all before receive
    const auto all_receive = [&] {
      while (seen < clients_.size() && (!plan_publishes() || receives(seen))) ++seen;
      return seen == clients_.size();
    };
    if (!turn_until(all_receive)) {
      size_t receiving = 0;
      for (size_t i = 0; i < clients_.size(); ++i) receiving += receives(i) ? 1 : 0;
      fmt::print(stderr, "only {} of {} receive everything\n", receiving, clients_.size());
    }
    if (plan_.silent) run_for(kSettle);
    join_cpu_ = bench::cpu_seconds(plan_.server_pid) - joins_before;
    run_for(kSettle);
    if (!resume()) return 1;
    totals_ = {};
    totals_.sample_latency = true;
    const uint64_t dropped_before = fabric_->dropped();
    for (auto& client : clients_) client->reset_statistics();
    const double cpu_before = bench::cpu_seconds(plan_.server_pid);
    const double own_before = bench::cpu_seconds(::getpid());
    const TimePoint start = monotonic_now();
    run_for(std::chrono::seconds(plan_.seconds));
    const double elapsed = std::chrono::duration<double>(monotonic_now() - start).count();
    const double cpu = bench::cpu_seconds(plan_.server_pid) - cpu_before;
    const double own = bench::cpu_seconds(::getpid()) - own_before;
    totals_.sample_latency = false;
    dropped_ = fabric_->dropped() - dropped_before;
    report(elapsed, cpu, own, bench::resident_kib(plan_.server_pid) - memory_before);
    for (auto& client : clients_) client->leave();
    return 0;
  }

 private:
  /// One subscriber after the other changes its network.
  bool resume() {
    for (int i = 0; i < plan_.resumes && i < plan_.subscribers; ++i) {
      const size_t index = publishers() + static_cast<size_t>(i);
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

  /// All who publish come first, room by room.
  [[nodiscard]] size_t publishers() const {
    return static_cast<size_t>(plan_.rooms) * static_cast<size_t>(plan_.publishers);
  }
  [[nodiscard]] Seat seat_of(size_t index) const {
    const auto members = static_cast<size_t>(plan_.publishers);
    Seat seat{.members = std::max<size_t>(members, 1),
              .talkers = static_cast<size_t>(plan_.talking)};
    if (index < publishers()) {
      seat.room = index / members;
      seat.member = index % members;
    } else {
      seat.room = (index - publishers()) / static_cast<size_t>(std::max(plan_.subscribers, 1));
      seat.member = index;
    }
    return seat;
  }
  [[nodiscard]] bool has_camera(const Seat& seat) const {
    return plan_.video && (plan_.cameras < 0 || seat.member < static_cast<size_t>(plan_.cameras));
  }

  [[nodiscard]] std::string token_of(size_t index) const {
    const bool publisher = index < publishers();
    const Seat seat = seat_of(index);
    return join_token(plan_.key, plan_.secret,
                      fmt::format("{}{}", publisher ? "pub" : "sub", seat.member),
                      fmt::format("{}{}", plan_.room, seat.room));
  }

  [[nodiscard]] bool plan_publishes() const {
    return (plan_.video || plan_.audio) && !plan_.silent;
  }
  [[nodiscard]] int cameras() const {
    if (!plan_.video) return 0;
    return plan_.cameras < 0 ? plan_.publishers : std::min(plan_.cameras, plan_.publishers);
  }
  [[nodiscard]] int expected_videos(size_t index) const {
    const bool own = index < publishers() && has_camera(seat_of(index));
    const int others = cameras() - (own ? 1 : 0);
    if (plan_.tiles == 0) return others;
    // Where not every publisher has a camera, who is shown may have none.
    return cameras() < plan_.publishers ? 0 : std::min(others, plan_.tiles);
  }
  [[nodiscard]] int expected_streams(size_t index) const {
    // The silent ones may be left out.
    if (plan_.talking > 0) return 0;
    const bool publisher = index < publishers();
    const int others = plan_.publishers - (publisher ? 1 : 0);
    if (plan_.speaking >= 0 && !plan_.video) {
      return publisher ? 0 : std::min(plan_.speaking, plan_.publishers);
    }
    return plan_.audio && plan_.tiles == 0 ? others : 0;
  }

  bool join_all(bool publisher, int count) {
    const TimePoint first = monotonic_now();
    double cpu = bench::cpu_seconds(plan_.server_pid);
    // A few publishers come at once.
    const bool spread = !publisher || count > 100;
    Duration waited{};
    for (int i = 0; i < count; ++i) {
      const TimePoint due = first + waited + Duration(1s) * i / plan_.joins_per_second;
      if (spread) turn_until([&] { return monotonic_now() >= due; });
      if (!join(publisher)) return false;
      if (publisher || plan_.join_step == 0 || (i + 1) % plan_.join_step != 0) continue;
      run_for(kSettle);
      waited += kSettle;
      const double now = bench::cpu_seconds(plan_.server_pid);
      join_steps_ms_.push_back((now - cpu) * 1000 / plan_.join_step);
      cpu = now;
    }
    return true;
  }

  bool join(bool publisher) {
    const size_t index = clients_.size();
    const Seat seat = seat_of(index);
    auto client = std::make_unique<Client>(
        Shared{*fabric_, resources_, dtls_.fingerprint(), totals_, schedule_}, index, seat);
    Client::Media media;
    if (publisher) {
      media = {.video = has_camera(seat),
               .audio = plan_.audio,
               .simulcast = plan_.simulcast,
               .silent = plan_.silent};
    }
    if (publisher && plan_.speaking >= 0) {
      constexpr uint8_t kSpeech = 25;
      constexpr uint8_t kRoom = 90;
      media.level = seat.member < static_cast<size_t>(plan_.speaking) ? kSpeech : kRoom;
    }
    const Client::Watching watching{.tiles = static_cast<size_t>(plan_.tiles),
                                    .feedback = plan_.feedback};
    const Status status =
        client->join(monotonic_now(), plan_.ip, plan_.port, token_of(index), media, watching);
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
    while (const auto due = schedule_.take(now)) clients_[due->client]->perform(now, *due);
    if (now >= next_timeouts_) {
      next_timeouts_ = now + 5ms;
      timer_turn_ = (timer_turn_ + 1) % kTimerTurns;
      for (size_t i = timer_turn_; i < clients_.size(); i += kTimerTurns) {
        clients_[i]->handle_timeout(now);
      }
      const size_t old = clients_.size() - std::min(clients_.size(), kNewClients);
      for (size_t i = old; i < clients_.size(); ++i) clients_[i]->handle_timeout(now);
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
    const bool only_publishers = plan_.subscribers == 0;
    for (size_t i = only_publishers ? 0 : publishers(); i < clients_.size(); ++i) {
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
    const double late = bench::percentile(totals_.late_ms, 0.99);
    const double joined =
        only_publishers ? 0 : static_cast<double>(plan_.rooms * plan_.subscribers);
    std::string steps;
    for (const double step : join_steps_ms_) {
      steps += fmt::format("{}{:.3f}", steps.empty() ? "" : ",", step);
    }
    size_t videos = 0;
    for (const auto& client : clients_) videos += client->videos();
    fmt::print(
        "{{\"packets_per_second\":{:.0f},\"published_per_second\":{:.0f},"
        "\"megabits_per_second\":{:.1f},\"videos\":{},"
        "\"loss\":{:.5f},\"server_cpu\":{:.4f},\"loadgen_cpu\":{:.4f},\"us_per_packet\":{:.3f},"
        "\"latency_p50_ms\":{:.3f},\"latency_p99_ms\":{:.3f},\"join_p50_ms\":{:.1f},"
        "\"join_p99_ms\":{:.1f},\"join_cpu_ms\":{:.2f},\"join_steps_ms\":[{}],"
        "\"resume_p50_ms\":{:.1f},\"resume_p99_ms\":{:.1f},\"memory_kib_per_participant\":{:.1f},"
        "\"late_p99_ms\":{:.2f},\"loadgen_dropped\":{},\"loadgen_is_the_limit\":{}}}\n",
        packets / elapsed, static_cast<double>(totals_.published) / elapsed,
        static_cast<double>(totals_.bytes) * 8e-6 / elapsed, videos,
        expected == 0 ? 0.0 : static_cast<double>(lost) / static_cast<double>(expected),
        cpu / elapsed, own / elapsed, packets == 0 ? 0.0 : cpu * 1e6 / packets,
        bench::percentile(totals_.latency_ms, 0.5), bench::percentile(totals_.latency_ms, 0.99),
        bench::percentile(joins, 0.5), bench::percentile(joins, 0.99),
        joined == 0 ? 0.0 : join_cpu_ * 1000 / joined, steps, bench::percentile(resumes_ms_, 0.5),
        bench::percentile(resumes_ms_, 0.99), memory_kib / static_cast<double>(clients_.size()),
        late, dropped_, own / elapsed > kBusy || late > kLateMs || dropped_ > 0);
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
  Schedule schedule_;
  TimePoint next_timeouts_{};
  size_t timer_turn_ = 0;
  TimePoint next_report_{};
  size_t report_index_ = 0;
  double join_cpu_ = 0;  // of the server, while the subscribers came
  std::vector<double> join_steps_ms_;
  std::vector<float> resumes_ms_;
  uint64_t dropped_ = 0;  // at this program's socket
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
  app.add_option("--rooms", plan.rooms, "Rooms like this one")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--publishers", plan.publishers, "Of each room")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--subscribers", plan.subscribers, "Of each room; they publish nothing")
      ->check(CLI::Range(0, kMaxClients))
      ->capture_default_str();
  app.add_flag("--video", plan.video, "Each publisher sends 2.3 Mbit/s of VP8");
  CLI::Option* simulcast = app.add_flag(
      "--simulcast", plan.simulcast, "Video in three layers; those that nobody wants are not sent");
  app.add_option("--cameras", plan.cameras, "Only so many publishers of each room send video")
      ->check(CLI::Range(0, 1000));
  app.add_flag("--audio", plan.audio, "Each publisher sends 50 packets of audio per second");
  app.add_flag("--silent", plan.silent, "Tracks are published, and nothing is sent on them");
  app.add_option("--tiles", plan.tiles, "Each shows so many videos in a grid, and hides the others")
      ->check(CLI::Range(1, 49))
      ->needs(simulcast);
  app.add_flag("--feedback,!--no-feedback", plan.feedback,
               "Subscribers send transport-wide feedback (the default)");
  app.add_option(
         "--talking", plan.talking,
         "So many publishers of a room talk at a time, in turns; the others send as good as "
         "nothing")
      ->check(CLI::Range(1, 100));
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
  app.add_option("--join-step", plan.join_step,
                 "Tells the server's CPU per join of each so many subscribers")
      ->check(CLI::Range(1, kMaxClients));
  app.add_option("--resumes", plan.resumes,
                 "So many subscribers then change their network, one after the other")
      ->check(CLI::Range(0, kMaxClients))
      ->capture_default_str();
  app.add_option("--server-pid", plan.server_pid, "Process whose CPU and memory are measured")
      ->required();
  CLI11_PARSE(app, argc, argv);
  if (plan.rooms * (plan.publishers + plan.subscribers) > kMaxClients) {
    fmt::print(stderr, "more than {} clients\n", kMaxClients);
    return 1;
  }
  Run run(plan);
  return run.execute();
}
