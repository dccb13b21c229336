#include "store/sqlite/connection.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <filesystem>
#include <mutex>

#include "base/check.h"

namespace turms::store {
namespace {

Error describe(int code, std::string_view detail) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable,
              fmt::format("the database is locked by another program ({})", detail)};
    case SQLITE_FULL:
      return {ErrorCode::kResourceExhausted,
              fmt::format("the disk that holds the database is full ({})", detail)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kInternal,
              fmt::format("the database file is damaged ({}): restore a backup", detail)};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {ErrorCode::kPermissionDenied,
              fmt::format("the database cannot be opened for writing ({})", detail)};
    case SQLITE_CONSTRAINT:
      return {ErrorCode::kAlreadyExists, std::string(detail)};
    default:
      return {ErrorCode::kInternal, fmt::format("the database failed ({})", detail)};
  }
}

// Before the first connection: no global counters, whose mutex all threads would share.
void configure_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

// For a database nobody has open, whose log is therefore absent: SQLite would make one to read.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02x}", c);
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

bool has_log(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path + "-wal", error);
}

}  // namespace

Statement::~Statement() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  if (home_->size() < Connection::kMaxIdle) {
    home_->push_back(handle_);
  } else {
    sqlite3_finalize(handle_);
  }
}

Statement& Statement::bind(int64_t value) {
  ++parameter_;
  if (handle_ != nullptr) sqlite3_bind_int64(handle_, parameter_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  ++parameter_;
  if (handle_ != nullptr) {
    sqlite3_bind_text64(handle_, parameter_, text.data() == nullptr ? "" : text.data(), text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::bind(ByteView blob) {
  ++parameter_;
  if (handle_ != nullptr) {
    sqlite3_bind_blob64(handle_, parameter_, blob.data(), blob.size(), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::bind_null() {
  ++parameter_;
  if (handle_ != nullptr) sqlite3_bind_null(handle_, parameter_);
  return *this;
}

bool Statement::step() {
  column_ = 0;
  if (handle_ == nullptr || connection_.failed()) return false;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.fail(code);
  return false;
}

int Statement::run() {
  while (step()) {
  }
  return connection_.failed() ? 0 : sqlite3_changes(connection_.handle_);
}

void Statement::reset() {
  parameter_ = 0;
  column_ = 0;
  if (handle_ != nullptr) sqlite3_reset(handle_);
}

int64_t Statement::integer() {
  return sqlite3_column_int64(handle_, column_++);
}

std::string Statement::text() {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column_));
  const int size = sqlite3_column_bytes(handle_, column_++);
  return data == nullptr ? std::string() : std::string(data, static_cast<size_t>(size));
}

ByteView Statement::blob() {
  const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(handle_, column_));
  const int size = sqlite3_column_bytes(handle_, column_++);
  return {data, static_cast<size_t>(size)};
}

bool Statement::null() {
  if (sqlite3_column_type(handle_, column_) != SQLITE_NULL) return false;
  ++column_;
  return true;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode,
                                                     Duration busy_timeout) {
  configure_once();
  sqlite3* handle = nullptr;
  const bool immutable = mode == Mode::kExamine && !has_log(path);
  const int flags = (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                              : SQLITE_OPEN_READONLY) |
                    (immutable ? SQLITE_OPEN_URI : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const std::string name = immutable ? immutable_uri(path) : path;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) return std::unexpected(describe(code, sqlite3_errstr(code)));
  sqlite3_busy_timeout(handle, static_cast<int>(to_ms(busy_timeout)));
  if (mode == Mode::kExamine) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, statements] : idle_) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
  sqlite3_close(handle_);
}

sqlite3_stmt* Connection::compile(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) fail(code);
  return statement;
}

void Connection::copy_to(Connection& target) {
  sqlite3_backup* copy = sqlite3_backup_init(target.handle_, "main", handle_, "main");
  if (copy == nullptr) return target.fail(sqlite3_extended_errcode(target.handle_));
  // In one step: in several, each write of another connection would begin the copy anew.
  const int code = sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  if (code != SQLITE_DONE) target.fail(code);
}

Statement Connection::prepare(const char* sql) {
  if (failed()) return {*this, nullptr, nullptr};
  Statement::Idle& idle = idle_[sql];
  if (!idle.empty()) {
    sqlite3_stmt* statement = idle.back();
    idle.pop_back();
    return {*this, statement, &idle};
  }
  return {*this, compile(sql), &idle};
}

size_t Connection::idle() const {
  size_t count = 0;
  for (const auto& [sql, statements] : idle_) count += statements.size();
  return count;
}

void Connection::execute(const std::string& sql) {
  if (failed()) return;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

int64_t Connection::scalar(const char* sql) {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer() : 0;
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

void Connection::fail(int code) {
  if (error_) return;
  error_ = describe(code, sqlite3_errmsg(handle_));
  constraint_ = (code & 0xff) == SQLITE_CONSTRAINT;
}

Error Connection::take_error() {
  TURMS_CHECK(error_.has_value());
  Error error = std::move(*error_);
  error_.reset();
  constraint_ = false;
  return error;
}

}  // namespace turms::store
