#include "net/forwarded.h"

#include <gtest/gtest.h>

namespace turms::net {
namespace {

Address ip(std::string_view text) {
  return *Address::parse(text, 0);
}

std::string joined(const std::vector<std::optional<Address>>& entries) {
  std::string out;
  for (const auto& entry : entries) {
    if (!out.empty()) out += ' ';
    out += entry ? entry->ip() : "-";
  }
  return out;
}

TEST(Networks, ContainTheirAddresses) {
  const struct {
    const char* network;
    const char* inside;
    const char* outside;
  } cases[] = {
      {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
      {"192.0.2.128/25", "192.0.2.200", "192.0.2.127"},
      {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
      {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
      {"0.0.0.0/0", "255.255.255.255", "::1"},
      {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
      {"::1", "::1", "::2"},
      {"::/0", "2001:db8::1", "192.0.2.1"},
      {"192.0.2.0/24", "::ffff:192.0.2.7", "::192.0.2.7"},
  };
  for (const auto& c : cases) {
    const auto network = Network::parse(c.network);
    ASSERT_TRUE(network) << c.network;
    EXPECT_TRUE(network->contains(ip(c.inside))) << c.network << " " << c.inside;
    EXPECT_FALSE(network->contains(ip(c.outside))) << c.network << " " << c.outside;
  }
  for (const char* wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                            "10.0.0.1/8", "2001:db8::1/32", "example.org", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(Network::parse(wrong)) << wrong;
  }
}

TEST(Forwarded, ReadsBothHeaders) {
  EXPECT_EQ(joined(parse_x_forwarded_for("192.0.2.1, 2001:db8::1,[2001:db8::2]:80 ,192.0.2.3:99")),
            "192.0.2.1 2001:db8::1 2001:db8::2 192.0.2.3");
  EXPECT_EQ(joined(parse_x_forwarded_for("unknown, , 192.0.2.1")), "- - 192.0.2.1");
  EXPECT_EQ(joined(parse_x_forwarded_for("")), "");
  EXPECT_EQ(joined(parse_forwarded("for=192.0.2.1;proto=https, For=\"[2001:db8::1]:4711\"")),
            "192.0.2.1 2001:db8::1");
  EXPECT_EQ(joined(parse_forwarded("by=192.0.2.9;for=_hidden, proto=http, for=unknown")), "- - -");
  EXPECT_EQ(joined(parse_forwarded("for=\"a,b;for=192.0.2.1\", for=192.0.2.2")), "- 192.0.2.2");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "192.0.2." + std::to_string(i) + ",";
  const auto entries = parse_x_forwarded_for(many);
  ASSERT_EQ(entries.size(), kMaxForwarded);
  EXPECT_EQ(entries.back()->ip(), "192.0.2.99");
}

TEST(TrustedProxies, BelieveProxiesAndNobodyElse) {
  const auto trusted = TrustedProxies::parse({"10.0.0.0/8", "::1"});
  ASSERT_TRUE(trusted);
  const auto client = [&](std::string_view peer, HttpHeaders headers) {
    return trusted->client_of(ip(peer).with_port(9), headers).to_string();
  };
  EXPECT_EQ(client("192.0.2.1", {{"X-Forwarded-For", "203.0.113.1"}}), "192.0.2.1:9");
  EXPECT_EQ(client("10.0.0.1", {}), "10.0.0.1:9");
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "203.0.113.1"}}), "203.0.113.1:0");
  // What the client itself wrote stands to the left of what the first proxy
  // appended.
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "127.0.0.1, 203.0.113.1, 10.0.0.2"}}),
            "203.0.113.1:0");
  EXPECT_EQ(
      client("10.0.0.1", {{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "203.0.113.1:77"}}),
      "203.0.113.1:77");
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "203.0.113.1, unknown, 10.0.0.2"}}),
            "10.0.0.2:0");
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "nonsense"}}), "10.0.0.1:9");
  EXPECT_EQ(client("::1", {{"Forwarded", "for=203.0.113.1"}, {"X-Forwarded-For", "192.0.2.9"}}),
            "203.0.113.1:0");
  EXPECT_FALSE(TrustedProxies::parse({"10.0.0.0/8", "x"}));
}

}  // namespace
}  // namespace turms::net
