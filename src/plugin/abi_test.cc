// The tables of every released header are prefixes of today's: what a plugin was built with stays
// where it was. Adding a release: copy include/turms/plugin.h to testdata/released/VERSION/turms,
// and name it here. A released header is never edited.
#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <array>

#include "turms/plugin.h"

// The same names again, in a namespace of the release.
#undef TURMS_PLUGIN_H
#undef TURMS_PLUGIN_ABI_VERSION
namespace v1_0 {
#include "plugin/testdata/released/1.0/turms/plugin.h"
}  // namespace v1_0

namespace turms::plugin {
namespace {

struct Field {
  size_t then;
  size_t now;
  size_t then_size;
  size_t now_size;
  size_t alignment;
};

/// All fields where they were, and none of the struct left out of the list.
template <size_t N>
constexpr bool is_prefix(const std::array<Field, N>& fields, size_t then_total, size_t now_total) {
  size_t end = 0;
  for (const Field& field : fields) {
    const size_t begin = (end + field.alignment - 1) / field.alignment * field.alignment;
    if (field.then != begin) return false;  // one between is not named
    if (field.now != field.then || field.now_size != field.then_size) return false;
    end = field.then + field.then_size;
  }
  return then_total >= end && then_total - end < alignof(max_align_t) && now_total >= then_total;
}

#define FIELD(release, type, name)                                                 \
  Field {                                                                          \
    offsetof(release::type, name), offsetof(::type, name),                         \
        sizeof(((release::type*)nullptr)->name), sizeof(((::type*)nullptr)->name), \
        alignof(decltype(release::type::name))                                     \
  }
#define PREFIX(release, type, ...) \
  is_prefix(std::to_array<Field>({__VA_ARGS__}), sizeof(release::type), sizeof(::type))

#define F(name) FIELD(v1_0, turms_host, name)
static_assert(PREFIX(v1_0, turms_host, F(abi_version), F(struct_size), F(context), F(log),
                     F(config), F(start_timer), F(cancel_timer), F(post), F(serve_http),
                     F(http_respond), F(complete), F(complete_with_count), F(complete_with_text),
                     F(complete_with_participants), F(meeting_changed), F(meeting_ended)));
#undef F
#define F(name) FIELD(v1_0, turms_plugin, name)
static_assert(PREFIX(v1_0, turms_plugin, F(abi_version), F(struct_size), F(name), F(version),
                     F(start), F(stop), F(conference)));
#undef F
#define F(name) FIELD(v1_0, turms_conference, name)
static_assert(PREFIX(v1_0, turms_conference, F(abi_version), F(struct_size), F(create_meeting),
                     F(cancel_meeting), F(count_active_meetings), F(accept), F(list_participants),
                     F(member_removed), F(member_muted), F(member_role_changed)));
#undef F
#define F(name) FIELD(v1_0, turms_meeting, name)
static_assert(PREFIX(v1_0, turms_meeting, F(struct_size), F(id), F(creator_id), F(group_id),
                     F(user_id), F(name), F(start_date), F(max_participants)));
#undef F
#define F(name) FIELD(v1_0, turms_admission, name)
static_assert(PREFIX(v1_0, turms_admission, F(struct_size), F(meeting_id), F(user_id), F(user_name),
                     F(device), F(role), F(muted)));
#undef F
#define F(name) FIELD(v1_0, turms_participant, name)
static_assert(PREFIX(v1_0, turms_participant, F(struct_size), F(user_id), F(joined_date),
                     F(tracks)));
#undef F
#define F(name) FIELD(v1_0, turms_http_request, name)
static_assert(PREFIX(v1_0, turms_http_request, F(struct_size), F(method), F(path), F(query),
                     F(headers), F(header_count), F(body), F(body_size)));
#undef F
#define F(name) FIELD(v1_0, turms_http_response, name)
static_assert(PREFIX(v1_0, turms_http_response, F(struct_size), F(status), F(headers),
                     F(header_count), F(body), F(body_size)));
#undef F
// It has no size of its own, so it cannot grow.
static_assert(sizeof(turms_http_header) == sizeof(v1_0::turms_http_header) &&
              offsetof(turms_http_header, value) == offsetof(v1_0::turms_http_header, value));

// The minimum of this version is what its first release had.
static_assert(TURMS_PLUGIN_ABI_VERSION != 1 || TURMS_HOST_MINIMUM == sizeof(v1_0::turms_host));
static_assert(TURMS_PLUGIN_ABI_VERSION != 1 ||
              TURMS_CONFERENCE_MINIMUM == sizeof(v1_0::turms_conference));
static_assert(TURMS_PLUGIN_ABI_VERSION != 1 ||
              TURMS_PLUGIN_MINIMUM == offsetof(v1_0::turms_plugin, conference));

#define SAME(name) static_assert(static_cast<int>(::name) == static_cast<int>(v1_0::name))
SAME(TURMS_OK);
SAME(TURMS_ERROR_INVALID_ARGUMENT);
SAME(TURMS_ERROR_NOT_FOUND);
SAME(TURMS_ERROR_PERMISSION_DENIED);
SAME(TURMS_ERROR_RESOURCE_EXHAUSTED);
SAME(TURMS_ERROR_UNAVAILABLE);
SAME(TURMS_ERROR_DEADLINE_EXCEEDED);
SAME(TURMS_ERROR_UNSUPPORTED);
SAME(TURMS_ERROR_INTERNAL);
SAME(TURMS_ROLE_OWNER);
SAME(TURMS_ROLE_MANAGER);
SAME(TURMS_ROLE_MEMBER);
SAME(TURMS_ROLE_GUEST);
SAME(TURMS_ROLE_ANONYMOUS_GUEST);
SAME(TURMS_TRACK_MICROPHONE);
SAME(TURMS_TRACK_CAMERA);
SAME(TURMS_TRACK_SCREEN);
SAME(TURMS_LOG_DEBUG);
SAME(TURMS_LOG_INFO);
SAME(TURMS_LOG_WARN);
SAME(TURMS_LOG_ERROR);

TEST(PluginAbi, AsksForWhatIsWithinATable) {
  turms_conference table{};
  table.struct_size = offsetof(turms_conference, accept);
  table.accept = [](void*, turms_call, const turms_admission*) -> turms_status { return TURMS_OK; };
  EXPECT_FALSE(TURMS_HAS(&table, accept)) << "not within the size";
  table.struct_size = sizeof table;
  EXPECT_TRUE(TURMS_HAS(&table, accept));
  EXPECT_FALSE(TURMS_HAS(&table, create_meeting)) << "null";
}

}  // namespace
}  // namespace turms::plugin
