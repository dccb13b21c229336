#include "plugin/host_hooks.h"

#include <algorithm>
#include <utility>

#include "base/task.h"
#include "im/ports/admins.h"

namespace turms::plugin {

namespace {

turms_bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// They point into `pairs`.
template <class Pairs>
std::vector<turms_pair> pairs_of(const Pairs& pairs) {
  std::vector<turms_pair> raw;
  raw.reserve(pairs.size());
  for (const auto& [name, value] : pairs) raw.push_back({name.c_str(), value.c_str()});
  return raw;
}
template <class Pairs>
void pairs_of(const Pairs&& gone) = delete;

/// A copy for each: a plugin that is late still reads its own.
template <class T>
std::shared_ptr<const T> copied(const T& value) {
  return std::make_shared<const T>(value);
}

turms_verdict ask_authenticator(const turms_authenticator& table, void* self,
                                const im::SignInDraft& draft, turms_call id,
                                turms_decision* decision) {
  const auto details = pairs_of(draft.device_details);
  turms_sign_in raw{};
  raw.struct_size = sizeof raw;
  raw.user_id = draft.user_id.value;
  raw.password = draft.password ? draft.password->c_str() : nullptr;
  raw.device = device_name(draft.device_type);
  raw.ip = draft.ip.c_str();
  raw.details = details.data();
  raw.detail_count = details.size();
  raw.trace_id = draft.trace_id;
  return table.authenticate(self, id, &raw, decision);
}

turms_request raw_request(const im::RequestDraft& draft) {
  turms_request raw{};
  raw.struct_size = sizeof raw;
  raw.user_id = draft.caller.user_id.value;
  raw.device = device_name(draft.caller.device_type);
  raw.ip = draft.ip.c_str();
  raw.request_id = draft.request_id;
  raw.kind = draft.kind;
  raw.payload = bytes_of(draft.bytes);
  raw.trace_id = draft.caller.trace_id;
  return raw;
}

turms_push raw_push(const im::MissedMessage& missed, const std::vector<turms_pair>& subscriptions) {
  turms_push raw{};
  raw.struct_size = sizeof raw;
  raw.user_id = missed.user_id.value;
  raw.message_id = missed.message_id.value;
  raw.sequence = missed.sequence;
  raw.delivery_date = missed.delivery_date.unix_ms;
  raw.sender_id = missed.sender_id.value;
  raw.sender_name = missed.sender_name.c_str();
  raw.group_id = missed.group_id ? missed.group_id->value : 0;
  raw.group_name = missed.group_name.c_str();
  raw.text = missed.text ? missed.text->c_str() : nullptr;
  raw.unread_count = missed.unread;
  raw.mentioned = missed.mentioned ? 1 : 0;
  raw.subscriptions = subscriptions.data();
  raw.subscription_count = subscriptions.size();
  return raw;
}

std::vector<turms_expired> raw_expired(const std::vector<im::Message>& messages) {
  std::vector<turms_expired> all;
  all.reserve(messages.size());
  for (const im::Message& message : messages) {
    turms_expired raw{};
    raw.struct_size = sizeof raw;
    raw.id = message.id.value;
    raw.sender_id = message.sender_id.value;
    raw.group_id = message.group_id ? message.group_id->value : 0;
    raw.recipient_id = message.recipient_id ? message.recipient_id->value : 0;
    raw.delivery_date = message.delivery_date.unix_ms;
    raw.text = message.text ? message.text->c_str() : nullptr;
    all.push_back(raw);
  }
  return all;
}

}  // namespace

const char* device_name(im::DeviceType type) {
  switch (type) {
    case im::DeviceType::kDesktop:
      return "DESKTOP";
    case im::DeviceType::kBrowser:
      return "BROWSER";
    case im::DeviceType::kIos:
      return "IOS";
    case im::DeviceType::kAndroid:
      return "ANDROID";
    case im::DeviceType::kOthers:
      return "OTHERS";
    case im::DeviceType::kUnknown:
      break;
  }
  return "UNKNOWN";
}

Task<im::Outcome<std::optional<Decision>>> HostHooks::ask(std::string name,
                                                          const Question& question) {
  LoadedPlugin* plugin = plugins_.find(name);
  if (plugin == nullptr || !question.offers(plugin->hooks())) co_return std::nullopt;
  const bool refuse = plugin->policy().refuse;
  Completion<Result<Decision>> done;
  plugin->ask(question.ask(*plugin), question.accepts, done.setter());
  Result<Decision> decision = co_await done;
  if (!decision) {
    if (refuse) co_return im::refuse(im::Code::kUnavailable, "a plugin did not answer");
    co_return std::nullopt;
  }
  if (decision->verdict == TURMS_PASS) co_return std::nullopt;
  if (decision->verdict == TURMS_REJECT) {
    const auto code = decision->code == 0 ? question.usual : static_cast<im::Code>(decision->code);
    co_return im::refuse(code, std::move(decision->reason));
  }
  co_return std::move(*decision);
}

// --- messages ---

bool HostHooks::active() const {
  return plugins_.any(&HookTables::before_send);
}

Task<im::Outcome<std::optional<std::string>>> HostHooks::before_send(im::Draft draft) {
  std::optional<std::string> changed;
  Question question;
  question.offers = &HookTables::before_send;
  question.usual = im::Code::kSendIllegal;
  question.accepts = [](const Decision& decision) { return decision.text.has_value(); };
  question.ask = [&draft](const LoadedPlugin& plugin) -> LoadedPlugin::Ask {
    return [table = plugin.hooks().messages, self = plugin.self(), asked = copied(draft)](
               turms_call id, turms_decision* decision) {
      return table->before_send(self, id, &RawMessage(*asked).get(), decision);
    };
  };
  const auto names = plugins_.names(question.offers);
  for (const std::string& name : names) {
    auto decision = co_await ask(name, question);
    if (!decision) co_return std::unexpected(std::move(decision.error()));
    if (!*decision || (*decision)->verdict != TURMS_CHANGE) continue;
    changed = (*decision)->text;
    draft.text = std::move((*decision)->text);
  }
  co_return changed;
}

bool HostHooks::asked_about_expiry() const {
  return plugins_.any(&HookTables::before_expiry);
}

Task<std::vector<MessageId>> HostHooks::before_expiry(std::vector<im::Message> messages) {
  std::vector<MessageId> all;
  for (const im::Message& message : messages) all.push_back(message.id);
  const auto asked = std::make_shared<const std::vector<im::Message>>(std::move(messages));
  std::vector<MessageId> kept;
  Question question;
  question.offers = &HookTables::before_expiry;
  question.accepts = [](const Decision& decision) { return decision.ids.has_value(); };
  question.ask = [asked](const LoadedPlugin& plugin) -> LoadedPlugin::Ask {
    return [table = plugin.hooks().messages, self = plugin.self(), asked](
               turms_call id, turms_decision* decision) {
      const auto raw = raw_expired(*asked);
      return table->before_expiry(self, id, raw.data(), raw.size(), decision);
    };
  };
  const auto names = plugins_.names(question.offers);
  for (const std::string& name : names) {
    auto decision = co_await ask(name, question);
    if (!decision) co_return all;
    if (!*decision || (*decision)->verdict != TURMS_CHANGE) continue;
    for (const int64_t id : *(*decision)->ids) kept.emplace_back(id);
  }
  co_return kept;
}

bool HostHooks::pushes() const {
  return plugins_.any([](const HookTables& hooks) { return hooks.pushes != nullptr; });
}

bool HostHooks::pushes_to_everybody() const {
  for (const auto& plugin : plugins_.all()) {
    if (plugin->hooks().pushes != nullptr && plugin->pushes_to_everybody()) return true;
  }
  return false;
}

void HostHooks::push(std::vector<im::MissedMessage> missed) {
  for (im::MissedMessage& one : missed) {
    auto& subscriptions = one.subscriptions;
    std::erase_if(subscriptions, [this](auto& subscription) {
      if (!config_.text_of_value) return false;
      auto text = config_.text_of_value(subscription.second);
      if (text) subscription.second = std::move(*text);
      return !text;
    });
  }
  // Many at once are one call, so that a large group does not fill the plugin's queue.
  const auto all = std::make_shared<const std::vector<im::MissedMessage>>(std::move(missed));
  for (const auto& plugin : plugins_.all()) {
    const turms_pushes* table = plugin->hooks().pushes;
    if (table == nullptr) continue;
    plugin->tell([table, self = plugin->self(), everybody = plugin->pushes_to_everybody(), all] {
      for (const im::MissedMessage& one : *all) {
        if (one.subscriptions.empty() && !everybody) continue;
        const auto subscriptions = pairs_of(one.subscriptions);
        const turms_push raw = raw_push(one, subscriptions);
        table->message_missed(self, &raw);
      }
    });
  }
}

// --- sessions and requests ---

bool HostHooks::asked_to_authenticate() const {
  return plugins_.any([](const HookTables& hooks) { return hooks.authenticator != nullptr; });
}

Task<im::Outcome<bool>> HostHooks::authenticate(im::SignInDraft draft) {
  Question question;
  question.offers = [](const HookTables& hooks) { return hooks.authenticator != nullptr; };
  question.usual = im::Code::kLoginFailed;
  question.accepts = [](const Decision&) { return false; };
  question.ask = [asked = copied(draft)](const LoadedPlugin& plugin) -> LoadedPlugin::Ask {
    return [table = plugin.hooks().authenticator, self = plugin.self(), asked](
               turms_call id, turms_decision* decision) {
      return ask_authenticator(*table, self, *asked, id, decision);
    };
  };
  const auto names = plugins_.names(question.offers);
  for (const std::string& name : names) {
    auto decision = co_await ask(name, question);
    if (!decision) co_return std::unexpected(std::move(decision.error()));
    if (*decision) co_return true;
  }
  co_return false;
}

bool HostHooks::asked_about(int32_t kind) const {
  return plugins_.any(
      [kind](const HookTables& hooks) { return hooks.transforms(kind) || hooks.handles(kind); });
}

Task<im::Outcome<im::ScreenedRequest>> HostHooks::before_request(im::RequestDraft draft) {
  const int32_t kind = draft.kind;
  im::ScreenedRequest out;
  Question transform;
  transform.offers = [kind](const HookTables& hooks) { return hooks.transforms(kind); };
  transform.accepts = [this, kind](const Decision& decision) {
    return decision.data && (!config_.is_request || config_.is_request(*decision.data, kind));
  };
  transform.ask = [&draft](const LoadedPlugin& plugin) -> LoadedPlugin::Ask {
    return [table = plugin.hooks().requests, self = plugin.self(), asked = copied(draft)](
               turms_call id, turms_decision* decision) {
      const turms_request raw = raw_request(*asked);
      return table->transform(self, id, &raw, decision);
    };
  };
  const auto transforming = plugins_.names(transform.offers);
  for (const std::string& name : transforming) {
    auto decision = co_await ask(name, transform);
    if (!decision) co_return std::unexpected(std::move(decision.error()));
    if (!*decision || (*decision)->verdict != TURMS_CHANGE) continue;
    out.request = (*decision)->data;
    draft.bytes = *std::move((*decision)->data);
  }
  Question handle;
  handle.offers = [kind](const HookTables& hooks) { return hooks.handles(kind); };
  handle.accepts = [this](const Decision& decision) {
    return decision.data && (!config_.is_notification || config_.is_notification(*decision.data));
  };
  handle.ask = [&draft](const LoadedPlugin& plugin) -> LoadedPlugin::Ask {
    return [table = plugin.hooks().requests, self = plugin.self(), asked = copied(draft)](
               turms_call id, turms_decision* decision) {
      const turms_request raw = raw_request(*asked);
      return table->handle(self, id, &raw, decision);
    };
  };
  const auto handling = plugins_.names(handle.offers);
  for (const std::string& name : handling) {
    auto decision = co_await ask(name, handle);
    if (!decision) co_return std::unexpected(std::move(decision.error()));
    if (!*decision || (*decision)->verdict != TURMS_CHANGE) continue;
    out.answer = std::move((*decision)->data);
    break;
  }
  co_return out;
}

void HostHooks::online_status_changed(const im::Caller& session, bool online) {
  for (const auto& plugin : plugins_.all()) {
    const turms_users* table = plugin->hooks().users;
    if (table == nullptr) continue;
    plugin->tell([table, self = plugin->self(), session, online] {
      turms_online_status raw{};
      raw.struct_size = sizeof raw;
      raw.user_id = session.user_id.value;
      raw.device = device_name(session.device_type);
      raw.online = online ? 1 : 0;
      table->online_status_changed(self, &raw);
    });
  }
}

void HostHooks::admin_action(const im::AuditEntry& entry) {
  for (const auto& plugin : plugins_.all()) {
    const turms_administration* table = plugin->hooks().administration;
    if (table == nullptr) continue;
    plugin->tell([table, self = plugin->self(), told = copied(entry)] {
      turms_admin_action raw{};
      raw.struct_size = sizeof raw;
      raw.date = told->date.unix_ms;
      raw.account = told->account.c_str();
      raw.ip = told->address.c_str();
      raw.action = told->action.c_str();
      raw.arguments = told->arguments.c_str();
      raw.status = told->status;
      raw.code = told->code;
      table->admin_action(self, &raw);
    });
  }
}

// --- notifications ---

bool HostHooks::asked_before_notify() const {
  return plugins_.any(&HookTables::before_notify);
}

Task<bool> HostHooks::before_notify(im::Envelope& envelope) {
  Question question;
  question.offers = &HookTables::before_notify;
  question.accepts = [this](const Decision& decision) {
    if (!decision.data) return decision.ids.has_value();
    return !config_.is_notification || config_.is_notification(*decision.data);
  };
  question.ask = [&envelope](const LoadedPlugin& plugin) -> LoadedPlugin::Ask {
    return [table = plugin.hooks().notifications, self = plugin.self(),
            recipients = envelope.recipients,
            payload = envelope.payload](turms_call id, turms_decision* decision) {
      std::vector<int64_t> users;
      if (recipients) {
        for (const UserId user : *recipients) users.push_back(user.value);
      }
      turms_notification raw{};
      raw.struct_size = sizeof raw;
      raw.recipients = users.data();
      raw.recipient_count = users.size();
      raw.payload = bytes_of(*payload);
      return table->before_notify(self, id, &raw, decision);
    };
  };
  const auto names = plugins_.names(question.offers);
  for (const std::string& name : names) {
    auto decision = co_await ask(name, question);
    if (!decision) co_return false;
    if (!*decision || (*decision)->verdict != TURMS_CHANGE) continue;
    if ((*decision)->data) {
      envelope.payload = std::make_shared<const std::string>(std::move(*(*decision)->data));
    }
    if (const auto& ids = (*decision)->ids) {
      std::vector<UserId> users;
      for (const int64_t id : *ids) users.emplace_back(id);
      std::ranges::sort(users);
      const auto twice = std::ranges::unique(users);
      users.erase(twice.begin(), twice.end());
      envelope.recipients = im::recipients_of(std::move(users));
    }
  }
  co_return true;
}

bool HostHooks::told_of_notifications() const {
  return plugins_.any(&HookTables::notified);
}

void HostHooks::notified(std::vector<int64_t> recipients, std::vector<int64_t> offline,
                         im::Payload payload) {
  struct Told {
    std::vector<int64_t> recipients;
    std::vector<int64_t> offline;
    im::Payload payload;
  };
  const auto told = std::make_shared<const Told>(
      Told{std::move(recipients), std::move(offline), std::move(payload)});
  for (const auto& plugin : plugins_.all()) {
    if (!plugin->hooks().notified()) continue;
    plugin->tell([table = plugin->hooks().notifications, self = plugin->self(), told] {
      turms_notification raw{};
      raw.struct_size = sizeof raw;
      raw.recipients = told->recipients.data();
      raw.recipient_count = told->recipients.size();
      raw.offline = told->offline.data();
      raw.offline_count = told->offline.size();
      raw.payload = bytes_of(*told->payload);
      table->notified(self, &raw);
    });
  }
}

}  // namespace turms::plugin
