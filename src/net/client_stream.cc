#include "net/client_stream.h"

namespace turms::net {

std::shared_ptr<ClientStream> ClientStream::connect(Loop& loop, Resolver& resolver, Target target,
                                                    Owner& owner) {
  std::shared_ptr<ClientStream> stream(new ClientStream(loop, std::move(target), owner));
  stream->begin(resolver);
  return stream;
}

ClientStream::~ClientStream() {
  abort();
}

void ClientStream::begin(Resolver& resolver) {
  resolver.resolve(target_.host, target_.port,
                   [weak = weak_from_this()](Result<std::vector<Address>> addresses) {
                     const auto self = weak.lock();
                     if (!self || self->state_ == State::kClosed) return;
                     if (!addresses) return self->closed(addresses.error());
                     self->addresses_.assign(addresses->rbegin(), addresses->rend());
                     self->try_next_address();
                   });
}

void ClientStream::try_next_address() {
  while (!addresses_.empty()) {
    const Address address = addresses_.back();
    addresses_.pop_back();
    auto stream = TcpStream::connect(loop_.core(), address, this);
    if (stream) {
      stream_ = std::move(*stream);
      return;
    }
    last_error_ = stream.error();
  }
  closed(last_error_);
}

void ClientStream::on_stream_connected() {
  const auto self = shared_from_this();
  if (!target_.tls) return opened();
  state_ = State::kHandshaking;
  tls_ = std::make_unique<TlsClient>(target_.tls, target_.host);
  continue_handshake();
}

void ClientStream::continue_handshake() {
  const Result<bool> done = tls_->handshake();
  stream_->write(SharedBytes::of(tls_->take_output()));
  if (!done) return closed(done.error());
  if (*done) opened();
}

void ClientStream::opened() {
  state_ = State::kOpen;
  owner_.on_client_open();
}

void ClientStream::write(ByteView data) {
  if (state_ != State::kOpen) return;
  if (!tls_) return stream_->write(data);
  tls_->write(data);
  stream_->write(SharedBytes::of(tls_->take_output()));
}

void ClientStream::on_stream_data(MutableByteView data) {
  const auto self = shared_from_this();
  if (!tls_) return owner_.on_client_data(data);
  tls_->feed(data);
  if (state_ == State::kHandshaking) continue_handshake();
  if (state_ != State::kOpen) return;
  plain_.clear();
  const Result<bool> alive = tls_->read(plain_);
  stream_->write(SharedBytes::of(tls_->take_output()));
  if (!plain_.empty()) owner_.on_client_data(plain_);
  if (state_ == State::kClosed) return;
  if (!alive) return closed(alive.error());
  if (!*alive) closed({ErrorCode::kUnavailable, "connection closed"});
}

void ClientStream::on_stream_end() {
  const auto self = shared_from_this();
  closed({ErrorCode::kUnavailable, "connection closed"});
}

void ClientStream::on_stream_closed() {
  const auto self = shared_from_this();
  if (state_ == State::kClosed) return;
  if (state_ == State::kConnecting) {
    last_error_ = {ErrorCode::kUnavailable, "cannot connect to " + stream_->remote().to_string()};
    return try_next_address();
  }
  closed({ErrorCode::kUnavailable, "connection lost"});
}

void ClientStream::closed(Error error) {
  if (state_ == State::kClosed) return;
  abort();
  owner_.on_client_closed(std::move(error));
}

void ClientStream::abort() {
  state_ = State::kClosed;
  if (stream_) stream_->abort();
}

}  // namespace turms::net
