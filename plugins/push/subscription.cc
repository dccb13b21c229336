#include "subscription.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/encoding.h"

namespace turms::push {

namespace {

namespace json = boost::json;

std::unexpected<Error> wrong(const char* what) {
  return fail(ErrorCode::kInvalidArgument, what);
}

/// Empty when it is none that we go to.
std::string origin_of(std::string_view url) {
  const size_t begin = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (begin == 0 || url.size() > Subscription::kMaxEndpointBytes) return {};
  const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  const bool clean = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; });
  if (!clean || authority.empty() || authority.find('@') != authority.npos) return {};
  return std::string(url.substr(0, end));
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

template <size_t N>
bool read_key(std::string_view text, std::array<uint8_t, N>& out) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != N) return false;
  std::ranges::copy(*bytes, out.begin());
  return true;
}

}  // namespace

Result<Subscription> read_subscription(std::string_view text) {
  if (text.size() > Subscription::kMaxBytes) return wrong("a subscription that is too long");
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 8;
  const json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return wrong("a subscription that is no JSON object");
  const json::object& object = value.get_object();
  Subscription subscription;
  subscription.endpoint = text_of(object, "endpoint");
  subscription.origin = origin_of(subscription.endpoint);
  if (subscription.origin.empty()) return wrong("a subscription without an endpoint");
  const json::value* keys = object.if_contains("keys");
  if (keys == nullptr || !keys->is_object() ||
      !read_key(text_of(keys->get_object(), "p256dh"), subscription.public_key) ||
      !read_key(text_of(keys->get_object(), "auth"), subscription.auth) ||
      subscription.public_key[0] != 4) {
    return wrong("a subscription without its keys");
  }
  return subscription;
}

}  // namespace turms::push
