#pragma once

#include <cstdlib>

namespace turms::fuzz {

/// A property that must hold for every input: a violation is a finding.
inline void check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace turms::fuzz
