/*
 * The plugin interface of turms: the one public header.
 *
 * A plugin is a shared object that exports one symbol:
 *
 *     TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host);
 *
 * It is called once after loading, and answers with a table of functions that stays valid until the
 * object is unloaded (a static one), or NULL when the host is of no use to it.
 *
 * Rules
 *  - Every table begins with abi_version and struct_size. Tables grow at their end only; a function
 *    that is not within struct_size, or is NULL, is not there: ask with TURMS_HAS. A host refuses a
 *    plugin of another abi_version, and one whose tables are shorter than TURMS_*_MINIMUM: the part
 *    that everybody of this abi_version has, which never changes.
 *  - What came later, and what will come, is a capability: a table asked for by its name, of the
 *    host and of the plugin. Who does not know a name answers NULL. A table of a name grows at its
 *    end only; what cannot is a capability of another name.
 *  - Nothing is thrown across. Failure is a status.
 *  - Strings and arrays given to a call are valid during that call only; who keeps them copies
 * them. Strings are UTF-8, terminated by NUL, never NULL unless it says so.
 *  - The host calls a plugin from one thread (its control thread), one call at a time, and expects
 * it back at once: a plugin that waits for something starts it and returns. What takes time is
 *    completed later with complete_*(), from any thread, exactly once. The host has a deadline for
 *    each call: after it the call has failed and its completion is ignored.
 *  - The functions of turms_host may be called from any thread between turms_plugin_entry and the
 *    return of stop(), unless they say otherwise.
 *  - Times are milliseconds since 1970-01-01 UTC.
 */
#ifndef TURMS_PLUGIN_H
#define TURMS_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TURMS_PLUGIN_ABI_VERSION 1u
#define TURMS_PLUGIN_ENTRY "turms_plugin_entry"
#define TURMS_PLUGIN_EXPORT __attribute__((visibility("default")))

/* Size of a struct up to and with one of its fields. */
#define TURMS_SIZE_WITH(type, field) (offsetof(type, field) + sizeof(((type*)0)->field))
/* Whether the function is in a table (a pointer to it). */
#define TURMS_HAS(table, field)                                                                  \
  ((table)->struct_size >=                                                                       \
       (size_t)((const char*)&(table)->field - (const char*)(table)) + sizeof((table)->field) && \
   (table)->field != NULL)

typedef int32_t turms_status;
enum {
  TURMS_OK = 0,
  TURMS_ERROR_INVALID_ARGUMENT = 1,
  TURMS_ERROR_NOT_FOUND = 2,
  TURMS_ERROR_PERMISSION_DENIED = 3,
  TURMS_ERROR_RESOURCE_EXHAUSTED = 4,
  TURMS_ERROR_UNAVAILABLE = 5,
  TURMS_ERROR_DEADLINE_EXCEEDED = 6,
  TURMS_ERROR_UNSUPPORTED = 7,
  TURMS_ERROR_INTERNAL = 8
};

/* Names one call that waits for its completion; never 0. */
typedef uint64_t turms_call;

/* --- what travels --- */

typedef enum turms_role {
  TURMS_ROLE_OWNER = 0,
  TURMS_ROLE_MANAGER = 1,
  TURMS_ROLE_MEMBER = 2,
  TURMS_ROLE_GUEST = 3,
  TURMS_ROLE_ANONYMOUS_GUEST = 4
} turms_role;

typedef struct turms_meeting {
  size_t struct_size;
  int64_t id;
  int64_t creator_id;
  int64_t group_id; /* 0: none */
  int64_t user_id;  /* the other side of a private meeting, 0: none */
  const char* name;
  int64_t start_date;
  int32_t max_participants;
  uint64_t trace_id; /* of the request that makes it, as in turms_message; 0: none */
} turms_meeting;

/* Whom a provider lets in, and as what. */
typedef struct turms_admission {
  size_t struct_size;
  int64_t meeting_id;
  int64_t user_id;
  const char* user_name;
  const char* device; /* "BROWSER", "DESKTOP", "IOS", "ANDROID", "OTHERS", "UNKNOWN" */
  turms_role role;
  int32_t muted;
  uint64_t trace_id; /* of the request, as in turms_message; 0: none */

  /* --- since 1.3 --- */

  uint32_t tracks; /* as in turms_member */
  int32_t data;
} turms_admission;

