#pragma once

// What every implementation of im's repositories must do. An implementation's test file includes
// this and instantiates RepositoryConformance with a function that makes an empty one.

#include "im/testing/conversations_conformance.h"
#include "im/testing/friend_requests_conformance.h"
#include "im/testing/groups_conformance.h"
#include "im/testing/invitations_conformance.h"
#include "im/testing/meetings_conformance.h"
#include "im/testing/messages_conformance.h"
#include "im/testing/relationships_conformance.h"
#include "im/testing/storage_conformance.h"
#include "im/testing/users_conformance.h"
