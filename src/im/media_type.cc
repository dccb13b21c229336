#include "im/media_type.h"

#include <algorithm>

namespace turms::im {
namespace {

// RFC 9110 section 5.6.2.
bool is_token_character(char c) {
  const bool alphanumeric =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::optional<std::string> token(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, is_token_character)) return std::nullopt;
  // A range is a star and nothing else.
  if (text.size() > 1 && text.find('*') != std::string_view::npos) return std::nullopt;
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::optional<MediaType> MediaType::parse(std::string_view text) {
  text = text.substr(0, text.find(';'));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto type = token(text.substr(0, slash));
  auto subtype = token(text.substr(slash + 1));
  if (!type || !subtype || (*type == "*" && *subtype != "*")) return std::nullopt;
  return MediaType{std::move(*type), std::move(*subtype)};
}

bool MediaType::includes(const MediaType& other) const {
  return (type == "*" || type == other.type) && (subtype == "*" || subtype == other.subtype);
}

}  // namespace turms::im
