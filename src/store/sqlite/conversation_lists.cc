#include <algorithm>

#include "store/sqlite/message_queries.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

#define TURMS_SELECT_MESSAGE "select " TURMS_MESSAGE_COLUMNS "from message "

ConversationKey key_of(UserId reader, const im::ConversationRef& ref) {
  return ref.group_id ? ConversationKey::of(*ref.group_id)
                      : ConversationKey::of(reader, *ref.user_id);
}

// Of members from before read positions were kept: what was written before they joined is no news.
int64_t read_by_joining(Connection& connection, ConversationKey key, WallTime join_date) {
  return first_sequence_at(connection, key, join_date) - 1;
}

void count_unread(Connection& connection, UserId reader, ConversationKey key,
                  im::ConversationSummary& summary) {
  if (summary.last_sequence <= summary.read_sequence) return;
  const std::string mention = "@{" + std::to_string(reader.value) + "}";
  Statement count = connection.prepare(
      "select count(*), coalesce(max(instr(coalesce(text, ''), ?5) > 0), 0) from "
      "(select text from message where high = ?1 and low = ?2 and sequence > ?3 "
      "and recall_date is null and is_system_message = 0 and sender_id <> ?4 "
      "order by sequence limit ?6)");
  count.bind(key.high, key.low, summary.read_sequence, reader, mention,
             im::ConversationSummary::kMaxUnread);
  if (!count.step()) return;
  summary.unread = static_cast<int32_t>(count.integer());
  summary.mentioned = count.boolean();
}

void find_last_message(Connection& connection, ConversationKey key,
                       im::ConversationSummary& summary) {
  Statement last = connection.prepare(TURMS_SELECT_MESSAGE
                                      "where high = ? and low = ? and recall_date is null "
                                      "order by sequence desc limit 1");
  if (last.bind(key.high, key.low).step()) summary.last_message = read_message(last);
}

bool is_set(Connection& connection, UserId owner, const im::ConversationRef& ref,
            std::string_view name) {
  // A Value whose bool_value is true.
  Statement find = connection.prepare(
      "select value = x'2801' from conversation_setting "
      "where owner_id = ? and is_group = ? and target_id = ? and name = ?");
  find.bind(owner, ref.group_id.has_value(),
            ref.group_id ? ref.group_id->value : ref.user_id->value, name);
  return find.step() && find.boolean();
}

void find_retention(Connection& connection, im::ConversationSummary& summary) {
  if (!summary.conversation.group_id) return;
  Statement find = connection.prepare("select hours from group_retention where group_id = ?");
  if (find.bind(*summary.conversation.group_id).step()) {
    summary.retention_hours = static_cast<int32_t>(find.integer());
  }
}

/// A conversation and when something last happened in it.
struct Listed {
  im::ConversationSummary summary;
  ConversationKey key;
  WallTime date;
};

std::vector<Listed> all_of(Connection& connection, UserId user) {
  std::vector<Listed> all;
  {
    Statement rows = connection.prepare(
        "select own.target_id, own.read_date, own.read_sequence, "
        "coalesce(theirs.read_sequence, 0) from private_conversation own "
        "left join private_conversation theirs "
        "on theirs.owner_id = own.target_id and theirs.target_id = own.owner_id "
        "where own.owner_id = ?");
    rows.bind(user);
    while (rows.step()) {
      Listed one;
      one.summary.conversation.user_id = rows.id<UserId>();
      one.summary.read_date = rows.time();
      one.summary.read_sequence = rows.integer();
      one.summary.their_read_sequence = rows.integer();
      one.key = ConversationKey::of(user, *one.summary.conversation.user_id);
      all.push_back(std::move(one));
    }
  }
  Statement rows = connection.prepare(
      "select member.group_id, member.join_date, read_date, read_sequence from group_member member "
      "left join group_conversation read "
      "on read.group_id = member.group_id and read.member_id = member.user_id "
      "where member.user_id = ?");
  rows.bind(user);
  while (rows.step()) {
    Listed one;
    one.summary.conversation.group_id = rows.id<GroupId>();
    const WallTime joined = rows.time();
    one.key = ConversationKey::of(*one.summary.conversation.group_id);
    one.date = joined;
    if (rows.null()) {
      one.summary.read_sequence = read_by_joining(connection, one.key, joined);
    } else {
      one.summary.read_date = rows.time();
      one.summary.read_sequence = rows.integer();
    }
    all.push_back(std::move(one));
  }
  return all;
}

#undef TURMS_SELECT_MESSAGE

