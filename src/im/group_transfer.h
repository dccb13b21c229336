#pragma once

#include "im/context.h"

namespace turms::im {

/// Makes `successor` the owner of the group, as settled by `permit`, and tells the listeners: the
/// old owner becomes a plain member, or with `quit` leaves.
Task<Outcome<None>> transfer_group(Context& context, Permit permit, GroupId group, UserId owner,
                                   UserId successor, bool quit);

}  // namespace turms::im