enum { TURMS_TRACK_MICROPHONE = 1, TURMS_TRACK_CAMERA = 2, TURMS_TRACK_SCREEN = 4 };

/* An array of these is as the other side's struct_size says: step by that, not by sizeof. */
typedef struct turms_participant {
  size_t struct_size;
  int64_t user_id;
  int64_t joined_date;
  uint32_t tracks; /* TURMS_TRACK_*: published and not muted */
} turms_participant;

typedef struct turms_http_header {
  const char* name;
  const char* value;
} turms_http_header;

typedef struct turms_http_request {
  size_t struct_size;
  const char* method;
  const char* path;  /* decoded, without /plugins/<name>: "/webhook" */
  const char* query; /* as sent, without "?" */
  const turms_http_header* headers;
  size_t header_count;
  const uint8_t* body;
  size_t body_size;
} turms_http_request;

typedef struct turms_http_response {
  size_t struct_size;
  int32_t status;
  const turms_http_header* headers; /* may be NULL */
  size_t header_count;
  const uint8_t* body; /* may be NULL */
  size_t body_size;
} turms_http_response;

typedef enum turms_log_level {
  TURMS_LOG_DEBUG = 0,
  TURMS_LOG_INFO = 1,
  TURMS_LOG_WARN = 2,
  TURMS_LOG_ERROR = 3
} turms_log_level;

/* --- what the host does --- */

/* An HTTP request under /plugins/<name>/. Called on the control thread; answer with http_respond.
 */
typedef void (*turms_http_handler)(void* plugin_data, turms_call call,
                                   const turms_http_request* request);
/* Called on the control thread. */
typedef void (*turms_callback)(void* plugin_data);

typedef struct turms_host {
  uint32_t abi_version;
  size_t struct_size;
  /* First argument of every function below. */
  void* context;

  void (*log)(void* context, turms_log_level level, const char* message);

  /* The value of plugins.<name>.<key>, or NULL when it is not set. Valid until stop() returns. */
  const char* (*config)(void* context, const char* key);

  /* Calls `callback` once, after the delay. Returns the timer, 0 on failure (too many). */
  uint64_t (*start_timer)(void* context, uint64_t delay_ms, turms_callback callback,
                          void* plugin_data);
  /* Harmless when it has fired. On the control thread the callback does not run afterwards. */
  void (*cancel_timer)(void* context, uint64_t timer);

  /* Runs a function on the control thread soon. */
  turms_status (*post)(void* context, turms_callback callback, void* plugin_data);

  /* Every request under /plugins/<name>/ goes to this handler from now on. Control thread only. */
  turms_status (*serve_http)(void* context, turms_http_handler handler, void* plugin_data);
  void (*http_respond)(void* context, turms_call call, const turms_http_response* response);

  /* Completions of calls to the conference table. `message` says what failed, may be NULL. */
  void (*complete)(void* context, turms_call call, turms_status status, const char* message);
  void (*complete_with_count)(void* context, turms_call call, int64_t count);
  void (*complete_with_text)(void* context, turms_call call, const char* text);
  void (*complete_with_participants)(void* context, turms_call call,
                                     const turms_participant* participants, size_t count);

  /* Everybody who is in the meeting now. Reports may be merged by the plugin, never reordered. */
  void (*meeting_changed)(void* context, int64_t meeting_id, const turms_participant* participants,
                          size_t count);
  /* Over, by itself or by cancel_meeting. */
  void (*meeting_ended)(void* context, int64_t meeting_id, int64_t when);

  /* --- since 1.1 --- */

  /* A table of further functions by its name (TURMS_HOST_*); NULL: this host does not know it.
   * Valid as long as this table. */
  const void* (*capability)(void* context, const char* name);
} turms_host;

#define TURMS_HOST_MINIMUM TURMS_SIZE_WITH(turms_host, meeting_ended)

