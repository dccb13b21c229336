#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/shared_bytes.h"

namespace turms::net {

/// In the order sent; names compare without case; a name may occur more than once.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces all of that name.
  void set(std::string name, std::string value);
  /// The first of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
  /// A header whose value is a list may come in several lines, which mean one line with commas (RFC
  /// 9110 section 5.3). Empty when there is none.
  [[nodiscard]] std::string combined(std::string_view name) const;
  /// Whether a list header has this token, whichever of its lines it is in.
  [[nodiscard]] bool lists(std::string_view name, std::string_view token) const;

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// What a server's handler gets.
struct HttpRequest {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent: "/a%20b?x=1"
  std::string path;    // percent-decoded: "/a b"
  /// Decoded (also + as space), in the order sent.
  std::vector<std::pair<std::string, std::string>> query;
  HttpHeaders headers;
  std::string body;
  Address remote;

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
    return headers.get(name);
  }
  /// The first of that name.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

/// What a server's handler answers, and what a client's request gets.
struct HttpResponse {
  int status = 200;
  /// Content-Length, Connection and Date are written by the server.
  HttpHeaders headers;
  std::string body;
  /// Used when not empty, in place of `body`.
  SharedBytes shared_body;

  static HttpResponse text(int status, std::string body);
  static HttpResponse json(int status, std::string body);
};

/// Percent-decoding (RFC 3986 section 2.1); nothing when an escape is cut or no hex.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// "a=1&b=2", decoded; pairs with a bad escape are left out.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace turms::net
