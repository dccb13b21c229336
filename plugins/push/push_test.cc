// The examples of RFC 8188 (section 3) and RFC 8291 (section 5, appendix A), and what the plugin
// makes of subscriptions and answers.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/jwt_keys.h"
#include "delivery.h"
#include "encryption.h"
#include "subscription.h"
#include "vapid.h"

namespace turms::push {
namespace {

Bytes decoded(std::string_view text) {
  auto bytes = from_base64(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Bytes());
}
Salt salt_of(std::string_view text) {
  Salt salt{};
  std::ranges::copy(decoded(text), salt.begin());
  return salt;
}

TEST(ContentCoding, EncodesTheExamplesOfTheRfc) {
  ContentCoding one;
  one.salt = salt_of("I1BsxtFttlv3u_Oo94xnmw");
  const auto single = encode(as_bytes("I am the walrus"), decoded("yqdlZ-tYemfogSmv7Ws5PQ"), one);
  ASSERT_TRUE(single);
  EXPECT_EQ(base64url(*single),
            "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");

  ContentCoding two;
  two.salt = salt_of("uNCkWiNYzKTnBN9ji3-qWA");
  two.record_size = 25;
  two.key_id = {'a', '1'};
  two.padding = 1;
  const auto several = encode(as_bytes("I am the walrus"), decoded("BO3ZVPxUlnLORbVGMpbT1Q"), two);
  ASSERT_TRUE(several);
  EXPECT_EQ(
      base64url(*several),
      "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz"
      "3SsLWIqS_uA");
}

TEST(ContentCoding, NeedsRoomForData) {
  ContentCoding coding;
  coding.record_size = 17;
  EXPECT_FALSE(encode(as_bytes("a"), Bytes(16), coding));
  coding.record_size = 18;
  EXPECT_TRUE(encode(as_bytes("abc"), Bytes(16), coding));
  coding.padding = 1;
  EXPECT_FALSE(encode(as_bytes("abc"), Bytes(16), coding));
}

TEST(WebPush, EncryptsTheExampleOfTheRfc) {
  const auto sender = P256Key::from_raw(
      decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
      decoded(
          "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7"
          "A8"));
  ASSERT_TRUE(sender);
  const auto message = encrypt(
      as_bytes("When I grow up, I want to be a watermelon"),
      decoded(
          "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAi"
          "w4"),
      decoded("BTBZMqHH6r4Tts7J_aSIgg"), *sender, salt_of("DGv6ra1nlYgDCS1FRnbzlw"));
  ASSERT_TRUE(message);
  EXPECT_EQ(
      base64url(*message),
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
      "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
      "gSxsj_Qulcy4a-fN");
}

TEST(WebPush, IsOneRecordThatPushServicesTake) {
  const auto receiver = P256Key::generate();
  ASSERT_TRUE(receiver);
  const Bytes auth(16, 7);
  const auto message = encrypt(Bytes(kMaxPlaintext, 'x'), receiver->public_key(), auth);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->size(), 4096u);
  EXPECT_FALSE(encrypt(Bytes(kMaxPlaintext + 1), receiver->public_key(), auth));
  const auto again = encrypt(Bytes(kMaxPlaintext, 'x'), receiver->public_key(), auth);
  EXPECT_NE(*message, *again) << "a new key and salt each time";
  Bytes off_the_curve(receiver->public_key().begin(), receiver->public_key().end());
  off_the_curve[64] ^= 1;
  EXPECT_FALSE(encrypt(Bytes(1), off_the_curve, auth));
}

TEST(Vapid, SignsWhatPushServicesVerify) {
  const auto key = P256Key::generate();
  ASSERT_TRUE(key);
  const WallTime now{1'700'000'000'000};
  const auto header =
      vapid_authorization(*key, "https://push.example.net", "mailto:a@example.com", now);
  ASSERT_TRUE(header);
  ASSERT_TRUE(header->starts_with("vapid t="));
  const size_t comma = header->find(", k=");
  ASSERT_NE(comma, std::string::npos);
  EXPECT_EQ(header->substr(comma + 4), base64url(key->public_key()));
  const Bytes point(key->public_key().begin(), key->public_key().end());
  const std::string x = base64url(ByteView(point).subspan(1, 32));
  const std::string y = base64url(ByteView(point).subspan(33, 32));
  jwt::Keys keys;
  ASSERT_TRUE(keys.add_key_set(R"({"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","x":")" + x +
                               R"(","y":")" + y + R"("}]})"));
  const auto claims = keys.verify(header->substr(8, comma - 8));
  ASSERT_TRUE(claims);
  const auto object = boost::json::parse(*claims).as_object();
  EXPECT_EQ(object.at("aud"), "https://push.example.net");
  EXPECT_EQ(object.at("sub"), "mailto:a@example.com");
  EXPECT_EQ(object.at("exp"), 1'700'000'000 + 12 * 3600);
}

TEST(Vapid, KeysArePemOfTheRightCurve) {
  const auto key = P256Key::generate();
  const auto again = P256Key::from_pem(*key->pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key->public_key());
  EXPECT_FALSE(P256Key::from_pem("nothing"));
  EXPECT_FALSE(P256Key::from_pem(
      "-----BEGIN PRIVATE "
      "KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
      "-----END PRIVATE KEY-----\n"))
      << "Ed25519";
}

constexpr std::string_view kKeys =
    R"("keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"})";

std::string with_endpoint(const std::string& endpoint) {
  return R"({"endpoint":")" + endpoint + R"(","expirationTime":null,)" + std::string(kKeys) + "}";
}

