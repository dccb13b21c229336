#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "link/descriptor.h"
#include "link/ends.h"

namespace turms::link {

struct TunConfig {
  /// The first three parts of the network's addresses: the server is .1, the client .2.
  std::string subnet = "10.77.1";
  int mtu = 1500;
  /// A network namespace for the server's side (a path such as /proc/PID/fd/N); empty: a new one.
  std::string server_net;
};

/// Two network namespaces, each with a TUN device that is its way to the other one. They live as
/// long as this process, or processes that have entered them (`nsenter --net=PATH`).
class TunEnds final : public Ends {
 public:
  /// Needs root: it makes namespaces and devices.
  static Result<std::unique_ptr<TunEnds>> open(const TunConfig& config);

  [[nodiscard]] std::vector<int> descriptors() const override;
  void read(int descriptor, const Take& take) override;
  void write(Way way, Packet packet) override;
  [[nodiscard]] std::string describe() const override;
  /// A TUN device gives whole IP packets.
  [[nodiscard]] size_t overhead() const override { return 0; }

 private:
  struct Side {
    Descriptor net;
    Descriptor tun;
  };
  TunEnds() = default;
  static Result<Side> open_side(const TunConfig& config, bool is_server);

  TunConfig config_;
  Side server_;
  Side client_;
};

}  // namespace turms::link
