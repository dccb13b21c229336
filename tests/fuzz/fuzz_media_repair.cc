// Files that a process left behind, in whatever state, and the notes about them: repaired, they can
// be repaired again and are then as before.
#include "base/bytes.h"
#include "record/ebml.h"
#include "record/media_file.h"
#include "record/ogg_page.h"
#include "record/record_testing.h"
#include "record/sidecar.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::record;
  if (size == 0) return 0;
  const auto container = static_cast<Container>(data[0] % 3);
  const ByteView rest(data + 1, size - 1);
  MemoryFile file(Bytes(rest.begin(), rest.end()));
  file.limit = 1 << 20;
  if (const auto repaired = repair(container, file)) {
    fuzz::check(repaired->cut <= rest.size());
    const auto again = repair(container, file);
    fuzz::check(again.has_value());
    fuzz::check(again->duration == repaired->duration);
  }
  (void)ebml::parse_element(rest);
  (void)ogg::parse_page(rest);
  if (const auto sidecar = parse_sidecar(as_text(rest))) {
    const std::string written = to_json(*sidecar);
    const auto again = parse_sidecar(written);
    fuzz::check(again.has_value());
    fuzz::check(to_json(*again) == written);
  }
  return 0;
}
