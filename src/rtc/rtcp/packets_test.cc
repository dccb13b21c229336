#include "rtc/rtcp/packets.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/random.h"

namespace turms::rtc::rtcp {
namespace {

Bytes bytes(std::initializer_list<int> list) {
  Bytes out;
  for (int b : list) out.push_back(static_cast<uint8_t>(b));
  return out;
}

TEST(RtcpReader, WalksACompound) {
  std::array<uint8_t, 512> buffer{};
  Writer writer(buffer);
  ReportBlock block{Ssrc(7), 128, -5, 0x10002, 33, 0x01020304, 65536};
  ASSERT_TRUE(writer.sender_report(Ssrc(1), {0x1122334455667788, RtpTime(90000), 10, 1000},
                                   std::span(&block, 1)));
  ASSERT_TRUE(writer.cname(Ssrc(1), "cname-of-one"));
  ASSERT_TRUE(writer.receiver_report(Ssrc(2), {}));
  std::array<SeqNum, 4> lost{SeqNum(65535), SeqNum(0), SeqNum(15), SeqNum(20)};
  ASSERT_TRUE(writer.nack(Ssrc(1), Ssrc(9), lost));
  ASSERT_TRUE(writer.pli(Ssrc(1), Ssrc(9)));
  ASSERT_TRUE(writer.fir(Ssrc(1), Ssrc(9), 200));
  std::array<Ssrc, 2> sources{Ssrc(9), Ssrc(10)};
  ASSERT_TRUE(writer.remb(Ssrc(1), 2'500'000, sources));
  ASSERT_TRUE(writer.bye(sources));

  Reader reader(writer.written());
  auto p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kSenderReport);
  EXPECT_EQ(p->sender_ssrc(), Ssrc(1));
  SenderInfo info = sender_info(*p);
  EXPECT_EQ(info.ntp, 0x1122334455667788u);
  EXPECT_EQ(info.rtp_time, RtpTime(90000));
  ReportBlock read = report_block(*p, 0);
  EXPECT_EQ(read.ssrc, Ssrc(7));
  EXPECT_EQ(read.fraction_lost, 128);
  EXPECT_EQ(read.cumulative_lost, -5);
  EXPECT_EQ(read.extended_highest_sequence, 0x10002u);
  EXPECT_EQ(read.last_sr, 0x01020304u);

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kSourceDescription);
  auto cname = first_cname(*p);
  ASSERT_TRUE(cname);
  EXPECT_EQ(cname->cname, "cname-of-one");

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kReceiverReport);
  EXPECT_EQ(p->count(), 0);

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kNack);
  EXPECT_EQ(p->body().size(), 8u + 2 * 4) << "65535, 0 and 15 share an item; 20 is 21 away";
  std::vector<uint16_t> numbers;
  for_each_nack(*p, [&](SeqNum n) { numbers.push_back(n.value); });
  EXPECT_EQ(numbers, (std::vector<uint16_t>{65535, 0, 15, 20}));

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kPli);
  EXPECT_EQ(p->media_ssrc(), Ssrc(9));

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kFir);
  for_each_fir(*p, [](Ssrc ssrc, uint8_t sequence) {
    EXPECT_EQ(ssrc, Ssrc(9));
    EXPECT_EQ(sequence, 200);
  });

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kRemb);
  EXPECT_EQ(remb(*p).ssrc_count, 2u);
  EXPECT_LE(remb(*p).bits_per_second, 2'500'000u);
  EXPECT_GT(remb(*p).bits_per_second, 2'499'900u);
  EXPECT_EQ(remb_ssrc(*p, 1), Ssrc(10));

  p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kBye);
  std::vector<Ssrc> gone;
  for_each_bye(*p, [&](Ssrc ssrc) { gone.push_back(ssrc); });
  EXPECT_EQ(gone, (std::vector<Ssrc>{Ssrc(9), Ssrc(10)}));

  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

