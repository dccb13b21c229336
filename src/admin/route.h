#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/accounts.h"
#include "admin/permission.h"
#include "admin/values.h"
#include "base/result.h"
#include "base/task.h"
#include "im/status.h"

namespace turms::admin {

// The codes of upstream's envelope that the client protocol has not.
inline constexpr int32_t kOk = 1000;
inline constexpr int32_t kUnauthorized = 1300;
inline constexpr int32_t kNoFilterForDelete = 1301;
inline constexpr int32_t kResourceNotFound = 1302;
inline constexpr int32_t kDuplicateResource = 1303;
inline constexpr int32_t kRequestsTooFrequent = 1304;

/// A request as its handler gets it: allowed, and its values checked.
struct Call {
  Principal admin;
  Values query;
  Values body;
  std::string address;
  std::string trace_id;
};

struct Answer {
  int status = 200;
  int32_t code = kOk;
  std::string reason;
  /// JSON; empty: the envelope has no data.
  std::string data;
  /// Not empty: `data` is the whole body, of this type.
  std::string content_type;
  /// Called when the answer is on its way. Null: nothing is.
  std::function<void()> then;
};

Answer ok(std::string data = {});
/// {deletedCount}, {matchedCount, modifiedCount}: upstream's forms.
Answer deleted(int64_t count);
Answer updated(int64_t count);
/// {total, records}.
Answer page(int64_t total, std::string records);
Answer refused(const Error& error);
/// The domain's refusals, with upstream's HTTP status for them.
Answer refused(const im::Failure& failure);

enum class Access : uint8_t {
  kPublic,
  /// Whoever is signed in.
  kSignedIn,
  kPermission,
};

/// One line of the table from which dispatch, validation, the OpenAPI document and the tests of
/// permissions are made.
struct Route {
  std::string_view method;
  std::string_view path;
  Access access = Access::kPermission;
  std::optional<Permission> permission;
  std::string_view summary;
  std::vector<Field> query;
  std::vector<Field> body;
  std::function<Task<Answer>(Call)> handler;
};

template <class Object>
std::function<Task<Answer>(Call)> handled_by(Object* object, Task<Answer> (Object::*method)(Call)) {
  return [object, method](Call call) { return (object->*method)(std::move(call)); };
}

/// A function that adds a line with a permission: method, path, permission, summary, query, body,
/// handler.
template <class Object>
auto adding_to(std::vector<Route>& all, Object* object) {
  return [&all, object](std::string_view method, std::string_view path, Permission permission,
                        std::string_view summary, std::vector<Field> query, std::vector<Field> body,
                        Task<Answer> (Object::*handler)(Call)) {
    all.push_back({method, path, Access::kPermission, permission, summary, std::move(query),
                   std::move(body), handled_by(object, handler)});
  };
}

// Fields that many routes have.
Field ids_field(std::string_view name = "ids", std::string_view help = "Ids", bool needed = false);
Field text_field(std::string_view name, std::string_view help, int64_t max_bytes);
Field number_field(std::string_view name, std::string_view help, int64_t min, int64_t max);
Field flag_field(std::string_view name, std::string_view help);
Field date_field(std::string_view name, std::string_view help);
Field texts_field(std::string_view name, std::string_view help, int64_t max_bytes);
Field choice_field(std::string_view name, std::string_view help,
                   std::span<const std::string_view> choices);
Field required(Field field);
Field secret(Field field);
/// `page` (from 0) and `size`.
void add_paging(std::vector<Field>& fields);
/// What they say; upstream's default and largest size.
struct Paging {
  static constexpr int32_t kDefaultSize = 10;
  static constexpr int32_t kMaxSize = 1000;
  int32_t skip = 0;
  int32_t limit = kDefaultSize;
};
Paging paging_of(const Values& query);
/// `add_paging` when `paged`, `size` alone otherwise.
void add_size(std::vector<Field>& fields, bool paged);
/// The page of a list that is there as a whole.
template <class Record>
std::vector<Record> cut(const std::vector<Record>& all, const Paging& paging) {
  const auto from = std::min(all.size(), static_cast<size_t>(paging.skip));
  const auto to = std::min(all.size(), from + static_cast<size_t>(paging.limit));
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace turms::admin
