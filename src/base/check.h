#pragma once

namespace turms {

/// Prints the place and the broken condition, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace turms

/// A broken invariant of ours: never bad input. On in every build.
#define TURMS_CHECK(condition)                               \
  do {                                                       \
    if (!(condition)) [[unlikely]] {                         \
      ::turms::check_failed(__FILE__, __LINE__, #condition); \
    }                                                        \
  } while (false)
