#include "gateway/request_header.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "gateway/proto.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

using Problem = RequestHeader::Problem;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kId7 = {0x08, 0x07};
const Bytes kCreateMessage = {0x42, 0x00};  // field 8, empty
const Bytes kDeleteSession = {0x22, 0x00};  // field 4, empty

struct Case {
  const char* name;
  Bytes message;
  Problem problem;
  int64_t request_id;
  int32_t kind;
};

TEST(RequestHeader, Table) {
  const Bytes minus_one = {0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01};
  const Case cases[] = {
      {"in order", kId7 + kCreateMessage, Problem::kNone, 7, 8},
      {"extension", kId7 + Bytes{0xC2, 0xB8, 0x02, 0x00}, Problem::kNone, 7, 5000},
      {"empty", {}, Problem::kMalformed, 0, 0},
      {"no kind", kId7, Problem::kMalformed, 0, 0},
      {"no id", kCreateMessage, Problem::kMalformed, 0, 0},
      {"kind first", kCreateMessage + kId7, Problem::kMalformed, 0, 0},
      {"id twice", kId7 + kId7 + kCreateMessage, Problem::kMalformed, 0, 0},
      {"id again behind", kId7 + kCreateMessage + kId7, Problem::kMalformed, 0, 0},
      {"two kinds", kId7 + kCreateMessage + kDeleteSession, Problem::kMalformed, 0, 0},
      {"same kind twice", kId7 + kCreateMessage + kCreateMessage, Problem::kMalformed, 0, 0},
      {"custom attributes before the kind", kId7 + Bytes{0x12, 0x00} + kCreateMessage,
       Problem::kMalformed, 0, 0},
      {"custom attributes behind the kind", kId7 + kCreateMessage + Bytes{0x12, 0x00},
       Problem::kNone, 7, 8},
      {"id zero", Bytes{0x08, 0x00} + kCreateMessage, Problem::kIdNotPositive, 0, 8},
      {"id negative", minus_one + kCreateMessage, Problem::kIdNotPositive, -1, 8},
      {"id as fixed64", Bytes{0x09, 7, 0, 0, 0, 0, 0, 0, 0} + kCreateMessage, Problem::kMalformed,
       0, 0},
      {"id cut", {0x08, 0x87}, Problem::kMalformed, 0, 0},
      {"unknown kind", kId7 + Bytes{0xFA, 0x01, 0x00}, Problem::kUnknownKind, 7, 31},
      {"unknown kind, id zero", Bytes{0x08, 0x00} + Bytes{0xFA, 0x01, 0x00}, Problem::kUnknownKind,
       0, 31},
      {"kind no message", kId7 + Bytes{0x40, 0x00}, Problem::kMalformed, 0, 0},
      {"kind longer than the rest", kId7 + Bytes{0x42, 0x01}, Problem::kMalformed, 0, 0},
      {"length of 2^63",
       kId7 + Bytes{0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
       Problem::kMalformed, 0, 0},
      {"field number zero", Bytes{0x00, 0x07} + kCreateMessage, Problem::kMalformed, 0, 0},
      {"group", kId7 + Bytes{0x43}, Problem::kMalformed, 0, 0},
      {"garbage behind", kId7 + kCreateMessage + Bytes{0xFF}, Problem::kMalformed, 0, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const RequestHeader header = read_request_header(c.message);
    EXPECT_EQ(header.problem, c.problem);
    EXPECT_EQ(header.request_id, c.request_id);
    EXPECT_EQ(header.kind, c.kind);
  }
}

TEST(RequestHeader, AgreesWithTheParserOnEveryKind) {
  const auto* descriptor = proto::TurmsRequest::descriptor();
  int kinds = 0;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->containing_oneof() == nullptr || field->name() == "request_id") continue;
    proto::TurmsRequest request;
    request.set_request_id(1 + i);
    request.GetReflection()->MutableMessage(&request, field);
    const std::string bytes = request.SerializeAsString();
    const RequestHeader header = read_request_header(as_bytes(bytes));
    EXPECT_EQ(header.problem, Problem::kNone) << field->name();
    EXPECT_EQ(header.kind, field->number());
    EXPECT_EQ(header.request_id, 1 + i);
    EXPECT_EQ(kind_name(header.kind), field->name());
    ++kinds;
  }
  // 72 of the protocol, 8 extensions.
  EXPECT_EQ(kinds, 80);
}

TEST(RequestHeader, AcceptsNothingThatTheParserFindsMalformedAtTheTop) {
  Rng rng(11);
  int accepted = 0;
  for (int round = 0; round < 50000; ++round) {
    Bytes message = kId7 + kCreateMessage;
    Bytes tail(rng.below(12));
    rng.fill(tail);
    message = message + tail;
    if (rng.chance(0.5)) message[rng.below(message.size())] = static_cast<uint8_t>(rng.next());
    const RequestHeader header = read_request_header(message);
    if (header.problem != Problem::kNone) continue;
    ++accepted;
    proto::TurmsRequest request;
    // The body of the kind may still be malformed, which the header does not say.
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) continue;
    ASSERT_EQ(request.request_id(), header.request_id);
    ASSERT_EQ(static_cast<int32_t>(request.kind_case()), header.kind);
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace turms::gateway
