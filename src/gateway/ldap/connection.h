#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "gateway/ldap/messages.h"
#include "net/client_stream.h"

namespace turms::gateway::ldap {

/// What a server answered to one request.
struct Answer {
  ResultCode code = ResultCode::kSuccess;
  std::string diagnostic;
  /// Names of the entries that a search found, at most kMaxEntries.
  std::vector<std::string> entries;
  static constexpr size_t kMaxEntries = 16;
};

/// One connection to a server, for one request at a time. What goes wrong (no connection, a message
/// that is none, the deadline) ends it: the request under way gets the error, and it is of no
/// further use. On the loop's thread.
class Connection final : public net::ClientStream::Owner,
                         public std::enable_shared_from_this<Connection> {
 public:
  static std::shared_ptr<Connection> open(net::Loop& loop, net::Resolver& resolver,
                                          net::ClientStream::Target target);
  ~Connection();

  Task<Result<Answer>> bind(std::string name, std::string password, TimePoint deadline);
  Task<Result<Answer>> search(Search search, TimePoint deadline);

  [[nodiscard]] bool usable() const { return !broken_; }
  /// Says goodbye.
  void close();

  void on_client_open() override;
  void on_client_data(ByteView data) override;
  void on_client_closed(Error error) override;

 private:
  using Done = Completion<Result<Answer>>;

  explicit Connection(net::Loop& loop) : loop_(loop), timer_(loop) {}
  Task<Result<Answer>> request(std::string message, TimePoint deadline);
  void handle(const Response& response);
  void finish(Result<Answer> answer);
  void fail_with(Error error);

  net::Loop& loop_;
  net::Timer timer_;
  std::shared_ptr<net::ClientStream> stream_;
  bool open_ = false;
  bool broken_ = false;
  int32_t last_id_ = 0;
  /// What waits for the connection.
  std::string unsent_;
  Bytes input_;
  Answer answer_;
  std::optional<Done::Setter> waiting_;
};

}  // namespace turms::gateway::ldap
