#include "livekit/service_testing.h"

#include <google/protobuf/util/json_util.h>

#include <charconv>

namespace turms::livekit::testing {

SignalClient::SignalClient(net::Loop& loop, uint16_t port, const std::string& target,
                           const std::string& extra_headers)
    : loop_(loop), raw_(loop, port) {
  raw_.send("GET " + target +
            " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
            extra_headers + "\r\n");
}

int SignalClient::status() {
  if (!raw_.wait_for("\r\n\r\n")) return 0;
  int out = 0;
  const std::string_view line = std::string_view(raw_.received).substr(9, 3);
  std::from_chars(line.data(), line.data() + line.size(), out);
  return out;
}

void SignalClient::send(const ClientMessage& message, Encoding encoding) {
  send_frame(encoding == Encoding::kProtobuf ? 2 : 1, encode_client_message(encoding, message));
}

// RFC 6455 section 5.2, masked with zeros.
void SignalClient::send_frame(uint8_t opcode, std::string_view payload) {
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
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame += static_cast<char>(static_cast<uint64_t>(payload.size()) >> shift);
    }
  }
  frame.append(4, '\0');
  frame += payload;
  raw_.send(frame);
}

void SignalClient::parse() {
  std::string& data = raw_.received;
  if (!upgraded_) {
    const size_t end = data.find("\r\n\r\n");
    if (end == std::string::npos) return;
    upgraded_ = true;
    data.erase(0, end + 4);
  }
  while (data.size() >= 2) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
    size_t header = 2;
    uint64_t length = bytes[1] & 0x7F;
    if (length == 126) {
      if (data.size() < 4) return;
      length = load_be16(bytes + 2);
      header = 4;
    } else if (length == 127) {
      if (data.size() < 10) return;
      length = load_be64(bytes + 2);
      header = 10;
    }
    if (data.size() < header + length) return;
    const uint8_t opcode = bytes[0] & 0x0F;
    if (opcode == 8) {
      close_code_ = length >= 2 ? load_be16(bytes + header) : 1005;
    } else if (opcode == 1 || opcode == 2) {
      messages_.emplace_back(opcode == 1, data.substr(header, length));
    }
    data.erase(0, header + length);
  }
}

std::optional<std::string> SignalClient::wait_any() {
  const bool ok = loop_.run_until(
      [&] {
        parse();
        return !messages_.empty() || close_code_.has_value() || raw_.closed;
      },
      net::kTestLimit);
  EXPECT_TRUE(ok && !messages_.empty());
  if (messages_.empty()) return std::nullopt;
  auto [text, data] = std::move(messages_.front());
  messages_.pop_front();
  last_was_text_ = text;
  return std::move(data);
}

std::optional<pb::SignalResponse> SignalClient::wait(pb::SignalResponse::MessageCase kind) {
  std::optional<pb::SignalResponse> found;
  const bool ok = loop_.run_until(
      [&] {
        parse();
        while (!messages_.empty() && !found) {
          const auto [text, data] = std::move(messages_.front());
          messages_.pop_front();
          pb::SignalResponse message;
          const bool good = text ? google::protobuf::util::JsonStringToMessage(data, &message).ok()
                                 : message.ParseFromString(data);
          EXPECT_TRUE(good);
          if (message.message_case() == kind) {
            last_was_text_ = text;
            found = std::move(message);
          }
        }
        return found.has_value() || close_code_.has_value() || raw_.closed;
      },
      net::kTestLimit);
  EXPECT_TRUE(ok && found) << "no message of kind " << kind;
  return found;
}

uint16_t SignalClient::wait_close() {
  const bool ok = loop_.run_until(
      [&] {
        parse();
        return close_code_.has_value() || raw_.closed;
      },
      net::kTestLimit);
  EXPECT_TRUE(ok);
  return close_code_.value_or(1006);
}

void ServiceTest::start(ServiceConfig config) {
  config.keys = {{kKey, kSecret}};
  if (config.webhook.api_key.empty()) config.webhook.api_key = kKey;
  auto listening = net::HttpServer::listen(loop, {.name = net::test_server_name()});
  ASSERT_TRUE(listening);
  server = std::move(*listening);
  client = net::HttpClient::create(loop);
  service = std::make_unique<Service>(std::move(config), loop, *client);
  const Status started =
      service->start([this](media::Engine::Post,
                            media::EngineEvents& sink) -> Result<std::unique_ptr<media::Engine>> {
        auto made = std::make_unique<RecordingEngine>();
        engine = made.get();
        events = &sink;
        return made;
      });
  ASSERT_TRUE(started) << started.error().message;
  service->register_routes(*server);
}

Grants ServiceTest::member(const std::string& identity, const std::string& room) {
  Grants out;
  out.api_key = kKey;
  out.identity = identity;
  out.video.emplace();
  out.video->room_join = true;
  out.video->room = room;
  return out;
}

std::string ServiceTest::token(const Grants& grants) {
  return mint_token(grants, kSecret, wall_now(), 10min);
}

std::string ServiceTest::admin_token(const std::string& room) {
  Grants grants;
  grants.api_key = kKey;
  grants.video.emplace();
  grants.video->room_create = true;
  grants.video->room_list = true;
  grants.video->room_admin = true;
  grants.video->room = room;
  return token(grants);
}

net::HttpResponse ServiceTest::http(const std::string& method, const std::string& target,
                                    const net::HttpHeaders& headers, const std::string& body) {
  net::HttpClientRequest request;
  request.method = method;
  request.url = "http://127.0.0.1:" + std::to_string(server->port()) + target;
  request.headers = headers;
  request.body = body;
  std::optional<net::HttpResponse> answer;
  bool failed = false;
  client->request(std::move(request), [&](Result<net::HttpResponse> response) {
    if (response) {
      answer = std::move(*response);
    } else {
      failed = true;
      ADD_FAILURE() << response.error().message;
    }
  });
  EXPECT_TRUE(loop.run_until([&] { return answer || failed; }, net::kTestLimit));
  return answer.value_or(net::HttpResponse{});
}

net::HttpResponse ServiceTest::call(const std::string& name, const std::string& json,
                                    const std::string& bearer, const std::string& trace_id) {
  net::HttpHeaders headers{{"Content-Type", "application/json"}};
  if (!trace_id.empty()) headers.add("X-Trace-Id", trace_id);
  if (!bearer.empty()) headers.add("Authorization", "Bearer " + bearer);
  return http("POST", "/twirp/livekit.RoomService/" + name, headers, json);
}

std::unique_ptr<SignalClient> ServiceTest::connect(const std::string& identity,
                                                   const std::string& more) {
  return std::make_unique<SignalClient>(
      loop, server->port(),
      "/rtc?access_token=" + token(member(identity)) + "&protocol=17&sdk=js" + more);
}

}  // namespace turms::livekit::testing
