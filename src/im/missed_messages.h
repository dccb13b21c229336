#pragma once

#include <string>
#include <string_view>

#include "base/task.h"
#include "im/delivery.h"
#include "im/domain_fwd.h"
#include "im/types.h"

namespace turms::im {

/// A setting by which a client asks to be told of messages while the user is nowhere.
bool is_push_setting(std::string_view name);

/// Tells those of `recipients` who are nowhere, who did not mute the conversation and whose clients
/// asked for it, of a message that was stored (Context::push_hook). `group_name` is empty for a
/// private one. `context` outlives it.
Task<void> tell_who_misses(Context& context, Message message, Recipients recipients,
                           std::string group_name);

/// Forgets such a setting of a user, as long as it has this value: who was asked to tell them says
/// that it cannot any more.
Task<void> forget_push_setting(Context& context, UserId user, std::string name, std::string value);

}  // namespace turms::im
