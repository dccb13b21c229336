#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/resolver.h"
#include "net/tcp_stream.h"
#include "net/tls_client.h"

namespace turms::net {

/// A connection to a host by its name, with TLS or without, for protocols that are spoken
/// elsewhere. Each of the host's addresses is tried in turn. It has no deadlines: those are the
/// owner's, which ends it by abort(). Calls to the owner never come from within connect() or a call
/// of the owner's.
class ClientStream final : public TcpStream::Owner,
                           public std::enable_shared_from_this<ClientStream> {
 public:
  struct Target {
    std::string host;
    uint16_t port = 0;
    /// Null: without TLS.
    std::shared_ptr<TlsClient::Context> tls;
  };
  class Owner {
   public:
    /// Connected, and the host's certificate is good.
    virtual void on_client_open() = 0;
    virtual void on_client_data(ByteView data) = 0;
    /// The last call: closed by either side, broken, or never open.
    virtual void on_client_closed(Error error) = 0;

   protected:
    ~Owner() = default;
  };

  /// `owner` lives until it is told of the end, or has called abort().
  static std::shared_ptr<ClientStream> connect(Loop& loop, Resolver& resolver, Target target,
                                               Owner& owner);
  ~ClientStream();

  /// Once it is open.
  void write(ByteView data);
  /// At once, and without a further call to the owner. Harmless when closed.
  void abort();

  void on_stream_connected() override;
  void on_stream_data(MutableByteView data) override;
  void on_stream_end() override;
  void on_stream_closed() override;

 private:
  enum class State : uint8_t { kConnecting, kHandshaking, kOpen, kClosed };

  ClientStream(Loop& loop, Target target, Owner& owner)
      : loop_(loop), target_(std::move(target)), owner_(owner) {}
  void begin(Resolver& resolver);
  void try_next_address();
  void continue_handshake();
  void opened();
  void closed(Error error);

  Loop& loop_;
  const Target target_;
  Owner& owner_;
  State state_ = State::kConnecting;
  /// Not tried yet, taken from the back.
  std::vector<Address> addresses_;
  Error last_error_{ErrorCode::kUnavailable, "the name has no address"};
  std::shared_ptr<TcpStream> stream_;
  std::unique_ptr<TlsClient> tls_;
  Bytes plain_;
};

}  // namespace turms::net
