#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What searches for names, of users and of groups, have in common.

namespace turms::im {

/// What of a ranked list is asked for: kDefaultLimit without a limit, kMaxLimit at most.
struct NamePage {
  std::optional<int32_t> skip;
  std::optional<int32_t> limit;

  static constexpr int32_t kMaxLimit = 100;
  static constexpr int32_t kDefaultLimit = 10;

  [[nodiscard]] bool is_valid() const { return skip.value_or(0) >= 0 && limit.value_or(1) >= 1; }
  /// Of what was found, only those `among` these (ascending), where there are any.
  template <class Id>
  std::vector<Id> of(std::vector<Id> found, const std::vector<Id>& among) const {
    if (!among.empty()) {
      std::erase_if(found, [&](Id id) { return !std::ranges::binary_search(among, id); });
    }
    const size_t from = std::min(static_cast<size_t>(skip.value_or(0)), found.size());
    const auto most = static_cast<size_t>(std::min(limit.value_or(kDefaultLimit), kMaxLimit));
    const size_t count = std::min(most, found.size() - from);
    const auto begin = found.begin() + static_cast<ptrdiff_t>(from);
    return {begin, begin + static_cast<ptrdiff_t>(count)};
  }
};

/// The name with the first place of `text`, as it is compared (fold), between U+0002 and U+0003.
/// Characters are folded one by one, which finds all but what folds over their bounds.
std::string highlight(const std::string& name, const std::string& text);

}  // namespace turms::im
