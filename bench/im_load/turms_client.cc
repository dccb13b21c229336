#include "bench/im_load/turms_client.h"

#include <fmt/core.h>

#include <optional>

#include "base/check.h"
#include "turms/notification.pb.h"

namespace turms::im_load {
namespace {

struct Header {
  size_t size = 0;     // of itself
  size_t payload = 0;  // what follows
};

/// A length of seven bits a byte, the lowest first.
std::string prefix_of(size_t size) {
  std::string out;
  while (size >= 0x80) {
    out += static_cast<char>(size | 0x80);
    size >>= 7;
  }
  return out += static_cast<char>(size);
}

std::optional<Header> tcp_header(std::string_view in) {
  Header header;
  while (header.size < in.size() && header.size < 5) {
    const auto byte = static_cast<uint8_t>(in[header.size]);
    header.payload |= static_cast<size_t>(byte & 0x7f) << (7 * header.size++);
    if ((byte & 0x80) == 0) return header;
  }
  return std::nullopt;
}

/// A whole message of a client (RFC 6455, section 5.2) whose mask changes nothing.
std::string web_socket_header(size_t size) {
  std::string out = "\x82";
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size);
  }
  return out + std::string(4, '\0');
}

std::optional<Header> web_socket_header(std::string_view in) {
  if (in.size() < 2) return std::nullopt;
  const auto length = static_cast<size_t>(static_cast<uint8_t>(in[1]) & 0x7f);
  if (length < 126) return Header{2, length};
  Header header{length == 126 ? 4U : 10U, 0};
  if (in.size() < header.size) return std::nullopt;
  for (size_t i = 2; i < header.size; ++i) {
    header.payload = header.payload << 8 | static_cast<uint8_t>(in[i]);
  }
  return header;
}

}  // namespace

TurmsClient::TurmsClient(const Role& role, Observer& observer) : Client(role, observer) {
  if (role.protocol == Protocol::kTurmsWebSocket) {
    wire_.queue(
        "GET /turms HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
    wire_.flush();
  } else {
    sign_in();
  }
}

void TurmsClient::sign_in() {
  im::turms::proto::TurmsRequest request;
  request.set_request_id(++last_id_);
  auto& session = *request.mutable_create_session_request();
  session.set_version(1);
  session.set_user_id(role_.user);
  session.set_password("turms");
  session.set_device_type(static_cast<im::turms::proto::DeviceType>(role_.device));
  queue(request);
  wire_.flush();
}

void TurmsClient::write_text(TimePoint now, const std::string& text) {
  im::turms::proto::TurmsRequest request;
  request.set_request_id(++last_id_);
  auto& message = *request.mutable_create_message_request();
  if (role_.group != 0) {
    message.set_group_id(role_.group);
  } else {
    message.set_recipient_id(role_.recipient);
  }
  message.set_text(text);
  queue(request);
  written_.push_back(now);
}

void TurmsClient::queue(const im::turms::proto::TurmsRequest& request) {
  const std::string bytes = request.SerializeAsString();
  const bool web_socket = role_.protocol == Protocol::kTurmsWebSocket;
  wire_.queue((web_socket ? web_socket_header(bytes.size()) : prefix_of(bytes.size())) + bytes);
}

void TurmsClient::take() {
  const bool web_socket = role_.protocol == Protocol::kTurmsWebSocket;
  size_t at = 0;
  if (web_socket && !upgraded_) {
    const size_t end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    upgraded_ = true;
    at = end + 4;
    sign_in();
  }
  while (true) {
    const std::string_view rest = std::string_view(in_).substr(at);
    const auto header = web_socket ? web_socket_header(rest) : tcp_header(rest);
    if (!header || rest.size() - header->size < header->payload) break;
    take_frame(rest.substr(header->size, header->payload));
    at += header->size + header->payload;
  }
  in_.erase(0, at);
}

void TurmsClient::take_frame(std::string_view frame) {
  if (frame.empty() || take_message(frame)) return;
  im::turms::proto::TurmsNotification notification;
  TURMS_CHECK(notification.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  if (!notification.has_code()) return;
  const bool good = notification.code() == 1000;
  if (!signed_in_) {
    if (!good) fmt::print(stderr, "user {} cannot sign in: {}\n", role_.user, notification.code());
    signed_in_ = good;
    return;
  }
  --unanswered_;
  // Answers come in the order of the requests.
  const TimePoint written = written_.front();
  written_.pop_front();
  observer_.on_answer(good, written);
}

}  // namespace turms::im_load
