#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_int.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace turms::store {

class Connection;

/// A prepared statement in use: binds in order, steps, reads columns in order. Returns to its
/// connection when it goes out of scope. Text and blobs are bound without a copy: they must live
/// until the last step. After an error of the connection every step answers false.
class Statement {
 public:
  using Idle = std::vector<sqlite3_stmt*>;

  Statement(Connection& connection, sqlite3_stmt* handle, Idle* home)
      : connection_(connection), handle_(handle), home_(home) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int64_t value);
  Statement& bind(int32_t value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(bool value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(std::string_view text);
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind(const char* text) = delete;
  Statement& bind(ByteView blob);
  Statement& bind(WallTime time) { return bind(time.unix_ms); }
  Statement& bind_null();
  template <class Tag>
  Statement& bind(StrongInt<Tag, int64_t> id) {
    return bind(id.value);
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  Statement& bind(Enum value) {
    return bind(static_cast<int64_t>(value));
  }
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }
  template <class A, class B, class... More>
  Statement& bind(const A& a, const B& b, const More&... more) {
    bind(a);
    bind(b);
    (bind(more), ...);
    return *this;
  }

  /// True: there is a row to read.
  bool step();
  /// Steps to the end. How many rows it inserted, updated or deleted.
  int run();
  /// To run again: every parameter must be bound anew.
  void reset();

  // The next column of the row.
  int64_t integer();
  std::string text();
  ByteView blob();  // valid until the next step
  bool boolean() { return integer() != 0; }
  WallTime time() { return {integer()}; }
  template <class Id>
  Id id() {
    return Id(integer());
  }
  template <class Enum>
  Enum enumeration() {
    return static_cast<Enum>(integer());
  }
  /// Whether the next column is null; skips it when it is.
  bool null();
  std::optional<WallTime> optional_time() { return null() ? std::nullopt : std::optional(time()); }
  template <class Id>
  std::optional<Id> optional_id() {
    return null() ? std::nullopt : std::optional(id<Id>());
  }
  std::optional<std::string> optional_text() {
    return null() ? std::nullopt : std::optional(text());
  }

 private:
  Connection& connection_;
  sqlite3_stmt* handle_;
  /// Where it goes afterwards.
  Idle* home_;
  int parameter_ = 0;
  int column_ = 0;
};

/// One SQLite connection, used by one thread. The first error sticks until it is taken, and makes
/// every later step a no-op, so that an operation checks once, at its end.
class Connection {
 public:
  enum class Mode {
    kReadWrite,
    kRead,
    /// As kRead, and the files stay as they are: no log is copied, and none is made.
    kExamine,
  };
  static constexpr size_t kMaxIdle = 16;

  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode,
                                                  Duration busy_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Kept prepared by the text's address: pass literals. At most kMaxIdle of each wait for the
  /// next.
  Statement prepare(const char* sql);
  /// Prepared statements that wait for the next use.
  [[nodiscard]] size_t idle() const;
  /// Several statements, not kept.
  void execute(const std::string& sql);
  /// All pages as of one moment, over what `target` holds; neither readers nor the writer wait.
  void copy_to(Connection& target);
  /// The first column of the first row; 0 without one.
  int64_t scalar(const char* sql);

  [[nodiscard]] bool failed() const { return error_.has_value(); }
  /// The error concerns one row only (a constraint): the transaction goes on.
  [[nodiscard]] bool failed_by_constraint() const { return constraint_; }
  /// Changes when what was read from the database, or is believed to be in it, may no longer be so:
  /// something was rolled back, or somebody else wrote.
  [[nodiscard]] uint64_t epoch() const { return epoch_; }
  void end_epoch() { ++epoch_; }
  /// True while SQLite has not ended the transaction by itself.
  [[nodiscard]] bool in_transaction() const;
  Error take_error();

 private:
  friend class Statement;

  explicit Connection(sqlite3* handle) : handle_(handle) {}
  void fail(int code);
  sqlite3_stmt* compile(const char* sql);

  sqlite3* handle_;
  std::unordered_map<const char*, Statement::Idle> idle_;
  std::optional<Error> error_;
  bool constraint_ = false;
  uint64_t epoch_ = 1;
};

}  // namespace turms::store
