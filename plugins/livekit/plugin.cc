// The C side of the plugin: copies what it is given, and hands it to the plugin's own thread.
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "conference.h"
#include "config.h"
#include "mailbox.h"
#include "net/loop.h"
#include "turms/plugin.hpp"

namespace turms::livekit_plugin {

namespace {

class Plugin {
 public:
  Plugin(const turms_host* host, Config config) : host_(host), config_(std::move(config)) {
    thread_ = std::thread([this] {
      conference_ = std::make_unique<Conference>(loop_, *host_, config_);
      loop_.run();
      conference_.reset();
    });
    host_->serve_http(host_->context, &Plugin::serve, this);
  }
  ~Plugin() {
    loop_.stop();
    thread_.join();
  }

  template <class F>
  turms_status ask(F&& function) {
    const bool posted =
        mailbox_.ask([this, function = std::forward<F>(function)] { function(*conference_); });
    return posted ? TURMS_OK : TURMS_ERROR_RESOURCE_EXHAUSTED;
  }
  template <class F>
  void tell(F&& function) {
    const bool posted =
        mailbox_.tell([this, function = std::forward<F>(function)] { function(*conference_); });
    if (posted) return;
    host_->log(host_->context, TURMS_LOG_ERROR, "too busy to hear who may be in a meeting");
  }

 private:
  static void serve(void* self, turms_call call, const turms_http_request* request);

  const turms_host* host_;
  const Config config_;
  net::Loop loop_;
  Mailbox mailbox_{loop_};
  std::unique_ptr<Conference> conference_;  // of thread_
  std::thread thread_;
};

Plugin& of(void* self) {
  return *static_cast<Plugin*>(self);
}

void Plugin::serve(void* self, turms_call call, const turms_http_request* raw) {
  Conference::HttpRequest request;
  request.method = raw->method;
  request.path = raw->path;
  request.body.assign(reinterpret_cast<const char*>(raw->body), raw->body_size);
  for (size_t i = 0; i < raw->header_count; ++i) {
    if (strcasecmp(raw->headers[i].name, "Authorization") == 0) {
      request.authorization = raw->headers[i].value;
    }
  }
  Plugin& plugin = of(self);
  const turms_status asked =
      plugin.ask([call, request = std::move(request)](Conference& c) { c.serve(call, request); });
  if (asked == TURMS_OK) return;
  // A media server sends its webhook again.
  turms_http_response busy{};
  busy.struct_size = sizeof busy;
  busy.status = 503;
  plugin.host_->http_respond(plugin.host_->context, call, &busy);
}

turms_status create_meeting(void* self, turms_call call, const turms_meeting* raw) {
  Conference::Meeting meeting;
  meeting.id = raw->id;
  meeting.creator_id = raw->creator_id;
  meeting.group_id = raw->group_id;
  meeting.name = raw->name;
  meeting.max_participants = raw->max_participants;
  if (raw->struct_size >= TURMS_SIZE_WITH(turms_meeting, trace_id)) {
    meeting.trace_id = raw->trace_id;
  }
  return of(self).ask(
      [call, meeting = std::move(meeting)](Conference& c) { c.create_meeting(call, meeting); });
}

turms_status cancel_meeting(void* self, turms_call call, int64_t meeting_id) {
  return of(self).ask([=](Conference& c) { c.cancel_meeting(call, meeting_id); });
}

turms_status count_active_meetings(void* self, turms_call call, int64_t user_id) {
  return of(self).ask([=](Conference& c) { c.count_active_meetings(call, user_id); });
}

turms_status accept(void* self, turms_call call, const turms_admission* raw) {
  MemberToken member;
  member.meeting_id = raw->meeting_id;
  member.user_id = raw->user_id;
  member.name = raw->user_name;
  member.device = raw->device;
  member.role = raw->role;
  member.rights = rights_of(raw->role, raw->muted != 0);
  if (raw->struct_size >= TURMS_SIZE_WITH(turms_admission, data)) {
    member.rights.tracks = raw->tracks;
    member.rights.data = raw->data != 0;
  }
  return of(self).ask(
      [call, member = std::move(member)](Conference& c) { c.accept(call, member); });
}

turms_status list_participants(void* self, turms_call call, int64_t meeting_id) {
  return of(self).ask([=](Conference& c) { c.list_participants(call, meeting_id); });
}

void members(void* self, int64_t meeting_id, const turms_member* list, size_t count,
             int32_t complete) {
  std::vector<Conference::Told> told;
  told.reserve(count);
  const auto* entry = reinterpret_cast<const std::byte*>(list);
  for (size_t i = 0; i < count; ++i, entry += list->struct_size) {
    const auto& member = *reinterpret_cast<const turms_member*>(entry);
    Rights rights = rights_of(member.role, member.muted != 0);
    if (list->struct_size >= TURMS_SIZE_WITH(turms_member, data)) {
      rights.tracks = member.tracks;
      rights.data = member.data != 0;
    }
    told.push_back({member.user_id, {member.role, rights, member.allowed != 0}});
  }
  of(self).tell([meeting_id, told = std::move(told), complete](Conference& c) {
    c.tell_members(meeting_id, told, complete != 0);
  });
}

turms_status mute(void* self, turms_call call, int64_t meeting_id, int64_t user_id,
                  uint32_t tracks) {
  return of(self).ask([=](Conference& c) { c.mute(call, meeting_id, user_id, tracks); });
}

std::unique_ptr<Plugin> make(const turms_host& host) {
  auto config = read_config(host);
  if (!config) throw std::invalid_argument(config.error().message);
  return std::make_unique<Plugin>(&host, std::move(*config));
}

constexpr turms_conference kConference = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                          .struct_size = sizeof(turms_conference),
                                          .create_meeting = create_meeting,
                                          .cancel_meeting = cancel_meeting,
                                          .count_active_meetings = count_active_meetings,
                                          .accept = accept,
                                          .list_participants = list_participants,
                                          // Told by kMembership.
                                          .member_removed = nullptr,
                                          .member_muted = nullptr,
                                          .member_role_changed = nullptr};

constexpr turms_membership kMembership = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_membership),
                                          members};

constexpr turms_meeting_control kControl = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_meeting_control),
                                            mute};

const void* capability(const char* name) {
  if (std::string_view(name) == TURMS_SETTINGS) return &settings();
  if (std::string_view(name) == TURMS_MEETING_CONTROL) return &kControl;
  return std::string_view(name) == TURMS_MEMBERSHIP ? &kMembership : nullptr;
}

constexpr turms_plugin kPlugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                  .struct_size = sizeof(turms_plugin),
                                  .name = "livekit",
                                  .version = "0.3",
                                  .start = sdk::start<make>,
                                  .stop = sdk::stop<Plugin>,
                                  .conference = &kConference,
                                  .capability = capability};

}  // namespace

}  // namespace turms::livekit_plugin

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  // An older host would call what is not there.
  return turms::sdk::knows_capabilities(*host) ? &turms::livekit_plugin::kPlugin : nullptr;
}
