#include "net/http_server.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "net/raw_client_testing.h"

namespace turms::net {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpServerConfig config = {}) {
    config.name = test_server_name();
    name_ = config.name;
    server_ = std::move(*HttpServer::listen(loop_, config));
    server_->route("GET", "/hello", [](HttpRequest request, HttpResponder responder) {
      responder.send(HttpResponse::text(
          200, "hi " + std::string(request.query_value("name").value_or("nobody"))));
    });
    server_->route("POST", "/echo", [](HttpRequest request, HttpResponder responder) {
      responder.send(HttpResponse::text(200, std::move(request.body)));
    });
    server_->route(
        "POST", "/small",
        [](HttpRequest, HttpResponder responder) { responder.send(HttpResponse::text(200, "ok")); },
        {.max_body_bytes = 10, .any_origin = true});
    server_->route("GET", "/later", [this](HttpRequest, HttpResponder responder) {
      waiting_.push_back(std::move(responder));
    });
    server_->route_prefix("GET", "/files/", [](HttpRequest request, HttpResponder responder) {
      responder.send({.body = "file " + request.path});
    });
    server_->route_prefix("*", "/files/deep/", [](HttpRequest request, HttpResponder responder) {
      responder.send({.body = "deep " + request.method});
    });
    server_->route_prefix("*", "/api/",
                          [](HttpRequest, HttpResponder responder) {
                            responder.send(HttpResponse::text(404, "the handler's"));
                          },
                          {.any_origin = true});
  }
  int64_t rejected(std::string_view reason) {
    return metrics::counter("turms_rejected_total", "", {{"server", name_}, {"reason", reason}})
        .value();
  }
  /// The whole answer to one request on a connection of its own that ends with it.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& headers = "", const std::string& body = "") {
    RawClient client(loop_, server_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
                "\r\n" + body);
    EXPECT_TRUE(client.wait_for_close()) << method << " " << target;
    return client.received;
  }

  Loop loop_;
  std::string name_;
  std::unique_ptr<HttpServer> server_;
  std::vector<HttpResponder> waiting_;
};

// RFC 9110 section 5.3: several lines of a list header are one list.
TEST_F(HttpServerTest, ListHeadersInSeveralLinesAreOne) {
  start();
  RawClient client(loop_, server_->port());
  client.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: x-y\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.wait_for_close());
  EXPECT_TRUE(client.received.contains("hi nobody"));
  const std::string preflight =
      ask("OPTIONS", "/small",
          "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
          "Access-Control-Request-Headers: content-type\r\n");
  EXPECT_TRUE(preflight.contains("Access-Control-Allow-Headers: authorization, content-type\r\n"))
      << preflight;
}

TEST_F(HttpServerTest, Routes) {
  start();
  struct Case {
    const char* method;
    const char* target;
    const char* status;
    const char* body_end;
  };
  const Case cases[] = {
      {"GET", "/hello?name=a%20b+c", "200", "\r\n\r\nhi a b c"},
      {"GET", "/hello?name=%zz", "200", "\r\n\r\nhi nobody"},
      {"GET", "http://example.org/hello?name=x", "200", "\r\n\r\nhi x"},
      {"GET", "/he%6Clo", "200", "\r\n\r\nhi nobody"},
      {"GET", "/files/a/b", "200", "\r\n\r\nfile /files/a/b"},
      {"PATCH", "/files/deep/x", "200", "\r\n\r\ndeep PATCH"},
      {"HEAD", "/hello", "200", "Content-Length: 9\r\nConnection: close\r\n\r\n"},
      {"OPTIONS", "/hello", "204", "Allow: OPTIONS, GET, HEAD\r\nConnection: close\r\n\r\n"},
      {"POST", "/hello", "405", "\r\n\r\nmethod not allowed"},
      {"GET", "/nowhere", "404", "\r\n\r\nnot found"},
      {"GET", "/%", "400", "\r\n\r\nmalformed request"},
      {"GET", "/%00", "400", "\r\n\r\nmalformed request"},
  };
  for (const Case& c : cases) {
    const std::string answer = ask(c.method, c.target);
    EXPECT_TRUE(answer.starts_with(std::string("HTTP/1.1 ") + c.status)) << c.target << answer;
    EXPECT_TRUE(answer.ends_with(c.body_end)) << c.target << "\n" << answer;
  }
  EXPECT_EQ(rejected("no_route"), 1);
  EXPECT_EQ(rejected("method_not_allowed"), 1);
}

