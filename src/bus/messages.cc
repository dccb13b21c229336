#include "bus/messages.h"

#include <algorithm>
#include <span>

namespace turms::bus {
namespace {

constexpr uint8_t kVersion = 1;
enum class Kind : uint8_t { kHello = 1, kEnvelope, kDisconnect, kPresence };
enum EnvelopeFlag : uint8_t { kCaller = 1, kExcept = 2, kExtensionsOnly = 4, kAddition = 8 };
enum OrderFlag : uint8_t { kExceptSession = 1, kPasswordVersion = 2, kCode = 4 };

class Out {
 public:
  explicit Out(Kind kind) {
    u8(kVersion);
    u8(static_cast<uint8_t>(kind));
  }

  void u8(uint8_t v) { bytes_.push_back(v); }
  void u32(uint32_t v) { store_be32(grow(4), v); }
  void u64(uint64_t v) { store_be64(grow(8), v); }
  void i64(int64_t v) { u64(static_cast<uint64_t>(v)); }
  void text(std::string_view v) {
    u32(static_cast<uint32_t>(v.size()));
    bytes_.insert(bytes_.end(), v.begin(), v.end());
  }
  void session(const im::Caller& session) {
    i64(session.user_id.value);
    i64(session.session_id);
  }
  void from(const Hello& node) {
    u32(static_cast<uint32_t>(node.node));
    u64(node.incarnation);
  }
  void devices(const std::vector<im::DeviceType>& types) {
    u8(static_cast<uint8_t>(types.size()));
    for (const im::DeviceType type : types) u8(static_cast<uint8_t>(type));
  }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  uint8_t* grow(size_t n) {
    bytes_.resize(bytes_.size() + n);
    return bytes_.data() + bytes_.size() - n;
  }

  Bytes bytes_;
};

class In {
 public:
  explicit In(ByteView bytes) : reader_(bytes) {}

  /// The kind, nothing for another version.
  std::optional<Kind> kind() {
    if (reader_.u8() != kVersion) return std::nullopt;
    return static_cast<Kind>(reader_.u8());
  }
  uint8_t u8() { return reader_.u8(); }
  uint32_t u32() { return reader_.u32(); }
  uint64_t u64() { return reader_.u64(); }
  int64_t i64() { return static_cast<int64_t>(reader_.u64()); }
  std::string text() { return std::string(as_text(reader_.bytes(reader_.u32()))); }
  im::Caller session() {
    im::Caller session;
    session.user_id = UserId(i64());
    session.session_id = i64();
    return session;
  }
  Hello from() {
    Hello node;
    node.node = static_cast<int32_t>(u32());
    node.incarnation = u64();
    return node;
  }
  std::vector<im::DeviceType> devices() {
    std::vector<im::DeviceType> types;
    for (int left = u8(); left > 0 && reader_.ok(); --left) {
      const uint8_t type = u8();
      valid_ &= type <= static_cast<uint8_t>(im::DeviceType::kUnknown);
      types.push_back(static_cast<im::DeviceType>(type));
    }
    return types;
  }
  /// So many that follow, of `size` bytes each.
  size_t count(size_t size) {
    const size_t n = u32();
    if (n <= reader_.remaining() / size) return n;
    valid_ = false;
    return 0;
  }
  /// All of it was there and nothing else was.
  [[nodiscard]] bool complete() const { return reader_.ok() && reader_.remaining() == 0 && valid_; }

