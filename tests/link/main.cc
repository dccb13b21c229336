// turms_shaped_link: a link that rates, delays and drops as told by lines of JSON on standard input
// (link/change.h has the words). `tun` joins two network namespaces that it makes; `udp` stands in
// front of a UDP port.

#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "link/shuttle.h"
#include "link/tun_ends.h"
#include "link/udp_ends.h"

namespace turms::link {
namespace {

/// What a caller can tell from the exit status: without the rights, tests are skipped.
constexpr int kFailed = 1;
constexpr int kNoRights = 3;

int run(Result<std::unique_ptr<Ends>> ends, const std::string& profile, uint64_t seed,
        int report_ms) {
  if (!ends) {
    fmt::print(stderr, "{}\n", ends.error().message);
    return ends.error().code == ErrorCode::kPermissionDenied ? kNoRights : kFailed;
  }
  Profiles profiles;
  if (!profile.empty()) {
    if (Status status = apply_change(profile, profiles); !status) {
      fmt::print(stderr, "--profile: {}\n", status.error().message);
      return kFailed;
    }
  }
  // Encoders keep the machine busy, and a link that comes late to its turn adds delay of its own.
  (void)::setpriority(PRIO_PROCESS, 0, -15);
  Shuttle(std::move(*ends), profiles, seed, std::chrono::milliseconds(report_ms)).run();
  return 0;
}

template <class T>
Result<std::unique_ptr<Ends>> as_ends(Result<std::unique_ptr<T>> ends) {
  if (!ends) return std::unexpected(ends.error());
  return std::unique_ptr<Ends>(std::move(*ends));
}

}  // namespace
}  // namespace turms::link

int main(int argc, char** argv) {
  using namespace turms;
  CLI::App app("A link that rates, delays and drops as told by lines of JSON on standard input.");
  std::string profile;
  uint64_t seed = 1;
  int report_ms = 100;
  app.add_option("--profile", profile, "the first change, as a line of JSON");
  app.add_option("--seed", seed, "of what is lost, and how much is jittered");
  app.add_option("--report-ms", report_ms, "how often to print counters; 0: never")
      ->check(CLI::Range(0, 60'000));
  app.require_subcommand(1);

  link::TunConfig tun;
  CLI::App* with_tun = app.add_subcommand("tun", "between two new network namespaces (root)");
  with_tun->add_option("--subnet", tun.subnet, "three parts of an address; the server is .1");
  with_tun->add_option("--mtu", tun.mtu)->check(CLI::Range(576, 65'535));
  with_tun->add_option("--server-net", tun.server_net, "the server's namespace, when it exists");

  std::string listen = "127.0.0.1:0";
  std::string to;
  CLI::App* with_udp = app.add_subcommand("udp", "in front of a UDP port");
  with_udp->add_option("--listen", listen, "ADDRESS:PORT, 0: a free port");
  with_udp->add_option("--to", to, "ADDRESS:PORT of the server")->required();
  CLI11_PARSE(app, argc, argv);

  return link::run(with_tun->parsed() ? link::as_ends(link::TunEnds::open(tun))
                                      : link::as_ends(link::UdpEnds::open(listen, to)),
                   profile, seed, report_ms);
}
