#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace turms::net {

/// The client's side of one TLS connection over bytes that someone else carries. Verifies the
/// certificate chain and the host name.
class TlsClient {
 public:
  /// Trusted authorities, shared by connections.
  class Context;
  /// `ca_file` empty: the system's. kInvalidArgument when the file cannot be read.
  static Result<std::shared_ptr<Context>> make_context(const std::string& ca_file);

  TlsClient(std::shared_ptr<Context> context, const std::string& host);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// Goes on with the handshake; true when it is done, an error when it failed.
  Result<bool> handshake();
  /// Bytes from the peer.
  void feed(ByteView encrypted);
  /// After the handshake. Appends plain bytes; true while the stream lives, false when the peer has
  /// closed it, an error when it is broken.
  Result<bool> read(Bytes& plain);
  void write(ByteView plain);
  /// Moves what must go to the peer.
  Bytes take_output();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace turms::net
