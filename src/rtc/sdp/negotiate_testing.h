#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "rtc/sdp/negotiate.h"
#include "rtc/sdp/testdata_testing.h"

namespace turms::rtc::sdp {

/// Our side of one.
inline LocalTransport transport() {
  LocalTransport t;
  t.ice = {"ufrag", "0123456789012345678901"};
  std::fill_n(t.fingerprint.digest.begin(), 32, 0xAB);
  t.candidates = {host_candidate("127.0.0.1", 7882)};
  return t;
}

/// A recorded description.
inline SessionDescription fixture(const char* name) {
  auto d = parse(testdata(name));
  EXPECT_TRUE(d) << d.error().message;
  return *d;
}

inline std::vector<int> payload_types(const MediaSection& s) {
  std::vector<int> out;
  for (const PayloadFormat& f : s.formats) out.push_back(f.payload_type);
  return out;
}

}  // namespace turms::rtc::sdp
