// What clients send to the TURN server, as a sequence: datagrams and frames of streams as they are,
// requests signed with good credentials, data on its way to a client, and time that passes.
#include <algorithm>

#include "rtc/turn/framing.h"
#include "rtc/turn/message.h"
#include "rtc/turn/server.h"
#include "tests/fuzz/check.h"

namespace {

using namespace turms;
using namespace turms::rtc;

struct Turn {
  TimePoint now{1000s};
  Rng rng{1};
  TransportAddress media = TransportAddress::ipv4(192, 0, 2, 10, 7882);
  turn::ServerConfig config = make_config();
  turn::Server server{config, rng};
  turn::Credentials credentials = turn::mint(config.secret, now + 300s, 0, "user");
  std::string nonce;
  TransportAddress relayed;

  [[nodiscard]] turn::ServerConfig make_config() const {
    turn::ServerConfig made;
    made.media_addresses = {media, TransportAddress::ipv6({0x20, 1, 0xd, 0xb8}, 7882)};
    made.max_allocations = 4;
    made.max_allocations_per_user = 3;
    return made;
  }
  static turn::Client client(uint8_t selector) {
    return {TransportAddress::ipv4(198, 51, 100, 1, static_cast<uint16_t>(1 + selector % 8)),
            {},
            static_cast<turn::Transport>(selector / 8 % 3)};
  }

  void receive(const turn::Client& from, MutableByteView message) {
    const turn::Received received = server.receive(now, from, message);
    switch (received.kind) {
      case turn::Received::Kind::kResponse: {
        const auto answer = turn::Message::parse(received.data);
        fuzz::check(answer.has_value());
        if (answer->nonce) nonce = *answer->nonce;
        break;
      }
      case turn::Received::Kind::kRelayed:
        // To our media and nothing else, and a part of what came.
        fuzz::check(std::ranges::find(config.media_addresses, received.peer) !=
                    config.media_addresses.end());
        fuzz::check(received.data.data() >= message.data() &&
                    received.data.data() + received.data.size() <= message.data() + message.size());
        relayed = received.relayed;
        break;
      case turn::Received::Kind::kMisdirected:
        fuzz::check(false);  // credentials of another worker cannot be forged
        break;
      case turn::Received::Kind::kDropped:
        fuzz::check(received.drop != turn::DropReason::kNone);
        break;
    }
    fuzz::check(server.allocations() <= config.max_allocations);
  }

  /// The input's bytes are attributes of a request that is signed well.
  void receive_signed(const turn::Client& from, uint16_t method, ByteView attributes) {
    Bytes buffer(4096);
    stun::TransactionId id;
    rng.fill(id);
    stun::Builder builder(buffer, stun::Class::kRequest, id, method);
    ByteReader reader(attributes);
    for (int i = 0; i < 12 && reader.remaining() >= 3; ++i) {
      const auto type = static_cast<uint16_t>(reader.u8() | (reader.u8() & 1) << 15);
      builder.add(type, reader.bytes(std::min<size_t>(reader.u8() % 24, reader.remaining())));
    }
    builder.add(0x0006, as_bytes(credentials.username))
        .add(turn::attribute::kRealm, as_bytes(config.realm))
        .add(turn::attribute::kNonce, as_bytes(nonce));
    const auto key = turn::long_term_key(credentials.username, config.realm, credentials.password);
    const ByteView message = builder.finish(as_text(key));
    if (!message.empty()) receive(from, MutableByteView(buffer).first(message.size()));
  }

  void to_client(size_t size) {
    Bytes headroom(turn::Server::kMaxHeader);
    const auto envelope = server.to_client(now, relayed, media, size, headroom);
    if (!envelope) return;
    fuzz::check(envelope->header_size <= turn::Server::kMaxHeader);
    fuzz::check(envelope->padding <= turn::Server::kMaxPadding);
  }
};

}  // namespace

// The input is a sequence of steps: what to do, which client, two bytes of length, bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Turn turn;
  ByteReader reader(ByteView(data, size));
  for (int i = 0; i < 64 && reader.remaining() >= 4; ++i) {
    const uint8_t step = reader.u8();
    const turn::Client client = Turn::client(reader.u8());
    const ByteView bytes = reader.bytes(std::min<size_t>(reader.u16(), reader.remaining()));
    switch (step % 8) {
      case 0:
      case 1: {
        Bytes datagram(bytes.begin(), bytes.end());
        turn.receive(client, datagram);
        break;
      }
      case 2: {
        Bytes stream(bytes.begin(), bytes.end());
        size_t at = 0;
        while (true) {
          const turn::Frame frame = turn::next_frame(ByteView(stream).subspan(at));
          if (frame.kind != turn::Frame::Kind::kMessage) break;
          fuzz::check(frame.size <= frame.padded && frame.padded <= stream.size() - at);
          turn.receive(client, MutableByteView(stream).subspan(at, frame.size));
          at += frame.padded;
        }
        break;
      }
      case 3:
      case 4:
        turn.receive_signed(client, step / 8 % 12, bytes);
        break;
      case 5:
        turn.to_client(bytes.size());
        break;
      case 6:
        turn.now += std::chrono::seconds(bytes.size());
        turn.server.handle_timeout(turn.now);
        fuzz::check(turn.server.next_timeout() > turn.now);
        break;
      default:
        turn.server.client_gone(client);
        break;
    }
  }
  return 0;
}
