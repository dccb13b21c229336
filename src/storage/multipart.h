#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace turms::storage {

/// Reads a form with a file (multipart/form-data, RFC 7578 and RFC 2046 section 5.1) in pieces as
/// they come. Holds no more than a delimiter, or the header of a part, of at most kMaxHeadBytes.
class MultipartParser {
 public:
  static constexpr size_t kMaxHeadBytes = 8 * 1024;
  static constexpr size_t kMaxBoundaryBytes = 70;

  struct Part {
    std::string name;
  };
  class Handler {
   public:
    /// False from any of them: the form is refused, and feed() says so.
    virtual bool on_part(Part part) = 0;
    virtual bool on_data(ByteView data) = 0;
    virtual bool on_part_end() = 0;

   protected:
    ~Handler() = default;
  };

  /// Of a Content-Type header; nothing when it is no form, or the boundary is none.
  static std::optional<std::string> parse_boundary(std::string_view content_type);

  MultipartParser(std::string_view boundary, Handler& handler);

  /// kInvalidArgument: no such form, or the handler refused. Then nothing more may be fed.
  Status feed(ByteView data);
  /// The closing delimiter was read; what comes behind it is ignored.
  [[nodiscard]] bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kPreamble, kDelimiter, kHead, kData, kDone };
  enum class Step { kMore, kAgain, kBad };

  Step step();
  Step look_for_delimiter();
  Step after_delimiter();
  Step read_head();

  Handler& handler_;
  const std::string delimiter_;
  State state_ = State::kPreamble;
  /// Received and not yet told.
  std::string buffer_;
};

/// A parameter of a header value like `form-data; name="a"`: the quotes taken off. Nothing when it
/// has none of this name.
std::optional<std::string> parse_parameter(std::string_view value, std::string_view name);

}  // namespace turms::storage