im::ValueMap subscriptions_of(Connection& connection, UserId user) {
  im::ValueMap found;
  Statement rows = connection.prepare(
      "select name, value from user_setting where user_id = ?1 and name >= ?2 "
      "and substr(name, 1, length(?2)) = ?2 order by name limit ?3");
  rows.bind(user, im::kPushSetting, static_cast<int64_t>(im::kMaxPushSettings));
  while (rows.step()) {
    std::string name = rows.text();
    found[std::move(name)] = std::string(as_text(rows.blob()));
  }
  return found;
}

int64_t read_sequence_of(Connection& connection, UserId user, const im::ConversationRef& ref,
                         ConversationKey key) {
  if (ref.user_id) {
    Statement read = connection.prepare(
        "select read_sequence from private_conversation where owner_id = ? and target_id = ?");
    return read.bind(user, *ref.user_id).step() ? read.integer() : 0;
  }
  {
    Statement read = connection.prepare(
        "select read_sequence from group_conversation where group_id = ? and member_id = ?");
    if (read.bind(*ref.group_id, user).step()) return read.integer();
  }
  Statement joined =
      connection.prepare("select join_date from group_member where group_id = ? and user_id = ?");
  joined.bind(*ref.group_id, user);
  if (!joined.step()) return 0;
  const WallTime date = joined.time();
  return read_by_joining(connection, key, date);
}

}  // namespace

im::Stored<std::vector<im::PushState>> Conversations::push_states(std::vector<UserId> users,
                                                                  im::ConversationRef ref,
                                                                  bool everybody) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::PushState>> {
        std::vector<im::PushState> states;
        for (const UserId user : users) {
          im::PushState state;
          state.user_id = user;
          state.subscriptions = subscriptions_of(connection, user);
          if (state.subscriptions.empty() && !everybody) continue;
          if (is_set(connection, user, ref, "muted")) continue;
          im::ConversationSummary summary;
          const ConversationKey key = key_of(user, ref);
          summary.last_sequence = find_head(connection, key).sequence;
          summary.read_sequence = read_sequence_of(connection, user, ref, key);
          count_unread(connection, user, key, summary);
          state.unread = summary.unread;
          states.push_back(std::move(state));
        }
        return states;
      });
}

im::Stored<std::vector<im::ConversationSummary>> Conversations::list(UserId user, int32_t skip,
                                                                     int32_t limit) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::ConversationSummary>> {
        std::vector<Listed> all = all_of(connection, user);
        for (Listed& one : all) {
          const Head head = find_head(connection, one.key);
          one.summary.last_sequence = head.sequence;
          one.date = std::max(one.date, head.delivery_date);
        }
        std::ranges::sort(all, [](const Listed& a, const Listed& b) {
          return std::tuple(b.date, a.key.high, a.key.low) <
                 std::tuple(a.date, b.key.high, b.key.low);
        });
        const auto first = std::min(all.size(), static_cast<size_t>(skip));
        const auto end = std::min(all.size(), first + static_cast<size_t>(limit));
        std::vector<im::ConversationSummary> page;
        for (size_t i = first; i < end; ++i) {
          im::ConversationSummary& summary = all[i].summary;
          count_unread(connection, user, all[i].key, summary);
          find_last_message(connection, all[i].key, summary);
          summary.pinned = is_set(connection, user, summary.conversation, "pinned");
          summary.muted = is_set(connection, user, summary.conversation, "muted");
          find_retention(connection, summary);
          page.push_back(std::move(summary));
        }
        return page;
      });
}

im::Stored<im::ConversationPage> Conversations::messages_after(UserId reader,
                                                               im::ConversationRef conversation,
                                                               int64_t sequence,
                                                               int32_t max_count) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::ConversationPage> {
    const ConversationKey key = key_of(reader, conversation);
    im::ConversationPage page;
    page.last_sequence = find_head(connection, key).sequence;
    page.through_sequence = std::max(sequence, page.last_sequence);
    Statement select = connection.prepare("select " TURMS_MESSAGE_COLUMNS
                                          "from message where high = ? and low = ? "
                                          "and sequence > ? order by sequence limit ?");
    select.bind(key.high, key.low, sequence, max_count);
    while (select.step()) {
      im::Message message = read_message(select);
      if (message.recall_date) {
        message.text.reset();
        message.records.clear();
      }
      page.messages.push_back(std::move(message));
    }
    add_reactions(connection, page.messages);
    if (page.messages.size() == static_cast<size_t>(max_count)) {
      page.through_sequence = page.messages.back().sequence;
    }
    return page;
  });
}

}  // namespace turms::store
