#include "gateway/protocol_reference.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "gateway/handlers/handler.h"
#include "gateway/request_header.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

TEST(RequestTableTest, EveryKindOfTheProtocolIsDescribed) {
  const auto& oneof = *proto::TurmsRequest::descriptor()->FindOneofByName("kind");
  EXPECT_EQ(request_kinds().size(), static_cast<size_t>(oneof.field_count()));
  for (int i = 0; i < oneof.field_count(); ++i) {
    const RequestKind* kind = find_kind(oneof.field(i)->number());
    ASSERT_NE(kind, nullptr) << oneof.field(i)->name();
    // It is done by a handler or by the connection, with rights in words.
    EXPECT_NE(*kind->rights, '\0') << oneof.field(i)->name();
    const bool of_connection = kind->number == proto::TurmsRequest::kCreateSessionRequest ||
                               kind->number == proto::TurmsRequest::kDeleteSessionRequest;
    EXPECT_EQ(kind->handler != nullptr, !of_connection) << oneof.field(i)->name();
  }
  EXPECT_EQ(find_kind(1), nullptr);
  EXPECT_EQ(find_kind(999), nullptr);
}

TEST(RequestTableTest, TheReferenceHasALineForEachKind) {
  const std::string reference = protocol_reference();
  size_t at = 0;
  for (const RequestKind& kind : request_kinds()) {
    const std::string line = fmt::format("\n| {} | `{}` |", kind.number, kind_name(kind.number));
    const size_t found = reference.find(line, at);
    EXPECT_NE(found, std::string::npos) << line << " is missing or out of order";
    if (found != std::string::npos) at = found;
  }
  EXPECT_NE(reference.find("| 301 | `delete_group_request` | 1 `group_id` int64 | the owner |"),
            std::string::npos);
}

}  // namespace
}  // namespace turms::gateway
