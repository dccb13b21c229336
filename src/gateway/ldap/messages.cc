#include "gateway/ldap/messages.h"

#include <fmt/core.h>

#include <optional>

#include "base/encoding.h"

namespace turms::gateway::ldap {
namespace {

// Universal tags.
constexpr uint8_t kBoolean = 0x01;
constexpr uint8_t kInteger = 0x02;
constexpr uint8_t kText = 0x04;
constexpr uint8_t kEnumerated = 0x0a;
constexpr uint8_t kSequence = 0x30;
// Operations (RFC 4511 section 4.2 and below).
constexpr uint8_t kBindRequest = 0x60;
constexpr uint8_t kBindResponse = 0x61;
constexpr uint8_t kUnbindRequest = 0x42;
constexpr uint8_t kSearchRequest = 0x63;
constexpr uint8_t kSearchEntry = 0x64;
constexpr uint8_t kSearchDone = 0x65;
constexpr uint8_t kSearchReference = 0x73;
constexpr uint8_t kSimplePassword = 0x80;
// Filters (section 4.5.1).
constexpr uint8_t kAnd = 0xa0;
constexpr uint8_t kOr = 0xa1;
constexpr uint8_t kNot = 0xa2;
constexpr uint8_t kEqual = 0xa3;
constexpr uint8_t kSubstrings = 0xa4;
constexpr uint8_t kGreater = 0xa5;
constexpr uint8_t kLess = 0xa6;
constexpr uint8_t kPresent = 0x87;
constexpr uint8_t kApproximately = 0xa8;
constexpr uint8_t kExtensible = 0xa9;

constexpr int32_t kVersion = 3;
constexpr int32_t kWholeSubtree = 2;
constexpr int32_t kAlwaysFollowAliases = 3;
// Instead of attributes: none (section 4.5.1.8).
constexpr std::string_view kNoAttributes = "1.1";

// ---------------------------------------------------------------------------------------- writing

std::string put(uint8_t tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  const size_t size = content.size();
  if (size < 0x80) {
    out += static_cast<char>(size);
  } else {
    std::string length;
    for (size_t rest = size; rest > 0; rest >>= 8) {
      length.insert(length.begin(), static_cast<char>(rest & 0xff));
    }
    out += static_cast<char>(0x80 | length.size());
    out += length;
  }
  return out.append(content);
}

std::string put_number(uint8_t tag, int32_t value) {
  std::string content;
  for (int shift = 24; shift >= 0; shift -= 8) {
    content += static_cast<char>(static_cast<uint32_t>(value) >> shift & 0xff);
  }
  // The shortest one that has the sign.
  const auto redundant = [&] {
    const auto first = static_cast<uint8_t>(content[0]);
    const bool next_is_negative = (static_cast<uint8_t>(content[1]) & 0x80) != 0;
    return next_is_negative ? first == 0xff : first == 0;
  };
  while (content.size() > 1 && redundant()) content.erase(0, 1);
  return put(tag, content);
}

std::string put_flag(uint8_t tag, bool value) {
  return put(tag, std::string(1, value ? '\xff' : '\0'));
}

std::string message(int32_t id, const std::string& operation) {
  return put(kSequence, put_number(kInteger, id) + operation);
}

// ---------------------------------------------------------------------------------------- filters

bool is_attribute_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == ';';
}

class FilterText {
 public:
  explicit FilterText(std::string_view text) : text_(text) {}

