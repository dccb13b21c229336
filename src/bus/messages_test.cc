#include "bus/messages.h"

#include <gtest/gtest.h>

namespace turms::bus {
namespace {

constexpr Hello kFrom{7, 0x1122334455667788};

im::Caller session_of(int64_t user, int64_t session) {
  im::Caller caller;
  caller.user_id = UserId(user);
  caller.session_id = session;
  return caller;
}

im::Envelope an_envelope(int recipients) {
  im::Envelope envelope;
  std::vector<UserId> ids;
  for (int id = 1; id <= recipients; ++id) ids.emplace_back(id);
  envelope.recipients = im::recipients_of(std::move(ids));
  envelope.caller_id = UserId(99);
  envelope.except = session_of(99, (7LL << 32) | 5);
  envelope.extensions_only = true;
  envelope.payload = std::make_shared<const std::string>("payload");
  envelope.addition = std::make_shared<const std::string>("more");
  return envelope;
}

TEST(BusMessages, AnEnvelopeComesBackAsItWas) {
  const auto messages = encode(kFrom, an_envelope(3), 1000);
  ASSERT_EQ(messages.size(), 1u);
  const auto message = decode_message(messages[0]);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->from, kFrom);
  const auto& envelope = std::get<im::Envelope>(message->content);
  EXPECT_EQ(*envelope.recipients, (std::vector<UserId>{UserId(1), UserId(2), UserId(3)}));
  EXPECT_EQ(envelope.caller_id, UserId(99));
  EXPECT_EQ(envelope.except->session_id, (7LL << 32) | 5);
  EXPECT_TRUE(envelope.extensions_only);
  EXPECT_EQ(*envelope.payload, "payload");
  EXPECT_EQ(*envelope.addition, "more");
}

TEST(BusMessages, RecipientsThatDoNotFitGoIntoFurtherOnes) {
  const auto one = encode(kFrom, an_envelope(100), 1'000'000);
  ASSERT_EQ(one.size(), 1u);
  const auto exactly = encode(kFrom, an_envelope(100), one[0].size());
  EXPECT_EQ(exactly.size(), 1u);
  const auto two = encode(kFrom, an_envelope(100), one[0].size() - 1);
  ASSERT_EQ(two.size(), 2u);
  std::vector<UserId> all;
  for (const Bytes& bytes : two) {
    EXPECT_LE(bytes.size(), one[0].size() - 1);
    const auto message = decode_message(bytes);
    ASSERT_TRUE(message);
    const auto& part = *std::get<im::Envelope>(message->content).recipients;
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_EQ(all, *an_envelope(100).recipients);
}

TEST(BusMessages, APayloadThatDoesNotFitIsNoMessage) {
  EXPECT_TRUE(encode(kFrom, an_envelope(1), 20).empty());
  im::Envelope nobody = an_envelope(0);
  const auto one = encode(kFrom, nobody, 1000);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(encode(kFrom, nobody, one[0].size()).size(), 1u);
  EXPECT_TRUE(encode(kFrom, nobody, one[0].size() - 1).empty());
}

TEST(BusMessages, AnOrderComesBackAsItWas) {
  im::DisconnectOrder order;
  order.user_id = UserId(4);
  order.device_types = {im::DeviceType::kBrowser, im::DeviceType::kUnknown};
  order.close_status = 500;
  order.except = session_of(4, 12);
  order.password_version = 3;
  order.code = -1;
  const auto message = decode_message(encode(kFrom, order));
  ASSERT_TRUE(message);
  const auto& read = std::get<im::DisconnectOrder>(message->content);
  EXPECT_EQ(read.user_id, UserId(4));
  EXPECT_EQ(read.device_types, order.device_types);
  EXPECT_EQ(read.close_status, 500);
  EXPECT_EQ(read.except->session_id, 12);
  EXPECT_EQ(read.password_version, 3);
  EXPECT_EQ(read.code, -1);
}

TEST(BusMessages, WhatIsCutOffOrFollowedOrOfAnotherVersionIsNotRead) {
  const auto messages = encode(kFrom, an_envelope(2), 1000);
  Bytes bytes = messages[0];
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_message(ByteView(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(decode_message(bytes));
  bytes.pop_back();
  bytes[0] = 2;
  EXPECT_FALSE(decode_message(bytes));
  EXPECT_FALSE(decode_message(encode(kFrom)));
  EXPECT_FALSE(decode_hello(messages[0]));
  Bytes presence = encode(NodePresence{1, im::UserStatus::kBusy, {5}, {im::DeviceType::kIos}});
  ASSERT_TRUE(decode_presence(presence));
  presence.back() = 99;
  EXPECT_FALSE(decode_presence(presence));
}

}  // namespace
}  // namespace turms::bus
