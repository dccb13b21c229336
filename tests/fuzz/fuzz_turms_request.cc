// What a client sends on the Turms ports: the length-prefixed stream, the header of each request,
// its body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/frame.h"
#include "gateway/proto.h"
#include "gateway/request_header.h"
#include "turms/request.pb.h"

namespace {

using namespace turms;
using namespace turms::gateway;

void check(bool condition) {
  if (!condition) std::abort();
}

void one_request(ByteView message) {
  const RequestHeader header = read_request_header(message);
  if (header.problem != RequestHeader::Problem::kNone) return;
  proto::TurmsRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) return;
  // The cheap look and the full parse must not disagree on what is asked and how it is answered.
  check(request.request_id() == header.request_id);
  check(static_cast<int32_t>(request.kind_case()) == header.kind);
  proto::TurmsRequest relayed;
  check(relayed.ParseFromString(request.SerializeAsString()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMaxRequest = 16 * 1024;
  const ByteView input(data, size);
  one_request(input);
  ByteView rest = input;
  for (;;) {
    const Frame frame = read_frame(rest, kMaxRequest);
    if (frame.status != FrameStatus::kComplete) break;
    check(frame.consumed > 0 && frame.consumed <= rest.size());
    one_request(frame.message);
    std::string framed;
    append_frame_length(framed, frame.message.size());
    check(framed.size() <= frame.consumed);
    rest = rest.subspan(frame.consumed);
  }
  return 0;
}