TEST(Subscription, IsWhatABrowserSays) {
  const auto good = read_subscription(with_endpoint("https://push.example.net:8443/send/abc?d=e"));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->endpoint, "https://push.example.net:8443/send/abc?d=e");
  EXPECT_EQ(good->origin, "https://push.example.net:8443");
  EXPECT_EQ(good->public_key[0], 4);
  EXPECT_EQ(base64url(good->auth), "BTBZMqHH6r4Tts7J_aSIgg");
  for (const char* endpoint : {"", "ftp://a/b", "https://", "https:///x", "https://u@h/",
                               "https://a b/", "javascript:alert(1)", "https://h/\\n"}) {
    EXPECT_FALSE(read_subscription(with_endpoint(endpoint))) << endpoint;
  }
  EXPECT_FALSE(read_subscription(with_endpoint("https://h/" + std::string(2048, 'x'))));
  EXPECT_FALSE(read_subscription(""));
  EXPECT_FALSE(read_subscription("[]"));
  EXPECT_FALSE(read_subscription(R"({"endpoint":"https://h/"})"));
  EXPECT_FALSE(
      read_subscription(R"({"endpoint":"https://h/","keys":{"p256dh":"BA","auth":"AA"}})"));
  EXPECT_FALSE(read_subscription(std::string(5000, ' ')));
}

TEST(Delivery, SaysWhatHappened) {
  Missed missed;
  missed.user_id = 2;
  missed.message_id = 9'007'199'254'740'993;
  missed.sender_id = 1;
  missed.sender_name = "Ann";
  missed.text = "h\xc3\xa9llo";
  missed.unread_count = 3;
  missed.subscriptions = {{"push.a", "x"}};
  auto object = boost::json::parse(notification_json(missed, 100)).as_object();
  EXPECT_EQ(object.at("messageId"), "9007199254740993");
  EXPECT_EQ(object.at("senderName"), "Ann");
  EXPECT_EQ(object.at("text"), "h\xc3\xa9llo");
  EXPECT_EQ(object.at("unreadCount"), 3);
  EXPECT_FALSE(object.contains("groupId"));
  EXPECT_FALSE(object.contains("subscriptions"));
  object = boost::json::parse(notification_json(missed, 2)).as_object();
  EXPECT_EQ(object.at("text"), "h") << "never half a character";
  object = boost::json::parse(notification_json(missed, 0)).as_object();
  EXPECT_FALSE(object.contains("text"));
  missed.group_id = 7;
  object = boost::json::parse(endpoint_json(missed, 100)).as_object();
  EXPECT_EQ(object.at("groupId"), "7");
  EXPECT_EQ(object.at("userId"), "2");
  EXPECT_EQ(object.at("subscriptions").at("push.a"), "x");
  // The longest of all fits into a push message.
  missed.sender_name = missed.group_name = std::string(1000, '"');
  missed.text = std::string(3000, '\1');
  EXPECT_LE(notification_json(missed, 2000).size(), kMaxPlaintext);
}

TEST(Delivery, IsSignedWithItsTime) {
  const std::string expected = hex(hmac_sha256(as_bytes("secret"), as_bytes("17.{}")));
  EXPECT_EQ(signature("secret", 17, "{}"), expected);
}

TEST(Delivery, IsTriedAgainWhenThatMayHelp) {
  constexpr WallTime kNow{1'792'567'660'000};  // 07:27:40
  EXPECT_EQ(next_of(201, "", 1, kNow).kind, Next::kDone);
  EXPECT_EQ(next_of(404, "", 1, kNow).kind, Next::kGone);
  EXPECT_EQ(next_of(410, "", 1, kNow).kind, Next::kGone);
  for (const int status : {301, 400, 401, 403, 413}) {
    EXPECT_EQ(next_of(status, "", 1, kNow).kind, Next::kDrop) << status;
  }
  for (const int status : {0, 408, 429, 500, 503}) {
    EXPECT_EQ(next_of(status, "", 1, kNow).kind, Next::kRetry) << status;
    EXPECT_EQ(next_of(status, "", kMaxAttempts, kNow).kind, Next::kDrop) << status;
  }
  EXPECT_EQ(next_of(503, "", 1, kNow).delay, std::chrono::seconds(2));
  EXPECT_EQ(next_of(503, "", 4, kNow).delay, std::chrono::seconds(128));
  EXPECT_EQ(next_of(429, "7", 1, kNow).delay, std::chrono::seconds(7));
  EXPECT_EQ(next_of(429, "0", 1, kNow).delay, Duration::zero());
  EXPECT_EQ(next_of(429, "999999999999", 1, kNow).delay, kMaxDelay);
  EXPECT_EQ(next_of(429, "Wed, 21 Oct 2026 07:28:00 GMT", 1, kNow).delay, std::chrono::seconds(20));
  EXPECT_EQ(next_of(429, "Wednesday, 21-Oct-26 07:28:00 GMT", 1, kNow).delay,
            std::chrono::seconds(20));
  EXPECT_EQ(next_of(429, "Wed Oct 21 07:28:00 2026", 1, kNow).delay, std::chrono::seconds(20));
  EXPECT_EQ(next_of(429, "Wed, 21 Oct 2026 07:27:00 GMT", 1, kNow).delay, Duration::zero());
  EXPECT_EQ(next_of(429, "Thu, 21 Oct 2027 07:28:00 GMT", 1, kNow).delay, kMaxDelay);
  for (const char* nonsense : {"Wed, 21 Oct 2026 07:28:00", "Wed, 21 Oct 2026 07:28:00 CET",
                               "Wed, 32 Oct 2026 07:28:00 GMT", "soon"}) {
    EXPECT_EQ(next_of(429, nonsense, 1, kNow).delay, std::chrono::seconds(2)) << nonsense;
  }
  EXPECT_EQ(next_of(429, "-5", 1, kNow).delay, std::chrono::seconds(2));
}

}  // namespace
}  // namespace turms::push
