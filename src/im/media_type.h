#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace turms::im {

/// "type/subtype" (RFC 9110 section 8.3.1) in lower case, without parameters.
struct MediaType {
  std::string type;
  std::string subtype;

  /// "*/*" and "image/*" too. Nothing when it is no media type; parameters are left out.
  static std::optional<MediaType> parse(std::string_view text);

  [[nodiscard]] bool is_concrete() const { return type != "*" && subtype != "*"; }
  /// This one may be a range: "image/*" includes "image/png".
  [[nodiscard]] bool includes(const MediaType& other) const;
  [[nodiscard]] std::string to_string() const { return type + "/" + subtype; }
};

}  // namespace turms::im