 private:
  ByteReader reader_;
  bool valid_ = true;
};

im::Envelope read_envelope(In& in) {
  im::Envelope envelope;
  const uint8_t flags = in.u8();
  if ((flags & kCaller) != 0) envelope.caller_id = UserId(in.i64());
  if ((flags & kExcept) != 0) envelope.except = in.session();
  envelope.extensions_only = (flags & kExtensionsOnly) != 0;
  envelope.payload = std::make_shared<const std::string>(in.text());
  if ((flags & kAddition) != 0) envelope.addition = std::make_shared<const std::string>(in.text());
  std::vector<UserId> recipients(in.count(8));
  for (UserId& id : recipients) id = UserId(in.i64());
  envelope.recipients = im::recipients_of(std::move(recipients));
  return envelope;
}

im::DisconnectOrder read_order(In& in) {
  im::DisconnectOrder order;
  order.user_id = UserId(in.i64());
  order.device_types = in.devices();
  order.close_status = static_cast<int32_t>(in.u32());
  const uint8_t flags = in.u8();
  if ((flags & kExceptSession) != 0) order.except = in.session();
  if ((flags & kPasswordVersion) != 0) order.password_version = in.i64();
  if ((flags & kCode) != 0) order.code = static_cast<int32_t>(in.u32());
  return order;
}

}  // namespace

Bytes encode(const Hello& hello) {
  Out out(Kind::kHello);
  out.from(hello);
  return out.take();
}

std::vector<Bytes> encode(const Hello& from, const im::Envelope& envelope, size_t limit) {
  Out head(Kind::kEnvelope);
  head.from(from);
  head.u8(static_cast<uint8_t>(
      (envelope.caller_id ? kCaller : 0) | (envelope.except ? kExcept : 0) |
      (envelope.extensions_only ? kExtensionsOnly : 0) | (envelope.addition ? kAddition : 0)));
  if (envelope.caller_id) head.i64(envelope.caller_id->value);
  if (envelope.except) head.session(*envelope.except);
  head.text(*envelope.payload);
  if (envelope.addition) head.text(*envelope.addition);
  const Bytes start = head.take();

  std::span<const UserId> left;
  if (envelope.recipients) left = *envelope.recipients;
  std::vector<Bytes> messages;
  // One recipient at least has to fit, or nobody.
  const size_t room = limit < start.size() + 4 ? 0 : (limit - start.size() - 4) / 8;
  if (room == 0 && (!left.empty() || limit < start.size() + 4)) return messages;
  do {
    const auto part = left.first(std::min(left.size(), room));
    left = left.subspan(part.size());
    Bytes message = start;
    message.resize(start.size() + 4 + part.size() * 8);
    uint8_t* to = message.data() + start.size();
    store_be32(to, static_cast<uint32_t>(part.size()));
    to += 4;
    for (const UserId id : part) {
      store_be64(to, static_cast<uint64_t>(id.value));
      to += 8;
    }
    messages.push_back(std::move(message));
  } while (!left.empty());
  return messages;
}

Bytes encode(const Hello& from, const im::DisconnectOrder& order) {
  Out out(Kind::kDisconnect);
  out.from(from);
  out.i64(order.user_id.value);
  out.devices(order.device_types);
  out.u32(static_cast<uint32_t>(order.close_status));
  out.u8(static_cast<uint8_t>((order.except ? kExceptSession : 0) |
                              (order.password_version ? kPasswordVersion : 0) |
                              (order.code ? kCode : 0)));
  if (order.except) out.session(*order.except);
  if (order.password_version) out.i64(*order.password_version);
  if (order.code) out.u32(static_cast<uint32_t>(*order.code));
  return out.take();
}

Bytes encode(const NodePresence& presence) {
  Out out(Kind::kPresence);
  out.u64(presence.incarnation);
  out.u8(static_cast<uint8_t>(presence.status));
  out.i64(presence.status_since.unix_ms);
  out.devices(presence.device_types);
  return out.take();
}

std::optional<Hello> decode_hello(ByteView bytes) {
  In in(bytes);
  if (in.kind() != Kind::kHello) return std::nullopt;
  const Hello hello = in.from();
  if (!in.complete()) return std::nullopt;
  return hello;
}

std::optional<NodeMessage> decode_message(ByteView bytes) {
  In in(bytes);
  const auto kind = in.kind();
  NodeMessage message;
  message.from = in.from();
  if (kind == Kind::kEnvelope) {
    message.content = read_envelope(in);
  } else if (kind == Kind::kDisconnect) {
    message.content = read_order(in);
  } else {
    return std::nullopt;
  }
  if (!in.complete()) return std::nullopt;
  return message;
}

std::optional<NodePresence> decode_presence(ByteView bytes) {
  In in(bytes);
  if (in.kind() != Kind::kPresence) return std::nullopt;
  NodePresence presence;
  presence.incarnation = in.u64();
  presence.status = static_cast<im::UserStatus>(in.u8());
  presence.status_since = {in.i64()};
  presence.device_types = in.devices();
  if (!in.complete() || !im::is_known(presence.status)) return std::nullopt;
  return presence;
}

}  // namespace turms::bus
