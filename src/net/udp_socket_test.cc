#include "net/udp_socket.h"

#include <gtest/gtest.h>

#include <string>

#include "net/interfaces.h"
#include "net/poller.h"

namespace turms::net {
namespace {

/// Everything that arrives until `count` datagrams are there.
std::vector<std::pair<Address, std::string>> receive(UdpSocket& socket, size_t count) {
  Poller poller;
  poller.add(socket.fd(), 7, true, false);
  std::vector<std::pair<Address, std::string>> out;
  const TimePoint limit = monotonic_now() + 20s;
  while (out.size() < count && monotonic_now() < limit) {
    for (const auto& event : poller.wait(monotonic_now(), limit)) {
      EXPECT_EQ(event.tag, 7u);
      for (const ReceivedDatagram& datagram : socket.receive_batch()) {
        out.emplace_back(datagram.source, as_text(datagram.data));
      }
    }
  }
  return out;
}

Address loopback(bool v6) {
  return v6 ? *Address::parse("::1", 0) : Address::v4({127, 0, 0, 1}, 0);
}

class UdpSocketTest : public testing::TestWithParam<bool> {
 protected:
  UdpSocket a_ = std::move(*UdpSocket::bind(loopback(GetParam())));
  UdpSocket b_ = std::move(*UdpSocket::bind(loopback(GetParam())));
};
INSTANTIATE_TEST_SUITE_P(Families, UdpSocketTest, testing::Bool());

TEST_P(UdpSocketTest, SegmentsAndSinglesArriveWithTheirSource) {
  std::string segments;
  for (int i = 0; i < 10; ++i) segments += std::string(100, static_cast<char>('a' + i));
  segments += "short";
  const std::string single = "single";
  const OutgoingDatagrams messages[] = {
      {.destination = b_.local(), .data = as_bytes(segments), .segment_size = 100},
      {.destination = b_.local(), .data = as_bytes(single)},
      {.destination = b_.local(), .data = as_bytes(single), .segment_size = 100},
  };
  const auto outcome = a_.send_batch(messages);
  EXPECT_EQ(outcome.consumed, 3u);
  EXPECT_EQ(outcome.datagrams, 13u);
  EXPECT_EQ(outcome.failed, 0u);
  EXPECT_FALSE(outcome.blocked);
  const auto received = receive(b_, 13);
  ASSERT_EQ(received.size(), 13u);
  for (const auto& [source, text] : received) EXPECT_EQ(source, a_.local());
  for (size_t i = 0; i < 10; ++i)
    EXPECT_EQ(received[i].second, std::string(100, static_cast<char>('a' + i)));
  EXPECT_EQ(received[10].second, "short");
  EXPECT_EQ(received[11].second, "single");
  EXPECT_EQ(received[12].second, "single");
  EXPECT_TRUE(a_.segmentation());
}

TEST_P(UdpSocketTest, MoreMessagesThanOneSystemCallTakes) {
  std::vector<OutgoingDatagrams> messages(
      200, {.destination = b_.local(), .data = as_bytes("0123456789"), .segment_size = 5});
  const auto outcome = a_.send_batch(messages);
  EXPECT_EQ(outcome.consumed, 200u);
  EXPECT_EQ(receive(b_, 400).size(), 400u);
}

TEST_P(UdpSocketTest, TellsHowLongADatagramWaitedToBeRead) {
  // The kernel begins to stamp what arrives some time after the first socket asked for it.
  TimePoint sent;
  for (const TimePoint limit = monotonic_now() + 20s; monotonic_now() < limit;) {
    sent = monotonic_now();
    const OutgoingDatagrams message{.destination = b_.local(), .data = as_bytes("x")};
    EXPECT_EQ(a_.send_batch({&message, 1}).consumed, 1u);
    const TimePoint was_there = monotonic_now();
    while (monotonic_now() < was_there + 3ms) {
    }
    ASSERT_EQ(b_.receive_batch().size(), 1u);
    if (b_.waited() >= 3ms) break;
  }
  EXPECT_GE(b_.waited(), 3ms);
  EXPECT_LE(b_.waited(), monotonic_now() - sent);
  EXPECT_TRUE(b_.receive_batch().empty());
  EXPECT_EQ(b_.waited(), Duration{});
}

TEST_P(UdpSocketTest, LongerThanAnyMediaDatagramIsLeftOut) {
  const std::string large(UdpSocket::kMaxDatagram + 1, 'x');
  const OutgoingDatagrams messages[] = {
      {.destination = b_.local(), .data = as_bytes(large)},
      {.destination = b_.local(), .data = as_bytes("fits")},
  };
  EXPECT_EQ(a_.send_batch(messages).consumed, 2u);
  const auto received = receive(b_, 1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].second, "fits");
  EXPECT_EQ(b_.truncated(), 1u);
}

TEST_P(UdpSocketTest, WhatTheKernelRefusesIsCountedAndDoesNotStopTheRest) {
  // Too long for any datagram, and no segmentation asked for.
  const std::string impossible(66'000, 'x');
  const OutgoingDatagrams messages[] = {
      {.destination = b_.local(), .data = as_bytes(impossible)},
      {.destination = b_.local(), .data = as_bytes("after")},
  };
  const auto outcome = a_.send_batch(messages);
  EXPECT_EQ(outcome.consumed, 2u);
  EXPECT_EQ(outcome.failed, 1u);
  EXPECT_EQ(receive(b_, 1).at(0).second, "after");
}

TEST_P(UdpSocketTest, RefusedSegmentationFallsBackToSingles) {
  // The kernel refuses more than 128 segments (EINVAL): its refusal on old kernels looks the same.
  std::string data;
  for (int i = 0; i < 200; ++i) data += "0123456789";
  const std::vector<OutgoingDatagrams> messages(
      6, {.destination = b_.local(), .data = as_bytes(data), .segment_size = 10});
  const auto outcome = a_.send_batch(messages);
  EXPECT_EQ(outcome.consumed, 6u);
  EXPECT_EQ(outcome.datagrams, 1200u);
  EXPECT_FALSE(a_.segmentation());
  const auto received = receive(b_, 1200);
  ASSERT_EQ(received.size(), 1200u);
  EXPECT_EQ(received[1199].second, "0123456789");
}

TEST(UdpSocket, TakenPortIsReported) {
  const UdpSocket first = std::move(*UdpSocket::bind(loopback(false)));
  const auto second = UdpSocket::bind(first.local());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(UdpSocket, DualStackGivesPlainIpv4Addresses) {
  UdpSocket dual = std::move(*UdpSocket::bind(*Address::parse("::", 0)));
  UdpSocket four = std::move(*UdpSocket::bind(loopback(false)));
  const OutgoingDatagrams there[] = {
      {.destination = Address::v4({127, 0, 0, 1}, dual.local().port()), .data = as_bytes("x")}};
  EXPECT_EQ(four.send_batch(there).datagrams, 1u);
  const auto received = receive(dual, 1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].first, four.local());
  const OutgoingDatagrams back[] = {{.destination = received[0].first, .data = as_bytes("y")}};
  EXPECT_EQ(dual.send_batch(back).datagrams, 1u);
  EXPECT_EQ(receive(four, 1).at(0).second, "y");
}

class UdpSocketForAllAddresses : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, UdpSocketForAllAddresses, testing::Values("0.0.0.0", "::"));

TEST_P(UdpSocketForAllAddresses, AnswersFromTheAddressThatWasAsked) {
  UdpSocket server = std::move(*UdpSocket::bind(*Address::parse(GetParam(), 0)));
  UdpSocket client = std::move(*UdpSocket::bind(loopback(false)));
  const Address asked = Address::v4({127, 0, 0, 5}, server.local().port());
  const OutgoingDatagrams there[] = {{.destination = asked, .data = as_bytes("x")}};
  ASSERT_EQ(client.send_batch(there).datagrams, 1u);
  Address local;
  Poller poller;
  poller.add(server.fd(), 7, true, false);
  ASSERT_FALSE(poller.wait(monotonic_now(), monotonic_now() + 20s).empty());
  for (const ReceivedDatagram& datagram : server.receive_batch()) local = datagram.local;
  EXPECT_EQ(local, asked);
  for (const uint16_t segment : {uint16_t{0}, uint16_t{2}}) {
    const OutgoingDatagrams back[] = {{.destination = client.local(),
                                       .data = as_bytes("yyzz"),
                                       .segment_size = segment,
                                       .source = local}};
    EXPECT_EQ(server.send_batch(back).failed, 0u);
    for (const auto& [source, text] : receive(client, segment == 0 ? 1 : 2)) {
      EXPECT_EQ(source, asked);
    }
  }
}

TEST_P(UdpSocketForAllAddresses, ForThisMachineOnlyTakesWhatItSendsToAnyOfItsAddresses) {
  UdpSocket server =
      std::move(*UdpSocket::bind(*Address::parse(GetParam(), 0), {.this_machine_only = true}));
  UdpSocket client = std::move(*UdpSocket::bind(*Address::parse("0.0.0.0", 0)));
  const OutgoingDatagrams there[] = {
      {.destination = machine_address(true).with_port(server.local().port()),
       .data = as_bytes("x")}};
  ASSERT_EQ(client.send_batch(there).datagrams, 1u);
  EXPECT_EQ(receive(server, 1).size(), 1u);
}

}  // namespace
}  // namespace turms::net
