#include "net/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "net/address.h"
#include "net/deadline.h"
#include "net/loop_core.h"
#include "net/tcp_stream.h"

namespace turms::net {
namespace {

constexpr Duration kLimit = 20s;

TEST(Address, TextBothWays) {
  struct Case {
    const char* text;
    const char* out;  // null: refused
  };
  const Case cases[] = {
      {"192.0.2.1:80", "192.0.2.1:80"},
      {"0.0.0.0:0", "0.0.0.0:0"},
      {"[::1]:65535", "[::1]:65535"},
      {"[2001:db8:0:0::1]:7", "[2001:db8::1]:7"},
      {"[::ffff:10.1.2.3]:9", "10.1.2.3:9"},
      {"192.0.2.1", nullptr},
      {"192.0.2.1:", nullptr},
      {"192.0.2.1:65536", nullptr},
      {"192.0.2.1:8x", nullptr},
      {"::1:80", nullptr},
      {"[192.0.2.1]:80", nullptr},
      {"localhost:80", nullptr},
      {"", nullptr},
  };
  for (const Case& c : cases) {
    const auto address = Address::parse(c.text);
    ASSERT_EQ(address.has_value(), c.out != nullptr) << c.text;
    if (c.out != nullptr) {
      EXPECT_EQ(address->to_string(), c.out);
    }
  }
  EXPECT_FALSE(Address::parse(std::string_view("192.0.2.1\0x:80", 14))) << "NUL";
  EXPECT_FALSE(Address::parse(std::string_view("::1\0", 4), 80)) << "NUL";
}

TEST(Address, SocketFormBothWays) {
  for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:7"}) {
    const Address address = *Address::parse(text);
    sockaddr_storage storage{};
    address.to_sockaddr(storage);
    EXPECT_EQ(Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage)), address);
    address.to_sockaddr(storage, true);
    EXPECT_EQ(storage.ss_family, AF_INET6);
    const Address back = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
    EXPECT_EQ(back, address);
    EXPECT_EQ(back.hash(), address.hash());
  }
}

TEST(Loop, RunsTimersInOrderOfTimeThenAge) {
  Loop loop;
  std::vector<int> order;
  loop.after(2ms, [&] { order.push_back(3); });
  loop.after(0ms, [&] { order.push_back(1); });
  loop.after(0ms, [&] { order.push_back(2); });
  const auto cancelled = loop.after(1ms, [&] { order.push_back(99); });
  loop.cancel(cancelled);
  ASSERT_TRUE(loop.run_until([&] { return order.size() == 3; }, kLimit));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Loop, ManyCancelledTimersDoNotPileUp) {
  Loop loop;
  bool fired = false;
  for (int i = 0; i < 100000; ++i) loop.cancel(loop.after(std::chrono::hours(1), [] {}));
  loop.after(0ms, [&] { fired = true; });
  EXPECT_TRUE(loop.run_until([&] { return fired; }, kLimit));
}

TEST(Loop, PostsFromManyThreadsAllArriveInOrderPerThread) {
  Loop loop;
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  std::vector<int> next(kThreads, 0);
  int total = 0;
  bool ordered = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop.post([&, t, i] {
          ordered = ordered && next[static_cast<size_t>(t)]++ == i;
          ++total;
        });
      }
    });
  }
  EXPECT_TRUE(loop.run_until([&] { return total == kThreads * kPosts; }, kLimit));
  EXPECT_TRUE(ordered);
  EXPECT_EQ(loop.posted(), 0u);
  for (std::thread& thread : threads) thread.join();
}

TEST(Loop, StopFromAnotherThreadAndRunAgain) {
  Loop loop;
  std::thread stopper([&] { loop.stop(); });
  loop.run();
  stopper.join();
  bool ran = false;
  loop.post([&] {
    ran = true;
    EXPECT_TRUE(loop.on_loop_thread());
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(loop.on_loop_thread());
}

TEST(Loop, DestroysWhatWaitsWhileItIsStillThere) {
  struct Owner {
    explicit Owner(Loop& loop) : timer(loop) {}
    Timer timer;
  };
  Loop loop;
  auto owner = std::make_shared<Owner>(loop);
  owner->timer.start(std::chrono::hours(1), [] {});
  loop.post([owner] {});
  loop.after(std::chrono::hours(1), [owner] {});
}

Task<void> sleeper(Loop& loop, bool& done) {
  co_await sleep(loop, 1ms);
  done = true;
}

TEST(Loop, SleepsInCoroutines) {
  Loop loop;
  bool done = false;
  spawn(sleeper(loop, done));
  EXPECT_FALSE(done);
  EXPECT_TRUE(loop.run_until([&] { return done; }, kLimit));
}

TEST(Loop, TerminationSignalBecomesACall) {
  Loop loop;
  int calls = 0;
  loop.on_termination_signal([&] { ++calls; });
  raise(SIGTERM);
  EXPECT_TRUE(loop.run_until([&] { return calls == 1; }, kLimit));
}

TEST(Poller, SaysWhatTheKernelDoesNotWatch) {
  // As with too many descriptors, epoll_ctl fails: an ordinary file is never watched.
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  Poller poller;
  EXPECT_FALSE(poller.try_add(file, 1, true, false));

  Loop loop;
  EXPECT_FALSE(loop.core().try_watch(file, nullptr, true, false));
  EXPECT_EQ(TcpStream::accepted(loop.core(), file, Address(), nullptr), nullptr);
  EXPECT_EQ(::fcntl(file, F_GETFD), -1) << "closed";

  // What was refused leaves nothing behind.
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  struct Counter final : FdHandler {
    void on_ready(const Poller::Event&) override { ++events; }
    int events = 0;
  } counter;
  const auto watch = loop.core().try_watch(ends[0], &counter, true, false);
  ASSERT_TRUE(watch);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_TRUE(loop.run_until([&] { return counter.events > 0; }, kLimit));
  loop.core().unwatch(*watch);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Deadline, MovesLaterWithoutFiringAndSoonerWithNewTimer) {
  Loop loop;
  int reached = 0;
  Deadline deadline(loop, [&] { ++reached; });
  deadline.set(1ms);
  deadline.set(std::chrono::hours(1));
  bool later = false;
  loop.after(5ms, [&] { later = true; });
  ASSERT_TRUE(loop.run_until([&] { return later; }, kLimit));
  EXPECT_EQ(reached, 0);
  deadline.set(1ms);
  EXPECT_TRUE(loop.run_until([&] { return reached == 1; }, kLimit));
}

}  // namespace
}  // namespace turms::net
