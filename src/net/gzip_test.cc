#include "net/gzip.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace turms::net {
namespace {

TEST(Gzip, WhatIsPackedComesBack) {
  for (const size_t size : {0, 1, 100, 100'000}) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>('a' + i % 17 * i % 5));
    Bytes out;
    ASSERT_EQ(gunzip(gzip(as_bytes(text)), size, out), GunzipOutcome::kOk) << size;
    EXPECT_EQ(as_text(out), text);
  }
}

TEST(Gzip, TakesWhatOthersPack) {
  // `printf turms | gzip -n`, and `gzip a`, which says the name.
  Bytes out;
  for (const char* packed : {"1f8b08000000000000032b292dca2d0600ee68bbd805000000",
                             "1f8b080814d30c6b000361002b292dca2d0600ee68bbd805000000"}) {
    EXPECT_EQ(gunzip(*from_hex(packed), 100, out), GunzipOutcome::kOk);
    EXPECT_EQ(as_text(out), "turms");
  }
}

TEST(Gzip, ABombEndsAtTheBound) {
  const Bytes bomb = gzip(as_bytes(std::string(50'000'000, 'x')));
  EXPECT_LT(bomb.size(), 100'000u);
  Bytes out;
  EXPECT_EQ(gunzip(bomb, 1 << 20, out), GunzipOutcome::kTooLarge);
  EXPECT_LT(out.size(), (1u << 20) + 100'000);
}

TEST(Gzip, WhatIsCutShortOrChangedIsRefused) {
  const Bytes good = gzip(as_bytes(std::string(5'000, 'x') + "some more"));
  Bytes out;
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(gunzip(ByteView(good).first(size), 10'000, out), GunzipOutcome::kInvalid) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_EQ(gunzip(longer, 10'000, out), GunzipOutcome::kInvalid);
  Bytes checksum = good;
  checksum[good.size() - 8] ^= 1;
  EXPECT_EQ(gunzip(checksum, 10'000, out), GunzipOutcome::kInvalid);
  Bytes length = good;
  length.back() ^= 1;
  EXPECT_EQ(gunzip(length, 10'000, out), GunzipOutcome::kInvalid);
  Bytes method = good;
  method[2] = 7;
  EXPECT_EQ(gunzip(method, 10'000, out), GunzipOutcome::kInvalid);
}

}  // namespace
}  // namespace turms::net
