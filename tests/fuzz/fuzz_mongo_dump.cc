#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "store/imported_password.h"
#include "store/mongo/bson.h"
#include "store/mongo/dump.h"
#include "store/mongo/fields.h"
#include "tests/fuzz/check.h"

namespace {

using turms::ByteView;
using turms::Status;
namespace bson = turms::store::bson;
using turms::store::DumpReader;

/// Looks at all there is in a document; what is read is inside of it, or this crashes.
size_t look(const bson::Document& document) {
  size_t sum = 0;
  for (const bson::Element& element : document.elements()) {
    const bson::Value& value = element.value;
    sum += element.name.size() + static_cast<size_t>(value.integer().value_or(1));
    sum += value.number() ? 1 : 0;
    sum += value.boolean() ? 1 : 0;
    sum += static_cast<size_t>(value.date().value_or(turms::WallTime{}).unix_ms);
    if (const auto text = value.text()) sum += std::count(text->begin(), text->end(), 'a');
    if (const auto bytes = value.binary()) sum += std::count(bytes->begin(), bytes->end(), 7);
    if (const auto inner = value.document()) sum += look(*inner);
    if (const auto encoded = turms::store::encode_value(value)) sum += encoded->size();
    turms::store::parse_key(element.name);
    turms::fuzz::check(document.find(element.name).has_value());
  }
  turms::store::Fields fields(document);
  turms::store::Fields key = fields.in("_id");
  key.id("oid");
  fields.texts("ans");
  fields.binaries("rec");
  fields.integers("cgtid");
  return sum;
}

struct Heard {
  size_t documents = 0;
  size_t sum = 0;
  bool whole = false;
  bool operator==(const Heard&) const = default;
};

Heard hear(bool archive, ByteView data, size_t step) {
  Heard heard;
  const auto take = [&](std::string_view collection, const bson::Document& document) -> Status {
    ++heard.documents;
    heard.sum += collection.size() + look(document);
    return {};
  };
  DumpReader reader =
      archive ? DumpReader::of_archive(take) : DumpReader::of_collection("user", take);
  for (size_t at = 0; at < data.size(); at += step) {
    if (!reader.feed(data.subspan(at, std::min(step, data.size() - at)))) return heard;
  }
  heard.whole = reader.finish().has_value();
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView bytes(data, size);
  if (const auto document = bson::Document::parse(bytes)) look(*document);
  for (const bool archive : {false, true}) {
    const Heard heard = hear(archive, bytes, size + 1);
    // However it comes, it says the same.
    turms::fuzz::check(hear(archive, bytes, 7) == heard);
  }
  const std::string_view text = turms::as_text(bytes);
  const std::string_view prefix = "$turms-sha256$";
  turms::store::verify_imported_password(text, std::string(prefix) + std::string(text));
  return 0;
}