/* --- what a plugin may offer --- */

/*
 * Holds meetings. One running plugin with this table is the provider.
 *
 * A call that returns TURMS_OK completes later through the host with its `call`; one that returns
 * anything else has failed and must not be completed.
 */
typedef struct turms_conference {
  uint32_t abi_version;
  size_t struct_size;

  /* Completed with complete(). The same meeting again (after a restart of the server) is no error.
   */
  turms_status (*create_meeting)(void* self, turms_call call, const turms_meeting* meeting);
  /* Everybody leaves; tokens given before bring nobody back for longer than it takes to notice.
   * Completed with complete(). */
  turms_status (*cancel_meeting)(void* self, turms_call call, int64_t meeting_id);
  /* Meetings made by a user that go on. Completed with complete_with_count(). */
  turms_status (*count_active_meetings)(void* self, turms_call call, int64_t user_id);
  /* Completed with complete_with_text(): the token. Lets in again who had been removed. NOT_FOUND
   * when the plugin does not know the meeting: the host then calls create_meeting and tries again.
   */
  turms_status (*accept)(void* self, turms_call call, const turms_admission* admission);
  /* Completed with complete_with_participants(). */
  turms_status (*list_participants)(void* self, turms_call call, int64_t meeting_id);

  /* Told, not asked; of a plugin that offers TURMS_MEMBERSHIP these three are not called, and may
   * be NULL. */
  /* Leaves at once; tokens given before are void. */
  void (*member_removed)(void* self, int64_t meeting_id, int64_t user_id);
  void (*member_muted)(void* self, int64_t meeting_id, int64_t user_id, int32_t muted);
  void (*member_role_changed)(void* self, int64_t meeting_id, int64_t user_id, turms_role role);
} turms_conference;

#define TURMS_CONFERENCE_MINIMUM TURMS_SIZE_WITH(turms_conference, member_role_changed)

/* What the group says of somebody in a meeting. */
typedef struct turms_member {
  size_t struct_size; /* step by this one, as with turms_participant */
  int64_t user_id;
  turms_role role;
  int32_t muted;
  int32_t allowed; /* 0: must leave at once, and tokens given before are void */

  /* --- since 1.3: what they may do, whatever their role in the group; without these fields the
   * plugin decides by the role --- */

  uint32_t tracks; /* TURMS_TRACK_*: may publish these; sound of a screen is of the screen */
  int32_t data;    /* 0: may not send data */
} turms_member;

/*
 * With turms_conference: who may be in a meeting, as state and not as change. The same may be told
 * again and again; what was told last holds.
 */
#define TURMS_MEMBERSHIP "turms.membership"
typedef struct turms_membership {
  uint32_t abi_version;
  size_t struct_size;

  /* `complete`: these are all; everybody else must leave. That is told after each create_meeting
   * that succeeded, so after every start of server or plugin too: whoever is in the room may have
   * been there before, with rights of before. Without it the others stay as they are.
   * Of a meeting that the plugin does not know it tells nothing. */
  void (*members)(void* self, int64_t meeting_id, const turms_member* members, size_t count,
                  int32_t complete);
} turms_membership;

/* --- since 1.3 --- */

/*
 * With turms_conference: what hosts do to what others publish.
 */
#define TURMS_MEETING_CONTROL "turms.meeting_control"
typedef struct turms_meeting_control {
  uint32_t abi_version;
  size_t struct_size;

  /* Mutes what a user has published of these tracks (TURMS_TRACK_*), once: they may unmute it
   * again where turms_member.tracks lets them. Nobody there, or nothing published, is no error.
   * Completed with complete(). */
  turms_status (*mute)(void* self, turms_call call, int64_t meeting_id, int64_t user_id,
                       uint32_t tracks);
} turms_meeting_control;

/* --- hooks: what a plugin may have a word in --- */

