#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "livekit/service.h"
#include "livekit/signal.pb.h"
#include "livekit/signal_codec.h"
#include "livekit/testing.h"
#include "livekit/token.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/raw_client_testing.h"

/// A service on real sockets of one loop, with an engine that only writes down.
namespace turms::livekit {
namespace pb = ::livekit;
}

namespace turms::livekit::testing {

/// A WebSocket client that speaks signalling.
class SignalClient {
 public:
  SignalClient(net::Loop& loop, uint16_t port, const std::string& target,
               const std::string& extra_headers = "");

  /// The status of the answer to the handshake.
  int status();
  void send(const ClientMessage& message, Encoding encoding = Encoding::kProtobuf);
  void send_frame(uint8_t opcode, std::string_view payload);
  /// The next message of this kind; earlier ones are dropped.
  std::optional<pb::SignalResponse> wait(pb::SignalResponse::MessageCase kind);
  /// The next message as it came: for what is not signalling.
  std::optional<std::string> wait_any();
  /// Waits for a close frame or the end of the connection; the code, 1006 without a frame.
  uint16_t wait_close();
  void disconnect() { raw_.close(); }
  [[nodiscard]] bool last_was_text() const { return last_was_text_; }

 private:
  void parse();

  net::Loop& loop_;
  net::RawClient raw_;
  bool upgraded_ = false;
  bool last_was_text_ = false;
  std::optional<uint16_t> close_code_;
  std::deque<std::pair<bool, std::string>> messages_;
};

class ServiceTest : public ::testing::Test {
 protected:
  static constexpr const char* kKey = "devkey";
  static constexpr const char* kSecret = "secret";

  void start(ServiceConfig config = {});
  static Grants member(const std::string& identity, const std::string& room = "lounge");
  static std::string token(const Grants& grants);
  static std::string admin_token(const std::string& room = "lounge");
  net::HttpResponse http(const std::string& method, const std::string& target,
                         const net::HttpHeaders& headers = {}, const std::string& body = "");
  /// JSON to a RoomService method.
  net::HttpResponse call(const std::string& name, const std::string& json,
                         const std::string& bearer = admin_token(),
                         const std::string& trace_id = "");
  std::unique_ptr<SignalClient> connect(const std::string& identity, const std::string& more = "");

  net::Loop loop;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpClient> client;
  RecordingEngine* engine = nullptr;  // owned by the service
  media::EngineEvents* events = nullptr;
  std::unique_ptr<Service> service;
};

}  // namespace turms::livekit::testing
