#include <string_view>

#include "storage/picture_type.h"
#include "storage/thumbnail.h"
#include "tests/fuzz/check.h"

// A picture; whatever comes of it is a small JPEG.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto small = turms::storage::decode_thumbnail({data, size});
  if (small) {
    turms::fuzz::check(std::string_view(turms::storage::picture_type(*small)) == "image/jpeg");
  }
  return 0;
}
