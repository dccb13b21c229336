#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace turms {

/// Bytes that do not change any more and that several connections may send without a copy: a
/// reference count and a view. Empty by default.
class SharedBytes {
 public:
  SharedBytes() = default;

  static SharedBytes of(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    const ByteView view = as_bytes(*owner);
    return SharedBytes(std::move(owner), view);
  }
  static SharedBytes of(Bytes bytes) {
    auto owner = std::make_shared<const Bytes>(std::move(bytes));
    const ByteView view(*owner);
    return SharedBytes(std::move(owner), view);
  }
  static SharedBytes copy_of(ByteView bytes) { return of(Bytes(bytes.begin(), bytes.end())); }
  /// For data that lives as long as the process, like files embedded in the program.
  static SharedBytes unowned(std::string_view text) { return SharedBytes(nullptr, as_bytes(text)); }

  [[nodiscard]] ByteView view() const { return view_; }
  [[nodiscard]] std::string_view text() const { return as_text(view_); }
  [[nodiscard]] size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }

 private:
  SharedBytes(std::shared_ptr<const void> owner, ByteView view)
      : owner_(std::move(owner)), view_(view) {}

  std::shared_ptr<const void> owner_;
  ByteView view_;
};

}  // namespace turms
