#pragma once

#include <string>

#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Memory-hard hashing, off the control thread. kUnavailable when too many wait, or the requester
/// does not any more.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  virtual Stored<std::string> hash(std::string password) = 0;
  struct Verdict {
    bool matches = false;
    /// Made with weaker parameters than today's: hash the password anew.
    bool outdated = false;
  };
  virtual Stored<Verdict> verify(std::string password, std::string hash,
                                 HashRequester requester) = 0;
};

}  // namespace turms::im
