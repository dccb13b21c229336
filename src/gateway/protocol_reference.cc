#include "gateway/protocol_reference.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

#include "gateway/handlers/handler.h"
#include "gateway/request_header.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

using google::protobuf::FieldDescriptor;

/// Every model and request has it, and nobody reads it.
constexpr std::string_view kCustomAttributes = "custom_attributes";

struct Subject {
  int32_t first = 0;  // kind, up to the next one's
  std::string_view title;
};
constexpr auto kSubjects = std::to_array<Subject>({
    {0, "Sessions"},
    {5, "Conversations"},
    {8, "Messages"},
    {11, "Group members"},
    {100, "Users"},
    {200, "Relationships"},
    {300, "Groups"},
    {400, "Group blocklists"},
    {500, "Joining groups"},
    {900, "Meetings"},
    {1000, "Stored resources"},
    {1100, "Conversation settings"},
    {1200, "Message reactions"},
    {kFirstExtensionKind, "Extensions"},
});

std::string type_of(const FieldDescriptor& field) {
  if (field.is_map()) {
    return fmt::format("map<{}, {}>", type_of(*field.message_type()->map_key()),
                       type_of(*field.message_type()->map_value()));
  }
  if (field.message_type() != nullptr) return std::string(field.message_type()->name());
  if (field.enum_type() != nullptr) return std::string(field.enum_type()->name());
  return std::string(field.type_name());
}

/// "1 `group_id` int64, 2 `name` string?, 3 `user_ids` int64[]"
std::string fields_of(int32_t kind) {
  const auto& type = *proto::TurmsRequest::descriptor()->FindFieldByNumber(kind)->message_type();
  std::string out;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.name() == kCustomAttributes) continue;
    const std::string_view mark = field.is_map()                 ? ""
                                  : field.is_repeated()          ? "[]"
                                  : field.has_optional_keyword() ? "?"
                                                                 : "";
    out += fmt::format("{}{} `{}` {}{}", out.empty() ? "" : ", ", field.number(),
                       std::string(field.name()), type_of(field), mark);
  }
  return out;
}

std::string_view name_of(RateClass rate) {
  switch (rate) {
    case RateClass::kRequest:
      return "request";
    case RateClass::kSignIn:
      return "sign-in";
    case RateClass::kNone:
      return "none";
  }
  return {};
}

std::string row(const RequestKind& kind) {
  const std::string head = fmt::format("| {} | `{}` | {} |", kind.number, kind_name(kind.number),
                                       fields_of(kind.number));
  const std::string_view told = *kind.told == '\0' ? "nobody" : kind.told;
  return head + fmt::format(" {} | {} | {} |\n", kind.rights, name_of(kind.rate), told);
}

}  // namespace

std::string protocol_reference() {
  std::string out =
      "# Requests\n\n"
      "Made by `turms protocol reference` from the table of requests; do not edit. The messages "
      "are in `proto/turms`,\n"
      "what is ours alone in [protocol-extensions.md](protocol-extensions.md).\n\n"
      "- **Fields**: number, name, type; `?` optional, `[]` repeated. `custom_attributes` (15) is "
      "left out everywhere.\n"
      "- **Who may**: to others the request is refused with the code of that rule. \"The type\" is "
      "the group's type.\n"
      "- **Rate**: *request* takes a token of the connection's bucket where "
      "`turms.gateway.client-api.rate-limiting` sets a\n"
      "  limit; *sign-in* is throttled for each user and address by failures; *none* is never "
      "limited.\n"
      "- **Who is told**: by default, when the request succeeded (code 1000), on all their "
      "devices but the requesting one.\n";
  auto subject = kSubjects.begin();
  for (const RequestKind& kind : request_kinds()) {
    if (subject != kSubjects.end() && kind.number >= subject->first) {
      while (std::next(subject) != kSubjects.end() && std::next(subject)->first <= kind.number) {
        ++subject;
      }
      out += fmt::format(
          "\n## {}\n\n| Kind | Request | Fields | Who may | Rate | Who is told |\n"
          "|---|---|---|---|---|---|\n",
          subject->title);
      ++subject;
    }
    out += row(kind);
  }
  return out;
}

}  // namespace turms::gateway
