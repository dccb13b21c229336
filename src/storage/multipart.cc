#include "storage/multipart.h"

#include <algorithm>

#include "net/text.h"

namespace turms::storage {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

/// The value that begins at `at`, quoted or a token; `at` is moved behind it.
std::string value_at(std::string_view text, size_t& at) {
  std::string value;
  if (at < text.size() && text[at] == '"') {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      value += text[at];
    }
    if (at < text.size()) ++at;
    return value;
  }
  const size_t end = std::min(text.find(';', at), text.size());
  value = net::trim(text.substr(at, end - at));
  at = end;
  return value;
}

}  // namespace

std::optional<std::string> parse_parameter(std::string_view value, std::string_view name) {
  size_t at = value.find(';');
  while (at < value.size()) {
    ++at;
    const size_t equals = value.find('=', at);
    const size_t end = value.find(';', at);
    if (equals == std::string_view::npos) return std::nullopt;
    if (end < equals) {
      at = end;
      continue;
    }
    const std::string_view key = net::trim(value.substr(at, equals - at));
    at = equals + 1;
    std::string found = value_at(value, at);
    if (net::equal_ignoring_case(key, name)) return found;
    at = std::min(value.find(';', at), value.size());
  }
  return std::nullopt;
}

std::optional<std::string> MultipartParser::parse_boundary(std::string_view content_type) {
  const std::string_view type = net::trim(content_type.substr(0, content_type.find(';')));
  if (!net::equal_ignoring_case(type, "multipart/form-data")) return std::nullopt;
  auto boundary = parse_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundaryBytes) return std::nullopt;
  for (const char c : *boundary) {
    if (c < ' ' || c > '~') return std::nullopt;
  }
  return boundary;
}

MultipartParser::MultipartParser(std::string_view boundary, Handler& handler)
    : handler_(handler),
      delimiter_("\r\n--" + std::string(boundary)),
      // The first delimiter may have no line before it.
      buffer_("\r\n") {}

Status MultipartParser::feed(ByteView data) {
  if (done()) return {};
  buffer_.append(as_text(data));
  while (true) {
    const Step next = step();
    if (next == Step::kBad) return fail(ErrorCode::kInvalidArgument, "malformed form");
    if (next == Step::kMore) return {};
  }
}

MultipartParser::Step MultipartParser::step() {
  switch (state_) {
    case State::kPreamble:
    case State::kData:
      return look_for_delimiter();
    case State::kDelimiter:
      return after_delimiter();
    case State::kHead:
      return read_head();
    case State::kDone:
      buffer_.clear();
      return Step::kMore;
  }
  return Step::kBad;
}

MultipartParser::Step MultipartParser::look_for_delimiter() {
  const size_t found = buffer_.find(delimiter_);
  const bool whole = found != std::string::npos;
  // Its beginning may be at the end of what is there.
  const size_t kept = std::min(buffer_.size(), delimiter_.size() - 1);
  const size_t told = whole ? found : buffer_.size() - kept;
  if (state_ == State::kData) {
    if (told > 0 && !handler_.on_data(as_bytes(std::string_view(buffer_).substr(0, told)))) {
      return Step::kBad;
    }
    if (whole && !handler_.on_part_end()) return Step::kBad;
  }
  buffer_.erase(0, whole ? told + delimiter_.size() : told);
  if (!whole) return Step::kMore;
  state_ = State::kDelimiter;
  return Step::kAgain;
}

MultipartParser::Step MultipartParser::after_delimiter() {
  // RFC 2046 allows blanks here.
  const size_t blanks = std::min(buffer_.find_first_not_of(" \t"), buffer_.size());
  if (blanks > kMaxHeadBytes) return Step::kBad;
  if (buffer_.size() < blanks + 2) return Step::kMore;
  const std::string_view next = std::string_view(buffer_).substr(blanks, 2);
  if (next == "--" && blanks == 0) {
    state_ = State::kDone;
    return Step::kAgain;
  }
  if (next != "\r\n") return Step::kBad;
  // The line's end stays, so that an empty head ends with an empty line too.
  buffer_.erase(0, blanks);
  state_ = State::kHead;
  return Step::kAgain;
}

MultipartParser::Step MultipartParser::read_head() {
  const size_t end = buffer_.find(kEndOfHead);
  if (end == std::string::npos) {
    return buffer_.size() > kMaxHeadBytes + kEndOfHead.size() ? Step::kBad : Step::kMore;
  }
  if (end > kMaxHeadBytes) return Step::kBad;
  Part part;
  bool named = false;
  std::string_view head = std::string_view(buffer_).substr(0, end);
  while (!head.empty()) {
    head.remove_prefix(2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size());
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Step::kBad;
    const std::string_view key = net::trim(line.substr(0, colon));
    const std::string_view value = net::trim(line.substr(colon + 1));
    if (net::equal_ignoring_case(key, "Content-Disposition")) {
      auto name = parse_parameter(value, "name");
      if (!name) return Step::kBad;
      named = true;
      part.name = std::move(*name);
    }
  }
  if (!named || !handler_.on_part(std::move(part))) return Step::kBad;
  buffer_.erase(0, end + kEndOfHead.size());
  state_ = State::kData;
  return Step::kAgain;
}

}  // namespace turms::storage
