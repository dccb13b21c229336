#pragma once

// All ports of the domain, for those who implement or wire them. A header includes only the ones it
// needs.

#include "im/ports/bus.h"              // IWYU pragma: export
#include "im/ports/changes.h"          // IWYU pragma: export
#include "im/ports/clock.h"            // IWYU pragma: export
#include "im/ports/conference.h"       // IWYU pragma: export
#include "im/ports/conversations.h"    // IWYU pragma: export
#include "im/ports/groups.h"           // IWYU pragma: export
#include "im/ports/invitations.h"      // IWYU pragma: export
#include "im/ports/meetings.h"         // IWYU pragma: export
#include "im/ports/messages.h"         // IWYU pragma: export
#include "im/ports/password_hasher.h"  // IWYU pragma: export
#include "im/ports/relationships.h"    // IWYU pragma: export
#include "im/ports/repositories.h"     // IWYU pragma: export
#include "im/ports/users.h"            // IWYU pragma: export
#include "im/ports/versions.h"         // IWYU pragma: export
