#pragma once

#include <functional>
#include <memory>

#include "admin/backend.h"
#include "app/config.h"
#include "base/task.h"

namespace turms::net {
class HttpServer;
class Loop;
}  // namespace turms::net
namespace turms::admin {
class Settings;
}
namespace turms::im {
class Meetings;
}
namespace turms::gateway {
class Service;
}
namespace turms::plugin {
class Host;
}

namespace turms::app {

class ImStack;

/// What the API shows and does of the process around it.
struct ProcessControl {
  std::function<admin::NodeInfo()> node;
  std::function<void()> shut_down;
};

/// The admin API on the admin port. Made, used and destroyed on the loop's thread; all that it is
/// made from outlives its requests.
class AdminStack {
 public:
  AdminStack(net::Loop& loop, net::HttpServer& server, const Config& config, ImStack& im,
             im::Meetings& meetings, gateway::Service& gateway, plugin::Host& plugins,
             admin::Settings& settings, ProcessControl process);
  ~AdminStack();

  /// Makes the first account when there is none, and says its password once. `dev`: a fixed one on
  /// a loopback address.
  Task<void> make_first_account(bool dev);

 private:
  struct Parts;
  const Config& config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace turms::app
