#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace turms::loadgen {

/// The client's side of one LiveKit signalling WebSocket: plain ws://, binary messages,
/// non-blocking after the TCP connect.
class SignalClient {
 public:
  ~SignalClient();
  SignalClient() = default;
  SignalClient(const SignalClient&) = delete;
  SignalClient& operator=(const SignalClient&) = delete;

  /// Connects and sends the handshake; `target` is path and query.
  Status connect(const std::string& ip, uint16_t port, const std::string& target);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  /// The handshake is done: only now may anything be sent.
  [[nodiscard]] bool upgraded() const { return upgraded_ && open(); }

  /// To be called when readable. kUnavailable when the server closed or refused: the message says
  /// with what.
  Status receive(const std::function<void(ByteView message)>& on_message);
  void send(std::string_view message);
  void close();

 private:
  Status take_handshake();
  Status take_frames(const std::function<void(ByteView)>& on_message);
  void send_frame(uint8_t opcode, std::string_view payload);

  int fd_ = -1;
  bool upgraded_ = false;
  std::string received_;
  std::string fragments_;
};

}  // namespace turms::loadgen
