#include "rtc/dtls/transport.h"

#include <utility>

#include "rtc/dtls/handshake.h"

namespace turms::rtc::dtls {
namespace {

constexpr size_t kMaxEarlyRecords = 8;
constexpr uint8_t kFinished = 20;    // handshake type
constexpr uint8_t kWarning = 1;      // alert level
constexpr uint8_t kCloseNotify = 0;  // alert description
constexpr size_t kMaxPlain = 2048;   // larger records of a flight or alert do not exist

bool is_dtls(ByteView datagram) {
  while (!datagram.empty()) {
    const auto record = RecordView::parse(datagram);
    if (!record) return false;
    datagram = datagram.subspan(record->bytes.size());
  }
  return true;
}

}  // namespace

Transport::Transport(const Context& context, DtlsRole role, srtp::Backend& backend)
    : backend_(backend),
      role_(role),
      handshake_(std::make_unique<Handshake>(context, role, backend)) {}

Transport::~Transport() = default;

void Transport::start(TimePoint now) {
  if (state_ != State::kNew) return;
  state_ = State::kHandshake;
  if (role_ != DtlsRole::kClient) return;
  if (handshake_->advance(now, {}) == Handshake::State::kFailed) state_ = State::kFailed;
  after_handshake();
}

bool Transport::receive(TimePoint now, ByteView datagram) {
  // OpenSSL drops what is no DTLS silently; this way it is counted.
  if (datagram.empty() || !is_dtls(datagram)) return false;
  start(now);
  if (state_ == State::kHandshake) {
    switch (handshake_->advance(now, datagram)) {
      case Handshake::State::kRunning:
        break;
      case Handshake::State::kDone:
        on_handshake_done();
        break;
      case Handshake::State::kFailed:
        state_ = State::kFailed;
        break;
    }
    after_handshake();
  } else if (state_ == State::kConnected) {
    incoming_ = datagram;
  }
  return true;
}

void Transport::on_handshake_done() {
  remote_fingerprints_ = handshake_->remote_fingerprints();
  if (!remote_fingerprints_) {
    state_ = State::kFailed;
    return;
  }
  state_ = State::kConnected;
  if (auto keys = handshake_->export_srtp_keys()) {
    srtp_keys_ = std::make_unique<SrtpKeys>(*keys);
  }
  std::array<uint8_t, kMaxPlain> plain;
  while (const size_t size = handshake_->read(plain)) {
    if (early_data_.size() == kMaxEarlyRecords) continue;
    early_data_.emplace_back(plain.begin(), plain.begin() + static_cast<ptrdiff_t>(size));
  }
  records_.emplace(role_, handshake_->export_secrets(), backend_);
  if (role_ != DtlsRole::kServer) return;
  next_plain_sequence_ = handshake_->next_plain_sequence();
  if (const auto record = RecordView::parse(handshake_->finished_record())) {
    if (const auto size = records_->open_own(*record, plain)) {
      finished_.assign(plain.begin(), plain.begin() + static_cast<ptrdiff_t>(*size));
    }
  }
}

/// Takes what the handshake has to send, and lets it go when it is over.
void Transport::after_handshake() {
  for (Bytes& datagram : handshake_->take_outgoing()) queue(std::move(datagram));
  if (state_ != State::kNew && state_ != State::kHandshake) handshake_.reset();
}

size_t Transport::read(MutableByteView out) {
  if (!early_data_.empty()) {
    const Bytes data = std::move(early_data_.front());
    early_data_.erase(early_data_.begin());
    if (early_data_.empty()) early_data_.shrink_to_fit();
    if (data.size() > out.size()) return read(out);
    std::memcpy(out.data(), data.data(), data.size());
    return data.size();
  }
  while (state_ == State::kConnected && !incoming_.empty()) {
    const auto record = RecordView::parse(incoming_);
    if (!record) break;
    incoming_ = incoming_.subspan(record->bytes.size());
    const auto size = records_->open(*record, out);
    if (!size) continue;
    switch (record->type) {
      case ContentType::kApplicationData:
        if (*size != 0) return *size;
        break;
      case ContentType::kAlert:
        // close_notify, or fatal; other warnings mean nothing here.
        if (*size >= 2 && (out[0] != kWarning || out[1] == kCloseNotify)) state_ = State::kClosed;
        break;
      case ContentType::kHandshake:
        if (*size > 0 && out[0] == kFinished) repeat_last_flight();
        break;
      case ContentType::kChangeCipherSpec:
        break;
    }
  }
  incoming_ = {};
  return 0;
}

/// The client did not hear it: it goes on repeating its own Finished.
void Transport::repeat_last_flight() {
  if (finished_.empty() || repeats_ == kMaxRepeats) return;
  ++repeats_;
  Bytes datagram(kRecordHeader + 1);
  datagram[0] = static_cast<uint8_t>(ContentType::kChangeCipherSpec);
  store_be16(&datagram[1], 0xFEFD);
  store_be64(&datagram[3], next_plain_sequence_++);  // epoch 0
  store_be16(&datagram[11], 1);
  datagram[kRecordHeader] = 1;
  records_->seal(ContentType::kHandshake, finished_, datagram);
  queue(std::move(datagram));
}

bool Transport::send(ByteView data) {
  if (state_ != State::kConnected || data.empty()) return false;
  if (data.size() + Records::kOverhead > kMaxDatagram) return false;
  Bytes datagram;
  records_->seal(ContentType::kApplicationData, data, datagram);
  queue(std::move(datagram));
  return true;
}

size_t Transport::protect(MutableByteView out, size_t size) {
  if (state_ != State::kConnected) return 0;
  return records_->seal_in_place(ContentType::kApplicationData, size, out);
}

void Transport::close() {
  if (state_ == State::kConnected) {
    constexpr std::array<uint8_t, 2> kGoodbye{kWarning, kCloseNotify};
    Bytes datagram;
    records_->seal(ContentType::kAlert, kGoodbye, datagram);
    queue(std::move(datagram));
  }
  state_ = State::kClosed;
  handshake_.reset();
}

TimePoint Transport::next_timeout() const {
  return handshake_ ? handshake_->next_timeout() : kNever;
}

void Transport::handle_timeout(TimePoint now) {
  if (!handshake_) return;
  if (handshake_->handle_timeout(now) == Handshake::State::kFailed) state_ = State::kFailed;
  after_handshake();
}

std::optional<Transport::SrtpKeys> Transport::take_srtp_keys() {
  const auto keys = std::exchange(srtp_keys_, nullptr);
  return keys ? std::optional(*keys) : std::nullopt;
}

void Transport::queue(Bytes datagram) {
  if (outgoing_.size() < kMaxOutgoing) outgoing_.push_back(std::move(datagram));
}

std::vector<Bytes> Transport::take_outgoing() {
  return std::exchange(outgoing_, {});
}

}  // namespace turms::rtc::dtls
