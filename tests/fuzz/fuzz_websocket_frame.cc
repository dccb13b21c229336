// Frame headers from WebSocket clients.
#include <algorithm>
#include <array>

#include "net/websocket_frames.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::net::websocket;
  const ByteView input(data, size);
  for (const bool compression : {false, true}) {
    FrameHeader header;
    const ParseOutcome outcome = parse_client_frame(input, compression, header);
    // What comes later changes no decision, and only a whole header gives one that stands.
    for (size_t part = 0; part < std::min<size_t>(size, 14); ++part) {
      FrameHeader earlier;
      const ParseOutcome sooner = parse_client_frame(input.first(part), compression, earlier);
      fuzz::check(sooner == ParseOutcome::kNeedMore || sooner == outcome);
    }
    if (outcome != ParseOutcome::kComplete) continue;
    fuzz::check(header.header_size >= 6 && header.header_size <= 14 && header.header_size <= size);
    fuzz::check(!header.control() || (header.fin && header.payload_size <= 125));
    fuzz::check(compression || !header.compressed);
    // A length has one form: ours is as long as theirs without the mask.
    std::array<uint8_t, kMaxHeader> written;
    const size_t written_size =
        write_server_header(written.data(), header.opcode, header.payload_size, header.compressed);
    fuzz::check(written_size + 4 == header.header_size);

    const ByteView masked = input.subspan(header.header_size);
    Bytes payload(masked.begin(), masked.end());
    unmask(payload, header.mask);
    unmask(payload, header.mask);
    fuzz::check(std::equal(payload.begin(), payload.end(), masked.begin(), masked.end()));
  }
  return 0;
}
