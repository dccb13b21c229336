#include "rtc/sdp/testdata_testing.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"

namespace turms::rtc::sdp {

std::string testdata(std::string_view name) {
  std::filesystem::path place = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (;;) {
    std::filesystem::path path = place / "src/rtc/sdp/testdata" / name;
    if (std::filesystem::exists(path)) {
      std::ifstream file(path, std::ios::binary);
      return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    TURMS_CHECK(place.has_relative_path());
    place = place.parent_path();
  }
}

}  // namespace turms::rtc::sdp