TEST(RtcpReader, RefusesMalformed) {
  struct Case {
    const char* what;
    Bytes data;
    DropReason reason;
  };
  const Case cases[] = {
      {"3 bytes", bytes({0x80, 201, 0}), DropReason::kTooShort},
      {"version 1", bytes({0x40, 201, 0, 1, 0, 0, 0, 1}), DropReason::kBadVersion},
      {"length past the end", bytes({0x80, 201, 0, 2, 0, 0, 0, 1}), DropReason::kBadLength},
      {"RR without sender", bytes({0x80, 201, 0, 0}), DropReason::kBadLength},
      {"RR with a missing block", bytes({0x81, 201, 0, 1, 0, 0, 0, 1}), DropReason::kBadLength},
      {"SR without sender info", bytes({0x80, 200, 0, 1, 0, 0, 0, 1}), DropReason::kBadLength},
      {"BYE with missing source", bytes({0x82, 203, 0, 1, 0, 0, 0, 1}), DropReason::kBadLength},
      {"NACK without items", bytes({0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}),
       DropReason::kBadLength},
      {"PLI without media source", bytes({0x81, 206, 0, 1, 0, 0, 0, 1}), DropReason::kBadLength},
      {"FIR with half an entry", bytes({0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}),
       DropReason::kBadLength},
      {"REMB that counts more than it has",
       bytes({0x8F, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 0, 0, 1}),
       DropReason::kBadLength},
      {"feedback too short", bytes({0x8F, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1}),
       DropReason::kBadLength},
      {"padding of zero", bytes({0xA0, 201, 0, 1, 0, 0, 0, 0}), DropReason::kBadPadding},
      {"padding longer than the body", bytes({0xA0, 201, 0, 1, 0, 0, 0, 9}),
       DropReason::kBadPadding},
  };
  for (const Case& c : cases) {
    Reader reader(c.data);
    EXPECT_FALSE(reader.next()) << c.what;
    EXPECT_FALSE(reader.ok()) << c.what;
    EXPECT_EQ(reader.drop_reason(), c.reason) << c.what;
    EXPECT_FALSE(reader.next()) << c.what;
  }
}

TEST(RtcpReader, SkipsKindsItDoesNotKnow) {
  Bytes data = bytes({0x80, 204, 0, 1, 0, 0, 0, 1, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2});
  Reader reader(data);
  auto p = reader.next();
  ASSERT_TRUE(p);
  EXPECT_EQ(p->kind(), Kind::kUnknown);
  p = reader.next();
  ASSERT_TRUE(p);
  EXPECT_EQ(p->kind(), Kind::kPli);
}

TEST(RtcpReader, CnameOfBrokenDescriptions) {
  const Bytes cases[] = {
      bytes({0x81, 202, 0, 0}),                            // no chunk
      bytes({0x81, 202, 0, 1, 0, 0, 0, 1}),                // no item
      bytes({0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'a', 0}),  // item past the end
      bytes({0x81, 202, 0, 2, 0, 0, 0, 1, 2, 1, 'a', 0}),  // NAME only
  };
  for (const Bytes& data : cases) {
    Reader reader(data);
    auto p = reader.next();
    ASSERT_TRUE(p);
    EXPECT_FALSE(first_cname(*p));
  }
}

TEST(RtcpWriter, LeavesOutWhatDoesNotFit) {
  std::array<uint8_t, 20> buffer{};
  Writer writer(buffer);
  EXPECT_TRUE(writer.pli(Ssrc(1), Ssrc(2)));
  EXPECT_FALSE(writer.pli(Ssrc(1), Ssrc(2)));
  EXPECT_EQ(writer.size(), 12u);
  EXPECT_TRUE(writer.receiver_report(Ssrc(1), {}));
  EXPECT_EQ(writer.size(), 20u);
}

// --- transport-wide feedback ---

