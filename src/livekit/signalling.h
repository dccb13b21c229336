#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "livekit/room.h"
#include "livekit/rooms.h"
#include "livekit/service.h"
#include "livekit/signal_codec.h"
#include "livekit/signal_queue.h"
#include "net/http_server.h"
#include "net/websocket.h"

namespace turms::livekit {

/// The signalling endpoints: /rtc and /rtc/v1 over WebSocket and their dry runs /rtc/validate and
/// /rtc/v1/validate. A client says who it is in parameters of the URL and has two peer connections,
/// or in a join request (which /rtc/v1 asks for) and has one. Checks a request before the upgrade,
/// so that refusals are HTTP statuses; then carries messages between a participant and its room. On
/// the loop's thread, where connections take turns: each has a few of its messages worked off per
/// turn and a budget over time (SignalQueue), and one that exceeds it for long is closed with 1008.
class Signalling {
 public:
  Signalling(const ServiceConfig& config, Rooms& rooms);
  ~Signalling();

  void register_routes(net::HttpRoutes& server);
  void deliver(const SendMessage& output);
  /// Closes the participant's connection after what was sent before.
  void close(ParticipantKey participant);

 private:
  struct Connection {
    Connection(net::Loop& loop, std::shared_ptr<net::WebSocket> made, media::RoomId its_room)
        : socket(std::move(made)), room(its_room), queue(loop.now()), turn(loop), release(loop) {}
    std::shared_ptr<net::WebSocket> socket;
    Encoding encoding = Encoding::kProtobuf;
    media::RoomId room;
    SignalQueue queue;
    net::Timer turn;  // when more of the queue is worked off
    /// Messages after the join answer wait until then, if its client is not ready at once.
    net::Timer release;
    bool holds_after_join = false;
    std::vector<ServerMessage> held;
  };
  /// What a client says of itself when it connects.
  struct Introduction {
    std::string publish;  // a further connection of the same person, under this name
    std::string metadata;
    Attributes attributes;
    bool auto_subscribe = true;
    bool auto_subscribe_data_tracks = false;
    bool adaptive_stream = false;
    std::optional<bool> allow_pause;
    bool single_connection = false;
    int32_t protocol = kProtocolVersion;
    int32_t client_protocol = 0;
    std::vector<uint8_t> capabilities;
    bool go_sdk = false;
    std::string browser;
    bool reconnect = false;
    std::string sid;
    std::vector<ClientMessage> messages;  // said as soon as it is in
  };
  /// A request that may join.
  struct Admission {
    std::string room;
    JoinParameters join;
    bool reconnect = false;
    std::string sid;
    bool go_sdk = false;
    std::vector<ClientMessage> messages;
  };
  struct Entry {
    bool needs_join_request = false;
    bool strict = false;  // a dry run: refuses what a join overlooks
  };

  void register_entry(net::HttpRoutes& server, const std::string& path, bool needs_join_request);
  std::variant<Admission, net::HttpResponse> admit(const net::HttpRequest& request, Entry entry);
  static Result<Introduction> introduction(const net::HttpRequest& request, Entry entry);
  std::optional<net::HttpResponse> apply(const Introduction& introduction, Grants& grants) const;
  void on_upgrade(const net::HttpRequest& request, net::WebSocketUpgrade upgrade, Entry entry);
  std::shared_ptr<net::WebSocket> accept(net::WebSocketUpgrade& upgrade);
  void resume(Admission admission, net::WebSocketUpgrade upgrade);
  Connection& attach(Room& room, ParticipantKey key, std::shared_ptr<net::WebSocket> socket);
  static void send_held(Connection& connection);
  void on_message(ParticipantKey key, bool binary, ByteView data);
  void on_close(ParticipantKey key, const net::WebSocket* socket);
  void take_turn(ParticipantKey key);
  void flooded(Connection& connection);
  /// False: there is nothing to work off now.
  bool work_off(ParticipantKey key);

  const ServiceConfig& config_;
  Rooms& rooms_;
  std::map<ParticipantKey, std::unique_ptr<Connection>> connections_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace turms::livekit
