#include "im/settings_table.h"

namespace turms::im {
namespace {

using Fields = Settings::Group;
using Told = Settings::GroupNotifications;
using Notify = Settings::GroupNotify;

constexpr int64_t kTenYears = 10 * config::kYearInSeconds;

/// Adds the keys of one kind of change: which parties hear of it.
class Parties {
 public:
  Parties(config::Table<Told>& table, const std::string& change, Notify Told::*field)
      : table_(table), prefix_("turms.service.notification." + change + "."), field_(field) {}

  Parties& own() {
    return add("notify-requester-other-online-sessions", &Notify::own_sessions,
               "Tell the other sessions of the user who asked.");
  }
  Parties& concerned(const std::string& name, std::string help) {
    return add(name, &Notify::concerned, std::move(help));
  }
  Parties& managers() {
    return add("notify-group-owner-and-managers", &Notify::managers,
               "Tell the owner and the managers of the group.");
  }
  Parties& members(const std::string& name) {
    return add(name, &Notify::members, "Tell the members of the group.");
  }

 private:
  Parties& add(const std::string& name, bool Notify::*party, std::string help) {
    table_.flag(prefix_ + name, config::path(field_, party), std::move(help));
    return *this;
  }

  config::Table<Told>& table_;
  const std::string prefix_;
  Notify Told::*field_;
};

}  // namespace

config::Table<Settings::Group> group_table() {
  config::Table<Fields> table(config::Change::kAtRunTime);
  table
      .list("turms.service.group.info.user-defined-attributes.allowed-attributes",
            &Fields::attributes,
            "Names of the attributes that groups may have; others are refused (1102).")
      .longest(kLongestName)
      .flag("turms.service.group.info.user-defined-attributes.ignore-unknown-attributes-on-upsert",
            &Fields::ignore_unknown_attributes,
            "Leave out attributes that are not allowed, in place of refusing the request.")
      .flag("turms.service.group.search-names", &Fields::search_names,
            "Find groups by parts of their names; else that is answered 7200.")
      .flag("turms.service.group.allow-group-owner-change-group-type", &Fields::allow_type_change,
            "The owner may give a group another type, of those that the owner's role has.")
      .flag("turms.service.group.invitation.allow-recall-pending-invitation-by-owner-and-manager",
            &Fields::allow_invitation_recall_by_managers,
            "Owner and managers may recall invitations that are pending.")
      .flag("turms.service.group.invitation.allow-recall-pending-invitation-by-sender",
            &Fields::allow_invitation_recall_by_sender,
            "Who invited may recall the invitation while it is pending.")
      .flag("turms.service.group.join-request.allow-recall-pending-join-request-by-sender",
            &Fields::allow_join_request_recall,
            "A user may recall requests to join that are pending.")
      .number("turms.service.group.info.max-name-length", &Fields::max_name_size, 0, 1000,
              "Characters of a group's name. Not a key of upstream's.")
      .number("turms.service.group.info.max-intro-length", &Fields::max_intro_size, 0, 10000,
              "Characters of a group's introduction. Not a key of upstream's.")
      .number("turms.service.group.info.max-announcement-length", &Fields::max_announcement_size, 0,
              16000, "Characters of a group's announcement. Not a key of upstream's.")
      .number("turms.service.group.member.max-name-length", &Fields::max_member_name_size, 0, 1000,
              "Characters of a member's name in a group. Not a key of upstream's.")
      .number("turms.service.group.member.max-count-per-request", &Fields::max_members_per_request,
              0, 1000, "Members that one request may add, or remove. Not a key of upstream's.")
      .number("turms.service.group.invitation.max-content-length",
              &Fields::max_invitation_content_size, 0, 10000,
              "Characters of an invitation; 0: no limit but the size of a request.")
      .number(
          "turms.service.group.invitation.max-response-reason-length",
          &Fields::max_invitation_reason_size, 0, 10000,
          "Characters of the reason in the answer to one; 0: no limit but the size of a request.")
      .number("turms.service.group.join-request.max-content-length",
              &Fields::max_join_request_content_size, 0, 10000,
              "Characters of a request to join; 0: no limit but the size of a request.")
      .number(
          "turms.service.group.join-request.max-response-reason-length",
          &Fields::max_join_request_reason_size, 0, 10000,
          "Characters of the reason in the answer to one; 0: no limit but the size of a request.")
      .number("turms.service.group.question.question-content-limit", &Fields::max_question_size, 0,
              10000, "Characters of a join question; 0: no limit but the size of a request.")
      .number("turms.service.group.question.answer-content-limit", &Fields::max_answer_size, 0,
              10000, "Characters of an answer; 0: no limit but the size of a request.")
      .number("turms.service.group.question.max-answer-count", &Fields::max_answers, 0, 1000,
              "Answers of a join question.")
      .time("turms.service.group.invitation.expire-after-seconds", &Fields::invitation_lifetime, 1s,
            0, kTenYears, "An invitation that was not answered expires after so long; 0: never.")
      .time("turms.service.group.join-request.expire-after-seconds", &Fields::join_request_lifetime,
            1s, 0, kTenYears,
            "A request to join that was not answered expires after so long; 0: never.");
  return table;
}

config::Table<Settings::GroupNotifications> group_notification_table() {
  config::Table<Told> table(config::Change::kAtRunTime);
  const auto tell = [&table](const std::string& change, Notify Told::*field) {
    return Parties(table, change, field);
  };
  tell("group-created", &Told::created).own();
  tell("group-deleted", &Told::deleted).own().members("notify-group-members");
  tell("group-updated", &Told::updated).own().members("notify-group-members");
  tell("group-member-added", &Told::member_added)
      .own()
      .concerned("notify-added-group-member", "Tell who was added.")
      .members("notify-other-group-members");
  tell("group-member-removed", &Told::member_removed)
      .own()
      .concerned("notify-removed-group-member", "Tell who was removed.")
      .members("notify-other-group-members");
  tell("group-member-info-updated", &Told::member_updated)
      .own()
      .concerned("notify-updated-group-member", "Tell the member whom another has changed.")
      .members("notify-other-group-members");
  tell("group-blocked-user-added", &Told::blocked_user_added)
      .own()
      .concerned("notify-blocked-user", "Tell who was blocked.")
      .members("notify-group-members");
  tell("group-blocked-user-removed", &Told::blocked_user_removed)
      .own()
      .concerned("notify-unblocked-user", "Tell who is blocked no longer.")
      .members("notify-group-members");
  tell("group-invitation-added", &Told::invitation_added)
      .own()
      .concerned("notify-invitee", "Tell who is invited.")
      .managers()
      .members("notify-group-members");
  tell("group-invitation-recalled", &Told::invitation_recalled)
      .own()
      .concerned("notify-invitee", "Tell who was invited.")
      .managers()
      .members("notify-group-members");
  tell("group-invitation-replied", &Told::invitation_replied)
      .own()
      .concerned("notify-group-invitation-inviter", "Tell who had invited.")
      .managers()
      .members("notify-group-members");
  tell("group-join-request-created", &Told::join_request_created)
      .own()
      .managers()
      .members("notify-group-members");
  tell("group-join-request-recalled", &Told::join_request_recalled)
      .own()
      .managers()
      .members("notify-group-members");
  tell("group-join-request-replied", &Told::join_request_replied)
      .own()
      .concerned("notify-group-join-request-sender", "Tell who had asked to join.")
      .managers()
      .members("notify-group-members");
  return table;
}

}  // namespace turms::im
