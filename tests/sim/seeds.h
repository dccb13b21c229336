#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace turms::sim {

/// Which seeds the tests over many seeds run: 1 to `count`, unless --seed=N or TURMS_SIM_SEED asks
/// for one, or --seeds=N or TURMS_SIM_SEEDS for another count.
std::vector<uint64_t> seeds(int count);

/// "seed 7 (again with: sim_tests --gtest_filter=… --seed=7)"
std::string replay_hint(uint64_t seed);

void set_seed(uint64_t seed);
void set_seed_count(int count);

}  // namespace turms::sim
