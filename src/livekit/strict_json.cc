#include "livekit/strict_json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <string>
#include <vector>

namespace turms::livekit {
namespace {

namespace json = boost::json;
using Error = boost::system::error_code;

// As deep as protobuf goes.
constexpr size_t kMaxDepth = 100;

/// Hears what the parser finds, and keeps the names of the objects that it is in.
struct Names {
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  bool on_object_begin(Error&) {
    objects.emplace_back();
    return true;
  }
  bool on_key_part(std::string_view part, size_t, Error&) {
    key += part;
    return true;
  }
  bool on_key(std::string_view part, size_t, Error&) {
    objects.back().push_back(std::move(key.append(part)));
    key.clear();
    return true;
  }
  bool on_object_end(size_t, Error& error) {
    std::vector<std::string>& names = objects.back();
    std::sort(names.begin(), names.end());
    const bool distinct = std::adjacent_find(names.begin(), names.end()) == names.end();
    if (!distinct) error = json::error::syntax;
    objects.pop_back();
    return distinct;
  }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(size_t, Error&) { return true; }
  bool on_string_part(std::string_view, size_t, Error&) { return true; }
  bool on_string(std::string_view, size_t, Error&) { return true; }
  bool on_number_part(std::string_view, Error&) { return true; }
  bool on_int64(int64_t, std::string_view, Error&) { return true; }
  bool on_uint64(uint64_t, std::string_view, Error&) { return true; }
  bool on_double(double, std::string_view, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(std::string_view, Error&) { return true; }
  bool on_comment(std::string_view, Error&) { return true; }

  std::vector<std::vector<std::string>> objects;
  std::string key;
};

}  // namespace

bool is_strict_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<Names> parser(options);
  Error error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  return !error && used == text.size();
}

}  // namespace turms::livekit
