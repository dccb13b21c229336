#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace turms::bus {

/// Holds something for as long as it is kept; then it is undone.
class Held {
 public:
  virtual ~Held() = default;
};
using Hold = std::unique_ptr<Held>;

/// A lease that was won. Epochs of one name grow from holder to holder, so that what a former one
/// still says can be told from what the present one does.
struct Lease {
  uint64_t epoch = 0;
  /// Dropping it gives the lease back.
  Hold hold;
};

/// What connects the nodes, below what they say to each other: channels of bytes, keys that expire,
/// and leases. A node may lose its connection to the others at any time: it then hears of gaps and
/// of lost leases, and nothing is retried behind its back. Lives on the control thread; handlers
/// are called there, never within the call that set them.
///
/// Bounds: kMaxName, kMaxMessage. Above them calls fail with kInvalidArgument.
class Transport {
 public:
  static constexpr size_t kMaxName = 256;
  static constexpr size_t kMaxMessage = 1024 * 1024;

  virtual ~Transport() = default;

  struct Subscriber {
    std::function<void(ByteView message)> on_message;
    /// Messages may have been missed before whatever comes next: read the truth again.
    std::function<void()> on_gap;
  };
  /// Of a publisher's messages in order, each at most once, also of this node's own. Nothing from
  /// before the call. Dropping the hold ends it: not a message after that.
  virtual Result<Hold> subscribe(std::string channel, Subscriber subscriber) = 0;
  /// Heard by all who are subscribed, as far as they can be reached. kUnavailable: by nobody.
  virtual Status publish(std::string_view channel, ByteView message) = 0;

  /// Replaces what was there. Gone after `lifetime`. kUnavailable.
  virtual Task<Status> put(std::string key, Bytes value, Duration lifetime) = 0;
  virtual Task<Result<std::optional<Bytes>>> get(std::string key) = 0;
  virtual Task<Status> erase(std::string key) = 0;

  /// Nothing when somebody else holds it. It is kept by itself while the others can be reached, and
  /// lost when they cannot for `lifetime`, counted from the last renewal that was sent: `on_lost`
  /// comes before anybody else can have it. kUnavailable.
  virtual Task<Result<std::optional<Lease>>> acquire(std::string name, Duration lifetime,
                                                     std::function<void()> on_lost) = 0;
};

}  // namespace turms::bus
