#include "gateway/ldap/messages.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace turms::gateway::ldap {
namespace {

std::string digits(std::string_view bytes) {
  return hex(as_bytes(bytes));
}

// The bytes are those of ldap3 and pyasn1.

TEST(LdapMessages, Requests) {
  EXPECT_EQ(digits(bind_request(1, "cn=admin,dc=example,dc=com", "secret")),
            "302c0201016027020103041a636e3d61646d696e2c64633d6578616d706c652c64633d636f6d8006736563"
            "726574");
  // A number of two bytes, and lengths above 127.
  EXPECT_EQ(digits(bind_request(300, "x", std::string(130, 'y'))).substr(0, 40),
            "3081920202012c60818b02010304017880818279");
  Search search;
  search.base = "dc=example,dc=com";
  search.filter = *parse_filter("(uid=5)");
  search.size_limit = 2;
  EXPECT_EQ(digits(search_request(2, search)),
            "30380201026333041164633d6578616d706c652c64633d636f6d0a01020a01030201020201000101ff"
            "a308040375696404013530050403312e31");
  EXPECT_EQ(digits(unbind_request(7)), "30050201074200");
}

TEST(LdapMessages, Filters) {
  const std::pair<const char*, const char*> kFilters[] = {
      {"(uid=5)", "a3080403756964040135"},
      {"uid=5", "a3080403756964040135"},
      {"(&(objectClass=person)(uid=5))",
       "a021a315040b6f626a656374436c6173730406706572736f6ea3080403756964040135"},
      {"(|(a=1)(!(b=2)))", "a112a306040161040131a208a306040162040132"},
      {"(cn=*)", "8702636e"},
      {"(cn=a*b*c)", "a40f0402636e3009800161810162820163"},
      {"(cn=*b*)", "a4090402636e3003810162"},
      {"(a>=5)", "a506040161040135"},
      {"(a<=5)", "a606040161040135"},
      {"(a~=x)", "a806040161040178"},
      {"(userAccountControl:1.2.840.113556.1.4.803:=2)",
       "a92f8116312e322e3834302e3131333535362e312e342e3830338212757365724163636f756e74436f6e74726f"
       "6c830132"},
      {"(cn:dn:2.4.6.8.10:=Fred)", "a919810a322e342e362e382e31308202636e8304467265648401ff"},
      {"(cn:=Betty)", "a90b8202636e83054265747479"},
      {"(cn=Par\\28x\\2a\\5c)", "a30d0402636e040750617228782a5c"},
      {"(cn=)", "a3060402636e0400"},
  };
  for (const auto& [text, wanted] : kFilters) {
    const auto filter = parse_filter(text);
    ASSERT_TRUE(filter) << text << ": " << filter.error().message;
    EXPECT_EQ(digits(*filter), wanted) << text;
  }
}

TEST(LdapMessages, FiltersThatAreNone) {
  for (const char* text : {"", "(", "()", "(uid)", "(=5)", "(uid=5", "(uid=5))", "(uid=5)(uid=6)",
                           "(&)", "(!)", "(!(a=1)(b=2))", "(&(a=1)", "(uid=a(b)", "(uid=\\2)",
                           "(uid=\\zz)", "(:=x)", "(uid:dn=x)", "(u id=5)"}) {
    EXPECT_FALSE(parse_filter(text)) << text;
  }
  std::string deep = "(a=1)";
  for (int i = 1; i < kMaxFilterDepth; ++i) deep = "(!" + deep + ")";
  EXPECT_TRUE(parse_filter(deep));
  EXPECT_FALSE(parse_filter("(!" + deep + ")"));
}

TEST(LdapMessages, Responses) {
  const auto read = [](std::string_view text) { return parse_response(*from_hex(text)); };
  const auto bind = read("300e02010161090a0131040004026e6f");
  ASSERT_TRUE(bind);
  EXPECT_EQ(bind->kind, Response::Kind::kBind);
  EXPECT_EQ(bind->id, 1);
  EXPECT_EQ(bind->code, ResultCode::kInvalidCredentials);
  EXPECT_EQ(bind->diagnostic, "no");
  const auto entry = read("3019020102641404107569643d352c64633d6578616d706c653000");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->kind, Response::Kind::kEntry);
  EXPECT_EQ(entry->name, "uid=5,dc=example");
  const auto done = read("300c02010265070a010004000400");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->kind, Response::Kind::kDone);
  EXPECT_EQ(done->code, ResultCode::kSuccess);
  // Lengths may take more bytes than they need, as Active Directory writes them.
  const auto good = read("3084000000120201016184000000090a0131040004026e6f");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->code, ResultCode::kInvalidCredentials);
}

TEST(LdapMessages, ResponsesThatAreNone) {
  const Bytes whole = *from_hex("300e02010161090a0131040004026e6f");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_response(ByteView(whole).first(size))) << size;
  }
  EXPECT_EQ(message_size(whole), whole.size());
  EXPECT_EQ(message_size(ByteView(whole).first(1)), 0u);
  // An endless length, one of five bytes, one that is too much, and something else.
  for (const char* text : {"3080", "3085", "3084ffffffff", "3083040001", "0201"}) {
    EXPECT_FALSE(message_size(*from_hex(text))) << text;
  }
}

}  // namespace
}  // namespace turms::gateway::ldap
