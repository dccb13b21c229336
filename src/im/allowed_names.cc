#include "im/allowed_names.h"

#include <algorithm>
#include <iterator>

namespace turms::im {

AllowedNames::AllowedNames(const std::vector<std::string>& configured) {
  for (std::string name : configured) {
    if (name.ends_with('!')) {
      name.pop_back();
      immutable_.insert(name);
    }
    names_.insert(std::move(name));
  }
}

std::vector<std::string> AllowedNames::changeable() const {
  std::vector<std::string> names;
  std::ranges::set_difference(names_, immutable_, std::back_inserter(names));
  return names;
}

Outcome<None> AllowedNames::filter(ValueMap& values, bool ignore_unknown) const {
  const size_t unknown =
      std::erase_if(values, [&](const auto& value) { return !names_.contains(value.first); });
  if (unknown > 0 && !ignore_unknown) {
    return refuse(Code::kIllegalArgument, "an attribute or setting is not allowed");
  }
  return None{};
}

}  // namespace turms::im
