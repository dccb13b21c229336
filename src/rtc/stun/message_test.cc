#include "rtc/stun/message.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rtc/demultiplexer.h"

namespace turms::rtc::stun {
namespace {

// RFC 5769 sections 2.1 to 2.3.
constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
constexpr std::string_view kRequest =
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf";
constexpr std::string_view kResponseV4 =
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96";
constexpr std::string_view kResponseV6 =
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c";

TEST(StunVectors, Request) {
  const Bytes bytes = *from_hex(kRequest);
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), Class::kRequest);
  EXPECT_EQ(message->method(), kBindingMethod);
  EXPECT_EQ(hex(message->transaction_id()), "b7e7a701bc34d686fa87dfae");
  EXPECT_EQ(message->username(), "evtj:h6vY");
  EXPECT_EQ(message->priority(), 0x6e0001ffu);
  EXPECT_EQ(message->ice_controlled(), 0x932ff9b151263b36u);
  EXPECT_FALSE(message->ice_controlling());
  EXPECT_FALSE(message->use_candidate());
  EXPECT_TRUE(message->unknown_required().empty());
  EXPECT_TRUE(message->verify_integrity(kPassword));
  EXPECT_FALSE(message->verify_integrity("VOkJxbRl1RmTxUk/WvJxBT"));
  EXPECT_EQ(local_ufrag(bytes), "evtj");
}

TEST(StunVectors, ResponseWithIpv4) {
  const Bytes bytes = *from_hex(kResponseV4);
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), Class::kSuccess);
  EXPECT_EQ(message->mapped_address(), TransportAddress::ipv4(192, 0, 2, 1, 32853));
  EXPECT_TRUE(message->verify_integrity(kPassword));
  EXPECT_EQ(local_ufrag(bytes), "");
}

TEST(StunVectors, ResponseWithIpv6) {
  const Bytes bytes = *from_hex(kResponseV6);
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->mapped_address(),
            TransportAddress::ipv6({0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78, 0x00, 0x11,
                                    0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
                                   32853));
  EXPECT_TRUE(message->verify_integrity(kPassword));
}

TEST(StunMessage, EveryTruncationAndEveryFlippedBitIsRefused) {
  for (std::string_view vector : {kRequest, kResponseV4, kResponseV6}) {
    const Bytes bytes = *from_hex(vector);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_FALSE(Message::parse(cut)) << size;
      Bytes with_length = cut;  // the same with a header that claims the shorter length
      if (size >= kHeaderSize) {
        store_be16(&with_length[2], static_cast<uint16_t>(size - kHeaderSize));
        if (const auto message = Message::parse(with_length)) {
          // A cut between attributes in front of FINGERPRINT is well formed, and not authentic.
          EXPECT_TRUE(size % 4 == 0 && !message->verify_integrity("x")) << size;
        }
      }
    }
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      const auto message = Message::parse(flipped);
      // FINGERPRINT finds every flip but those that make it part of another attribute: its own
      // header, or a length that swallows the rest. Those of the first kind leave the rest
      // authentic.
      const bool in_fingerprint = bit / 8 >= bytes.size() - 8;
      EXPECT_TRUE(!message || in_fingerprint || !message->verify_integrity(kPassword)) << bit;
    }
  }
}

TEST(StunMessage, BuildsARequestThatParsesBack) {
  std::array<uint8_t, kMaxBuiltSize> buffer;
  const TransactionId id{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const ByteView bytes = Builder(buffer, Class::kRequest, id)
                             .username("remote", "local1")
                             .priority(77)
                             .use_candidate()
                             .ice_controlling(0x0102030405060708)
                             .finish("a password of some length");
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), Class::kRequest);
  EXPECT_EQ(message->transaction_id(), id);
  EXPECT_EQ(message->username(), "remote:local1");
  EXPECT_EQ(message->priority(), 77u);
  EXPECT_TRUE(message->use_candidate());
  EXPECT_EQ(message->ice_controlling(), 0x0102030405060708u);
  EXPECT_TRUE(message->verify_integrity("a password of some length"));
  EXPECT_EQ(local_ufrag(bytes), "remote");
}

TEST(StunMessage, BuildsResponses) {
  const TransactionId id{9, 8, 7};
  const auto v6 = TransportAddress::ipv6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, 1);
  for (const auto& address : {TransportAddress::ipv4(10, 0, 255, 1, 65535), v6}) {
    std::array<uint8_t, kMaxBuiltSize> buffer;
    const ByteView bytes =
        Builder(buffer, Class::kSuccess, id).xor_mapped_address(address).finish("secret");
    const auto message = Message::parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->message_class(), Class::kSuccess);
    EXPECT_EQ(message->mapped_address(), address);
    EXPECT_TRUE(message->verify_integrity("secret"));
  }
  std::array<uint8_t, kMaxBuiltSize> buffer;
  const std::array<uint16_t, 2> unknown{0x7001, 0x7002};
  const ByteView bytes = Builder(buffer, Class::kError, id)
                             .error_code(ErrorCode::kUnknownAttribute)
                             .unknown_attributes(unknown)
                             .finish({});
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), Class::kError);
  EXPECT_EQ(message->error_code(), 420);
  EXPECT_FALSE(message->has_integrity());
  EXPECT_FALSE(message->verify_integrity(""));
}

