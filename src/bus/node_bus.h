#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/time.h"
#include "bus/messages.h"
#include "bus/session_table.h"
#include "bus/transport.h"
#include "im/ports/bus.h"
#include "im/ports/clock.h"

namespace turms::bus {

/// What joins a node to others.
struct Membership {
  /// Outlives the bus, as the clock does.
  Transport& transport;
  const im::Clock& clock;
  /// The number is unlike that of any other node, the incarnation unlike that of any earlier start.
  Hello self;
  /// Something may have been missed: read the truth again.
  std::function<void()> on_gap;
};

/// The bus of one node: alone, or over the transport that joins it to others. This node's
/// subscriber is called at once, with what was published itself; bytes are made only while another
/// node is there to read them. Sans-IO: tick() says that time has passed. Lives on the control
/// thread.
///
/// Who is signed in is known for this node, and asked of the transport for the others: one key for
/// each user and node, written while another node is there. What a node that has gone left behind
/// does not count (Hello::incarnation).
class NodeBus final : public im::Bus {
 public:
  /// How often a node says that it is there, and after how long without a word it is not.
  static constexpr Duration kHelloInterval = std::chrono::seconds(2);
  static constexpr Duration kGone = std::chrono::seconds(6);
  /// Of a key that nobody erases. Each is written again at half of that.
  static constexpr Duration kPresenceLifetime = std::chrono::hours(24);

  NodeBus();
  explicit NodeBus(Membership membership);
  ~NodeBus() override;

  /// At the latest when next() says.
  void tick(TimePoint now);
  [[nodiscard]] TimePoint next() const { return next_hello_; }
  /// Other nodes that were heard lately.
  [[nodiscard]] size_t peers() const { return peers_.size(); }
  /// What could not be told to other nodes: they could not be reached, or it was too large.
  [[nodiscard]] int64_t untold() const { return untold_; }

  void subscribe(im::BusSubscriber& subscriber) override;
  void publish(const im::Envelope& envelope) override;
  void publish(const im::DisconnectOrder& order) override;
  void signed_in(const im::Caller& session, im::UserStatus status) override;
  void signed_out(const im::Caller& session) override;
  void set_status(UserId user, im::UserStatus status) override;
  /// Of a user on several nodes the status that was set last. kUnavailable: another node's sessions
  /// cannot be read.
  im::Stored<std::vector<im::Presence>> presence(std::vector<UserId> users) override;

 private:
  struct Peer {
    uint64_t incarnation = 0;
    TimePoint heard{};
  };
  struct Keys;

  void on_hello(ByteView message);
  void on_message(ByteView message);
  void tell(ByteView message);
  void changed(UserId user);
  void write_all();
  void write_changed();
  [[nodiscard]] WallTime wall_now() const;

  std::optional<Membership> membership_;
  im::BusSubscriber* subscriber_ = nullptr;
  SessionTable sessions_;
  std::map<int32_t, Peer> peers_;
  /// Shared with writes under way, which may outlive the bus.
  std::shared_ptr<Keys> keys_;
  TimePoint now_{};
  TimePoint next_hello_ = kNever;
  TimePoint next_refresh_ = kNever;
  int64_t untold_ = 0;
  Hold messages_;
  Hold hellos_;
};

}  // namespace turms::bus
