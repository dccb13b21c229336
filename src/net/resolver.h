#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/loop.h"

namespace turms::net {

/// Names to addresses on a thread of its own, started at the first name that needs it (addresses
/// and "localhost" do not). The destructor waits for the lookup under way.
class Resolver {
 public:
  using Handler = std::function<void(Result<std::vector<Address>>)>;

  explicit Resolver(Loop& loop);
  ~Resolver();

  /// The handler runs on the loop, never from within this call, and not after the destructor.
  void resolve(const std::string& host, uint16_t port, Handler handler);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace turms::net
