#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/histogram.h"
#include "base/ids.h"
#include "base/jwt.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/task.h"

namespace turms {
namespace {

TEST(Encoding, Rfc4648Vectors) {
  EXPECT_EQ(base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64url(Bytes{0xfb, 0xff}), "-_8");
  EXPECT_EQ(from_base64("Zm9vYg=="), Bytes({'f', 'o', 'o', 'b'}));
  EXPECT_EQ(from_base64("-_8"), Bytes({0xfb, 0xff}));
  EXPECT_FALSE(from_base64("Zm9vY"));
  EXPECT_FALSE(from_base64("Zm9*"));
  EXPECT_EQ(hex(Bytes{0x0a, 0xff}), "0aff");
  EXPECT_EQ(from_hex("0AfF"), Bytes({0x0a, 0xff}));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Bytes, ReaderStopsAtTheEnd) {
  const Bytes data{1, 2, 3};
  ByteReader reader(data);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.u16(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Crypto, Rfc4231Vector) {
  // RFC 4231 section 4.3.
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Jwt, RoundTripAndRefusals) {
  const std::string token = jwt::sign(R"({"iss":"k"})", "secret");
  EXPECT_EQ(*jwt::verify(token, "secret"), R"({"iss":"k"})");
  EXPECT_EQ(*jwt::peek(token), R"({"iss":"k"})");
  EXPECT_FALSE(jwt::verify(token, "other"));
  EXPECT_FALSE(jwt::verify(token + "x.", "secret"));
  EXPECT_FALSE(jwt::verify("a.b", "secret"));
  // alg none, with an empty signature and with one that would fit.
  const std::string covered =
      base64url(as_bytes(R"({"alg":"none"})")) + "." + base64url(as_bytes(R"({"iss":"k"})"));
  EXPECT_FALSE(jwt::verify(covered + ".", "secret"));
  EXPECT_FALSE(jwt::verify(
      covered + "." + base64url(hmac_sha256(as_bytes("secret"), as_bytes(covered))), "secret"));
}

TEST(Ids, IncreaseWhateverTheClockDoes) {
  IdGenerator ids(3);
  const WallTime t{1800000000000};
  int64_t last = ids.next(t);
  EXPECT_EQ(IdGenerator::time_of(last), t);
  for (int i = 0; i < 10000; ++i) {
    const int64_t id = ids.next({t.unix_ms - i});
    EXPECT_GT(id, last);
    last = id;
  }
}

TEST(Ids, GoOnAboveWhatWasStoredBeforeARestart) {
  const WallTime now{1800000000000};
  IdGenerator before(7);
  int64_t last = 0;
  for (int i = 0; i < 10; ++i) last = before.next({now.unix_ms + 5000});
  IdGenerator after(0);
  after.advance_past(last);
  const int64_t id = after.next(now);
  EXPECT_GT(id, last);
  EXPECT_GT(after.next(now), id);
  IdGenerator unmoved(0);
  unmoved.advance_past(0);
  EXPECT_EQ(IdGenerator::time_of(unmoved.next(now)), now);
}

TEST(Ids, BoundOfATimeSplitsIds) {
  IdGenerator ids(1);
  const WallTime t{1800000000000};
  const int64_t earlier = ids.next({t.unix_ms - 1});
  const int64_t at = ids.next(t);
  EXPECT_LT(earlier, IdGenerator::first_at(t));
  EXPECT_LE(IdGenerator::first_at(t), at);
  EXPECT_EQ(IdGenerator::first_at({0}), 0);
  EXPECT_GT(IdGenerator::first_at({std::numeric_limits<int64_t>::max()}), at);
}

TEST(Ids, NodesDoNotCollide) {
  IdGenerator a(0), b(IdGenerator::kMaxNode);
  std::set<int64_t> seen;
  for (int i = 0; i < 5000; ++i) {
    EXPECT_TRUE(seen.insert(a.next({1800000000000})).second);
    EXPECT_TRUE(seen.insert(b.next({1800000000000})).second);
  }
}

TEST(Random, SameSeedSameSequence) {
  Rng a(7), b(7), c(8);
  EXPECT_EQ(a.token(20), b.token(20));
  EXPECT_NE(a.next(), c.next());
}

TEST(Metrics, ExposesCounters) {
  metrics::counter("turms_test_total", "Help.", {{"kind", "a"}}).add(3);
  EXPECT_NE(metrics::expose().find("turms_test_total{kind=\"a\"} 3"), std::string::npos);
}

TEST(Metrics, ExposesHistograms) {
  constexpr double kBounds[] = {0.5, 2};
  Histogram& histogram = metrics::histogram("turms_test_seconds", "Help.", kBounds);
  histogram.observe(0.5);
  histogram.observe(1, 2);
  histogram.observe(7);
  const std::string text = metrics::expose();
  for (const char* line :
       {"# TYPE turms_test_seconds histogram", "turms_test_seconds_count 4",
        "turms_test_seconds_sum 9.5", "turms_test_seconds_bucket{le=\"0.5\"} 1",
        "turms_test_seconds_bucket{le=\"2\"} 3", "turms_test_seconds_bucket{le=\"+Inf\"} 4"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(Metrics, HistogramsOfOneNameDifferByTheirLabels) {
  constexpr double kBounds[] = {1};
  metrics::histogram("turms_test_kinds", "Help.", kBounds, {{"kind", "a"}}).observe(0.5);
  metrics::histogram("turms_test_kinds", "Help.", kBounds, {{"kind", "b"}}).observe(2, 3);
  const std::string text = metrics::expose();
  for (const char* line :
       {"turms_test_kinds_bucket{kind=\"a\",le=\"1\"} 1", "turms_test_kinds_count{kind=\"a\"} 1",
        "turms_test_kinds_bucket{kind=\"b\",le=\"1\"} 0", "turms_test_kinds_count{kind=\"b\"} 3"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

Task<int> add_later(Completion<int>& a, Completion<int>& b) {
  const int first = co_await a;
  const int second = co_await b;
  co_return first + second;
}

TEST(Task, ResumesWhenCompletionsArrive) {
  Completion<int> a, b;
  int result = 0;
  spawn([](Completion<int>& x, Completion<int>& y, int& out) -> Task<void> {
    out = co_await add_later(x, y);
  }(a, b, result));
  b.setter()(2);
  EXPECT_EQ(result, 0);
  a.setter()(40);
  EXPECT_EQ(result, 42);
  a.setter()(1);
  EXPECT_EQ(result, 42);
}

}  // namespace
}  // namespace turms
