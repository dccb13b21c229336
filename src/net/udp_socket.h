#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"

namespace turms::net {

/// One datagram in a UdpSocket's buffer: may be changed in place, lives until the next receive.
struct ReceivedDatagram {
  MutableByteView data;
  Address source;
  /// What it was sent to: on a socket for all addresses of the machine, one of them.
  Address local;
};

/// One destination's datagrams of a turn: `data` cut every `segment_size` bytes (the last one may
/// be shorter), or one datagram when segment_size is 0. At most 64 segments and 65,000 bytes.
struct OutgoingDatagrams {
  Address destination;
  ByteView data;
  uint16_t segment_size = 0;
  /// On a socket for all addresses of the machine: which of them it comes from, for a client takes
  /// no answer from another one than it asked. Unspecified: the kernel chooses.
  Address source = {};

  [[nodiscard]] size_t count() const {
    return segment_size == 0 ? 1 : (data.size() + segment_size - 1) / segment_size;
  }
};

struct UdpOptions {
  /// What the kernel's buffers are asked to be, as far as it allows.
  int kernel_buffer_bytes = 8 * 1024 * 1024;
  /// Takes only what comes over the loopback device, as all does that this machine sends to an
  /// address of its own.
  bool this_machine_only = false;
};

/// A non-blocking UDP socket for media: batched, with segmentation offload both ways where the
/// kernel has it. Any thread, one at a time. No allocation after construction.
class UdpSocket {
 public:
  /// `port` 0: any free one. kUnavailable when it cannot be bound.
  static Result<UdpSocket> bind(const Address& address, const UdpOptions& options = {});

  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  [[nodiscard]] int fd() const;
  [[nodiscard]] const Address& local() const;

  /// What one recvmmsg drained, coalesced datagrams taken apart. Empty: nothing there. Datagrams
  /// longer than kMaxDatagram are left out and counted in truncated().
  std::span<ReceivedDatagram> receive_batch();
  [[nodiscard]] uint64_t truncated() const;
  /// How long the first datagram of the last batch had lain in the kernel when it was read; 0 when
  /// the kernel does not tell.
  [[nodiscard]] Duration waited() const;

  struct SendOutcome {
    size_t consumed = 0;     // messages dealt with, from the first
    uint64_t datagrams = 0;  // handed to the kernel
    uint64_t failed = 0;     // datagrams of consumed messages that the kernel refused
    bool blocked = false;    // the kernel's buffer is full: the rest again when writable
  };
  /// Where the kernel refuses to segment (EIO, EINVAL, EOPNOTSUPP) the datagrams go one by one, and
  /// after a few refusals segmentation stays off.
  SendOutcome send_batch(std::span<const OutgoingDatagrams> messages);
  [[nodiscard]] bool segmentation() const;

  /// Larger than any MTU in use. With UDP_GRO a buffer holds up to 64 KiB of them.
  static constexpr size_t kMaxDatagram = 2048;

 private:
  struct State;
  explicit UdpSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace turms::net
