#include <algorithm>
#include <string>

#include "im/media_type.h"
#include "storage/byte_range.h"
#include "storage/multipart.h"
#include "storage/picture_type.h"
#include "storage/tickets.h"
#include "tests/fuzz/check.h"

namespace {

using turms::ByteView;
using turms::storage::MultipartParser;

struct Form final : MultipartParser::Handler {
  bool on_part(MultipartParser::Part part) override {
    turms::fuzz::check(!in_part);
    in_part = true;
    told += part.name.size();
    return true;
  }
  bool on_data(ByteView data) override {
    turms::fuzz::check(in_part && !data.empty());
    text.append(turms::as_text(data));
    return true;
  }
  bool on_part_end() override {
    turms::fuzz::check(in_part);
    in_part = false;
    text += '|';
    return true;
  }
  bool in_part = false;
  size_t told = 0;
  std::string text;
};

/// What is heard when the form comes in pieces of `step`; "" when it is refused.
std::string heard(std::string_view boundary, ByteView data, size_t step) {
  Form form;
  MultipartParser parser(boundary, form);
  for (size_t at = 0; at < data.size(); at += step) {
    if (!parser.feed(data.subspan(at, std::min(step, data.size() - at)))) return "";
  }
  turms::fuzz::check(!parser.done() || !form.in_part);
  return parser.done() ? form.text : "cut";
}

}  // namespace

// The first line is a Content-Type, a Range, and a policy; the rest a form.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view line = text.substr(0, std::min<size_t>(text.find('\n'), 4096));
  const std::string_view rest = text.substr(std::min(line.size() + 1, text.size()));

  turms::storage::ByteRange range;
  for (const uint64_t total : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, UINT64_MAX}) {
    if (turms::storage::parse_range(line, total, range) == turms::storage::RangeVerdict::kPart) {
      turms::fuzz::check(range.size > 0 && range.first < total &&
                         range.size <= total - range.first);
    }
  }
  if (const auto terms = turms::storage::parse_policy(text)) {
    turms::fuzz::check(turms::storage::format_policy(*terms) == text);
  }
  if (const auto type = turms::im::MediaType::parse(line)) {
    turms::fuzz::check(turms::im::MediaType::parse(type->to_string()).has_value());
  }
  const turms::storage::Tickets tickets(turms::Bytes(32, 1));
  turms::fuzz::check(!tickets.verify_upload(line, rest, turms::WallTime{0}));
  turms::fuzz::check(
      !tickets.verify_download({}, line, turms::WallTime{1}, rest, turms::WallTime{0}));
  turms::storage::picture_type(turms::as_bytes(text));
  turms::storage::parse_bucket(line);
  turms::storage::parse_decimal(line);
  turms::storage::parse_parameter(line, "name");

  const auto boundary = MultipartParser::parse_boundary(line);
  const std::string form = heard(boundary.value_or("b"), turms::as_bytes(rest), rest.size() + 1);
  // However it comes, it says the same.
  turms::fuzz::check(heard(boundary.value_or("b"), turms::as_bytes(rest), 1) == form);
  turms::fuzz::check(heard(boundary.value_or("b"), turms::as_bytes(rest), 7) == form);
  return 0;
}
