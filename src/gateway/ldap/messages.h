#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

// LDAP v3 (RFC 4511) in BER (X.690), as much as authentication needs: bind with a password, search
// for names of entries, unbind. Sans-IO.

namespace turms::gateway::ldap {

/// RFC 4511 appendix A.
enum class ResultCode : int32_t {
  kSuccess = 0,
  kSizeLimitExceeded = 4,
  kInvalidCredentials = 49,
  kBusy = 51,
  kUnavailable = 52,
};

std::string bind_request(int32_t id, std::string_view name, std::string_view password);

struct Search {
  /// The subtree below it, itself included.
  std::string base;
  /// As parse_filter() gives it.
  std::string filter;
  int32_t size_limit = 0;
  int32_t time_limit_seconds = 0;
};
/// Without attributes; aliases are followed.
std::string search_request(int32_t id, const Search& search);

std::string unbind_request(int32_t id);

/// A filter as it is written (RFC 4515), encoded: "(&(objectClass=person)(uid=5))"; the outermost
/// parentheses may be missing. kInvalidArgument says where it is wrong.
Result<std::string> parse_filter(std::string_view text);

/// Of a filter, in levels of parentheses.
inline constexpr int kMaxFilterDepth = 16;

struct Response {
  enum class Kind : uint8_t {
    kBind,
    kEntry,
    kDone,
    /// Another server that may know more. It is not asked.
    kReference,
    /// Anything else; with id 0 a notice that the server closes the connection.
    kOther,
  };
  int32_t id = 0;
  Kind kind = Kind::kOther;
  /// Of kBind and kDone.
  ResultCode code = ResultCode::kSuccess;
  std::string diagnostic;
  /// Of kEntry.
  std::string name;
};

/// A server that says more at once is not believed.
inline constexpr size_t kMaxMessage = 256 * 1024;

/// How many bytes the message at the beginning takes; 0: more are needed to say. kInvalidArgument
/// for what is no message, or one of more than kMaxMessage.
Result<size_t> message_size(ByteView bytes);
/// A whole one.
Result<Response> parse_response(ByteView message);

}  // namespace turms::gateway::ldap
