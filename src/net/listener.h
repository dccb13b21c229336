#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/address.h"
#include "net/loop_core.h"

namespace turms::net {

/// A listening TCP socket on a loop. When the process is out of descriptors it pauses instead of
/// spinning.
class Listener final : public FdHandler {
 public:
  /// Gets a non-blocking descriptor to own.
  using AcceptHandler = std::function<void(int fd, const Address& remote)>;

  /// kUnavailable when the address cannot be bound.
  static Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& bind_address,
                                                  uint16_t port, AcceptHandler on_accept);
  ~Listener() override;

  void on_ready(const Poller::Event& event) override;
  [[nodiscard]] uint16_t port() const { return port_; }

 private:
  Listener(Loop& loop, AcceptHandler on_accept)
      : core_(loop.core()), on_accept_(std::move(on_accept)), resume_(loop) {}

  LoopCore& core_;
  AcceptHandler on_accept_;
  Timer resume_;
  LoopCore::Watch watch_;
  uint16_t port_ = 0;
};

}  // namespace turms::net
