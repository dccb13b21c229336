// The floor for forwarding on loopback at real-time pace: a loop that does nothing but copy, write
// a header, encrypt and send with the batching and the cipher that the media workers use. Sources
// that are not in step give one burst of equal packets for each of N destinations at a steady rate;
// by default it is one source with a video frame of 8 packets 30 times a second. Prints one JSON
// object.

#include <fmt/core.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "base/time.h"
#include "bench/loadgen/udp_fabric.h"
#include "media/send_buffer.h"
#include "net/poller.h"
#include "net/udp_socket.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"

namespace turms::bench {
namespace {

struct Load {
  int destinations = 100;
  int packets_per_burst = 8;
  int packet_size = 1180;  // bytes of RTP before encryption
  int sources = 1;
  int bursts_per_second = 30;  // of each source
  int seconds = 10;
  uint64_t seed = 1;  // of the sources' phases
};

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Where the parent is pinned, its reader runs elsewhere, as a server's clients do.
void leave_the_parents_cores() {
  cpu_set_t taken;
  cpu_set_t free;
  CPU_ZERO(&free);
  if (::sched_getaffinity(0, sizeof taken, &taken) != 0) return;
  for (long core = 0; core < ::sysconf(_SC_NPROCESSORS_ONLN); ++core) {
    if (!CPU_ISSET(core, &taken)) CPU_SET(core, &free);
  }
  if (CPU_COUNT(&free) > 0) ::sched_setaffinity(0, sizeof free, &free);
}

/// A process that reads what is sent to the fabric's endpoints until its parent ends; it waits as
/// the load generator does, since waking the reader is part of what a datagram costs its sender.
pid_t start_sink(loadgen::UdpFabric& fabric) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  leave_the_parents_cores();
  net::Poller poller;
  poller.add(fabric.fd(), 1, true, false);
  for (;;) {
    const TimePoint now = monotonic_now();
    poller.wait(now, now + 1ms);
    while (!fabric.receive().empty()) {
    }
  }
}

class Floor {
 public:
  Floor(const loadgen::UdpFabric& fabric, const Load& load)
      : backend_(rtc::srtp::Backend::create()),
        packets_per_burst_(load.packets_per_burst),
        source_(static_cast<size_t>(load.packet_size), 7),
        protected_size_(static_cast<uint16_t>(source_.size() + rtc::srtp::kMaxRtpOverhead)) {
    auto socket = net::UdpSocket::bind(*net::Address::parse("127.0.0.1", 0));
    TURMS_CHECK(socket);
    socket_.emplace(std::move(*socket));
    Rng rng(1);
    for (int i = 0; i < load.destinations; ++i) {
      rtc::srtp::MasterKey key;
      rng.fill(key.key);
      rng.fill(key.salt);
      sessions_.push_back(std::make_unique<rtc::srtp::Session>(
          *backend_, rtc::srtp::Profile::kAeadAes128Gcm, key, key));
      const auto address = fabric.address(static_cast<size_t>(i));
      destinations_.push_back(net::Address::v4(
          {address.ip[0], address.ip[1], address.ip[2], address.ip[3]}, address.port));
    }
    const size_t burst_size = protected_size_ * static_cast<size_t>(packets_per_burst_);
    buffers_.resize(std::min(media::kEarlyFlushBytes / burst_size + 1, destinations_.size()));
    for (Bytes& buffer : buffers_) buffer.resize(burst_size);
  }

  /// `due` is when the burst was there to be sent.
  void send_burst(TimePoint due) {
    due_ = due;
    for (size_t d = 0; d < destinations_.size(); ++d) {
      if (messages_.size() == buffers_.size()) flush();
      Bytes& buffer = buffers_[messages_.size()];
      for (int i = 0; i < packets_per_burst_; ++i) write_packet(d, i, buffer);
      messages_.push_back(
          {.destination = destinations_[d], .data = buffer, .segment_size = protected_size_});
    }
    flush();
    sequence_ += packets_per_burst_;
  }

