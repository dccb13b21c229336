#include "net/http_client.h"

#include <gtest/gtest.h>

#include <set>

#include "net/http_server.h"
#include "net/raw_client_testing.h"
#include "net/tcp_server.h"
#include "net/tls_server_testing.h"

namespace turms::net {
namespace {

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() {
    server_ = std::move(*HttpServer::listen(loop_, {.name = "HttpClientTest"}));
    server_->route_prefix("*", "/", [this](HttpRequest request, HttpResponder responder) {
      ++requests_;
      remotes_.insert(request.remote.port());
      std::string seen = request.method + " " + request.target + " " +
                         std::string(request.header("Host").value_or("")) + " " +
                         std::string(request.header("X-A").value_or("")) + " " + request.body;
      responder.send(HttpResponse::text(201, std::move(seen)));
    });
    server_->route("GET", "/later", [this](HttpRequest, HttpResponder responder) {
      waiting_.push_back(std::move(responder));
    });
  }
  std::string url(const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  /// Runs one request to its end.
  Result<HttpResponse> ask(HttpClientRequest request) {
    std::optional<Result<HttpResponse>> answer;
    client_->request(std::move(request),
                     [&](Result<HttpResponse> result) { answer = std::move(result); });
    EXPECT_FALSE(answer);
    EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }, kTestLimit));
    return answer ? std::move(*answer) : fail(ErrorCode::kInternal, "no answer");
  }
  ErrorCode failure(HttpClientRequest request) {
    const auto answer = ask(std::move(request));
    return answer ? ErrorCode{} : answer.error().code;
  }

  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_ = HttpClient::create(loop_);
  int requests_ = 0;
  std::set<uint16_t> remotes_;
  std::vector<HttpResponder> waiting_;
};

TEST_F(HttpClientTest, ConnectsOnlyToAddressesThatAreAllowed) {
  HttpClientConfig config;
  config.allows = [](const Address& address) { return !address.is_loopback(); };
  client_ = HttpClient::create(loop_, std::move(config));
  EXPECT_EQ(failure({.url = url("/")}), ErrorCode::kPermissionDenied);
  const std::string by_name = "http://localhost:" + std::to_string(server_->port()) + "/";
  EXPECT_EQ(failure({.url = by_name}), ErrorCode::kPermissionDenied);
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpClientTest, RequestsReuseOneConnection) {
  const auto first = ask({.method = "POST",
                          .url = url("/a%20b?c=d#e"),
                          .headers = {{"X-A", "b"}},
                          .body = "the body"});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->status, 201);
  EXPECT_EQ(first->headers.get("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(first->body,
            "POST /a%20b?c=d 127.0.0.1:" + std::to_string(server_->port()) + " b the body");
  const auto second = ask({.url = "http://localhost:" + std::to_string(server_->port())});
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->body.starts_with("GET / localhost:"));
  const auto head = ask({.method = "HEAD", .url = url("/")});
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->body.empty());
  ASSERT_TRUE(ask({.url = url("/")}));
  EXPECT_EQ(remotes_.size(), 2u);  // one per host name
}

TEST_F(HttpClientTest, ConnectionsAreBoundedAndAllAnswersCome) {
  client_ = HttpClient::create(loop_, {.max_connections_per_host = 3});
  int answers = 0;
  for (int i = 0; i < 100; ++i) {
    client_->request({.url = url("/" + std::to_string(i))}, [&](Result<HttpResponse> result) {
      EXPECT_TRUE(result);
      ++answers;
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return answers == 100; }, kTestLimit));
  EXPECT_EQ(remotes_.size(), 3u);
}

TEST_F(HttpClientTest, Deadline) {
  EXPECT_EQ(failure({.url = url("/later"), .timeout = 10ms}), ErrorCode::kDeadlineExceeded);
  // Also for one that waits for a connection.
  client_ = HttpClient::create(loop_, {.max_connections_per_host = 1});
  client_->request({.url = url("/later")}, [](Result<HttpResponse>) {});
  EXPECT_EQ(failure({.url = url("/"), .timeout = 10ms}), ErrorCode::kDeadlineExceeded);
}

