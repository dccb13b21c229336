#include "storage/s3_store.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "storage/sigv4.h"

namespace turms::storage {
namespace {

// The example of the S3 API reference, "Authenticating Requests: Using Query Parameters".
constexpr WallTime kThen{1369353600000};  // 2013-05-24T00:00:00Z

AwsCredentials example() {
  return {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
}

TEST(SigV4Test, SignsAsTheReferenceDoes) {
  EXPECT_EQ(SigV4::stamp(kThen), "20130524T000000Z");
  EXPECT_EQ(SigV4(example()).presign("GET", "examplebucket.s3.amazonaws.com", "/test.txt", {},
                                     kThen, 86400),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
            "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
            "X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

class FixedClock final : public im::Clock {
 public:
  WallTime now() const override { return kThen; }
};

std::string value(const im::ResourceInfo& info, std::string_view name) {
  for (const auto& [key, text] : info) {
    if (key == name) return text;
  }
  return "";
}

TEST(S3StoreTest, GivesClientsFormsAndLinks) {
  net::Loop loop;
  const FixedClock clock;
  auto store = *S3Store::open({"https://s3.example.com/", "my-", example()}, loop, clock);
  const auto info = *store->upload_form({{im::ResourceType::kGroupProfilePicture, 5},
                                         "image/*",
                                         1,
                                         100,
                                         WallTime{kThen.unix_ms + 300'000}});
  EXPECT_EQ(value(info, "url"), "https://s3.example.com/my-group-profile-picture");
  EXPECT_EQ(value(info, "key"), "5");
  const auto policy = from_base64(value(info, "policy"));
  ASSERT_TRUE(policy);
  EXPECT_EQ(as_text(ByteView(*policy)),
            R"({"expiration":"2013-05-24T00:05:00.000Z","conditions":[)"
            R"({"bucket":"my-group-profile-picture"},{"key":"5"},)"
            R"(["starts-with","$Content-Type","image/"],["content-length-range",1,100],)"
            R"({"x-amz-algorithm":"AWS4-HMAC-SHA256"},)"
            R"({"x-amz-credential":"AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"},)"
            R"({"x-amz-date":"20130524T000000Z"}]})");
  EXPECT_EQ(value(info, "x-amz-signature").size(), 64U);

  im::DownloadTerms terms;
  terms.key = {im::ResourceType::kMessageAttachment, 7};
  terms.name = "a b.html";
  terms.media_type = "text/html";
  terms.expiration = WallTime{kThen.unix_ms + 300'000};
  const std::string url = value(*store->download_link(terms), "url");
  EXPECT_TRUE(url.starts_with("https://s3.example.com/my-message-attachment/7?")) << url;
  EXPECT_NE(url.find("X-Amz-Expires=300&"), std::string::npos);
  EXPECT_NE(
      url.find("response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27a%2520b"),
      std::string::npos)
      << url;
  EXPECT_NE(url.find("response-content-type=application%2Foctet-stream"), std::string::npos);
  // Nor is a picture opened as a page, whatever type it was given.
  terms = {};
  terms.key = {im::ResourceType::kUserProfilePicture, 7};
  EXPECT_NE(
      value(*store->download_link(terms), "url").find("response-content-disposition=attachment&"),
      std::string::npos);
}

TEST(S3StoreTest, WantsAHostAndNamesOfBuckets) {
  net::Loop loop;
  const FixedClock clock;
  for (const char* endpoint :
       {"", "s3.example.com", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a?b"}) {
    EXPECT_FALSE(S3Store::open({endpoint, "", example()}, loop, clock)) << endpoint;
  }
  for (const char* prefix : {"A", "a/", "a b", "\""}) {
    EXPECT_FALSE(S3Store::open({"https://a", prefix, example()}, loop, clock)) << prefix;
  }
}

}  // namespace
}  // namespace turms::storage
