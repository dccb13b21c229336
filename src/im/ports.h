#pragma once

// All ports of the domain, for those who implement or wire them. A header includes only the ones it
// needs.

#include "im/ports/blocklist.h"
#include "im/ports/bus.h"
#include "im/ports/changes.h"
#include "im/ports/clock.h"
#include "im/ports/conference.h"
#include "im/ports/conversation_settings.h"
#include "im/ports/conversations.h"
#include "im/ports/friend_requests.h"
#include "im/ports/group_blocklist.h"
#include "im/ports/groups.h"
#include "im/ports/invitations.h"
#include "im/ports/join_questions.h"
#include "im/ports/join_requests.h"
#include "im/ports/meetings.h"
#include "im/ports/message_marks.h"
#include "im/ports/messages.h"
#include "im/ports/password_hasher.h"
#include "im/ports/relationships.h"
#include "im/ports/repositories.h"
#include "im/ports/session_tokens.h"
#include "im/ports/user_roles.h"
#include "im/ports/user_settings.h"
#include "im/ports/users.h"
#include "im/ports/versions.h"
