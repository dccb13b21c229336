#pragma once

#include <vector>

namespace turms::bench {

/// User and system time of a process so far.
double cpu_seconds(int pid);
/// Resident memory of a process.
double resident_kib(int pid);

/// `p` in [0, 1]; reorders the values. 0 when there are none.
double percentile(std::vector<float>& values, double p);

}  // namespace turms::bench
