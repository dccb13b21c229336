// Access tokens: the token as it comes, and claims of every shape behind a good signature.
#include "base/bytes.h"
#include "base/jwt.h"
#include "livekit/token.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const std::string_view input = as_text(ByteView(data, size));
  const livekit::ApiKeys keys{{"key", "secret"}};
  const WallTime now{1'800'000'000'000};
  // Nobody but us knows the secret.
  fuzz::check(!livekit::verify_token(input, keys, now) ||
              input.find('.') != std::string_view::npos);
  const auto grants = livekit::verify_token(jwt::sign(input, "secret"), keys, now);
  if (grants) {
    const std::string minted = livekit::mint_token(*grants, "secret", now, std::chrono::hours(1));
    const auto again = livekit::verify_token(minted, keys, now);
    fuzz::check(again.has_value());
    fuzz::check(again->identity == grants->identity);
  }
  return 0;
}
