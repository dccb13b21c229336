#pragma once

#include "base/time.h"

namespace turms::im {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

}  // namespace turms::im
