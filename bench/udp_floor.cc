// The floor for forwarding on loopback at real-time pace: a loop that does nothing but copy, write
// a header, encrypt and send with the batching and the cipher that the media workers use. One frame
// of 8 packets to each of N destinations 30 times a second. Prints one JSON object.

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "base/time.h"
#include "bench/loadgen/udp_fabric.h"
#include "net/poller.h"
#include "net/udp_socket.h"
#include "rtc/srtp/backend.h"
#include "rtc/srtp/session.h"

namespace turms::bench {
namespace {

constexpr int kPacketsPerFrame = 8;
constexpr size_t kPacketSize = 1180;
constexpr Duration kFrameInterval = 33'333us;

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A process that reads what is sent to the fabric's endpoints until its parent ends; it waits as
/// the load generator does, since waking the reader is part of what a datagram costs its sender.
pid_t start_sink(loadgen::UdpFabric& fabric) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
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
  Floor(const loadgen::UdpFabric& fabric, int destinations)
      : backend_(rtc::srtp::Backend::create()) {
    auto socket = net::UdpSocket::bind(*net::Address::parse("127.0.0.1", 0));
    TURMS_CHECK(socket);
    socket_.emplace(std::move(*socket));
    Rng rng(1);
    for (int i = 0; i < destinations; ++i) {
      rtc::srtp::MasterKey key;
      rng.fill(key.key);
      rng.fill(key.salt);
      sessions_.push_back(std::make_unique<rtc::srtp::Session>(
          *backend_, rtc::srtp::Profile::kAeadAes128Gcm, key, key));
      const auto address = fabric.address(static_cast<size_t>(i));
      destinations_.push_back(net::Address::v4(
          {address.ip[0], address.ip[1], address.ip[2], address.ip[3]}, address.port));
    }
    buffers_.resize(destinations_.size());
    for (Bytes& buffer : buffers_)
      buffer.resize((kPacketSize + rtc::srtp::kMaxRtpOverhead) * kPacketsPerFrame);
    messages_.resize(destinations_.size());
  }

  void send_frame() {
    for (size_t d = 0; d < destinations_.size(); ++d) {
      size_t offset = 0;
      for (int i = 0; i < kPacketsPerFrame; ++i) {
        const MutableByteView place =
            MutableByteView(buffers_[d]).subspan(offset, kPacketSize + rtc::srtp::kMaxRtpOverhead);
        std::memcpy(place.data(), source_.data(), kPacketSize);
        place[0] = 0x80;
        place[1] = 96;
        store_be16(&place[2], static_cast<uint16_t>(sequence_ + i));
        store_be32(&place[8], static_cast<uint32_t>(5000 + d));
        const size_t size = sessions_[d]->protect_rtp(place, kPacketSize);
        TURMS_CHECK(size == place.size());
        offset += size;
      }
      messages_[d] = {destinations_[d], ByteView(buffers_[d]).first(offset),
                      kPacketSize + rtc::srtp::kMaxRtpOverhead};
    }
    sequence_ += kPacketsPerFrame;
    size_t done = 0;
    while (done < messages_.size()) {
      const auto outcome = socket_->send_batch(std::span(messages_).subspan(done));
      done += outcome.consumed;
      sent_ += outcome.datagrams;
      if (outcome.blocked) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }

  [[nodiscard]] uint64_t sent() const { return sent_; }

 private:
  std::unique_ptr<rtc::srtp::Backend> backend_;
  std::optional<net::UdpSocket> socket_;
  std::vector<std::unique_ptr<rtc::srtp::Session>> sessions_;
  std::vector<net::Address> destinations_;
  std::vector<Bytes> buffers_;
  std::vector<net::OutgoingDatagrams> messages_;
  Bytes source_ = Bytes(kPacketSize, 7);
  int sequence_ = 0;
  uint64_t sent_ = 0;
};

}  // namespace
}  // namespace turms::bench

int main(int argc, char** argv) {
  using namespace turms;
  using namespace turms::bench;
  int destinations = 100;
  int seconds = 10;
  CLI::App app{"The floor for forwarding on loopback"};
  app.add_option("--destinations", destinations)->check(CLI::Range(1, 2000))->capture_default_str();
  app.add_option("--seconds", seconds)->check(CLI::Range(1, 600))->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  loadgen::UdpFabric fabric;
  const pid_t sink = start_sink(fabric);
  Floor floor(fabric, destinations);
  const double before = own_cpu_seconds();
  const TimePoint start = monotonic_now();
  for (TimePoint next = start; next < start + std::chrono::seconds(seconds);
       next += kFrameInterval) {
    while (monotonic_now() < next) std::this_thread::sleep_for(next - monotonic_now());
    floor.send_frame();
  }
  const double cpu = own_cpu_seconds() - before;
  fmt::print("{{\"packets_per_second\":{:.0f},\"us_per_packet\":{:.3f}}}\n",
             static_cast<double>(floor.sent()) / seconds,
             cpu * 1e6 / static_cast<double>(floor.sent()));
  ::kill(sink, SIGKILL);
  ::waitpid(sink, nullptr, 0);
}
