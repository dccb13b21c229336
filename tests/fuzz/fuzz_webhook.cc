// Webhooks that reach the LiveKit plugin: the first line is the Authorization header, the rest the
// body.
#include <fmt/core.h>

#include <string>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/jwt.h"
#include "tests/fuzz/check.h"
#include "tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using livekit_plugin::verify_webhook;
  const std::string_view input = as_text(ByteView(data, size));
  const size_t line = input.find('\n');
  const std::string_view authorization = input.substr(0, line);
  const std::string_view body = line == input.npos ? "" : input.substr(line + 1);
  const WallTime now{1'800'000'000'000};
  // Nobody but the server knows the secret.
  fuzz::check(!verify_webhook(authorization, body, "key", "a secret nobody guesses", now));
  // Claims of any shape behind a good signature must not be taken for good ones by accident.
  (void)verify_webhook(jwt::sign(authorization, "secret"), body, "key", "secret", now);
  // A good token fits its own body and no other.
  const std::string token =
      jwt::sign(fmt::format(R"({{"iss":"key","exp":1800000300,"sha256":"{}"}})",
                            base64(sha256(as_bytes(body)))),
                "secret");
  fuzz::check(verify_webhook(token, body, "key", "secret", now).has_value());
  fuzz::check(!verify_webhook(token, std::string(body) + "x", "key", "secret", now));
  return 0;
}
