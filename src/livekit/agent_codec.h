#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "livekit/agent_types.h"
#include "livekit/signal_codec.h"

/// Messages between the server and agent workers, to and from the wire: protobuf in binary frames,
/// protobuf's JSON in text frames.
namespace turms::livekit {

/// kInvalidArgument when the bytes are no WorkerMessage, or name a job type that does not exist.
Result<WorkerMessage> decode_worker_message(Encoding encoding, ByteView data);
std::string encode_message_to_worker(Encoding encoding, const MessageToWorker& message);

}  // namespace turms::livekit
