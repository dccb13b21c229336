#pragma once

#include <set>
#include <string>
#include <vector>

#include "im/status.h"
#include "im/types.h"

namespace turms::im {

/// Names of attributes or settings that an operator lets clients keep.
class AllowedNames {
 public:
  /// With a '!' behind the name, what is kept under it does not change once it is there.
  explicit AllowedNames(const std::vector<std::string>& configured);

  void add(std::string name) { names_.insert(std::move(name)); }

  [[nodiscard]] bool is_immutable(const std::string& name) const {
    return immutable_.contains(name);
  }
  [[nodiscard]] const std::set<std::string>& immutable() const { return immutable_; }
  [[nodiscard]] std::vector<std::string> changeable() const;

  /// Takes values under other names out of `values`. Unless they are to be ignored, any is refused:
  /// 1102.
  [[nodiscard]] Outcome<None> filter(ValueMap& values, bool ignore_unknown) const;

 private:
  std::set<std::string> names_;
  std::set<std::string> immutable_;
};

}  // namespace turms::im
