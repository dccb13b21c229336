#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(query_user_profiles) {
  const auto& in = request.query_user_profiles_request();
  im::QueryUserProfiles query;
  query.user_ids = ids_from<UserId>(in.user_ids());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);
  query.name = TURMS_OPTIONAL(in, name, std::string);

  auto found = co_await environment.domain.users.query_profiles(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_infos_with_version();
  for (const im::User& user : *found) fill(*out.add_user_infos(), user);
  co_return answer;
}

}  // namespace turms::gateway::handlers
