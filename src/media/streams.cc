#include "media/streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "media/addresses.h"
#include "rtc/stream_framing.h"
#include "rtc/turn/framing.h"

namespace turms::media {

namespace {

constexpr size_t kScratchSize = 64 * 1024;
/// So many times the scratch buffer is one stream's share of a turn.
constexpr int kReadsPerTurn = 8;
/// More is not left unsent in the kernel: what waits there is late and cannot be dropped.
constexpr int kUnsentInKernel = 128 * 1024;
/// An idle stream keeps no larger buffer.
constexpr size_t kKeptBuffer = 64 * 1024;

struct Message {
  enum class Kind : uint8_t { kNeedMore, kInvalid, kWhole } kind = Kind::kNeedMore;
  size_t offset = 0;
  size_t size = 0;
  size_t total = 0;
};

Message next_message(AdoptedStream::Kind kind, ByteView bytes) {
  if (kind == AdoptedStream::Kind::kIce) {
    const rtc::StreamFrame frame = rtc::next_stream_frame(bytes);
    return {static_cast<Message::Kind>(frame.kind), frame.offset, frame.size, frame.total};
  }
  const rtc::turn::Frame frame = rtc::turn::next_frame(bytes);
  return {static_cast<Message::Kind>(frame.kind), 0, frame.size, frame.padded};
}

}  // namespace

Stream::Stream(Streams& streams, uint32_t id, AdoptedStream::Kind kind,
               std::unique_ptr<net::ByteStream> bytes)
    : streams_(streams), id_(id), kind_(kind), bytes_(std::move(bytes)) {
  path_.local = to_rtc(bytes_->local());
  path_.remote = to_rtc(bytes_->remote());
  path_.remote.protocol = rtc::Protocol::kTcp;
  path_.remote.channel = id;
  deadline_.stream = this;
}

void Stream::send(ByteView datagram) {
  const auto header = rtc::stream_frame_header(datagram.size());
  (void)append(header, datagram, 0);
}

void Stream::send_message(ByteView header, ByteView data, size_t padding) {
  (void)append(header, data, padding);
}

bool Stream::append(ByteView header, ByteView data, size_t padding) {
  if (closed()) return false;
  if (out_.size() - sent_ + header.size() + data.size() + padding > kMaxQueued) {
    ++streams_.dropped_;
    return false;
  }
  out_.insert(out_.end(), header.begin(), header.end());
  out_.insert(out_.end(), data.begin(), data.end());
  out_.insert(out_.end(), padding, 0);
  ++streams_.sent_;
  if (!dirty_) streams_.dirty_.push_back(id_);
  dirty_ = true;
  return true;
}

Streams::~Streams() {
  metrics_.streams.add(-static_cast<int64_t>(streams_.size()));
}

void Streams::adopt(TimePoint now, AdoptedStream adopted) {
  if (streams_.size() >= kMaxStreams || adopted.received.size() > kScratchSize / 2) return;
  const int fd = adopted.stream->fd();
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernel, sizeof kUnsentInKernel);
  const uint32_t id = ++last_id_;
  if (!poller_.try_add(fd, kTag | id, true, false)) return;
  auto& stream = *streams_
                      .emplace(id, std::make_unique<Stream>(*this, id, adopted.kind,
                                                            std::move(adopted.stream)))
                      .first->second;
  metrics_.streams.add(1);
  stream.heard_ = now;
  stream.rest_ = std::move(adopted.received);
  schedule(stream);
  if (scratch_.empty()) scratch_.resize(kScratchSize);
  // It may hold whole messages, and the stream more than its descriptor shows.
  read(now, stream);
}

Stream* Streams::find(uint32_t id) {
  const auto it = streams_.find(id);
  return it == streams_.end() || it->second->closed() ? nullptr : it->second.get();
}

void Streams::close(Stream& stream) {
  if (stream.closed()) return;
  poller_.remove(stream.bytes_->fd());
  stream.bytes_.reset();
  timers_.cancel(stream.deadline_);
  closed_.push_back(stream.id_);
  owner_.on_stream_closed(stream);
}

void Streams::close_after_flush(Stream& stream) {
  stream.closing_ = true;
  if (!stream.dirty_) dirty_.push_back(stream.id_);
  stream.dirty_ = true;
}

AdoptedStream Streams::release(Stream& stream) {
  poller_.remove(stream.bytes_->fd());
  timers_.cancel(stream.deadline_);
  closed_.push_back(stream.id_);
  return {stream.kind_, std::move(stream.bytes_), Bytes(current_.begin(), current_.end())};
}

void Streams::on_ready(TimePoint now, const net::Poller::Event& event) {
  Stream* stream = find(static_cast<uint32_t>(event.tag));
  if (stream == nullptr) return;
  if (event.writable) write(*stream);
  if ((event.readable || event.hung_up) && !stream->closed()) read(now, *stream);
}

void Streams::read_unread(TimePoint now) {
  for (const uint32_t id : std::exchange(unread_, {})) {
    Stream* stream = find(id);
    if (stream == nullptr) continue;
    stream->unread_ = false;
    read(now, *stream);
  }
}

