#pragma once

#include "im/context.h"

namespace turms::im {

/// Makes the successor that the permit names the owner of the group, and publishes it: the
/// old owner becomes a plain member, or with `quit` leaves.
Task<Outcome<None>> transfer_group(Context& context, Permit<action::TransferGroup> permit,
                                   bool quit);

}  // namespace turms::im