  Result<std::string> whole() {
    auto filter = peek() == '(' ? group(1) : item();
    if (filter && at_ != text_.size()) return wrong();
    return filter;
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  [[nodiscard]] std::unexpected<Error> wrong() const {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the filter is wrong at character {}", at_ + 1));
  }

  Result<std::string> group(int depth) {
    if (depth > kMaxFilterDepth || !take('(')) return wrong();
    auto inner = take('&')   ? list(kAnd, depth)
                 : take('|') ? list(kOr, depth)
                 : take('!') ? negation(depth)
                             : item();
    if (inner && !take(')')) return wrong();
    return inner;
  }

  Result<std::string> list(uint8_t tag, int depth) {
    std::string all;
    while (peek() == '(') {
      auto one = group(depth + 1);
      if (!one) return one;
      all += *one;
    }
    if (all.empty()) return wrong();
    return put(tag, all);
  }

  Result<std::string> negation(int depth) {
    auto inner = group(depth + 1);
    if (!inner) return inner;
    return put(kNot, *inner);
  }

  std::string_view attribute() {
    const size_t begin = at_;
    while (is_attribute_character(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Result<std::string> item() {
    const std::string_view name = attribute();
    if (peek() == ':') return extensible(name);
    if (name.empty()) return wrong();
    if (take(">=")) return comparison(kGreater, name);
    if (take("<=")) return comparison(kLess, name);
    if (take("~=")) return comparison(kApproximately, name);
    if (!take('=')) return wrong();
    return equality(name);
  }

  Result<std::string> comparison(uint8_t tag, std::string_view name) {
    const auto wanted = value();
    if (!wanted) return wrong();
    return put(tag, put(kText, name) + put(kText, *wanted));
  }

  /// "attribute:dn:rule:=value", all but the value optional.
  Result<std::string> extensible(std::string_view name) {
    const bool with_dn = take(":dn");
    std::string_view rule;
    if (!take(":=")) {
      if (!take(':')) return wrong();
      rule = attribute();
      if (rule.empty() || !take(":=")) return wrong();
    }
    if (name.empty() && rule.empty()) return wrong();
    const auto wanted = value();
    if (!wanted) return wrong();
    std::string content;
    if (!rule.empty()) content += put(0x81, rule);
    if (!name.empty()) content += put(0x82, name);
    content += put(0x83, *wanted);
    if (with_dn) content += put_flag(0x84, true);
    return put(kExtensible, content);
  }

  /// A value; pieces of one between stars; or a star: it is there.
  Result<std::string> equality(std::string_view name) {
    auto piece = value();
    if (!piece) return wrong();
    if (peek() != '*') return put(kEqual, put(kText, name) + put(kText, *piece));
    std::string pieces;
    if (!piece->empty()) pieces += put(0x80, *piece);
    while (take('*')) {
      piece = value();
      if (!piece) return wrong();
      if (piece->empty()) continue;
      pieces += put(peek() == '*' ? 0x81 : 0x82, *piece);
    }
    if (pieces.empty()) return put(kPresent, name);
    return put(kSubstrings, put(kText, name) + put(kSequence, pieces));
  }

  /// Up to what is not part of a value; nothing for a wrong escape.
  std::optional<std::string> value() {
    std::string out;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '(' || c == ')' || c == '*') break;
      if (c == '\0') return std::nullopt;
      if (c != '\\') {
        out += c;
        continue;
      }
      const auto byte = from_hex(text_.substr(at_ + 1, 2));
      if (!byte || byte->size() != 1) return std::nullopt;
      out += static_cast<char>(byte->front());
      at_ += 2;
    }
    return out;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

// ---------------------------------------------------------------------------------------- reading

struct Header {
  uint8_t tag = 0;
  /// Of tag and length.
  size_t size = 0;
  size_t content = 0;
};

enum class Found : uint8_t { kWhole, kMoreNeeded, kWrong };

/// Definite lengths only, as RFC 4511 section 5.1 demands.
Found find_header(ByteView bytes, Header& header) {
  if (bytes.size() < 2) return Found::kMoreNeeded;
  header.tag = bytes[0];
  header.size = 2;
  header.content = bytes[1];
  if (bytes[1] < 0x80) return Found::kWhole;
  const size_t count = bytes[1] & 0x7f;
  if (count == 0 || count > 4) return Found::kWrong;
  if (bytes.size() < 2 + count) return Found::kMoreNeeded;
  header.size = 2 + count;
  header.content = 0;
  for (size_t i = 0; i < count; ++i) header.content = header.content << 8 | bytes[2 + i];
  return Found::kWhole;
}

/// Takes one value after the other off its content. What is not there sticks.
class BerView {
 public:
  explicit BerView(ByteView content) : rest_(content) {}

  ByteView take(uint8_t tag) {
    Header header;
    if (find_header(rest_, header) != Found::kWhole || header.tag != tag ||
        header.content > rest_.size() - header.size) {
      good_ = false;
      return {};
    }
    const ByteView content = rest_.subspan(header.size, header.content);
    rest_ = rest_.subspan(header.size + header.content);
    return content;
  }
  int32_t number(uint8_t tag) {
    const ByteView content = take(tag);
    if (content.empty() || content.size() > 4) {
      good_ = false;
      return 0;
    }
    uint32_t value = (content[0] & 0x80) != 0 ? 0xffffffff : 0;
    for (const uint8_t byte : content) value = value << 8 | byte;
    return static_cast<int32_t>(value);
  }
  std::string text() { return std::string(as_text(take(kText))); }
  [[nodiscard]] uint8_t next_tag() const { return rest_.empty() ? 0 : rest_[0]; }
  [[nodiscard]] bool good() const { return good_; }

 private:
  ByteView rest_;
  bool good_ = true;
};

Response::Kind kind_of(uint8_t tag) {
  switch (tag) {
    case kBindResponse:
      return Response::Kind::kBind;
    case kSearchEntry:
      return Response::Kind::kEntry;
    case kSearchDone:
      return Response::Kind::kDone;
    case kSearchReference:
      return Response::Kind::kReference;
    default:
      return Response::Kind::kOther;
  }
}

std::unexpected<Error> no_message() {
  return fail(ErrorCode::kInvalidArgument, "is no LDAP message");
}

}  // namespace

std::string bind_request(int32_t id, std::string_view name, std::string_view password) {
  return message(id, put(kBindRequest, put_number(kInteger, kVersion) + put(kText, name) +
                                           put(kSimplePassword, password)));
}

std::string search_request(int32_t id, const Search& search) {
  const std::string content =
      put(kText, search.base) + put_number(kEnumerated, kWholeSubtree) +
      put_number(kEnumerated, kAlwaysFollowAliases) + put_number(kInteger, search.size_limit) +
      put_number(kInteger, search.time_limit_seconds) + put_flag(kBoolean, true) + search.filter +
      put(kSequence, put(kText, kNoAttributes));
  return message(id, put(kSearchRequest, content));
}

std::string unbind_request(int32_t id) {
  return message(id, put(kUnbindRequest, ""));
}

Result<std::string> parse_filter(std::string_view text) {
  return FilterText(text).whole();
}

Result<size_t> message_size(ByteView bytes) {
  Header header;
  const Found found = find_header(bytes, header);
  if (found == Found::kMoreNeeded) return 0;
  if (found == Found::kWrong || header.tag != kSequence ||
      header.size + header.content > kMaxMessage) {
    return no_message();
  }
  return header.size + header.content;
}

Result<Response> parse_response(ByteView message) {
  BerView outer(message);
  BerView inside(outer.take(kSequence));
  Response response;
  response.id = inside.number(kInteger);
  const uint8_t tag = inside.next_tag();
  response.kind = kind_of(tag);
  BerView operation(inside.take(tag));
  if (response.kind == Response::Kind::kEntry) response.name = operation.text();
  if (response.kind == Response::Kind::kBind || response.kind == Response::Kind::kDone) {
    response.code = static_cast<ResultCode>(operation.number(kEnumerated));
    operation.take(kText);  // the part of the name that was found
    response.diagnostic = operation.text();
  }
  if (!outer.good() || !inside.good() || !operation.good() || response.id < 0) return no_message();
  return response;
}

}  // namespace turms::gateway::ldap
