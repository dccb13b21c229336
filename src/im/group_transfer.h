#pragma once

#include "im/context.h"

namespace turms::im {

/// Whether `owner` may make `successor` the owner, who must be active, and whose role must let them
/// have such a group.
Task<Outcome<Permit<action::TransferGroup>>> may_transfer(Context& context, GroupPtr group,
                                                          UserId owner, UserId successor);

/// Makes the successor that the permit names the owner of the group, and publishes it: the
/// old owner becomes a plain member, or with `quit` leaves.
Task<Outcome<None>> transfer_group(Context& context, Permit<action::TransferGroup> permit,
                                   bool quit);

}  // namespace turms::im
