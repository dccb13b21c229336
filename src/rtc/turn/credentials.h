#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

/// Credentials of the embedded TURN server, limited in time: the form of
/// draft-uberti-behave-turn-rest (USERNAME carries the expiry, the password is an HMAC of it), so
/// that nothing is stored between minting and use.
namespace turms::rtc::turn {

/// Drawn once per process and given to whoever mints or verifies.
using Secret = std::array<uint8_t, 32>;

/// What a USERNAME says: `expiry:worker:user`, the expiry in seconds of this process' monotonic
/// time line, so that a change of the machine's clock expires nothing.
struct Username {
  TimePoint expiry{};
  uint32_t worker = 0;    // which worker carries the user's room, and so the allocation
  std::string_view user;  // whom the quota is counted for; view into the text that was parsed

  static Result<Username> parse(std::string_view text);
};

struct Credentials {
  std::string username;
  std::string password;
};

/// `user`: 1 to kMaxUser characters for instance a participant's sid.
inline constexpr size_t kMaxUser = 128;
Credentials mint(const Secret& secret, TimePoint expiry, uint32_t worker, std::string_view user);
/// The password that belongs to a USERNAME, whatever it says.
std::string password_of(const Secret& secret, std::string_view username);

/// The key of MESSAGE-INTEGRITY with long-term credentials: MD5(username:realm:password) (RFC 8489
/// section 9.2.2).
using LongTermKey = std::array<uint8_t, 16>;
LongTermKey long_term_key(std::string_view username, std::string_view realm,
                          std::string_view password);

}  // namespace turms::rtc::turn