TEST(TransportFeedback, ReadsAMessageWrittenByHand) {
  // Base 100, 6 packets: run of 2 small deltas, then a two-bit vector: lost, large, small, small.
  Bytes data = bytes({0x8F, 205, 0,    7,    0, 0, 0, 1, 0, 0, 0, 2,  //
                      0,    100, 0,    6,    0, 0, 2, 5,              // reference 2, count 5
                      0x20, 2,   0xC9, 0x40,                          // chunks
                      4,    8,   0xFF, 0xFC, 1, 2, 0, 0});
  Reader reader(data);
  auto p = reader.next();
  ASSERT_TRUE(p && p->kind() == Kind::kTransportFeedback);
  FeedbackHeader header = feedback_header(*p);
  EXPECT_EQ(header.base_sequence, SeqNum(100));
  EXPECT_EQ(header.packet_count, 6);
  EXPECT_EQ(header.reference_time, 128ms);
  EXPECT_EQ(header.feedback_count, 5);
  FeedbackReader feedback(*p);
  struct Expected {
    uint16_t sequence;
    bool received;
    Duration arrival;
  };
  const Expected expected[] = {{100, true, 129ms}, {101, true, 131ms},     {102, false, 0ms},
                               {103, true, 130ms}, {104, true, 130'250us}, {105, true, 130'750us}};
  for (const Expected& e : expected) {
    auto status = feedback.next();
    ASSERT_TRUE(status) << e.sequence;
    EXPECT_EQ(status->sequence, SeqNum(e.sequence));
    EXPECT_EQ(status->received, e.received) << e.sequence;
    if (e.received) {
      EXPECT_EQ(status->arrival, e.arrival) << e.sequence;
    }
  }
  EXPECT_FALSE(feedback.next());
  EXPECT_TRUE(feedback.ok());
}

TEST(TransportFeedback, RefusesMalformed) {
  auto message = [](std::initializer_list<int> tail, uint8_t count) {
    Bytes data = bytes({0x8F, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 100, 0, count, 0, 0, 2, 5});
    for (int b : tail) data.push_back(static_cast<uint8_t>(b));
    return data;
  };
  struct Case {
    const char* what;
    Bytes data;
    int good;
  };
  const Case cases[] = {
      {"run of zero", message({0x20, 0, 0x20, 2}, 2), 0},
      {"chunks end early", message({0x20, 2, 0x20, 1}, 9), 0},
      {"deltas end early", message({0x40, 2, 0, 1}, 2), 1},
      {"reserved symbol", message({0x60, 2, 0, 1}, 2), 0},
  };
  for (const Case& c : cases) {
    Reader reader(c.data);
    auto p = reader.next();
    ASSERT_TRUE(p) << c.what;
    FeedbackReader feedback(*p);
    int good = 0;
    while (feedback.next()) ++good;
    EXPECT_EQ(good, c.good) << c.what;
    EXPECT_FALSE(feedback.ok()) << c.what;
  }
}

struct Received {
  int64_t sequence;
  TimePoint arrival;
};

