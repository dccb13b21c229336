#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/data_directory.h"
#include "base/result.h"

namespace turms::app {

// What the subcommands do once the command line is read. They print their result on stdout.

Status add_user(const Config& config, const DataDirectory& data, int64_t id,
                const std::string& name, const std::string& password);
Status change_password(const Config& config, const DataDirectory& data, int64_t id,
                       const std::string& password);
Status list_users(const Config& config, const DataDirectory& data);
Status add_group(const Config& config, const DataDirectory& data, const std::string& name,
                 int64_t owner, const std::vector<int64_t>& members);
Status list_groups(const Config& config, const DataDirectory& data);

/// Of the admin API: see admin::Accounts::reset().
Status reset_admin(const Config& config, const DataDirectory& data, const std::string& account,
                   const std::string& password);

struct TokenRequest {
  std::string identity;
  std::string name;
  std::string room;
  std::string metadata;
  bool join = false;
  bool create = false;
  bool list = false;
  bool admin = false;
  bool subscribe_only = false;
  int64_t valid_for_seconds = 6 * 3600;
};
Status print_token(const Config& config, const DataDirectory& data, const TokenRequest& request);

/// Looks for what commonly keeps a server from working and says what to do; changes nothing.
/// kFailedPrecondition when something is wrong.
Status doctor(const Config& config, const DataDirectory& data);

}  // namespace turms::app
