// Queries and bodies of the admin API.
#include "admin/permission.h"
#include "admin/values.h"
#include "net/http.h"
#include "tests/fuzz/check.h"

namespace {

using turms::admin::Field;
using turms::admin::FieldType;

constexpr std::string_view kWords[] = {"ACCEPTED", "DECLINED"};

bool is_word(const std::string& text) {
  return text == kWords[0] || text == kWords[1];
}

const std::vector<Field>& fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> made;
    for (const auto& [name, type] :
         {std::pair("on", FieldType::kBool), std::pair("count", FieldType::kInt),
          std::pair("name", FieldType::kText), std::pair("at", FieldType::kDate),
          std::pair("ids", FieldType::kInts), std::pair("names", FieldType::kTexts)}) {
      Field field{name, type, ""};
      field.min = 0;
      field.max = 1000;
      made.push_back(field);
    }
    // As most of the API's own: ids of any sign, and words.
    Field signed_ids{"anyIds", FieldType::kInts, ""};
    signed_ids.min = INT64_MIN;
    signed_ids.max = INT64_MAX;
    made.push_back(signed_ids);
    Field word{"status", FieldType::kText, ""};
    word.min = 1;
    word.max = 64;
    word.choices = kWords;
    made.push_back(word);
    Field words = word;
    words.name = "statuses";
    words.type = FieldType::kTexts;
    made.push_back(words);
    return made;
  }();
  return all;
}

/// As the settings: members of any name beside those that are known.
const std::vector<Field>& open_fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> made = fields();
    made.push_back({"*", FieldType::kMembers, ""});
    return made;
  }();
  return all;
}

void check_bounds(const turms::admin::Values& values) {
  using turms::fuzz::check;
  if (const auto count = values.number("count")) check(*count >= 0 && *count <= 1000);
  if (const auto name = values.text("name")) check(name->size() <= 1000);
  if (const auto at = values.date("at")) check(at->unix_ms >= 0);
  check(values.numbers("ids").size() <= Field::kMaxItems);
  for (const int64_t id : values.numbers("ids")) check(id >= 0 && id <= 1000);
  for (const std::string& name : values.texts("names")) check(name.size() <= 1000);
  check(values.numbers("anyIds").size() <= Field::kMaxItems);
  if (const auto status = values.text("status")) check(is_word(*status));
  for (const std::string& status : values.texts("statuses")) check(is_word(status));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const std::string_view text = as_text(ByteView(data, size));
  if (const auto body = admin::parse_body(text, fields())) {
    check_bounds(*body);
    // What is written down of it is JSON that says the same.
    const auto again = admin::parse_body(body->describe(fields()), fields());
    fuzz::check(again.has_value());
  }
  if (const auto body = admin::parse_body(text, open_fields())) {
    check_bounds(*body);
    const std::string described = body->describe(open_fields());
    const auto again = admin::parse_body(described, open_fields());
    fuzz::check(again && again->describe(open_fields()) == described);
  }
  if (const auto query = admin::parse_query(net::parse_query(text), fields())) check_bounds(*query);
  if (const auto date = admin::parse_date(text)) fuzz::check(date->unix_ms >= 0);
  (void)admin::match_permissions({std::string(text)});
  return 0;
}
