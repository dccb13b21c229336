#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "json.h"
#include "net/http_server.h"
#include "net/loop.h"

namespace turms::livekit_plugin {

/// The part of LiveKit's server API that the plugin uses, scripted by a test.
class FakeLiveKit {
 public:
  static constexpr const char* kKey = "testkey";
  static constexpr const char* kSecret = "a secret of more than thirty-two characters";

  explicit FakeLiveKit(net::Loop& loop);

  struct Call {
    std::string method;
    json::object body;
    json::object claims;  // of a token that was verified
    std::string trace_id;
  };
  std::vector<Call> calls;
  /// Answers in place of the usual one, taken from the front.
  std::map<std::string, std::vector<net::HttpResponse>> scripted;
  /// Rooms that exist, and who is in them (ParticipantInfo in JSON).
  std::map<std::string, json::array> rooms;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] size_t count(std::string_view method) const;
  /// The last call of this method; the test fails when there is none.
  [[nodiscard]] Call last(std::string_view method) const;

  static net::HttpResponse twirp_error(int status, std::string code);
  /// A participant who is in the room with an unmuted microphone.
  static json::object participant(int64_t user, int64_t joined_ms, bool may_publish = true);
  /// Authorization header for a webhook with this body.
  static std::string sign(const std::string& body, std::string_view secret = kSecret,
                          std::string_view key = kKey, int64_t age_seconds = 0);

 private:
  void answer(net::HttpRequest request, net::HttpResponder responder);
  net::HttpResponse usual(const Call& call);

  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace turms::livekit_plugin
