#pragma once

// From an HTTP request to a method of the server API and back, as Twirp says it
// (https://twitchtv.github.io/twirp/docs/spec_v7.html). Slow to compile: only for this module's .cc
// files at the edge.

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "livekit/pb.h"
#include "livekit/rooms.h"
#include "livekit/service.h"
#include "livekit/token.h"
#include "net/http_server.h"

namespace turms::livekit {
class AgentService;
class EgressService;
}  // namespace turms::livekit

namespace turms::livekit::twirp {

enum class BodyType : uint8_t { kJson, kProtobuf };

struct Reply {
  net::HttpResponse http;
  std::string_view code;  // of Twirp; empty: it is no error
};

/// An answer with Twirp's code and status for `error`.
Reply error_response(const Error& error);
/// The request does not lead to a method.
Reply bad_route(const net::HttpRequest& request, std::string_view message);
Reply malformed(std::string_view message);
Reply unimplemented(std::string_view message);

/// Answers once, and counts how.
class Responder {
 public:
  /// `service` is of static life; an empty method is none that there is.
  Responder(net::HttpResponder http, NodeMetrics& metrics, std::string_view service,
            std::string_view method)
      : http_(std::move(http)), metrics_(&metrics), service_(service), method_(method) {}
  void send(Reply reply) {
    metrics_->count_api(service_, method_, reply.http.status, reply.code);
    http_.send(std::move(reply.http));
  }

 private:
  net::HttpResponder http_;
  NodeMetrics* metrics_;
  std::string_view service_;
  std::string method_;
};

/// What a method may use.
struct Call {
  const ServiceConfig& config;
  Rooms& rooms;
  AgentService& agents;
  EgressService& egress;
  const Grants& grants;
  Now now;

  [[nodiscard]] bool allows(bool VideoGrants::*right) const;
  /// kUnauthenticated, as LiveKit says it, for these two.
  [[nodiscard]] Status admin_of(const std::string& room) const;
  [[nodiscard]] Status must(bool VideoGrants::*right) const;
  /// kNotFound.
  [[nodiscard]] Result<Room*> room(const std::string& name) const;
  /// The room of a participant: an unknown one has no participants.
  [[nodiscard]] Result<Room*> room_with(const std::string& name, const std::string& identity) const;
};

/// Answers at once or later.
using Method =
    std::function<void(const Call&, BodyType, const std::string& body, Responder responder)>;
using Methods = std::map<std::string, Method, std::less<>>;

Status read(BodyType type, const std::string& body, google::protobuf::Message& request);
Reply response_of(BodyType type, const google::protobuf::Message& response);

template <class Request, class Response>
Method method(Status (*run)(const Call&, const Request&, Response&)) {
  return [run](const Call& call, BodyType type, const std::string& body, Responder responder) {
    Request request;
    if (const Status parsed = read(type, body, request); !parsed) {
      return responder.send(malformed(parsed.error().message));
    }
    Response response;
    if (const Status done = run(call, request, response); !done) {
      return responder.send(error_response(done.error()));
    }
    responder.send(response_of(type, response));
  };
}

/// One that answers later.
template <class Request, class Response>
Method method(void (*run)(const Call&, const Request&,
                          const std::function<void(Result<Response>)>&)) {
  return [run](const Call& call, BodyType type, const std::string& body, Responder responder) {
    Request request;
    if (const Status parsed = read(type, body, request); !parsed) {
      return responder.send(malformed(parsed.error().message));
    }
    const auto waiting = std::make_shared<Responder>(std::move(responder));
    run(call, request, [waiting, type](Result<Response> done) {
      waiting->send(done ? response_of(type, *done) : error_response(done.error()));
    });
  };
}

/// livekit.RoomService.
const Methods& room_service();
/// livekit.AgentDispatchService.
const Methods& agent_dispatch_service();

}  // namespace turms::livekit::twirp
