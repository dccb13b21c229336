#include "gateway/ldap/connection.h"

#include "base/check.h"

namespace turms::gateway::ldap {

std::shared_ptr<Connection> Connection::open(net::Loop& loop, net::Resolver& resolver,
                                             net::ClientStream::Target target) {
  std::shared_ptr<Connection> made(new Connection(loop));
  made->stream_ = net::ClientStream::connect(loop, resolver, std::move(target), *made);
  return made;
}

Connection::~Connection() {
  stream_->abort();
}

Task<Result<Answer>> Connection::bind(std::string name, std::string password, TimePoint deadline) {
  co_return co_await request(bind_request(last_id_ + 1, name, password), deadline);
}

Task<Result<Answer>> Connection::search(Search search, TimePoint deadline) {
  co_return co_await request(search_request(last_id_ + 1, search), deadline);
}

Task<Result<Answer>> Connection::request(std::string message, TimePoint deadline) {
  TURMS_CHECK(!waiting_);
  if (broken_) co_return fail(ErrorCode::kUnavailable, "connection closed");
  // Somebody else may let go of it meanwhile.
  const auto self = shared_from_this();
  ++last_id_;
  answer_ = {};
  Done done;
  waiting_ = done.setter();
  const Duration left = std::max(deadline - loop_.now(), Duration(0));
  timer_.start(left, [this] { fail_with({ErrorCode::kDeadlineExceeded, "no answer in time"}); });
  if (open_) {
    stream_->write(as_bytes(message));
  } else {
    unsent_ = std::move(message);
  }
  co_return co_await done;
}

void Connection::on_client_open() {
  open_ = true;
  stream_->write(as_bytes(unsent_));
  unsent_.clear();
}

void Connection::on_client_data(ByteView data) {
  input_.insert(input_.end(), data.begin(), data.end());
  size_t done = 0;
  while (!broken_) {
    const ByteView rest = ByteView(input_).subspan(done);
    const auto size = message_size(rest);
    if (!size) return fail_with({ErrorCode::kUnavailable, size.error().message});
    if (*size == 0 || rest.size() < *size) break;
    const auto response = parse_response(rest.first(*size));
    if (!response) return fail_with({ErrorCode::kUnavailable, response.error().message});
    done += *size;
    handle(*response);
  }
  input_.erase(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(done));
}

void Connection::handle(const Response& response) {
  if (response.id != last_id_ || !waiting_) {
    return fail_with({ErrorCode::kUnavailable, "an answer that nobody asked for"});
  }
  switch (response.kind) {
    case Response::Kind::kEntry:
      if (answer_.entries.size() < Answer::kMaxEntries) answer_.entries.push_back(response.name);
      return;
    case Response::Kind::kReference:
    case Response::Kind::kOther:
      return;
    case Response::Kind::kBind:
    case Response::Kind::kDone:
      answer_.code = response.code;
      answer_.diagnostic = response.diagnostic;
      return finish(std::move(answer_));
  }
}

void Connection::on_client_closed(Error error) {
  fail_with(std::move(error));
}

void Connection::fail_with(Error error) {
  broken_ = true;
  stream_->abort();
  if (waiting_) finish(std::unexpected(std::move(error)));
}

// Later: whoever waits may let go of this, which is in the middle of its work.
void Connection::finish(Result<Answer> answer) {
  timer_.cancel();
  const Done::Setter set = *waiting_;
  waiting_.reset();
  loop_.post([set, answer = std::move(answer)] { set(answer); });
}

void Connection::close() {
  if (open_ && !broken_) stream_->write(as_bytes(unbind_request(++last_id_)));
  broken_ = true;
}

}  // namespace turms::gateway::ldap
