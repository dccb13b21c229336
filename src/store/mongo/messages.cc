#include <array>

#include "store/mongo/collections.h"
#include "store/sqlite/message_queries.h"

namespace turms::store {
namespace {

std::string write_message(const ImportTarget& target, Fields& message) {
  const int64_t id = message.id("_id");
  const int64_t sender = message.id("sid");
  const int64_t other = message.id("tid");
  const bool of_group = message.flag("gm", false);
  const bool is_system = message.flag("sm", false);
  const auto delivered = message.date("dyd");
  const auto modified = message.date("md");
  const auto recalled = message.date("rd");
  const auto text = message.optional_text("txt");
  const Bytes records = encode_records(message.binaries("rec"));
  const bool burns = message.document().find("bf").has_value();
  const int64_t burn_after = message.integer("bf", 0, 0, INT32_MAX);
  const auto before = message.optional_id("pmid");
  const bool deleted = message.date("dd").has_value();
  if (!message.good()) return message.problem();
  if (!delivered) return "`dyd` is missing";
  if (deleted) return "it was deleted";
  // The place in the conversation comes when all of them are there.
  Statement insert = target.connection.prepare(
      "insert into message (id, sender_id, group_id, recipient_id, is_system_message, text, "
      "records, burn_after, modification_date, recall_date, delivery_date, pre_message_id) "
      "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
  const auto group = of_group ? std::optional(other) : std::nullopt;
  const auto recipient = of_group ? std::nullopt : std::optional(other);
  insert.bind(id, sender, group, recipient, is_system, text);
  if (records.empty()) {
    insert.bind_null();
  } else {
    insert.bind(ByteView(records));
  }
  insert.bind(burns && burn_after > 0 ? std::optional(burn_after) : std::nullopt, modified,
              recalled, *delivered, before);
  return insert.run() == 0 ? kDuplicate : "";
}

std::string write_private_conversation(const ImportTarget& target, Fields& conversation) {
  Fields key = conversation.in("_id");
  const int64_t owner = key.id("oid");
  const int64_t other = key.id("tid");
  const auto read = conversation.date("rd").value_or(WallTime{});
  if (!key.good()) return key.problem();
  if (!conversation.good()) return conversation.problem();
  Statement insert = target.connection.prepare(
      "insert into private_conversation (owner_id, target_id, read_date) values (?, ?, ?) "
      "on conflict do nothing");
  return insert.bind(owner, other, read).run() == 0 ? kDuplicate : "";
}

std::string write_group_conversation(const ImportTarget& target, Fields& conversation) {
  const int64_t group = conversation.id("_id");
  const auto reads = conversation.elements("mr");
  if (!conversation.good()) return conversation.problem();
  for (const bson::Element& read : reads) {
    const auto member = parse_key(read.name);
    const auto date = read.value.date();
    if (!member || !date || *member <= 0 || date->unix_ms < 0) {
      target.note("a read date is none, or of no member");
      continue;
    }
    Statement insert = target.connection.prepare(
        "insert into group_conversation (group_id, member_id, read_date) values (?, ?, ?) "
        "on conflict do nothing");
    insert.bind(group, *member, *date).run();
  }
  return {};
}

std::string write_conversation_settings(const ImportTarget& target, Fields& settings) {
  Fields key = settings.in("_id");
  const int64_t owner = key.id("oid");
  const int64_t other = key.integer("tid", 0, -INT64_MAX);
  const auto updated = settings.date("lud").value_or(WallTime{});
  const auto values = settings.elements("s");
  if (!key.good()) return key.problem();
  if (!settings.good()) return settings.problem();
  if (other == 0) return "`_id.tid` is missing";
  for (const bson::Element& setting : values) {
    const auto value = encode_value(setting.value);
    if (!value) {
      target.note("a setting has a type that is not kept");
      continue;
    }
    Statement insert = target.connection.prepare(
        "insert into conversation_setting (owner_id, is_group, target_id, name, value, "
        "last_updated_date) values (?, ?, ?, ?, ?, ?) on conflict do nothing");
    // A negative one is a group's.
    insert.bind(owner, other < 0, other < 0 ? -other : other, setting.name, as_bytes(*value),
                updated);
    insert.run();
  }
  return {};
}

constexpr auto kImports = std::to_array<CollectionImport>({
    {"message", write_message},
    {"privateConversation", write_private_conversation},
    {"groupConversation", write_group_conversation},
    {"conversationSettings", write_conversation_settings},
});

}  // namespace

std::span<const CollectionImport> message_imports() {
  return kImports;
}

}  // namespace turms::store