TEST_F(HttpServerTest, AnyOriginOnAnswersRefusalsAndPreflights) {
  start();
  EXPECT_NE(ask("POST", "/small").find("Access-Control-Allow-Origin: *"), std::string::npos);
  EXPECT_NE(ask("POST", "/small", "Content-Length: 11\r\n").find("Access-Control-Allow-Origin: *"),
            std::string::npos);
  EXPECT_NE(ask("GET", "/small").find("Access-Control-Allow-Origin: *"), std::string::npos);
  const std::string preflight =
      ask("OPTIONS", "/small", "Access-Control-Request-Headers: authorization\r\n");
  EXPECT_NE(preflight.find("Access-Control-Allow-Headers: authorization"), std::string::npos);
  EXPECT_EQ(ask("GET", "/hello").find("Access-Control"), std::string::npos);
}

TEST_F(HttpServerTest, PreflightsOfARouteForAnyMethodAreAnsweredForIt) {
  start();
  const std::string answer = ask("OPTIONS", "/api/x",
                                 "Origin: http://app.example\r\n"
                                 "Access-Control-Request-Method: POST\r\n"
                                 "Access-Control-Request-Headers: authorization\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204")) << answer;
  EXPECT_NE(answer.find("Access-Control-Allow-Origin: *"), std::string::npos);
  EXPECT_NE(answer.find("Access-Control-Allow-Methods: OPTIONS, HEAD, GET, POST"),
            std::string::npos);
  EXPECT_NE(answer.find("Access-Control-Allow-Headers: authorization"), std::string::npos);
  EXPECT_TRUE(ask("OPTIONS", "/api/x").ends_with("the handler's")) << "no preflight";
  EXPECT_TRUE(ask("OPTIONS", "/files/deep/x", "Access-Control-Request-Method: POST\r\n")
                  .ends_with("deep OPTIONS"))
      << "for its own origin only";
}