/*
 * Hooks are called on a thread that the host keeps for each plugin, one call at a time and apart
 * from everything else, so that one that takes its time delays nobody who does not wait for it.
 * Bounds: 1,024 calls wait for that thread; one more has failed, or is not told.
 *
 * A call has failed when it is not answered within plugins.<name>.hook_deadline_ms (1000), when it
 * throws, and when it answers nonsense. Then the host goes on as plugins.<name>.hook_on_failure
 * says: "allow", as if the plugin were not there, or "refuse". After plugins.<name>.hook_failures
 * (5) failures in a row the plugin is paused: it is called no more until somebody resumes it.
 */
typedef enum turms_verdict {
  TURMS_ALLOW = 0,
  TURMS_REJECT = 1,
  TURMS_CHANGE = 2, /* allowed, with what the decision says */
  TURMS_LATER = 3,  /* answered by turms_host_hooks.decide, from any thread, once */
  /* since 1.2 */
  TURMS_PASS = 4 /* nothing to say: as if this plugin had not been asked */
} turms_verdict;

typedef struct turms_decision {
  size_t struct_size;
  int32_t code;       /* TURMS_REJECT: a status code of the protocol; 0: the usual one */
  const char* reason; /* TURMS_REJECT: may be NULL */
  const char* text;   /* TURMS_CHANGE. Valid until the next call of the plugin. */

  /* --- since 1.2; TURMS_CHANGE, each where a hook says so, and valid as `text` is --- */

  const uint8_t* data; /* at most TURMS_MAX_DATA bytes */
  size_t data_size;
  const int64_t* ids; /* at most TURMS_MAX_IDS */
  size_t id_count;
} turms_decision;

#define TURMS_MAX_DATA (16u * 1024 * 1024)
#define TURMS_MAX_IDS 100000u

typedef struct turms_bytes {
  const uint8_t* data;
  size_t size;
} turms_bytes;

typedef struct turms_message {
  size_t struct_size;
  int64_t sender_id;
  int64_t group_id;     /* 0: to recipient_id */
  int64_t recipient_id; /* 0: to group_id */
  int64_t edited_id;    /* the message whose content this replaces, 0: a new one */
  const char* text;     /* NULL: none */
  const turms_bytes* records;
  size_t record_count;
  uint64_t trace_id; /* of the request, which the server logs in 16 hexadecimal digits; 0: none */
} turms_message;

/* Step by the struct_size of the first. */
typedef struct turms_expired {
  size_t struct_size;
  int64_t id;
  int64_t sender_id;
  int64_t group_id;     /* 0: to recipient_id */
  int64_t recipient_id; /* 0: to group_id */
  int64_t delivery_date;
  const char* text; /* NULL: none */
} turms_expired;

#define TURMS_MESSAGES "turms.messages"
typedef struct turms_messages {
  uint32_t abi_version;
  size_t struct_size;

  /* Between the rights of the sender, who may say this here, and its being stored and told. The
   * usual code of a refusal is 5010. `decision` is zero but for its struct_size. Several plugins
   * are asked in the order they were loaded, each with what the one before left. */
  turms_verdict (*before_send)(void* self, turms_call call, const turms_message* message,
                               turms_decision* decision);

  /* --- since 1.2 --- */

  /* Before messages are deleted because their time is over (`burn_after`, retention), some at a
   * time. TURMS_ALLOW: all of them go. TURMS_REJECT: none. TURMS_CHANGE: but for those of
   * `decision.ids`. What was kept is asked about again after an hour; while 10,000 messages are
   * kept, no other is deleted. With hook_on_failure: refuse, a call that fails keeps them. May be
   * NULL, as before_send may. */
  turms_verdict (*before_expiry)(void* self, turms_call call, const turms_expired* messages,
                                 size_t count, turms_decision* decision);
} turms_messages;

typedef struct turms_online_status {
  size_t struct_size;
  int64_t user_id;
  const char* device; /* as in turms_admission */
  int32_t online;     /* 0: signed out, or gone */
} turms_online_status;

#define TURMS_USERS "turms.users"
typedef struct turms_users {
  uint32_t abi_version;
  size_t struct_size;

  /* Told of each session that begins and ends on this node. */
  void (*online_status_changed)(void* self, const turms_online_status* status);
} turms_users;

