#pragma once

#include <span>

#include "im/delivery.h"
#include "im/group_state.h"
#include "im/settings.h"

namespace turms::im {

/// Whom a change in a group is told to. `group` as it was when they were asked for (null: it is
/// gone); `concerned`: whom the change is about, members or not.
Audience group_audience(const Settings::GroupNotify& notify, const GroupState* group,
                        std::span<const UserId> concerned, UserId caller);

}  // namespace turms::im
