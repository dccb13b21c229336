#include "admin/route.h"

#include "admin/json.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxPage = 1'000'000;

int status_of(int32_t code) {
  switch (code) {
    case 1100:
    case 1102:
      return 400;
    case 1101:
      return 429;
    case 1103:
      return 409;
    case 1200:
      return 500;
    case 1201:
      return 503;
    case 8000:
      return 501;
    default:
      return code < 1100 ? 200 : 403;
  }
}

}  // namespace

Answer ok(std::string data) {
  Answer answer;
  answer.data = std::move(data);
  return answer;
}

Answer deleted(int64_t count) {
  return ok(JsonObject().number("deletedCount", count).str());
}

Answer updated(int64_t count) {
  return ok(JsonObject().number("matchedCount", count).number("modifiedCount", count).str());
}

Answer page(int64_t total, std::string records) {
  return ok(JsonObject().number("total", total).raw("records", records).str());
}

Answer refused(const Error& error) {
  const auto make = [&](int status, int32_t code) {
    Answer answer;
    answer.status = status;
    answer.code = code;
    answer.reason = error.message;
    return answer;
  };
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return make(400, 1102);
    case ErrorCode::kUnauthenticated:
      return make(401, kUnauthorized);
    case ErrorCode::kPermissionDenied:
      return make(403, kUnauthorized);
    case ErrorCode::kNotFound:
      return make(404, kResourceNotFound);
    case ErrorCode::kAlreadyExists:
      return make(409, kDuplicateResource);
    case ErrorCode::kFailedPrecondition:
      return make(409, 1102);
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return make(503, 1201);
    case ErrorCode::kInternal:
      break;
  }
  return make(500, 1200);
}

Answer refused(const im::Failure& failure) {
  Answer answer;
  answer.code = static_cast<int32_t>(failure.code);
  answer.status = status_of(answer.code);
  answer.reason = failure.reason;
  return answer;
}

Field ids_field(std::string_view name, std::string_view help, bool needed) {
  Field field{name, FieldType::kInts, help};
  field.required = needed;
  field.min = INT64_MIN;
  field.max = INT64_MAX;
  return field;
}

Field text_field(std::string_view name, std::string_view help, int64_t max_bytes) {
  Field field{name, FieldType::kText, help};
  field.max = max_bytes;
  return field;
}

Field number_field(std::string_view name, std::string_view help, int64_t min, int64_t max) {
  Field field{name, FieldType::kInt, help};
  field.min = min;
  field.max = max;
  return field;
}

Field flag_field(std::string_view name, std::string_view help) {
  return {name, FieldType::kBool, help};
}

Field date_field(std::string_view name, std::string_view help) {
  return {name, FieldType::kDate, help};
}

Field texts_field(std::string_view name, std::string_view help, int64_t max_bytes) {
  Field field{name, FieldType::kTexts, help};
  field.min = 1;
  field.max = max_bytes;
  return field;
}

Field choice_field(std::string_view name, std::string_view help,
                   std::span<const std::string_view> choices) {
  Field field{name, FieldType::kText, help};
  field.min = 1;
  field.max = 64;
  field.choices = choices;
  return field;
}

Field required(Field field) {
  field.required = true;
  return field;
}

Field secret(Field field) {
  field.secret = true;
  return field;
}

void add_paging(std::vector<Field>& fields) {
  fields.push_back(number_field("page", "Which page, from 0", 0, kMaxPage));
  fields.push_back(number_field("size", "Records of a page", 1, Paging::kMaxSize));
}

void add_size(std::vector<Field>& fields, bool paged) {
  if (paged) return add_paging(fields);
  fields.push_back(number_field("size", "At most so many", 1, Paging::kMaxSize));
}

Paging paging_of(const Values& query) {
  Paging paging;
  paging.limit = static_cast<int32_t>(query.number("size").value_or(Paging::kDefaultSize));
  paging.skip = static_cast<int32_t>(query.number("page").value_or(0) * paging.limit);
  return paging;
}

}  // namespace turms::admin
