#pragma once

#include "base/metrics.h"
#include "base/time.h"

namespace turms::gateway {

/// Why something a client sent, or a client, was turned away.
enum class Rejection {
  kFrameLength,
  kFrameTooLarge,
  kMalformedRequest,
  kUnknownKind,
  kRequestId,
  kNoSession,
  kInvisibleName,
  kTooFrequent,
  kSignInFailed,
  kSignInThrottled,
  kSignInTimeout,
  kIdleTimeout,
  kSlowReceiver,
  kNotAllowed,
  kBlocked,
  kOverloaded,
};

/// Counted in turms_gateway_rejections_total{reason}.
void count(Rejection rejection);

/// Counted in turms_gateway_requests_total{kind}; `kind` is a number of TurmsRequest.
void count_request(int kind);
/// In turms_gateway_request_seconds{kind}: from when its turn came until its answer.
void observe_request(int kind, Duration took);

struct GatewayMetrics {
  Metric& connections;
  Metric& sessions;
  Metric& notifications;  // deliveries of pushes, one per receiving session
};
GatewayMetrics& gateway_metrics();

}  // namespace turms::gateway
