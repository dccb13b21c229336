#include "sender.h"

#include <fmt/core.h>

#include <utility>

#include "encryption.h"
#include "net/global_address.h"
#include "vapid.h"

namespace turms::push {

namespace {

constexpr Duration kTimeout = std::chrono::seconds(15);
/// An answer is its status; nobody reads more.
constexpr size_t kMaxAnswerBytes = 64 * 1024;

std::unique_ptr<net::HttpClient> make_client(net::Loop& loop, const Config& config) {
  net::HttpClientConfig client;
  client.max_requests = Sender::kMaxDeliveries;
  client.max_response_bytes = kMaxAnswerBytes;
  client.ca_file = config.ca_file;
  // Where to is what clients say: it must not lead into the operator's own network.
  if (!config.allow_private_addresses) client.allows = net::is_global;
  return net::HttpClient::create(loop, std::move(client));
}

}  // namespace

Sender::Sender(net::Loop& loop, const Config& config, Events events)
    : loop_(loop),
      config_(config),
      events_(std::move(events)),
      client_(make_client(loop, config)) {}

void Sender::send(const Missed& missed) {
  if (config_.vapid_key) {
    for (const auto& [name, value] : missed.subscriptions) send_web_push(missed, name, value);
  }
  if (!config_.endpoint_url.empty()) send_to_endpoint(missed);
}

void Sender::send_web_push(const Missed& missed, const std::string& name,
                           const std::string& value) {
  auto subscription = read_subscription(value);
  // It may be one for the endpoint.
  if (!subscription) return;
  const bool secure = subscription->endpoint.starts_with("https://");
  if (!secure && !config_.allow_private_addresses) return;
  const std::string text = notification_json(missed, config_.preview_bytes);
  auto body = encrypt(as_bytes(text), subscription->public_key, subscription->auth);
  if (!body) return events_.gone(missed.user_id, name, value);
  auto authorization = vapid_authorization(*config_.vapid_key, subscription->origin,
                                           config_.vapid_subject, wall_now());
  if (!authorization) return events_.log(TURMS_LOG_ERROR, authorization.error().message);
  auto delivery = std::make_shared<Delivery>();
  delivery->user_id = missed.user_id;
  delivery->name = name;
  delivery->value = value;
  net::HttpClientRequest& request = delivery->request;
  request.method = "POST";
  request.url = subscription->endpoint;
  request.headers.set("Authorization", std::move(*authorization));
  request.headers.set("Content-Encoding", "aes128gcm");
  request.headers.set("Content-Type", "application/octet-stream");
  request.headers.set("TTL", std::to_string(to_ms(config_.ttl) / 1000));
  request.headers.set("Urgency", missed.mentioned || missed.group_id == 0 ? "high" : "normal");
  request.body = std::string(as_text(*body));
  begin(std::move(delivery));
}

void Sender::send_to_endpoint(const Missed& missed) {
  auto delivery = std::make_shared<Delivery>();
  delivery->user_id = missed.user_id;
  net::HttpClientRequest& request = delivery->request;
  request.method = "POST";
  request.url = config_.endpoint_url;
  request.body = endpoint_json(missed, config_.preview_bytes);
  request.headers.set("Content-Type", "application/json");
  // The same in each attempt.
  request.headers.set("X-Turms-Delivery", fmt::format("{}-{}", missed.message_id, missed.user_id));
  begin(std::move(delivery));
}

void Sender::begin(std::shared_ptr<Delivery> delivery) {
  if (under_way_ >= kMaxDeliveries) {
    // Each thousandth, so that the log is not what drowns.
    if (dropped_++ % 1000 == 0) {
      events_.log(TURMS_LOG_WARN, fmt::format("too much waits to be sent: {} dropped", dropped_));
    }
    return;
  }
  ++under_way_;
  attempt(delivery);
}

void Sender::attempt(const std::shared_ptr<Delivery>& delivery) {
  ++delivery->attempt;
  net::HttpClientRequest request = delivery->request;
  request.timeout = kTimeout;
  if (delivery->name.empty()) {
    const int64_t now = wall_now().unix_ms / 1000;
    request.headers.set("X-Turms-Timestamp", std::to_string(now));
    request.headers.set("X-Turms-Signature",
                        "v1=" + signature(config_.endpoint_secret, now, request.body));
  }
  client_->request(std::move(request), [this, delivery](const Result<net::HttpResponse>& answer) {
    answered(delivery, answer);
  });
}

void Sender::answered(const std::shared_ptr<Delivery>& delivery,
                      const Result<net::HttpResponse>& answer) {
  // The client goes, and everything with it.
  if (!answer && answer.error().code == ErrorCode::kCancelled) return;
  const int status = answer ? answer->status : 0;
  const std::string retry_after =
      answer ? std::string(answer->headers.get("Retry-After").value_or("")) : std::string();
  Next next = next_of(status, retry_after, delivery->attempt, wall_now());
  const bool never = !answer && (answer.error().code == ErrorCode::kPermissionDenied ||
                                 answer.error().code == ErrorCode::kInvalidArgument);
  if (never) next.kind = Next::kDrop;
  if (next.kind == Next::kRetry) {
    (void)loop_.after(next.delay, [this, delivery] { attempt(delivery); });
    return;
  }
  --under_way_;
  const bool subscription = !delivery->name.empty();
  if (next.kind == Next::kGone && subscription) {
    return events_.gone(delivery->user_id, delivery->name, delivery->value);
  }
  if (next.kind == Next::kDone) return;
  // Without the URL of a subscription, which is a secret of its own.
  const std::string why = answer ? fmt::format("status {}", status) : answer.error().message;
  events_.log(TURMS_LOG_WARN, fmt::format("not delivered to {} of user {}: {}",
                                          subscription ? "a subscription" : "the endpoint",
                                          delivery->user_id, why));
}

}  // namespace turms::push
