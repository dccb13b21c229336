#include "bench/loadgen/signal_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace turms::loadgen {

SignalClient::~SignalClient() {
  close();
}

Status SignalClient::connect(const std::string& ip, uint16_t port, const std::string& target) {
  upgraded_ = false;
  received_.clear();
  fragments_.clear();
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, ip.c_str(), &address.sin_addr) != 1)
    return fail(ErrorCode::kInvalidArgument, ip + " is no IPv4 address");
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("connect to {}:{}: {}", ip, port, std::strerror(errno)));
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  // The key is not checked against the answer: this is no browser that must guard against caches.
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}:{}\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: bG9hZCBnZW5lcmF0b3IuLg==\r\n\r\n",
      target, ip, port);
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail(ErrorCode::kUnavailable, "the handshake could not be sent");
  }
  return {};
}

Status SignalClient::receive(const std::function<void(ByteView)>& on_message) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
      received_.append(buffer.data(), static_cast<size_t>(n));
      continue;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    close();
    return fail(ErrorCode::kUnavailable,
                "the server closed the connection: " + received_.substr(0, 300));
  }
  if (!upgraded_) {
    if (Status status = take_handshake(); !status || !upgraded_) return status;
  }
  return take_frames(on_message);
}

Status SignalClient::take_handshake() {
  const size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  if (!received_.starts_with("HTTP/1.1 101")) {
    const std::string answer = received_.substr(0, 300);
    close();
    return fail(ErrorCode::kUnavailable, "the server refused: " + answer);
  }
  received_.erase(0, end + 4);
  upgraded_ = true;
  return {};
}

Status SignalClient::take_frames(const std::function<void(ByteView)>& on_message) {
  size_t at = 0;
  for (;;) {
    const auto* p = reinterpret_cast<const uint8_t*>(received_.data()) + at;
    const size_t available = received_.size() - at;
    if (available < 2) break;
    size_t header = 2;
    uint64_t size = p[1] & 0x7f;
    if (size == 126) {
      if (available < 4) break;
      size = load_be16(p + 2);
      header = 4;
    } else if (size == 127) {
      if (available < 10) break;
      size = load_be64(p + 2);
      header = 10;
    }
    if (available - header < size) break;
    const std::string payload = received_.substr(at + header, size);
    at += header + size;
    switch (p[0] & 0x0f) {
      case 0x0:
      case 0x2:
        fragments_ += payload;
        if ((p[0] & 0x80) != 0) {
          const std::string message = std::exchange(fragments_, {});
          on_message(as_bytes(message));
        }
        break;
      case 0x8:
        close();
        return fail(ErrorCode::kUnavailable, "the server closed the WebSocket");
      case 0x9:
        send_frame(0xA, payload);
        break;
      default:
        break;
    }
    if (!open()) return {};
  }
  received_.erase(0, at);
  return {};
}

void SignalClient::send(std::string_view message) {
  send_frame(0x2, message);
}

void SignalClient::send_frame(uint8_t opcode, std::string_view payload) {
  if (!open()) return;
  std::string frame;
  frame += static_cast<char>(0x80 | opcode);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>(static_cast<uint64_t>(payload.size()) >> shift);
  }
  // A masking key of zeros is a masking key, and leaves the payload as it is.
  frame.append(4, '\0');
  frame += payload;
  size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t n = ::send(fd_, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      pollfd wait{fd_, POLLOUT, 0};
      ::poll(&wait, 1, 1000);
    } else {
      return close();
    }
  }
}

void SignalClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace turms::loadgen
