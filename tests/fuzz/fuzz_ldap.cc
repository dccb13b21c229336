#include <string>

#include "base/bytes.h"
#include "gateway/ldap/messages.h"
#include "tests/fuzz/check.h"

// A directory's answers, and filters of a configuration.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ldap = turms::gateway::ldap;
  const turms::ByteView bytes(data, size);
  if (const auto whole = ldap::message_size(bytes)) {
    turms::fuzz::check(*whole <= ldap::kMaxMessage);
    if (*whole > 0 && *whole <= size) (void)ldap::parse_response(bytes.first(*whole));
  }
  if (const auto response = ldap::parse_response(bytes)) {
    turms::fuzz::check(response->id >= 0 && response->name.size() <= size);
  }
  if (const auto filter = ldap::parse_filter(turms::as_text(bytes))) {
    // What it makes is well formed, so it is the size of one element.
    turms::fuzz::check(filter->size() >= 2);
    ldap::Search search;
    search.filter = *filter;
    const std::string request = ldap::search_request(1, search);
    const auto made = ldap::message_size(turms::as_bytes(request));
    turms::fuzz::check(!made || *made == request.size());
  }
  return 0;
}
