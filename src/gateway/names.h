#pragma once

#include "gateway/proto.h"

namespace turms::gateway {

/// Puts the names in a request, and what users say of themselves and their groups, into the one
/// form of all that look alike (clean_name, clean_text), so that it is stored and relayed in this
/// form only. False: a name that is not empty shows nothing.
bool clean_names(proto::TurmsRequest& request);

}  // namespace turms::gateway