/// Writes with `buffer_size`, reads back, and compares to within one tick.
void round_trip(const std::vector<Writer::Arrival>& arrivals, int64_t base, size_t buffer_size) {
  std::span<const Writer::Arrival> rest = arrivals;
  uint8_t count = 0;
  rtp::SeqUnwrapper unwrapper;
  int64_t next = base;
  std::vector<uint8_t> buffer(buffer_size);
  while (!rest.empty()) {
    Writer writer(buffer);
    size_t used = writer.transport_feedback(Ssrc(1), Ssrc(2), next, rest, count);
    ASSERT_GT(used, 0u);
    ASSERT_EQ(writer.size() % 4, 0u);
    Reader reader(writer.written());
    auto p = reader.next();
    ASSERT_TRUE(p && p->kind() == Kind::kTransportFeedback);
    ASSERT_EQ(feedback_header(*p).feedback_count, count);
    FeedbackReader feedback(*p);
    size_t index = 0;
    while (auto status = feedback.next()) {
      ASSERT_EQ(status->sequence, SeqNum(static_cast<uint16_t>(next)));
      bool expected = index < used && rest[index].sequence == next;
      ASSERT_EQ(status->received, expected) << next;
      if (expected) {
        Duration line = kFeedbackReferenceTick * (1 << 24);
        Duration sent = rest[index].arrival.time_since_epoch() % line;
        Duration error = sent - status->arrival % line;
        ASSERT_TRUE(error >= 0ns && error < kFeedbackTick) << error.count();
        ++index;
      }
      ++next;
    }
    ASSERT_TRUE(feedback.ok());
    ASSERT_EQ(index, used);
    rest = rest.subspan(used);
    if (!rest.empty() && rest[0].sequence - next > 60000) next = rest[0].sequence;
    ++count;
  }
}

TEST(TransportFeedback, RoundTripsOverLossAndReordering) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<Writer::Arrival> arrivals;
    int64_t sequence = static_cast<int64_t>(rng.below(70000));
    int64_t base = sequence;
    TimePoint now{std::chrono::hours(rng.below(2000)) + 777us};
    double loss = rng.unit() * 0.5;
    for (int i = 0; i < 400; ++i) {
      now += std::chrono::microseconds(rng.below(rng.chance(0.05) ? 200'000 : 3000));
      if (!rng.chance(loss)) {
        Duration early = std::chrono::microseconds(rng.chance(0.1) ? rng.below(5000) : 0);
        arrivals.push_back({sequence, now - early});
      }
      sequence += rng.chance(0.02) ? static_cast<int64_t>(rng.below(300)) : 1;
    }
    round_trip(arrivals, base, 64 + rng.below(1200));
  }
}

/// Chunks as a symbol at a time makes them: runs while all are equal, else vectors of seven.
Bytes chunks_of(const std::vector<uint16_t>& symbols) {
  Bytes out;
  const auto emit = [&](uint16_t chunk) {
    out.push_back(static_cast<uint8_t>(chunk >> 8));
    out.push_back(static_cast<uint8_t>(chunk));
  };
  for (size_t i = 0; i < symbols.size();) {
    size_t run = i;
    while (run < symbols.size() && run - i < 8191 && symbols[run] == symbols[i]) ++run;
    if (run - i >= 7 || run == symbols.size()) {
      emit(static_cast<uint16_t>(symbols[i] << 13 | (run - i)));
      i = run;
      continue;
    }
    uint16_t chunk = 0xC000;
    for (int bit = 12; bit >= 0 && i < symbols.size(); bit -= 2, ++i) {
      chunk = static_cast<uint16_t>(chunk | symbols[i] << bit);
    }
    emit(chunk);
  }
  return out;
}

TEST(TransportFeedback, ChunksAreThoseOfASymbolAtATime) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const uint64_t widest = seed % 10 == 0 ? 12'000 : 1 + rng.below(20);
    std::vector<Writer::Arrival> arrivals;
    std::vector<uint16_t> symbols;
    TimePoint now{1'000 * kFeedbackReferenceTick};
    for (int i = 0, n = static_cast<int>(1 + rng.below(seed % 10 == 0 ? 5 : 200)); i < n; ++i) {
      const uint64_t gap = rng.chance(0.5) ? 0 : rng.below(widest);
      symbols.insert(symbols.end(), gap, 0);
      const bool large = i > 0 && rng.chance(0.1);
      if (large) now += 256 * kFeedbackTick;
      symbols.push_back(large ? 2 : 1);
      arrivals.push_back({static_cast<int64_t>(symbols.size() - 1), now});
    }
    std::array<uint8_t, 1200> buffer;
    Writer writer(buffer);
    ASSERT_EQ(writer.transport_feedback(Ssrc(1), Ssrc(2), 0, arrivals, 0), arrivals.size());
    const Bytes expected = chunks_of(symbols);
    ASSERT_GE(writer.size(), 20 + expected.size());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), buffer.begin() + 20));
  }
}

