#include "net/stream_classifier.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace turms::net {
namespace {

const std::string kCookieAndId = "2112a442" + std::string(24, '0');

Bytes stun(uint16_t type, size_t body) {
  Bytes message = *from_hex("00000000" + kCookieAndId);
  store_be16(message.data(), type);
  store_be16(&message[2], static_cast<uint16_t>(body));
  message.resize(20 + body);
  return message;
}

Bytes framed(Bytes message) {
  Bytes frame(2);
  store_be16(frame.data(), static_cast<uint16_t>(message.size()));
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

/// What each beginning of `data` is told to be: needs more up to `known` bytes,
/// then `kind`.
void expect(const Bytes& data, size_t known, FirstBytes kind) {
  for (size_t size = 0; size <= data.size(); ++size) {
    EXPECT_EQ(classify_first_bytes(ByteView(data).first(size)),
              size < known ? FirstBytes::kNeedMore : kind)
        << hex(data) << " at " << size;
  }
}

Bytes text(std::string_view value) {
  const ByteView bytes = as_bytes(value);
  return {bytes.begin(), bytes.end()};
}

TEST(StreamClassifier, TellsByTheFirstBytes) {
  expect(text("GET / HTTP/1.1\r\n"), 3, FirstBytes::kHttp);
  expect(text("OPTIONS *"), 3, FirstBytes::kHttp);
  expect(text("\r\nGET /"), 1, FirstBytes::kHttp);
  expect(*from_hex("160301020001"), 2, FirstBytes::kTls);
  expect(framed(stun(0x0001, 0)), 22, FirstBytes::kIce);
  expect(framed(stun(0x0001, 88)), 110, FirstBytes::kIce);
  expect(stun(0x0003, 8), 28, FirstBytes::kTurn);
  expect(stun(0x0001, 0), 20, FirstBytes::kTurn);
  // The frame's length looks like a type of STUN: 0x0001 and 0x0003 are too
  // short for a message.
  Bytes twice = framed(stun(0x0001, 0));
  const Bytes more = framed(stun(0x0001, 4));
  twice.insert(twice.end(), more.begin(), more.end());
  EXPECT_EQ(classify_first_bytes(twice), FirstBytes::kIce);
}

TEST(StreamClassifier, RefusesTheRest) {
  expect(*from_hex("1602"), 2, FirstBytes::kUnknown);
  expect(text("Get /"), 2, FirstBytes::kUnknown);
  expect(text("SSH-2.0"), 3,
         FirstBytes::kHttp);  // which the HTTP parser refuses
  expect(*from_hex("80"), 1, FirstBytes::kUnknown);
  expect(*from_hex("0d"), 1, FirstBytes::kHttp);
  expect(Bytes(40), 20, FirstBytes::kUnknown);
  expect(stun(0x0101, 0), 20, FirstBytes::kUnknown);  // a response
  expect(framed(stun(0x0101, 0)), 20, FirstBytes::kUnknown);
  Bytes wrong = framed(stun(0x0001, 8));
  wrong[1] = 24;  // more or less than the message
  expect(wrong, 20, FirstBytes::kUnknown);
  expect(stun(0x0003, kMaxFirstMessage), 20, FirstBytes::kUnknown);
  expect(framed(stun(0x0001, kMaxFirstMessage)), 20, FirstBytes::kUnknown);
}

}  // namespace
}  // namespace turms::net