typedef struct turms_notification {
  size_t struct_size;
  const int64_t* recipients;
  size_t recipient_count;
  /* Those of them who are nowhere: what a push service is for. */
  const int64_t* offline;
  size_t offline_count;
  turms_bytes payload; /* a TurmsNotification, as sessions get it */
} turms_notification;

/* Both may be NULL. */

#define TURMS_NOTIFICATIONS "turms.notifications"
typedef struct turms_notifications {
  uint32_t abi_version;
  size_t struct_size;

  /* Told of each notification that was sent to users, after that. */
  void (*notified)(void* self, const turms_notification* notification);

  /* --- since 1.2 --- */

  /* Before a notification is sent to users; who of them is offline is not known yet. What it tells
   * of is done, so TURMS_REJECT takes nothing back: nobody is told. TURMS_CHANGE: `data`, a
   * TurmsNotification, is sent in its place; `ids`, to these users; or both. Notifications keep
   * their order, so one that waits for an answer holds up those behind it. */
  turms_verdict (*before_notify)(void* self, turms_call call,
                                 const turms_notification* notification, turms_decision* decision);
} turms_notifications;

/* --- since 1.2 --- */

typedef struct turms_pair {
  const char* name;
  const char* value;
} turms_pair;

typedef struct turms_sign_in {
  size_t struct_size;
  int64_t user_id;
  const char* password; /* NULL: none */
  const char* device;   /* as in turms_admission */
  const char* ip;
  const turms_pair* details; /* CreateSessionRequest.device_details */
  size_t detail_count;
  uint64_t trace_id; /* as in turms_message */
} turms_sign_in;

#define TURMS_AUTHENTICATOR "turms.authenticator"
typedef struct turms_authenticator {
  uint32_t abi_version;
  size_t struct_size;

  /* Whether somebody is the user they say. TURMS_ALLOW: yes; the user need not be stored here.
   * TURMS_REJECT: no, with 2011 unless the decision says another code. TURMS_PASS: ask the next
   * plugin, and in the end the server itself. So it is after a failure, with
   * hook_on_failure: allow. */
  turms_verdict (*authenticate)(void* self, turms_call call, const turms_sign_in* sign_in,
                                turms_decision* decision);
} turms_authenticator;

typedef struct turms_request {
  size_t struct_size;
  int64_t user_id;
  const char* device; /* as in turms_admission */
  const char* ip;
  int64_t request_id;
  int32_t kind;        /* number of the kind's field in TurmsRequest */
  turms_bytes payload; /* a TurmsRequest */
  uint64_t trace_id;   /* as in turms_message */
} turms_request;

#define TURMS_REQUESTS "turms.requests"
typedef struct turms_requests {
  uint32_t abi_version;
  size_t struct_size;

  /* The kinds that it is asked about; NULL: all. Others cost nothing. */
  const int32_t* kinds;
  size_t kind_count;

  /* Of a request that its session may make, before anything is done. Signing in and out is not
   * among them. TURMS_CHANGE: `data`, a TurmsRequest of the same kind, takes its place, also for
   * those who are told of it; its request_id does not matter. TURMS_REJECT: it is refused, with
   * 1106 unless the decision says another code. Several plugins are asked in the order they were
   * loaded, each with what the one before left. May be NULL. */
  turms_verdict (*transform)(void* self, turms_call call, const turms_request* request,
                             turms_decision* decision);
  /* After all plugins have transformed it. TURMS_CHANGE: the request is done, and answered with
   * the code, the reason and the data of `data`, a TurmsNotification; a code that is not there is
   * 1000. The server does nothing and tells nobody. TURMS_REJECT: refused. Otherwise the next
   * plugin is asked, and in the end the server handles it. May be NULL. */
  turms_verdict (*handle)(void* self, turms_call call, const turms_request* request,
                          turms_decision* decision);
} turms_requests;

typedef struct turms_admin_action {
  size_t struct_size;
  int64_t date;
  const char* account;
  const char* ip;
  const char* action;    /* "DELETE /users" */
  const char* arguments; /* JSON {query, body}, without secrets */
  int32_t status;        /* of HTTP */
  int32_t code;          /* of the answer's envelope */
} turms_admin_action;

