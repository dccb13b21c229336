#pragma once

#include <functional>
#include <memory>

#include "app/config.h"
#include "app/data_directory.h"
#include "base/ids.h"
#include "base/result.h"
#include "im/domain.h"
#include "store/store.h"

namespace turms::net {
class Loop;
}

namespace turms::app {

/// Messaging without its network: store, bus, hasher, domain. What `serve` serves, and what `turms
/// user` and `turms group` work with while another process serves the same data directory. Lives on
/// the loop's thread.
class ImStack {
 public:
  /// `listen` wraps the bus in one that others hear; null: as it is.
  using Listen = std::function<std::unique_ptr<im::Bus>(im::Bus&)>;
  static Result<std::unique_ptr<ImStack>> open(net::Loop& loop, const Config& config,
                                               const DataDirectory& data,
                                               const Listen& listen = nullptr);
  ~ImStack();

  im::Domain& domain() { return *domain_; }
  im::Bus& bus() { return listening_ ? *listening_ : *bus_; }
  im::AdminRepository& admins() { return store_->admins(); }
  im::AdministrationRepository& administration() { return store_->administration(); }
  im::ConfigurationRepository& configuration() { return store_->configuration(); }
  /// With what was changed of it while a server ran.
  const Config& config() const { return config_; }
  im::PasswordHasher& hasher() { return *hasher_; }
  im::Repositories repositories() { return store_->repositories(); }
  /// Why nothing can be written at present; nothing when it can.
  std::optional<Error> failure() const { return store_->failure(); }
  IdGenerator& ids() { return ids_; }
  const im::Clock& clock() const { return *clock_; }
  /// No operation is accepted from now on; those under way complete on the loop.
  void close() { store_->close(); }

 private:
  explicit ImStack(int node);

  Config config_;
  std::unique_ptr<im::Clock> clock_;
  IdGenerator ids_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<im::PasswordHasher> hasher_;
  std::unique_ptr<im::Bus> bus_;
  std::unique_ptr<im::Bus> listening_;
  std::unique_ptr<im::Domain> domain_;
};

}  // namespace turms::app
