#pragma once

namespace turms::im {

/// Proof that somebody asked whether this change is allowed. Every changing call of a repository
/// wants one, and only Rights makes one, so a new operation that forgets its rights check does not
/// compile.
class Permit {
 private:
  friend class Rights;
  Permit() = default;
};

}  // namespace turms::im