TEST_F(HttpClientTest, Failures) {
  for (const char* bad :
       {"", "/x", "ftp://h/", "http://", "http:///x", "http://h:99999/", "h:80"}) {
    EXPECT_EQ(failure({.url = bad}), ErrorCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(failure({.url = url("/"), .headers = {{"X", "a\r\nY: b"}}}),
            ErrorCode::kInvalidArgument);
  // A port that was just free: nobody listens.
  const uint16_t port = (*TcpServer::listen(loop_, {}, [](auto) {}))->port();
  EXPECT_EQ(failure({.url = "http://127.0.0.1:" + std::to_string(port) + "/"}),
            ErrorCode::kUnavailable);
  EXPECT_EQ(failure({.url = "http://no-such-host.invalid/"}), ErrorCode::kUnavailable);
  client_ = HttpClient::create(loop_, {.max_requests = 1, .max_response_bytes = 10});
  EXPECT_EQ(failure({.url = url("/")}), ErrorCode::kResourceExhausted);
  client_->request({.url = url("/later")}, [](Result<HttpResponse>) {});
  EXPECT_EQ(failure({.url = url("/")}), ErrorCode::kResourceExhausted);
}

TEST_F(HttpClientTest, DestroyedClientCancels) {
  std::optional<ErrorCode> code;
  client_->request({.url = url("/later")},
                   [&](Result<HttpResponse> result) { code = result.error().code; });
  ASSERT_TRUE(loop_.run_until([&] { return waiting_.size() == 1; }, kTestLimit));
  client_.reset();
  ASSERT_TRUE(loop_.run_until([&] { return code.has_value(); }, kTestLimit));
  EXPECT_EQ(*code, ErrorCode::kCancelled);
}

Task<void> fetch_two(HttpClient& client, std::string url, int& sum) {
  for (int i = 0; i < 2; ++i) {
    HttpClientRequest request{.url = url};
    const Result<HttpResponse> answer = co_await client.fetch(request);
    sum += answer ? answer->status : -1;
  }
}

TEST_F(HttpClientTest, Coroutine) {
  int sum = 0;
  spawn(fetch_two(*client_, url("/"), sum));
  EXPECT_TRUE(loop_.run_until([&] { return sum == 402; }, kTestLimit));
}

/// Answers each request on a connection with the next text, whatever was asked.
class ScriptedServer {
 public:
  ScriptedServer(Loop& loop, std::vector<std::string> answers, bool close_after)
      : answers_(std::move(answers)) {
    server_ = std::move(*TcpServer::listen(loop, {}, [this, close_after](auto connection) {
      ++connections;
      connection->on_data([this, close_after, c = connection.get()](ByteView data) {
        if (as_text(data).find("\r\n\r\n") == std::string_view::npos || next_ == answers_.size()) {
          return;
        }
        c->send(as_bytes(answers_[next_++]));
        if (close_after) c->close();
      });
    }));
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/"; }
  int connections = 0;

 private:
  std::vector<std::string> answers_;
  size_t next_ = 0;
  std::unique_ptr<TcpServer> server_;
};

TEST_F(HttpClientTest, AnswersOfManyKinds) {
  struct Case {
    const char* what;
    std::string answer;
    std::string body;  // "!": fails
  };
  const Case cases[] = {
      {"to the end of the connection", "HTTP/1.1 200 OK\r\n\r\nall of it", "all of it"},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       "abc"},
      {"interim first",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x"},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"cut short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "!"},
      {"no HTTP", "SSH-2.0-x\r\n\r\n", "!"},
      {"nothing", "", "!"},
      {"two answers", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", "x"},
  };
  for (const Case& c : cases) {
    ScriptedServer server(loop_, {c.answer}, true);
    const auto answer = ask({.method = "POST", .url = server.url()});
    ASSERT_EQ(answer.has_value(), c.body != "!") << c.what;
    if (answer) {
      EXPECT_EQ(answer->body, c.body) << c.what;
    }
  }
}

TEST_F(HttpClientTest, AKeptConnectionThatWasClosedIsReplaced) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  // The server says keep, and closes all the same.
  ScriptedServer server(loop_, {ok, ok}, true);
  ASSERT_TRUE(ask({.url = server.url()}));
  const auto second = ask({.url = server.url()});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(server.connections, 2);
}

// --- TLS ---------------------------------------------------------------------------------------

TEST_F(HttpClientTest, TlsVerifiesChainAndName) {
  const std::string body(100'000, 'z');
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const Certificate certificate("DNS:localhost");
  TlsServer server(certificate, answer, true);
  const std::string port = std::to_string(server.port);

  EXPECT_EQ(failure({.url = "https://localhost:" + port + "/"}), ErrorCode::kUnavailable);

  client_ = HttpClient::create(loop_, {.ca_file = certificate.file});
  const int before = server.connections;
  for (int i = 0; i < 3; ++i) {
    const auto good = ask({.url = "https://localhost:" + port + "/"});
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_EQ(good->body, body);
  }
  EXPECT_EQ(server.connections, before + 1);
  client_ = HttpClient::create(loop_, {.ca_file = certificate.file});
  const auto wrong_name = ask({.url = "https://127.0.0.1:" + port + "/"});
  ASSERT_FALSE(wrong_name);
  EXPECT_NE(wrong_name.error().message.find("certificate refused"), std::string::npos)
      << wrong_name.error().message;
  client_ = HttpClient::create(loop_, {.ca_file = "/nonexistent"});
  EXPECT_EQ(failure({.url = "https://localhost:" + port + "/"}), ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, TlsAnswerWithoutLengthNeedsAClosingMessage) {
  const Certificate certificate("IP:127.0.0.1");
  client_ = HttpClient::create(loop_, {.ca_file = certificate.file});
  {
    TlsServer server(certificate, "HTTP/1.1 200 OK\r\n\r\nwhole", true);
    const auto whole = ask({.url = "https://127.0.0.1:" + std::to_string(server.port) + "/"});
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole->body, "whole");
  }
  TlsServer server(certificate, "HTTP/1.1 200 OK\r\n\r\nmaybe cut", false);
  EXPECT_EQ(failure({.url = "https://127.0.0.1:" + std::to_string(server.port) + "/"}),
            ErrorCode::kUnavailable);
}

TEST_F(HttpClientTest, TlsServerThatNeverAnswersMeetsTheDeadline) {
  std::vector<std::shared_ptr<TcpConnection>> kept;
  const auto silent = std::move(
      *TcpServer::listen(loop_, {}, [&](auto connection) { kept.push_back(connection); }));
  EXPECT_EQ(failure({.url = "https://127.0.0.1:" + std::to_string(silent->port()) + "/",
                     .timeout = 10ms}),
            ErrorCode::kDeadlineExceeded);
}

TEST_F(HttpClientTest, APeerThatNeverShakesHandsDoesNotKeepItsConnections) {
  std::vector<std::shared_ptr<TcpConnection>> kept;
  const auto silent = std::move(
      *TcpServer::listen(loop_, {}, [&](auto connection) { kept.push_back(connection); }));
  const std::string url = "https://127.0.0.1:" + std::to_string(silent->port()) + "/";
  client_ = HttpClient::create(loop_, {.max_connections_per_host = 1, .connect_timeout = 20ms});
  const auto first = ask({.url = url});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::kUnavailable) << first.error().message;
  // An exchange that gives up first leaves the connection being made to those after it, and they
  // get one of their own when that has had its time.
  EXPECT_EQ(failure({.url = url, .timeout = 1ms}), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(failure({.url = url}), ErrorCode::kUnavailable);
  EXPECT_EQ(failure({.url = url}), ErrorCode::kUnavailable);
  EXPECT_TRUE(loop_.run_until([&] { return kept.size() >= 3; }, kTestLimit));
}

}  // namespace
}  // namespace turms::net
