#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string_view>

#include "sim/seeds.h"

namespace turms::sim {

namespace {
std::optional<uint64_t> g_seed;
std::optional<int> g_count;
}  // namespace

void set_seed(uint64_t seed) {
  g_seed = seed;
}
void set_seed_count(int count) {
  g_count = count;
}

std::vector<uint64_t> seeds(int count) {
  if (g_seed) return {*g_seed};
  std::vector<uint64_t> all;
  for (int i = 1; i <= g_count.value_or(count); ++i) all.push_back(static_cast<uint64_t>(i));
  return all;
}

std::string replay_hint(uint64_t seed) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("seed {} (again: sim_tests --gtest_filter={}.{} --seed={})", seed,
                     test->test_suite_name(), test->name(), seed);
}

}  // namespace turms::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const char* seed = std::getenv("TURMS_SIM_SEED")) {
    turms::sim::set_seed(std::strtoull(seed, nullptr, 10));
  }
  if (const char* count = std::getenv("TURMS_SIM_SEEDS"); count != nullptr && *count != 0) {
    turms::sim::set_seed_count(std::atoi(count));
  }
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.starts_with("--seed=")) {
      turms::sim::set_seed(std::strtoull(argv[i] + 7, nullptr, 10));
    } else if (argument.starts_with("--seeds=")) {
      turms::sim::set_seed_count(std::atoi(argv[i] + 8));
    } else {
      fmt::print(stderr, "unknown argument {}: --seed=N, --seeds=N, or GoogleTest's\n", argument);
      return 2;
    }
  }
  return RUN_ALL_TESTS();
}