TEST_F(HttpServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(loop_, server_->port());
  client.send(
      "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
      "\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      "GET /hello?name=z HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(loop_.run_until([&] { return waiting_.size() == 1; }, kTestLimit));
  EXPECT_TRUE(client.received.empty());
  waiting_[0].send(HttpResponse::text(200, "first"));
  ASSERT_TRUE(client.wait_for("hi z"));
  EXPECT_LT(client.received.find("first"), client.received.find("abcde"));
  EXPECT_LT(client.received.find("abcde"), client.received.find("hi z"));
  EXPECT_FALSE(client.closed);
}

TEST_F(HttpServerTest, DroppedResponderIs500AndLateAnswerIsHarmless) {
  start();
  RawClient client(loop_, server_->port());
  client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(loop_.run_until([&] { return waiting_.size() == 1; }, kTestLimit));
  waiting_.clear();
  EXPECT_TRUE(client.wait_for("HTTP/1.1 500"));

  RawClient leaver(loop_, server_->port());
  leaver.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(loop_.run_until([&] { return waiting_.size() == 1; }, kTestLimit));
  EXPECT_FALSE(waiting_[0].client_gone());
  HttpResponder kept = std::move(waiting_[0]);
  server_.reset();
  EXPECT_TRUE(kept.client_gone());
  kept.send(HttpResponse::text(200, "too late"));
}

TEST_F(HttpServerTest, ExpectContinue) {
  start();
  RawClient client(loop_, server_->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(client.wait_for("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("body");
  EXPECT_TRUE(client.wait_for("\r\n\r\nbody"));
}

TEST_F(HttpServerTest, AUrlMayCarryALargeToken) {
  start();
  const std::string token(150'000, 'x');
  EXPECT_TRUE(ask("GET", "/hello?name=" + token).ends_with("hi " + token));
  EXPECT_TRUE(ask("GET", "/hello", "Field: " + token + "\r\n").starts_with("HTTP/1.1 431"));
}

TEST_F(HttpServerTest, LargeHeadersAreBoundedTogether) {
  start({.max_large_header_bytes = 50'000});
  const std::string target = "/hello?name=" + std::string(70'000, 'x');
  // Unfinished, it holds its share until it goes.
  RawClient half(loop_, server_->port());
  half.send("GET " + target);
  EXPECT_TRUE(
      loop_.run_until([&] { return ask("GET", target).starts_with("HTTP/1.1 503"); }, kTestLimit));
  EXPECT_TRUE(ask("GET", "/hello").starts_with("HTTP/1.1 200")) << "plain ones are not meant";
  half.close();
  EXPECT_TRUE(
      loop_.run_until([&] { return ask("GET", target).starts_with("HTTP/1.1 200"); }, kTestLimit));
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeOrMalformed) {
  start({.max_header_bytes = 1024});
  EXPECT_TRUE(
      ask("GET", "/hello", "X: " + std::string(5000, 'x') + "\r\n").starts_with("HTTP/1.1 431"));
  EXPECT_TRUE(ask("POST", "/small", "Content-Length: 11\r\n").starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(
      ask("POST", "/small", "Transfer-Encoding: chunked\r\n", "b\r\n01234567890\r\n0\r\n\r\n")
          .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(
      ask("POST", "/small", "Content-Length: 10\r\n", "0123456789").starts_with("HTTP/1.1 200"));
  // Two lengths for one body: the gap that smuggled requests live in.
  EXPECT_TRUE(
      ask("POST", "/echo", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")
          .starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(ask("POST", "/echo", "Content-Length: 3\r\nContent-Length: 4\r\n")
                  .starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(ask("GET\x01", "/").starts_with("HTTP/1.1 400"));
  EXPECT_EQ(rejected("header_too_large"), 1);
  EXPECT_EQ(rejected("body_too_large"), 2);
  EXPECT_EQ(rejected("bad_request"), 3);
}

TEST_F(HttpServerTest, RefusalArrivesWhileTheClientIsStillSending) {
  start();
  RawClient client(loop_, server_->port());
  client.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
  const std::string megabyte(1 << 20, 'x');
  ASSERT_TRUE(loop_.run_until(
      [&] {
        client.try_send(megabyte);
        loop_.post([] {});
        return client.closed;
      },
      kTestLimit));
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413")) << client.received;
}

TEST_F(HttpServerTest, WhatNoRouteTakesIsRefusedBeforeItsBody) {
  start();
  struct Case {
    const char* what;
    const char* head;
    const char* status;
  };
  // None of them sends a byte of its body.
  const Case cases[] = {
      {"no path", "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n", "404"},
      {"no length", "PUT /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
       "404"},
      {"other method", "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", "405"},
      {"told to wait",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", "404"},
  };
  for (const Case& c : cases) {
    RawClient client(loop_, server_->port());
    client.send(c.head);
    ASSERT_TRUE(client.wait_for_close()) << c.what;
    EXPECT_TRUE(client.received.starts_with(std::string("HTTP/1.1 ") + c.status))
        << c.what << client.received;
    EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos) << c.what;
  }
  // Without a body the connection stays.
  RawClient client(loop_, server_->port());
  client.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.wait_for("hi nobody"));
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 404"));
}

TEST_F(HttpServerTest, ARouteMayRefuseALongBodyInItsOwnForm) {
  start();
  server_->route(
      "POST", "/form", [](const HttpRequest&, HttpResponder) {},
      {.max_body_bytes = 10, .too_long = [] { return HttpResponse::json(400, "{\"long\":1}"); }});
  for (const std::string& answer :
       {ask("POST", "/form", "Content-Length: 11\r\n"),
        ask("POST", "/form", "Transfer-Encoding: chunked\r\n", "b\r\n01234567890\r\n0\r\n\r\n")}) {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer;
    EXPECT_TRUE(answer.ends_with("{\"long\":1}")) << answer;
  }
}

TEST_F(HttpServerTest, ARouteThatDoesNotAskForMoreTakes64KiB) {
  start();
  const std::string body(64 * 1024, 'b');
  const auto length = [](size_t size) {
    return "Content-Length: " + std::to_string(size) + "\r\n";
  };
  EXPECT_TRUE(ask("POST", "/echo", length(body.size()), body).ends_with("\r\n\r\n" + body));
  EXPECT_TRUE(ask("POST", "/echo", length(body.size() + 1)).starts_with("HTTP/1.1 413"));
  EXPECT_EQ(rejected("body_too_large"), 1);
}

TEST_F(HttpServerTest, ARouteRemovedWhileABodyComesIs404) {
  start();
  RawClient client(loop_, server_->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(client.wait_for("100 Continue"));
  server_->remove_route("/echo");
  client.send("body");
  EXPECT_TRUE(client.wait_for("HTTP/1.1 404"));
}

TEST_F(HttpServerTest, SlowClientsAreCutOff) {
  start({.header_timeout = 20ms, .body_timeout = 20ms, .idle_timeout = 20ms});
  RawClient silent(loop_, server_->port());
  RawClient half_header(loop_, server_->port());
  half_header.send("GET /hello HT");
  RawClient half_body(loop_, server_->port());
  half_body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
  RawClient idle(loop_, server_->port());
  idle.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(silent.wait_for_close());
  EXPECT_TRUE(half_header.wait_for_close());
  EXPECT_TRUE(half_body.wait_for_close());
  EXPECT_TRUE(idle.wait_for_close());
  EXPECT_TRUE(half_header.received.starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(half_body.received.starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(idle.received.ends_with("hi nobody"));
  EXPECT_EQ(rejected("header_timeout"), 2);
  EXPECT_EQ(rejected("body_timeout"), 1);
}

TEST_F(HttpServerTest, AReaderThatTakesNothingIsCutOff) {
  start({.write_timeout = 20ms});
  const std::string large(32 << 20, 'x');
  server_->route("GET", "/large", [&](HttpRequest, HttpResponder responder) {
    responder.send({.shared_body = SharedBytes::unowned(large)});
  });
  RawClient client(loop_, server_->port(), 4096);
  client.set_reading(false);
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(loop_.run_until([&] { return rejected("write_timeout") == 1; }, kTestLimit));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, LargeSharedBodiesArriveWhole) {
  start();
  std::string large(8 << 20, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
  server_->route("GET", "/large", [&](HttpRequest, HttpResponder responder) {
    responder.send({.shared_body = SharedBytes::unowned(large)});
  });
  const std::string answer = ask("GET", "/large");
  ASSERT_GT(answer.size(), large.size());
  EXPECT_TRUE(std::string_view(answer).substr(answer.size() - large.size()) == large);
}

TEST_F(HttpServerTest, ConnectionsAreBounded) {
  start({.max_connections = 3});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(loop_, server_->port()));
  }
  ASSERT_TRUE(loop_.run_until([&] { return server_->connections() == 3; }, kTestLimit));
  RawClient refused(loop_, server_->port());
  EXPECT_TRUE(refused.wait_for_close());
  EXPECT_EQ(rejected("connection_limit"), 1);
  clients.pop_back();
  ASSERT_TRUE(loop_.run_until([&] { return server_->connections() == 2; }, kTestLimit));
  EXPECT_TRUE(ask("GET", "/hello").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HundredsAtOnce) {
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 500; ++i) {
    clients.push_back(std::make_unique<RawClient>(loop_, server_->port()));
    clients.back()->send("GET /hello?name=" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(clients[static_cast<size_t>(i)]->wait_for("hi " + std::to_string(i)));
  }
  EXPECT_EQ(server_->connections(), 500u);
}

TEST_F(HttpServerTest, DrainClosesIdleAtOnceAndBusyAfterTheirAnswer) {
  start();
  RawClient idle(loop_, server_->port());
  RawClient busy(loop_, server_->port());
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(loop_.run_until([&] { return waiting_.size() == 1; }, kTestLimit));
  server_->drain();
  EXPECT_TRUE(idle.wait_for_close());
  EXPECT_FALSE(busy.closed);
  waiting_[0].send(HttpResponse::text(200, "done"));
  EXPECT_TRUE(busy.wait_for_close());
  EXPECT_NE(busy.received.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(busy.received.ends_with("done"));
}

TEST_F(HttpServerTest, AHandlerMayRemoveItsRouteAndHeadersCannotBreakOut) {
  start();
  server_->route("GET", "/once", [&](HttpRequest, HttpResponder responder) {
    server_->remove_route("/once");
    responder.send({.headers = {{"X-Bad", "a\r\nX-Injected: 1"}, {"X-Good", "b"}}, .body = "gone"});
  });
  const std::string answer = ask("GET", "/once");
  EXPECT_TRUE(answer.ends_with("gone"));
  EXPECT_EQ(answer.find("X-Injected"), std::string::npos);
  EXPECT_NE(answer.find("X-Good: b"), std::string::npos);
  EXPECT_TRUE(ask("GET", "/once").starts_with("HTTP/1.1 404"));
}

TEST_F(HttpServerTest, TakenPortIsReported) {
  start();
  const auto second = HttpServer::listen(loop_, {.port = server_->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace turms::net
