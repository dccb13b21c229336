#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/blocklist.h"

namespace turms::im {

/// Addresses and users that are not let in for some time. Stored, and kept in memory, because every
/// connection asks; bound: kMaxClients of each kind, then blocking answers kResourceExhausted.
class Blocklist {
 public:
  static constexpr size_t kMaxClients = 100'000;

  explicit Blocklist(Context& context) : context_(context) {}

  /// What is stored, at the start and after another program has changed it.
  Task<void> load();

  [[nodiscard]] bool is_blocked(const std::string& ip) const;
  [[nodiscard]] bool is_blocked(UserId user) const;

  /// Ends their connections too: sessions of users with close_status 701. The duration is positive.
  Task<Result<None>> block_ips(std::vector<std::string> ips, Duration duration);
  Task<Result<None>> block_users(std::vector<UserId> users, Duration duration);
  Task<Result<None>> unblock_ips(std::vector<std::string> ips);
  Task<Result<None>> unblock_users(std::vector<UserId> users);

  /// Those that are blocked now, by subject ascending. Empty `subjects`: any.
  [[nodiscard]] std::vector<BlockedClient> query(BlockedKind kind,
                                                 const std::vector<std::string>& subjects,
                                                 size_t skip, size_t limit) const;

  /// Told the addresses that were just blocked; the gateway closes their connections.
  void on_blocked_ips(std::function<void(const std::vector<std::string>&)> listener) {
    listener_ = std::move(listener);
  }

 private:
  using Entries = std::unordered_map<std::string, WallTime>;

  Entries& entries(BlockedKind kind) { return kind == BlockedKind::kIp ? ips_ : users_; }
  [[nodiscard]] bool is_blocked(const Entries& entries, const std::string& subject) const;
  Task<Result<None>> block(BlockedKind kind, std::vector<std::string> subjects, Duration duration);
  Task<Result<None>> unblock(BlockedKind kind, std::vector<std::string> subjects);
  Task<void> finish_storing();
  void forget_expired(Entries& entries);
  void end_sessions(const std::vector<std::string>& users);

  Context& context_;
  Entries ips_;
  Entries users_;
  /// Moves with each change made here; how many are being stored.
  uint64_t changes_ = 0;
  int storing_ = 0;
  bool load_again_ = false;
  std::function<void(const std::vector<std::string>&)> listener_;
};

}  // namespace turms::im