  [[nodiscard]] uint64_t sent() const { return sent_; }
  [[nodiscard]] uint64_t sent_within_1ms() const { return sent_within_1ms_; }

 private:
  void write_packet(size_t destination, int index, Bytes& buffer) {
    const MutableByteView place = MutableByteView(buffer).subspan(
        static_cast<size_t>(index) * protected_size_, protected_size_);
    std::memcpy(place.data(), source_.data(), source_.size());
    place[0] = 0x80;
    place[1] = 96;
    store_be16(&place[2], static_cast<uint16_t>(sequence_ + index));
    store_be32(&place[8], static_cast<uint32_t>(5000 + destination));
    const size_t size = sessions_[destination]->protect_rtp(place, source_.size());
    TURMS_CHECK(size == place.size());
  }

  void flush() {
    std::span<const net::OutgoingDatagrams> rest(messages_);
    while (!rest.empty()) {
      const auto outcome =
          socket_->send_batch(rest.first(std::min(rest.size(), media::kMessagesPerCall)));
      rest = rest.subspan(outcome.consumed);
      sent_ += outcome.datagrams;
      if (monotonic_now() - due_ <= 1ms) sent_within_1ms_ += outcome.datagrams;
      if (outcome.blocked) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    messages_.clear();
  }

  std::unique_ptr<rtc::srtp::Backend> backend_;
  std::optional<net::UdpSocket> socket_;
  std::vector<std::unique_ptr<rtc::srtp::Session>> sessions_;
  std::vector<net::Address> destinations_;
  std::vector<Bytes> buffers_;
  std::vector<net::OutgoingDatagrams> messages_;
  int packets_per_burst_;
  Bytes source_;
  uint16_t protected_size_;
  int sequence_ = 0;
  TimePoint due_;
  uint64_t sent_ = 0;
  uint64_t sent_within_1ms_ = 0;
};

}  // namespace
}  // namespace turms::bench

int main(int argc, char** argv) {
  using namespace turms;
  using namespace turms::bench;
  Load load;
  CLI::App app{"The floor for forwarding on loopback"};
  app.add_option("--destinations", load.destinations)
      ->check(CLI::Range(1, 4000))
      ->capture_default_str();
  app.add_option("--packets", load.packets_per_burst, "Packets per burst and destination")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  app.add_option("--size", load.packet_size, "Bytes of an RTP packet")
      ->check(CLI::Range(12, 1200))
      ->capture_default_str();
  app.add_option("--sources", load.sources)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--rate", load.bursts_per_second, "Bursts per second of each source")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--seconds", load.seconds)->check(CLI::Range(1, 600))->capture_default_str();
  app.add_option("--seed", load.seed, "Of the sources' phases")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  loadgen::UdpFabric fabric;
  const pid_t sink = start_sink(fabric);
  Floor floor(fabric, load);
  const double before = own_cpu_seconds();
  const TimePoint start = monotonic_now();
  const Duration interval = Duration(1s) / load.bursts_per_second;
  std::vector<Duration> phases;
  Rng rng(load.seed);
  for (int i = 0; i < load.sources; ++i) {
    phases.emplace_back(rng.below(static_cast<uint64_t>(interval.count())));
  }
  std::sort(phases.begin(), phases.end());
  for (TimePoint round = start; round < start + std::chrono::seconds(load.seconds);
       round += interval) {
    for (const Duration phase : phases) {
      const TimePoint due = round + phase;
      while (monotonic_now() < due) std::this_thread::sleep_for(due - monotonic_now());
      floor.send_burst(due);
    }
  }
  const double cpu = own_cpu_seconds() - before;
  const auto sent = static_cast<double>(floor.sent());
  fmt::print("{{\"packets_per_second\":{:.0f},\"us_per_packet\":{:.3f},\"within_1ms\":{:.4f}}}\n",
             sent / load.seconds, cpu * 1e6 / sent,
             static_cast<double>(floor.sent_within_1ms()) / sent);
  ::kill(sink, SIGKILL);
  ::waitpid(sink, nullptr, 0);
}