void Streams::read(TimePoint now, Stream& stream) {
  // What a former message began with, and everything read behind it.
  TURMS_CHECK(stream.rest_.size() <= scratch_.size());
  std::copy(stream.rest_.begin(), stream.rest_.end(), scratch_.begin());
  size_t have = stream.rest_.size();
  stream.rest_.clear();
  bool ended = false;
  for (int round = 0; !ended; ++round) {
    const size_t taken = take_messages(stream, MutableByteView(scratch_).first(have));
    owner_.on_stream_pause();
    if (stream.closed() || stream.closing_) return;
    std::copy(scratch_.begin() + static_cast<ptrdiff_t>(taken),
              scratch_.begin() + static_cast<ptrdiff_t>(have), scratch_.begin());
    have -= taken;
    if (round == kReadsPerTurn) {
      if (!stream.unread_) unread_.push_back(stream.id_);
      stream.unread_ = true;
      break;
    }
    const net::ByteStream::Outcome outcome =
        stream.bytes_->read(MutableByteView(scratch_).subspan(have));
    have += outcome.size;
    ended = outcome.closed;
    if (outcome.size == 0) break;
    stream.heard_ = now;
  }
  if (ended) return close(stream);
  stream.rest_.assign(scratch_.begin(), scratch_.begin() + static_cast<ptrdiff_t>(have));
  watch(stream);  // reading may owe something to the other side
}

size_t Streams::take_messages(Stream& stream, MutableByteView bytes) {
  size_t taken = 0;
  while (!stream.closed() && !stream.closing_) {
    const Message message = next_message(stream.kind_, bytes.subspan(taken));
    if (message.kind == Message::Kind::kNeedMore) break;
    if (message.kind == Message::Kind::kInvalid) {
      metrics_.drop(DatagramDrop::kBrokenStream);
      close(stream);
      break;
    }
    ++received_;
    current_ = bytes.subspan(taken);
    owner_.on_stream_message(stream, bytes.subspan(taken + message.offset, message.size));
    taken += message.total;
  }
  return taken;
}

void Streams::write(Stream& stream) {
  if (stream.bytes_->wants_write() && stream.bytes_->flush().closed) return close(stream);
  while (stream.sent_ < stream.out_.size()) {
    const net::ByteStream::Outcome outcome =
        stream.bytes_->write(ByteView(stream.out_).subspan(stream.sent_));
    if (outcome.closed) return close(stream);
    if (outcome.size == 0) break;
    stream.sent_ += outcome.size;
  }
  if (stream.sent_ == stream.out_.size()) {
    if (stream.out_.capacity() > kKeptBuffer) Bytes().swap(stream.out_);
    stream.out_.clear();
    stream.sent_ = 0;
  } else if (stream.sent_ > Stream::kMaxQueued / 2) {
    stream.out_.erase(stream.out_.begin(),
                      stream.out_.begin() + static_cast<ptrdiff_t>(stream.sent_));
    stream.sent_ = 0;
  }
  watch(stream);
}

void Streams::watch(Stream& stream) {
  const bool wants_write = !stream.out_.empty() || stream.bytes_->wants_write();
  // What was queued in this turn is written at its end; only what the kernel refused waits for it.
  if (stream.dirty_ || wants_write == stream.wants_write_) return;
  stream.wants_write_ = wants_write;
  poller_.change(stream.bytes_->fd(), kTag | stream.id_, true, wants_write);
}

void Streams::establish(TimePoint now, Stream& stream) {
  if (stream.closed()) return;
  stream.established_ = true;
  stream.heard_ = now;
  schedule(stream);
}

void Streams::schedule(Stream& stream) {
  TimePoint due = stream.heard_ + kEstablishTimeout;
  if (stream.established_) {
    due = stream.kind_ == AdoptedStream::Kind::kTurn ? stream.heard_ + kIdleTimeout : kNever;
  }
  timers_.schedule(stream.deadline_, due);
}

void Streams::handle_timeout(TimePoint now, Stream& stream) {
  if (!stream.established_ || stream.heard_ + kIdleTimeout <= now) return close(stream);
  schedule(stream);  // it was heard meanwhile
}

void Streams::flush() {
  // Writing may close streams, which may make others of their member send.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    const auto it = streams_.find(dirty_[i]);
    if (it == streams_.end()) continue;
    Stream& stream = *it->second;
    stream.dirty_ = false;
    if (!stream.closed()) write(stream);
    if (stream.closing_) close(stream);
  }
  dirty_.clear();
  for (const uint32_t id : closed_) {
    streams_.erase(id);
    metrics_.streams.add(-1);
  }
  closed_.clear();
  metrics_.stream_received.add(std::exchange(received_, 0));
  metrics_.stream_sent.add(std::exchange(sent_, 0));
  metrics_.drop(DatagramDrop::kStreamFull, std::exchange(dropped_, 0));
}

}  // namespace turms::media
