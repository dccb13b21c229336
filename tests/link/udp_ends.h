#pragma once

#include <netinet/in.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "link/descriptor.h"
#include "link/ends.h"

namespace turms::link {

/// In front of a server's UDP port: each client address gets a socket of its own towards the
/// server. The bound is kMaxFlows; datagrams of further clients are dropped.
class UdpEnds final : public Ends {
 public:
  static constexpr size_t kMaxFlows = 256;

  /// Both are "ADDRESS:PORT" with an IPv4 address; port 0 of `listen` is one that is free.
  static Result<std::unique_ptr<UdpEnds>> open(const std::string& listen, const std::string& to);

  [[nodiscard]] std::vector<int> descriptors() const override;
  void read(int descriptor, const Take& take) override;
  void write(Way way, Packet packet) override;
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] size_t overhead() const override { return 28; }  // IPv4 and UDP

 private:
  struct Flow {
    sockaddr_in client;
    Descriptor to_server;
  };
  UdpEnds() = default;
  void read_clients(const Take& take);
  void read_server(size_t flow, const Take& take);
  /// Index of the flow of a client; kMaxFlows when there is no room for it.
  size_t flow_of(const sockaddr_in& client);

  Descriptor listen_;
  sockaddr_in server_{};
  std::vector<Flow> flows_;
  std::map<uint64_t, size_t> by_client_;
};

}  // namespace turms::link
