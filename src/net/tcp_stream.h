#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/loop_core.h"
#include "net/shared_bytes.h"
#include "net/tls_server.h"

namespace turms::net {

/// One non-blocking TCP socket on a loop. Reads into the loop's scratch buffer, so an idle
/// connection holds no buffer; writes are queued and leave at the end of the turn. Bounds are the
/// owner's: it asks queued() before it writes. Calls to the owner never come from within a call of
/// the owner's.
class TcpStream final : public FdHandler,
                        public Flushable,
                        public std::enable_shared_from_this<TcpStream> {
 public:
  class Owner {
   public:
    virtual void on_stream_data(MutableByteView data) = 0;
    /// The peer will send nothing more (it may still read). Reading has stopped.
    virtual void on_stream_end() = 0;
    /// Broken by the peer or the network, or closed as asked by close_after_flush(). The last call.
    virtual void on_stream_closed() = 0;
    /// The write queue has become empty.
    virtual void on_stream_flushed() {}
    /// A connect() has succeeded.
    virtual void on_stream_connected() {}

   protected:
    ~Owner() = default;
  };

  /// Takes the descriptor: non-blocking, connected. Null, and closed, when the kernel cannot watch
  /// one more.
  static std::shared_ptr<TcpStream> accepted(LoopCore& core, int fd, const Address& remote,
                                             Owner* owner);
  /// Begins to connect: on_stream_connected or on_stream_closed follows.
  static Result<std::shared_ptr<TcpStream>> connect(LoopCore& core, const Address& remote,
                                                    Owner* owner);

  /// An open stream on the way from one loop to another: nobody reads or writes meanwhile.
  class Detached;
  /// Leaves the loop; this object counts as closed from now on, without a call to the owner. Not
  /// while connecting or after close_after_flush().
  Detached detach();
  /// On the other loop's thread. Null, and closed, when the kernel cannot watch one more.
  static std::shared_ptr<TcpStream> attach(LoopCore& core, Detached stream, Owner* owner);
  ~TcpStream() override;

  void set_owner(Owner* owner) { owner_ = owner; }

  void write(ByteView data);
  void write(const SharedBytes& data);
  [[nodiscard]] size_t queued() const {
    return tls_ ? queued_ + tls_->output().size() - output_sent_ : queued_;
  }

  /// From here on the stream is TLS with this side as its server; the owner sees what is inside.
  /// `received`: encrypted bytes that the owner was given already. Called from on_stream_data().
  void start_tls(std::unique_ptr<TlsSession> session, ByteView received);

  void set_reading(bool reading);
  /// Flushes, then says goodbye (FIN) and throws away what still comes until the peer closes too:
  /// closing at once with unread data would reset the connection and could destroy the answer on
  /// its way. The owner's clock limits it by abort().
  void close_after_flush();
  /// At once and without a further call to the owner. Harmless when closed.
  void abort();

  [[nodiscard]] bool open() const { return watch_.fd >= 0; }
  [[nodiscard]] const Address& remote() const { return remote_; }
  /// Whom a proxy speaks for.
  void set_remote(const Address& remote) { remote_ = remote; }

  void on_ready(const Poller::Event& event) override;
  void flush() override;

 private:
  /// Small writes gather in `copied`, a large shared one stays where it is.
  struct Chunk {
    Bytes copied;
    SharedBytes shared;
    [[nodiscard]] ByteView view() const {
      return shared.empty() ? ByteView(copied) : shared.view();
    }
  };

  TcpStream(LoopCore& core, const Address& remote, Owner* owner)
      : core_(core), owner_(owner), remote_(remote) {}

  void schedule_flush();
  void update_interest();
  Chunk& tail(size_t room);
  void drop_written(size_t bytes);
  void drop_chunks();
  void received(MutableByteView data);
  void ended();
  void flush_tls();
  bool send_output();
  bool encrypt();
  void broken();

  LoopCore& core_;
  Owner* owner_;
  Address remote_;
  LoopCore::Watch watch_;
  /// What waits, never an empty one; those before first_chunk_ are done with. Empty, and so without
  /// memory of its own but a slot or two, while the connection is idle.
  std::vector<Chunk> chunks_;
  size_t first_chunk_ = 0;
  size_t queued_ = 0;
  size_t front_written_ = 0;
  std::unique_ptr<TlsSession> tls_;
  size_t output_sent_ = 0;   // of tls_->output()
  bool flush_owed_ = false;  // on_stream_flushed, over TLS
  bool goodbye_ = false;     // close_notify is written
  bool connecting_ = false;
  bool reading_ = true;
  bool ended_ = false;
  bool blocked_ = false;  // the kernel's buffer is full
  bool flush_scheduled_ = false;
  bool closing_ = false;
  bool interest_read_ = true;
  bool interest_write_ = false;
};

class TcpStream::Detached {
 public:
  Detached(Detached&& other) noexcept;
  Detached& operator=(Detached&&) = delete;
  ~Detached();  // closes

 private:
  friend class TcpStream;
  friend std::unique_ptr<ByteStream> make_byte_stream(Detached stream);
  Detached() = default;

  int fd_ = -1;
  Address remote_;
  std::vector<Chunk> unsent_;
  size_t queued_ = 0;
  size_t front_written_ = 0;
  std::unique_ptr<TlsSession> tls_;
  bool ended_ = false;
};

/// The stream for an owner that watches its descriptor itself, on any thread. What was queued goes
/// out first.
std::unique_ptr<ByteStream> make_byte_stream(TcpStream::Detached stream);

}  // namespace turms::net
