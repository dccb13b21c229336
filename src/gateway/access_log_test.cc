#include "gateway/access_log.h"

#include <gtest/gtest.h>

namespace turms::gateway {
namespace {

TEST(AccessLog, ALineSaysWhoAskedForWhatAndWhatBecameOfIt) {
  Access access;
  access.trace_id = 0xab;
  access.request_id = 7;
  access.kind = 8;
  access.bytes = 120;
  access.date = WallTime{1'800'000'000'000};
  const net::Address remote = net::Address::parse("192.0.2.1", 4000).value();
  const Accessed done{1000, 31, 1500us};
  EXPECT_EQ(access_line(access, remote, done),
            "request|00000000000000ab||||192.0.2.1|7|create_message_request|120|1800000000000|1000|"
            "31|1.500");
  access.caller = im::Caller{UserId(5), im::DeviceType::kIos, 99};
  access.kind = 0;
  EXPECT_EQ(access_line(access, remote, done),
            "request|00000000000000ab|99|5|2|192.0.2.1|7||120|1800000000000|1000|31|1.500");
}

}  // namespace
}  // namespace turms::gateway
