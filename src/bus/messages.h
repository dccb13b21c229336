#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "im/ports/bus.h"

namespace turms::bus {

// What nodes say to each other below im::Bus. The first byte is the version of the format; a
// message of another version is not read, so nodes of two versions can run side by side.

/// A node is there. Each start of it has another incarnation: what an earlier one left behind does
/// not count any more.
struct Hello {
  int32_t node = 0;
  uint64_t incarnation = 0;
  bool operator==(const Hello&) const = default;
};

/// An envelope or an order, and the node that published it.
struct NodeMessage {
  Hello from;
  std::variant<im::Envelope, im::DisconnectOrder> content;
};

/// The sessions of one user on one node.
struct NodePresence {
  uint64_t incarnation = 0;
  im::UserStatus status = im::UserStatus::kAvailable;
  WallTime status_since{};
  std::vector<im::DeviceType> device_types;
};

Bytes encode(const Hello& hello);
/// Several messages when the recipients do not fit into one of `limit` bytes. None: the payload
/// alone does not.
std::vector<Bytes> encode(const Hello& from, const im::Envelope& envelope, size_t limit);
Bytes encode(const Hello& from, const im::DisconnectOrder& order);
Bytes encode(const NodePresence& presence);

// Nothing for bytes that none of the above made.
std::optional<Hello> decode_hello(ByteView bytes);
std::optional<NodeMessage> decode_message(ByteView bytes);
std::optional<NodePresence> decode_presence(ByteView bytes);

}  // namespace turms::bus
