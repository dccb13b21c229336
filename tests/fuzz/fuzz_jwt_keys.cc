// Tokens and key sets of other services, and the policies in their claims.
#include "base/bytes.h"
#include "base/jwt_keys.h"
#include "gateway/authentication/permissions.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const std::string_view input = as_text(ByteView(data, size));
  static const jwt::Keys secret = [] {
    jwt::Keys keys;
    (void)keys.add_secret(jwt::Algorithm::kHs256, std::string(32, 's'));
    return keys;
  }();
  (void)secret.verify(input);
  jwt::Keys keys;
  if (const auto added = keys.add_key_set(input)) fuzz::check(keys.empty() == (*added == 0));
  (void)jwt::Keys().add_pem(jwt::Algorithm::kRs256, input);
  (void)jwt::is_current(input, 1'800'000'000, 0);
  (void)gateway::has_members(input, {{"authenticated", "true"}});
  if (const auto permissions = gateway::read_permissions(input)) (void)permissions->allows(8);
  return 0;
}
