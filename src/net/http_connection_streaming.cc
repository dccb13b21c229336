#include <utility>

#include "net/http_connection.h"

// Requests whose bodies come in pieces, and answers whose bodies go in pieces.

namespace turms::net {
namespace {

/// A streamed body must progress by so much in each body_timeout.
constexpr size_t kStreamProgress = 64 * 1024;

}  // namespace

void HttpConnection::begin_streaming(const std::shared_ptr<const HttpStreamHandler>& handler) {
  state_ = State::kStreaming;
  ++serial_;
  sink_full_ = false;
  streamed_since_deadline_ = 0;
  const uint64_t serial = serial_;
  auto sink = (*handler)(std::move(request_), HttpExchange(weak_from_this(), serial));
  // It may have answered already.
  if (state_ == State::kStreaming && serial_ == serial) sink_ = std::move(sink);
}

bool HttpConnection::parse_streamed_body() {
  if (sink_full_) return false;
  const auto sink = sink_;
  const uint64_t serial = serial_;
  auto piece = take_body();
  if (!piece) return false;
  streamed_since_deadline_ += piece->data.size();
  if (streamed_since_deadline_ >= kStreamProgress) {
    streamed_since_deadline_ = 0;
    deadline_.set(shared_->config.body_timeout);
  }
  const bool takes_more = !sink || piece->data.empty() || sink->on_body(as_bytes(piece->data));
  // It may have answered.
  if (state_ != State::kStreaming || serial_ != serial) return false;
  if (piece->last) {
    state_ = State::kHandling;
    deadline_.clear();
    if (sink) sink->on_body_end();
    return false;
  }
  if (!takes_more) {
    sink_full_ = true;
    // The peer is not to blame.
    deadline_.clear();
    return false;
  }
  if (piece->progressed && !input_.empty()) return true;
  if (peer_ended_) start_closing();
  return false;
}

void HttpConnection::resume_body(uint64_t serial) {
  if (state_ != State::kStreaming || serial_ != serial || !sink_full_) return;
  sink_full_ = false;
  streamed_since_deadline_ = 0;
  deadline_.set(shared_->config.body_timeout);
  process();
}

void HttpConnection::respond(uint64_t serial, HttpResponse response,
                             std::shared_ptr<HttpBodySource> source) {
  if (!waits_for(serial)) return;
  if (!source) {
    write_response(std::move(response));
    return finish_response();
  }
  const uint64_t size = source->size();
  write_response(std::move(response), size);
  if (head_ || size == 0) return finish_response();
  state_ = State::kSending;
  sink_.reset();
  source_ = std::move(source);
  source_left_ = size;
  pull();
}

void HttpConnection::pull() {
  pulling_ = true;
  deadline_.clear();
  source_->read([self = weak_from_this(), serial = serial_](const SharedBytes& piece) {
    if (const auto connection = self.lock()) connection->pulled(serial, piece);
  });
}

void HttpConnection::pulled(uint64_t serial, const SharedBytes& piece) {
  if (state_ != State::kSending || serial_ != serial) return;
  pulling_ = false;
  if (piece.empty() || piece.size() > source_left_) return abort();
  source_left_ -= piece.size();
  stream_->write(piece);
  if (source_left_ == 0) return finish_response();
  queued_at_deadline_ = stream_->queued();
  deadline_.set(shared_->config.write_timeout);
}

}  // namespace turms::net