TEST(StunMessage, AnyBufferTooSmallBuildsNothing) {
  std::array<uint8_t, kMaxBuiltSize> buffer;
  const auto build = [&](size_t size) {
    return Builder(MutableByteView(buffer).first(size), Class::kRequest, {})
        .username("aaaa", "bbbb")
        .priority(1)
        .xor_mapped_address(TransportAddress::ipv4(1, 2, 3, 4, 5))
        .finish("password");
  };
  const size_t needed = build(buffer.size()).size();
  ASSERT_GT(needed, 0u);
  for (size_t size = 0; size < needed; ++size) EXPECT_TRUE(build(size).empty()) << size;
  EXPECT_EQ(build(needed).size(), needed);
}

Bytes with_attribute(uint16_t type, std::string_view value_hex) {
  const Bytes value = *from_hex(value_hex);
  Bytes bytes = *from_hex("000100002112a442000000000000000000000000");
  bytes.resize(kHeaderSize + 4 + (value.size() + 3) / 4 * 4);
  store_be16(&bytes[2], static_cast<uint16_t>(bytes.size() - kHeaderSize));
  store_be16(&bytes[20], type);
  store_be16(&bytes[22], static_cast<uint16_t>(value.size()));
  std::copy(value.begin(), value.end(), bytes.begin() + 24);
  return bytes;
}

TEST(StunMessage, AttributeValuesAreChecked) {
  struct Case {
    uint16_t type;
    std::string_view value;
    bool good;
  };
  const Case cases[] = {
      {0x0024, "00000001", true},
      {0x0024, "000001", false},
      {0x0024, "0000000100", false},
      {0x0025, "", true},
      {0x0025, "00", false},
      {0x8029, "0000000000000001", true},
      {0x8029, "00000001", false},
      {0x802a, "00000000000000", false},
      {0x0020, "0001a147e112a643", true},
      {0x0020, "0003a147e112a643", false},  // no such family
      {0x0020, "0002a147e112a643", false},  // IPv6 with the length of IPv4
      {0x0020, "0001a147e112a64300", false},
      {0x0020, "0001", false},
      {0x0001, "0001", false},
      {0x0009, "00000401", true},
      {0x0009, "00000201", false},  // below 300
      {0x0009, "00000464", false},  // number above 99
      {0x0009, "000004", false},
      {0x000a, "70017002", true},
      {0x000a, "700170", false},
      {0x0008, "00", false},        // MESSAGE-INTEGRITY of another length
      {0x8028, "0000", false},      // FINGERPRINT of another length
      {0x8028, "00000000", false},  // and with a wrong value
      {0xc057, "0000000a", true},   // unknown, may be ignored
  };
  for (const Case& c : cases) {
    const Bytes bytes = with_attribute(c.type, c.value);
    EXPECT_EQ(Message::parse(bytes).has_value(), c.good) << c.type << " " << c.value;
  }
}

TEST(StunMessage, UnknownAttributesThatMustBeUnderstoodAreListed) {
  const Bytes bytes = with_attribute(0x7123, "00");
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->unknown_required().size(), 1u);
  EXPECT_EQ(message->unknown_required()[0], 0x7123);
}

TEST(StunMessage, WhatFollowsTheIntegrityIsIgnored) {
  std::array<uint8_t, kMaxBuiltSize> buffer;
  const size_t size = Builder(buffer, Class::kRequest, {}).priority(1).finish("password").size();
  Bytes bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size) - 8);
  const Bytes appended = *from_hex("0025000000060003613a6200");
  bytes.insert(bytes.end(), appended.begin(), appended.end());
  store_be16(&bytes[2], static_cast<uint16_t>(bytes.size() - kHeaderSize));
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->use_candidate());
  EXPECT_FALSE(message->username());
  EXPECT_TRUE(message->verify_integrity("password"));
}

TEST(StunMessage, LocalUfragOfOthersIsEmpty) {
  EXPECT_EQ(local_ufrag({}), "");
  EXPECT_EQ(local_ufrag(with_attribute(0x0006, "616263")), "");  // no colon
  EXPECT_EQ(local_ufrag(with_attribute(0x0006, "3a616263")), "");
  EXPECT_EQ(local_ufrag(with_attribute(0x0006, "61623a63")), "ab");
}

TEST(Demultiplexer, FirstBytes) {
  struct Case {
    int first;
    int last;
    DatagramKind kind;
  };
  const Case cases[] = {
      {0, 3, DatagramKind::kStun},    {4, 19, DatagramKind::kUnknown},
      {20, 63, DatagramKind::kDtls},  {64, 127, DatagramKind::kUnknown},
      {128, 191, DatagramKind::kRtp}, {192, 255, DatagramKind::kUnknown},
  };
  for (const Case& c : cases) {
    for (int byte = c.first; byte <= c.last; ++byte) {
      const uint8_t datagram[] = {static_cast<uint8_t>(byte), 96};
      EXPECT_EQ(classify(datagram), c.kind) << byte;
    }
  }
  for (int type = 0; type < 256; ++type) {
    const uint8_t datagram[] = {0x80, static_cast<uint8_t>(type)};
    EXPECT_EQ(classify(datagram),
              type >= 192 && type <= 223 ? DatagramKind::kRtcp : DatagramKind::kRtp);
  }
  const uint8_t one[] = {0x80};
  EXPECT_EQ(classify(one), DatagramKind::kUnknown);
  EXPECT_EQ(classify({}), DatagramKind::kUnknown);
}

}  // namespace
}  // namespace turms::rtc::stun