TEST(TransportFeedback, AWideGapIsAFewChunks) {
  std::array<uint8_t, 1200> buffer;
  Writer writer(buffer);
  const Writer::Arrival arrivals[] = {{0, TimePoint{}}, {65'534, TimePoint{}}};
  ASSERT_EQ(writer.transport_feedback(Ssrc(1), Ssrc(2), 0, arrivals, 0), 2u);
  // One vector with the first, eight runs of up to 8191, one with the last, and two deltas.
  EXPECT_LE(writer.size(), 20u + 10 * 2 + 2 + 2);
}

TEST(Nack, WritesAsManyAsFit) {
  std::vector<SeqNum> lost;
  for (int i = 0; i < 10; ++i) lost.emplace_back(static_cast<uint16_t>(65'500 + i * 17));
  lost.push_back(lost.back().plus(1));  // shares the last item
  for (size_t items : {0, 1, 9, 10, 11}) {
    std::vector<uint8_t> buffer(12 + items * 4 + 3);
    Writer writer(buffer);
    const size_t fit = items >= 10 ? lost.size() : items;
    ASSERT_EQ(writer.nack(Ssrc(1), Ssrc(2), lost), fit) << items;
    Reader reader(writer.written());
    std::vector<SeqNum> read;
    while (auto p = reader.next()) for_each_nack(*p, [&](SeqNum n) { read.push_back(n); });
    EXPECT_EQ(read, std::vector<SeqNum>(lost.begin(), lost.begin() + static_cast<long>(fit)));
  }
}

TEST(TransportFeedback, StopsAtTheDeltaRange) {
  std::array<uint8_t, 200> buffer{};
  Writer writer(buffer);
  TimePoint start{100s};
  const Writer::Arrival arrivals[] = {{1, start}, {2, start + 8190ms}, {3, start + 8190ms + 9s}};
  EXPECT_EQ(writer.transport_feedback(Ssrc(1), Ssrc(2), 1, arrivals, 0), 2u);
}

TEST(TransportFeedback, NothingWhenNotEvenOneFits) {
  std::array<uint8_t, 20> buffer{};
  Writer writer(buffer);
  const Writer::Arrival arrivals[] = {{1, TimePoint{1s}}};
  EXPECT_EQ(writer.transport_feedback(Ssrc(1), Ssrc(2), 1, arrivals, 0), 0u);
  EXPECT_EQ(writer.size(), 0u);
}

TEST(RtcpReader, SurvivesRandomBytes) {
  Rng rng(5);
  for (int i = 0; i < 20000; ++i) {
    Bytes data(rng.below(80));
    rng.fill(data);
    if (data.size() >= 4) {
      data[0] = static_cast<uint8_t>(0x80 | (data[0] & 0x3F));
      data[1] = static_cast<uint8_t>(200 + data[1] % 8);
      store_be16(&data[2], static_cast<uint16_t>(rng.below(data.size() / 4 + 1)));
    }
    Reader reader(data);
    while (auto p = reader.next()) {
      switch (p->kind()) {
        case Kind::kSenderReport:
        case Kind::kReceiverReport:
          for (size_t n = 0; n < p->count(); ++n) (void)report_block(*p, n);
          break;
        case Kind::kSourceDescription:
          (void)first_cname(*p);
          break;
        case Kind::kTransportFeedback: {
          FeedbackReader feedback(*p);
          while (feedback.next()) {
          }
          break;
        }
        case Kind::kRemb:
          for (size_t n = 0; n < remb(*p).ssrc_count; ++n) (void)remb_ssrc(*p, n);
          break;
        default:
          break;
      }
    }
  }
}

}  // namespace
}  // namespace turms::rtc::rtcp
