#include "bench/im_load/client.h"

#include <fmt/core.h>

#include <cstdlib>

#include "bench/im_load/turms_client.h"
#include "bench/im_load/xmpp_client.h"

namespace turms::im_load {
namespace {

constexpr size_t kTextSize = 200;
constexpr std::string_view kMark = "sent-at=";
constexpr size_t kDigits = 16;

int64_t hexadecimal(std::string_view digits) {
  return static_cast<int64_t>(std::strtoull(std::string(digits).c_str(), nullptr, 16));
}

}  // namespace

std::unique_ptr<Client> Client::make(const Role& role, Observer& observer) {
  if (role.protocol == Protocol::kXmpp) return std::make_unique<XmppClient>(role, observer);
  return std::make_unique<TurmsClient>(role, observer);
}

std::string Client::make_text(TimePoint now) const {
  std::string text = fmt::format("{}{:016x}{:016x}", kMark,
                                 static_cast<uint64_t>(now.time_since_epoch().count()), role_.user);
  text.resize(kTextSize, 'x');
  return text;
}

// Messages are found by their mark: parsing each would make this program the bottleneck.
bool Client::take_message(std::string_view frame) {
  const size_t mark = frame.size() > kTextSize ? frame.find(kMark) : std::string_view::npos;
  if (mark == std::string_view::npos) return false;
  const std::string_view digits = frame.substr(mark + kMark.size(), 2 * kDigits);
  observer_.on_message(hexadecimal(digits.substr(kDigits)), role_.user,
                       TimePoint(Duration(hexadecimal(digits.substr(0, kDigits)))));
  return true;
}

}  // namespace turms::im_load