#define TURMS_ADMINISTRATION "turms.administration"
typedef struct turms_administration {
  uint32_t abi_version;
  size_t struct_size;

  /* Told of each request to the admin API that could change something, refused or not, after it
   * was answered. What the audit log says. */
  void (*admin_action)(void* self, const turms_admin_action* action);
} turms_administration;

typedef enum turms_resource {
  TURMS_RESOURCE_USER_PICTURE = 0,
  TURMS_RESOURCE_GROUP_PICTURE = 1,
  TURMS_RESOURCE_ATTACHMENT = 2
} turms_resource;

typedef struct turms_object {
  size_t struct_size;
  turms_resource type;
  int64_t id; /* of the user or group whose picture it is, or of the attachment */
} turms_object;

typedef struct turms_upload {
  size_t struct_size;
  turms_resource type;
  int64_t id;
  const char* content_type; /* what may come: "image/" and a star, two stars, or one type */
  int64_t min_bytes;
  int64_t max_bytes;
  int64_t expiration; /* the permission ends then */
} turms_upload;

typedef struct turms_download {
  size_t struct_size;
  turms_resource type;
  int64_t id;
  const char* file_name;  /* "" for pictures */
  const char* media_type; /* as the uploader says: never to be believed */
  int64_t expiration;
} turms_download;

/*
 * Keeps files in place of the server's own store. The first running plugin with this table is it.
 * The server decides who may do what; clients move the bytes by HTTP with what they are given here.
 * Called on the plugin's thread; a call completes as those of turms_conference do, within
 * hook_deadline_ms. hook_on_failure does not matter: a call that failed has failed (1201).
 */
#define TURMS_STORAGE "turms.storage"
typedef struct turms_storage {
  uint32_t abi_version;
  size_t struct_size;

  /* Completed with turms_host_storage.complete_with_pairs: the fields of the form that is posted
   * with the file as its last part, and "url": where to. */
  turms_status (*upload_info)(void* self, turms_call call, const turms_upload* upload);
  /* The same: "url", and whatever else clients need. */
  turms_status (*download_info)(void* self, turms_call call, const turms_download* download);
  /* Completed with complete_with_count(): its size in bytes, -1: there is none. */
  turms_status (*find)(void* self, turms_call call, const turms_object* object);
  /* Completed with complete(). Nothing to remove is no error. */
  turms_status (*remove)(void* self, turms_call call, const turms_object* object);
} turms_storage;

/* Of the host. */
#define TURMS_HOST_STORAGE "turms.host.storage"
typedef struct turms_host_storage {
  uint32_t abi_version;
  size_t struct_size;

  /* At most 64 pairs. */
  void (*complete_with_pairs)(void* context, turms_call call, const turms_pair* pairs,
                              size_t count);
} turms_host_storage;

/* Of the host. */
#define TURMS_HOST_HOOKS "turms.host.hooks"
typedef struct turms_host_hooks {
  uint32_t abi_version;
  size_t struct_size;

  /* Answers a call that returned TURMS_LATER. `decision` may be NULL with TURMS_ALLOW. */
  void (*decide)(void* context, turms_call call, turms_verdict verdict,
                 const turms_decision* decision);
} turms_host_hooks;

/* A message for a user who is nowhere: once for each such user. */
typedef struct turms_push {
  size_t struct_size;
  int64_t user_id; /* whom it is for */
  int64_t message_id;
  int64_t sequence;
  int64_t delivery_date;
  int64_t sender_id;
  const char* sender_name;
  int64_t group_id;       /* 0: none */
  const char* group_name; /* "": none */
  const char* text;       /* NULL: none */
  int32_t unread_count;   /* of the conversation, this message with them; at most 1,000 */
  int32_t mentioned;      /* the text has @{user id} */
  /* What the user's clients registered: settings (update_user_settings_request) whose names begin
   * with "push.", with a string_value. At most 20. */
  const turms_pair* subscriptions;
  size_t subscription_count;
} turms_push;

