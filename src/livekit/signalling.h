#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "livekit/room.h"
#include "livekit/rooms.h"
#include "livekit/service.h"
#include "livekit/signal_codec.h"
#include "livekit/signal_queue.h"
#include "net/http_server.h"
#include "net/websocket.h"

namespace turms::livekit {

/// The signalling endpoints: /rtc over WebSocket and its dry run /rtc/validate. Checks a request
/// before the upgrade, so that refusals are HTTP statuses; then carries messages between a
/// participant and its room. On the loop's thread, where connections take turns: each has a few of
/// its messages worked off per turn and a budget over time (SignalQueue), and one that exceeds it
/// for long is closed with 1008.
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
        : socket(std::move(made)), room(its_room), queue(loop.now()), turn(loop) {}
    std::shared_ptr<net::WebSocket> socket;
    Encoding encoding = Encoding::kProtobuf;
    media::RoomId room;
    SignalQueue queue;
    net::Timer turn;  // when more of the queue is worked off
  };
  /// A request that may join.
  struct Admission {
    std::string room;
    JoinParameters join;
    bool reconnect = false;
    std::string sid;
  };

  std::variant<Admission, net::HttpResponse> admit(const net::HttpRequest& request, bool strict);
  void on_upgrade(const net::HttpRequest& request, net::WebSocketUpgrade upgrade);
  void resume(Admission admission, net::WebSocketUpgrade upgrade);
  void attach(Room& room, ParticipantKey key, std::shared_ptr<net::WebSocket> socket);
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
