#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace turms::net {
namespace {

using Outcome = ProxyHeader::Outcome;

Bytes bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

constexpr std::string_view kSignature = "0d0a0d0a000d0a515549540a";

Bytes binary(std::string_view rest) {
  return *from_hex(std::string(kSignature) + std::string(rest));
}

void expect_source(const Bytes& header, std::string_view source) {
  for (size_t size = 0; size < header.size(); ++size) {
    EXPECT_EQ(parse_proxy_header(ByteView(header).first(size)).outcome, Outcome::kNeedMore) << size;
  }
  Bytes with_more = header;
  with_more.push_back('G');
  const ProxyHeader parsed = parse_proxy_header(with_more);
  ASSERT_EQ(parsed.outcome, Outcome::kComplete) << as_text(header);
  EXPECT_EQ(parsed.size, header.size());
  EXPECT_EQ(parsed.source ? parsed.source->to_string() : "", source);
}

TEST(ProxyProtocol, ReadsLines) {
  expect_source(bytes("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), "192.0.2.1:56324");
  expect_source(bytes("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"), "[2001:db8::1]:1");
  expect_source(bytes("PROXY UNKNOWN\r\n"), "");
  expect_source(bytes("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "");
  for (const char* wrong :
       {"PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", "PROXY TCP4 example.org 192.0.2.2 1 2\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY \r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"}) {
    EXPECT_EQ(parse_proxy_header(bytes(wrong)).outcome, Outcome::kInvalid) << wrong;
  }
  for (const char* other : {"GET / HTTP/1.1\r\n", "PROXX", "\x16\x03\x01"}) {
    EXPECT_EQ(parse_proxy_header(bytes(other)).outcome, Outcome::kAbsent) << other;
  }
  const std::string endless = "PROXY UNKNOWN " + std::string(200, 'x');
  EXPECT_EQ(parse_proxy_header(bytes(endless).size() > 0 ? bytes(endless) : Bytes()).outcome,
            Outcome::kInvalid);
}

TEST(ProxyProtocol, ReadsBinary) {
  expect_source(binary("2111000c"
                       "c0000201"
                       "c0000202"
                       "dc0401bb"),
                "192.0.2.1:56324");
  expect_source(binary("21210024"
                       "20010db8000000000000000000000001"
                       "20010db8000000000000000000000002"
                       "dc0401bb"),
                "[2001:db8::1]:56324");
  // With extensions behind the addresses, which are skipped.
  expect_source(binary("21110010"
                       "c0000201"
                       "c0000202"
                       "dc0401bb"
                       "04000100"),
                "192.0.2.1:56324");
  expect_source(binary("20000000"), "");  // LOCAL
  expect_source(binary("20110004"
                       "01020304"),
                "");                      // LOCAL, whatever is in it
  expect_source(binary("21000000"), "");  // PROXY of an unspecified family
  for (const char* wrong :
       {"11110000", "22110000", "2111000b0000000000000000000000", "21210000", "2111ffff"}) {
    EXPECT_EQ(parse_proxy_header(binary(wrong)).outcome, Outcome::kInvalid) << wrong;
  }
  EXPECT_EQ(parse_proxy_header(bytes("\r\nGET / HTTP/1.1")).outcome, Outcome::kAbsent);
}

}  // namespace
}  // namespace turms::net
