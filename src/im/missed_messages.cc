#include "im/missed_messages.h"

#include <algorithm>
#include <utility>

#include "im/context.h"
#include "im/ports/bus.h"
#include "im/ports/conversations.h"
#include "im/ports/user_settings.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

constexpr size_t kMaxNameSize = 64;
/// Users that one query asks the store about.
constexpr size_t kAtOnce = 500;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

Task<std::vector<UserId>> who_is_nowhere(Context& context, const std::vector<UserId>& users,
                                         UserId sender) {
  std::vector<UserId> absent;
  auto presences = co_await context.bus.presence(users);
  for (size_t i = 0; presences && i < users.size(); ++i) {
    if ((*presences)[i].device_types.empty() && users[i] != sender) absent.push_back(users[i]);
  }
  co_return absent;
}

}  // namespace

bool is_push_setting(std::string_view name) {
  return name.starts_with(kPushSetting) && name.size() > kPushSetting.size() &&
         name.size() <= kMaxNameSize && std::ranges::all_of(name, is_name_character);
}

Task<void> tell_who_misses(Context& context, Message message, Recipients recipients,
                           std::string group_name) {
  const std::vector<UserId> absent =
      co_await who_is_nowhere(context, *recipients, message.sender_id);
  ConversationRef conversation;
  if (message.group_id) {
    conversation.group_id = message.group_id;
  } else {
    conversation.user_id = message.sender_id;
  }
  std::string sender_name;
  for (size_t begin = 0; begin < absent.size(); begin += kAtOnce) {
    const size_t end = std::min(absent.size(), begin + kAtOnce);
    std::vector<UserId> some(absent.begin() + static_cast<ptrdiff_t>(begin),
                             absent.begin() + static_cast<ptrdiff_t>(end));
    const bool everybody = context.push_hook != nullptr && context.push_hook->pushes_to_everybody();
    auto states =
        co_await context.store.conversations.push_states(std::move(some), conversation, everybody);
    if (!states) co_return;
    if (states->empty()) continue;
    if (sender_name.empty()) {
      std::vector<UserId> ids(1, message.sender_id);
      auto senders = co_await context.store.users.find(std::move(ids));
      if (senders && !senders->empty()) sender_name = senders->front().name;
    }
    std::vector<MissedMessage> missed;
    for (PushState& state : *states) {
      MissedMessage one;
      one.user_id = state.user_id;
      one.message_id = message.id;
      one.sequence = message.sequence;
      one.delivery_date = message.delivery_date;
      one.sender_id = message.sender_id;
      one.sender_name = sender_name;
      one.group_id = message.group_id;
      one.group_name = group_name;
      one.text = message.text;
      one.unread = state.unread;
      one.mentioned = message.text.value_or("").find("@{" + std::to_string(state.user_id.value) +
                                                     "}") != std::string::npos;
      one.subscriptions.assign(std::make_move_iterator(state.subscriptions.begin()),
                               std::make_move_iterator(state.subscriptions.end()));
      missed.push_back(std::move(one));
    }
    if (context.push_hook != nullptr) context.push_hook->push(std::move(missed));
  }
}

Task<void> forget_push_setting(Context& context, UserId user, std::string name, std::string value) {
  if (!is_push_setting(name)) co_return;
  auto settings = co_await context.store.user_settings.find(user);
  if (!settings) co_return;
  const auto found = settings->find(name);
  if (found == settings->end() || found->second != value) co_return;
  std::vector<std::string> names(1, std::move(name));
  (void)co_await context.store.user_settings.remove(Rights::change_user_settings(user),
                                                    std::move(names), context.now());
}

}  // namespace turms::im
