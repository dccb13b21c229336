#include "app/external_address.h"

#include <gtest/gtest.h>

#include "net/loop_core.h"
#include "net/udp_socket.h"
#include "rtc/stun/message.h"

namespace turms::app {
namespace {

/// A STUN server on the loopback device that says what the test wants.
class StunServer final : public net::FdHandler {
 public:
  StunServer(net::Loop& loop, int lose) : loop_(loop), lose_(lose) {
    watch_ = loop_.core().watch(socket_.fd(), this, true, false);
  }
  ~StunServer() override { loop_.core().unwatch(watch_); }

  void on_ready(const net::Poller::Event&) override {
    for (const net::ReceivedDatagram& datagram : socket_.receive_batch()) {
      const auto request = rtc::stun::Message::parse(datagram.data);
      ASSERT_TRUE(request);
      if (lose_-- > 0) continue;
      std::array<uint8_t, rtc::stun::kMaxBuiltSize> buffer;
      // Another answers first, to another question.
      rtc::stun::Builder other(buffer, rtc::stun::Class::kSuccess, {9, 9, 9});
      other.xor_mapped_address(rtc::TransportAddress::ipv4(10, 0, 0, 1, 1));
      reply(datagram.source, other.finish({}));
      rtc::stun::Builder builder(buffer, rtc::stun::Class::kSuccess, request->transaction_id());
      builder.xor_mapped_address(rtc::TransportAddress::ipv4(203, 0, 113, 7, 40000));
      reply(datagram.source, builder.finish({}));
    }
  }
  [[nodiscard]] std::string name() const {
    return "127.0.0.1:" + std::to_string(socket_.local().port());
  }

 private:
  void reply(const net::Address& to, ByteView data) {
    const net::OutgoingDatagrams out{.destination = to, .data = data};
    socket_.send_batch({&out, 1});
  }
  net::Loop& loop_;
  int lose_;
  net::UdpSocket socket_ = std::move(*net::UdpSocket::bind(net::Address::v4({127, 0, 0, 1}, 0)));
  net::LoopCore::Watch watch_;
};

TEST(ExternalAddress, IsWhatAServerSaysThoughSomeIsLost) {
  net::Loop loop;
  StunServer silent(loop, 1000);
  StunServer server(loop, 1);
  const auto address = external_address(loop, {silent.name(), server.name()}, 20s);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->to_string(), "203.0.113.7:0");
}

TEST(ExternalAddress, NobodyAnswers) {
  net::Loop loop;
  StunServer silent(loop, 1000);
  const auto address = external_address(loop, {silent.name()}, 10ms);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::kUnavailable);
}

TEST(ExternalAddress, HostsAndPorts) {
  const auto good = parse_host_and_port("stun.example.org:19302", 3478);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->host, "stun.example.org");
  EXPECT_EQ(good->port, 19302);
  EXPECT_EQ(parse_host_and_port("192.0.2.1", 3478)->port, 3478);
  for (const char* bad :
       {"", ":3478", "host:", "host:0", "host:65536", "host:x", "a b:1", "stun:h:1"}) {
    EXPECT_FALSE(parse_host_and_port(bad, 3478)) << bad;
  }
}

}  // namespace
}  // namespace turms::app