#define TURMS_PUSH "turms.push"
typedef struct turms_pushes {
  uint32_t abi_version;
  size_t struct_size;

  /* Told of each message that was stored, for each user who is signed in nowhere, has a
   * subscription, and did not mute the conversation. */
  void (*message_missed)(void* self, const turms_push* push);
  /* Asked once, after start(): not 0: told also of users without a subscription. May be NULL. */
  int32_t (*wants_everybody)(void* self);
} turms_pushes;

/* Of the host. */
#define TURMS_HOST_PUSH "turms.host.push"
typedef struct turms_host_push {
  uint32_t abi_version;
  size_t struct_size;

  /* Forgets a subscription that has this value: it does not work any more. */
  void (*forget)(void* context, int64_t user_id, const char* name, const char* value);
} turms_host_push;

/* --- settings: what a plugin may be told --- */

typedef enum turms_setting_type {
  TURMS_SETTING_TEXT = 0,
  TURMS_SETTING_SECRET = 1, /* masked wherever settings are shown */
  TURMS_SETTING_NUMBER = 2, /* whole, from min to max */
  TURMS_SETTING_FLAG = 3,   /* "true" or "false" */
  TURMS_SETTING_LIST = 4    /* texts with commas between */
} turms_setting_type;

typedef struct turms_setting {
  size_t struct_size; /* step by this one, as with turms_participant */
  const char* key;    /* [a-z0-9_]+, plugins.<name>.<key> in the configuration */
  turms_setting_type type;
  const char* fallback; /* what config() answers when nothing is configured */
  int64_t min;          /* of a number */
  int64_t max;
  const char* help;   /* one sentence, for `turms config reference` */
  const char* words;  /* of a text: those that it may be, with commas between; NULL: any */
  int32_t changeable; /* also while the plugin runs: see turms_settings.changed */
} turms_setting;

#define TURMS_SETTING_MINIMUM TURMS_SIZE_WITH(turms_setting, help)

/*
 * All that a plugin may be told. With it the host checks what is configured before it starts
 * anything, and documents it. Without, the plugin is handed whatever stands in its group. May be
 * asked for of a plugin that is loaded for that alone, by a host that offers nothing else.
 */
#define TURMS_SETTINGS "turms.settings"
typedef struct turms_settings {
  uint32_t abi_version;
  size_t struct_size;

  const turms_setting* settings;
  size_t count;

  /* Of changeable ones some are others now: config() says which, while what it said before stays
   * where it is. Called where hooks are, of a plugin without hooks on the control thread. On
   * failure writes why to `error`, as start() does, and goes on with what it had. May be NULL: the
   * plugin asks for its settings each time, or none is changeable. */
  turms_status (*changed)(void* self, char* error, size_t error_size);
} turms_settings;

#define TURMS_SETTINGS_MINIMUM TURMS_SIZE_WITH(turms_settings, count)

typedef struct turms_plugin {
  uint32_t abi_version;
  size_t struct_size;

  const char* name;    /* [a-z0-9-]+: names its configuration group and its HTTP path */
  const char* version; /* for people */

  /* Begins to work. `self` is then the first argument of everything else. On failure writes why to
   * `error` (terminated, at most error_size bytes) and is as if never started. */
  turms_status (*start)(const turms_host* host, void** self, char* error, size_t error_size);
  /* Ends all threads and calls of it; nothing of the plugin runs when it returns. Calls under way
   * need no completion any more. */
  void (*stop)(void* self);

  /* NULL: not offered. */
  const turms_conference* conference;

  /* --- since 1.1 --- */

  /* A table of functions by its name (TURMS_MEMBERSHIP, ...); NULL: not offered. Asked once, after
   * loading; may be NULL. */
  const void* (*capability)(const char* name);
} turms_plugin;

#define TURMS_PLUGIN_MINIMUM TURMS_SIZE_WITH(turms_plugin, stop)

typedef const turms_plugin* (*turms_plugin_entry_function)(const turms_host* host);

#ifdef __cplusplus
}
#endif

#endif /* TURMS_PLUGIN_H */
