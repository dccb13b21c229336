#include "app/admin_commands.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <boost/url.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/admin_client.h"

namespace turms::app {
namespace {

namespace json = boost::json;

enum class Kind : uint8_t { kText, kList, kFlag, kSecret };
enum class Place : uint8_t { kQuery, kBody };

/// One option of a command and the field of the API that it gives.
struct CommandOption {
  const char* flag;
  const char* field;
  Place place;
  Kind kind;
  bool required;
  const char* help;
};

struct Command {
  const char* group;
  const char* name;
  const char* help;
  const char* method;
  const char* path;
  std::vector<CommandOption> options;
  /// Fields that are always said.
  std::vector<std::pair<const char*, const char*>> fixed = {};
};

const std::vector<Command>& commands() {
  using enum Kind;
  constexpr Place kQuery = Place::kQuery;
  constexpr Place kBody = Place::kBody;
  const CommandOption ids{"--ids", "ids", kQuery, kList, true, "Ids, with commas"};
  const CommandOption some_ids{"--ids", "ids", kQuery, kList, false, "Ids, with commas"};
  const CommandOption page{"--page", "page", kQuery, kText, false, "Which page, from 0"};
  const CommandOption size{"--size", "size", kQuery, kText, false, "Records of a page"};
  const CommandOption group{"--group", "groupId", kQuery, kText, true, "Group id"};
  const CommandOption users{"--users", "userIds", kQuery, kList, true, "User ids, with commas"};
  static const std::vector<Command> all = {
      {"user",
       "search",
       "Find users (over the admin API)",
       "GET",
       "/users/page",
       {some_ids,
        {"--name", "name", kQuery, kText, false, "With this part of their name"},
        {"--active", "isActive", kQuery, kText, false, "true or false"},
        page,
        size}},
      {"user",
       "update",
       "Change users (over the admin API)",
       "PUT",
       "/users",
       {ids,
        {"--name", "name", kBody, kText, false, "Display name"},
        {"--active", "isActive", kBody, kFlag, false, "true or false"},
        {"--password-stdin", "password", kBody, kSecret, false, "Read a new password"}}},
      {"user", "delete", "Delete users (over the admin API)", "DELETE", "/users", {ids}},
      {"group",
       "search",
       "Find groups (over the admin API)",
       "GET",
       "/groups/page",
       {some_ids,
        {"--owners", "ownerIds", kQuery, kList, false, "Owned by one of these"},
        {"--members", "memberIds", kQuery, kList, false, "With one of these in them"},
        page,
        size}},
      {"group",
       "members",
       "List the members of a group (over the admin API)",
       "GET",
       "/groups/members",
       {group}},
      {"group",
       "remove-members",
       "Remove members (over the admin API)",
       "DELETE",
       "/groups/members",
       {group, users}},
      {"group",
       "add-members",
       "Add members (over the admin API)",
       "POST",
       "/groups/members",
       {{"--group", "groupId", kBody, kText, true, "Group id"},
        {"--users", "userIds", kBody, kList, true, "User ids, with commas"},
        {"--role", "role", kBody, kText, false, "MANAGER, MEMBER or GUEST"}}},
      {"group",
       "update",
       "Change groups (over the admin API)",
       "PUT",
       "/groups",
       {ids,
        {"--name", "name", kBody, kText, false, "Name"},
        {"--intro", "intro", kBody, kText, false, "What they are for"},
        {"--type", "typeId", kBody, kText, false, "Type"},
        {"--owner", "successorId", kBody, kText, false, "The member who becomes the owner"},
        {"--mute-until", "muteEndDate", kBody, kText, false, "Until when nobody may write"}}},
      {"group", "delete", "Delete groups (over the admin API)", "DELETE", "/groups", {ids}},
      {"admin", "list", "List admins", "GET", "/admins/page", {page, size}},
      {"admin",
       "add",
       "Add an admin",
       "POST",
       "/admins",
       {{"--account", "account", kBody, kText, true, "Account"},
        {"--role", "roleId", kBody, kText, true, "Role id"},
        {"--name", "name", kBody, kText, false, "Name"},
        {"--password-stdin", "password", kBody, kSecret, true, "Read the password"}}},
      {"admin",
       "update",
       "Change admins",
       "PUT",
       "/admins",
       {{"--accounts", "accounts", kQuery, kList, true, "Accounts, with commas"},
        {"--role", "roleId", kBody, kText, false, "Role id"},
        {"--name", "name", kBody, kText, false, "Name"},
        {"--password-stdin", "password", kBody, kSecret, false, "Read a new password"}}},
      {"admin",
       "delete",
       "Delete admins",
       "DELETE",
       "/admins",
       {{"--accounts", "accounts", kQuery, kList, true, "Accounts, with commas"}}},
      {"admin", "roles", "List roles", "GET", "/admins/roles/page", {page, size}},
      {"admin",
       "add-role",
       "Add a role",
       "POST",
       "/admins/roles",
       {{"--id", "id", kBody, kText, true, "Id"},
        {"--name", "name", kBody, kText, true, "Name"},
        {"--rank", "rank", kBody, kText, true, "Rank"},
        {"--permissions", "permissions", kBody, kList, true, "Names or patterns, with commas"}}},
      {"admin",
       "update-role",
       "Change roles",
       "PUT",
       "/admins/roles",
       {ids,
        {"--name", "name", kBody, kText, false, "Name"},
        {"--rank", "rank", kBody, kText, false, "Rank"},
        {"--permissions", "permissions", kBody, kList, false, "Names or patterns, with commas"}}},
      {"admin", "delete-role", "Delete roles", "DELETE", "/admins/roles", {ids}},
      {"admin",
       "token",
       "Make a token that signs in as oneself",
       "POST",
       "/admins/tokens",
       {{"--name", "name", kBody, kText, false, "What it is for"},
        {"--seconds", "ttlSeconds", kBody, kText, false, "How long it lasts"}}},
      {"admin", "tokens", "List one's tokens", "GET", "/admins/tokens", {}},
      {"admin", "revoke", "Revoke tokens", "DELETE", "/admins/tokens", {ids}},
      {"admin",
       "audit",
       "What was changed, and by whom",
       "GET",
       "/audit-logs",
       {{"--accounts", "accounts", kQuery, kList, false, "By these accounts"}, page, size}},
      {"plugin", "list", "List plugins", "GET", "/plugins", {}},
      {"plugin",
       "load",
       "Load plugins from the server's directory of plugins, and start them",
       "POST",
       "/plugins",
       {{"names", "names", kBody, kList, true, "Plugins"}}},
      {"plugin",
       "unload",
       "Stop and unload plugins",
       "DELETE",
       "/plugins",
       {{"names", "ids", kQuery, kList, true, "Plugins"}}},
      {"plugin",
       "start",
       "Start plugins",
       "PUT",
       "/plugins",
       {{"names", "ids", kQuery, kList, true, "Plugins"}},
       {{"status", "STARTED"}}},
      {"plugin",
       "stop",
       "Stop plugins",
       "PUT",
       "/plugins",
       {{"names", "ids", kQuery, kList, true, "Plugins"}},
       {{"status", "STOPPED"}}},
      {"plugin",
       "pause",
       "Pause plugins: they run, and nothing is asked of them",
       "PUT",
       "/plugins",
       {{"names", "ids", kQuery, kList, true, "Plugins"}},
       {{"status", "PAUSED"}}},
      {"plugin",
       "resume",
       "Resume paused plugins",
       "PUT",
       "/plugins",
       {{"names", "ids", kQuery, kList, true, "Plugins"}},
       {{"status", "RESUMED"}}},
      {"session",
       "list",
       "Who is signed in, on what, from where",
       "GET",
       "/users/online-infos/sessions/page",
       {{"--users", "ids", kQuery, kList, false, "Of these users"}, page, size}},
      {"session",
       "show",
       "Where users are signed in",
       "GET",
       "/users/online-infos/statuses",
       {{"--users", "ids", kQuery, kList, true, "Of these users"}}},
      {"session",
       "close",
       "End sessions",
       "DELETE",
       "/sessions",
       {{"--users", "ids", kQuery, kList, true, "Of these users"},
        {"--devices", "deviceTypes", kQuery, kList, false, "On these devices"}}},
      {"session",
       "block",
       "Let users in no more, and end their sessions",
       "POST",
       "/blocked-clients/users",
       {{"--users", "ids", kBody, kList, true, "Which users"},
        {"--minutes", "blockMinutes", kBody, kText, true, "For how many minutes"}}},
      {"session",
       "unblock",
       "Let users in again",
       "DELETE",
       "/blocked-clients/users",
       {{"--users", "ids", kQuery, kList, true, "Which users"}}},
      {"message",
       "list",
       "List messages, the newest first",
       "GET",
       "/messages/page",
       {some_ids,
        {"--senders", "senderIds", kQuery, kList, false, "From these users"},
        {"--targets", "targetIds", kQuery, kList, false, "To these groups or users"},
        page,
        size}},
      {"message",
       "send-to-group",
       "Send a system message to a group",
       "POST",
       "/messages",
       {{"--group", "targetId", kBody, kText, true, "Group id"},
        {"--text", "text", kBody, kText, true, "Text"}},
       {{"isGroupMessage", "true"}}},
      {"message",
       "send-to-user",
       "Send a system message to a user",
       "POST",
       "/messages",
       {{"--user", "targetId", kBody, kText, true, "User id"},
        {"--text", "text", kBody, kText, true, "Text"}},
       {{"isGroupMessage", "false"}}},
      {"message",
       "update",
       "Edit messages",
       "PUT",
       "/messages",
       {ids, {"--text", "text", kBody, kText, true, "Text"}}},
      // The date that counts is the present one.
      {"message",
       "recall",
       "Recall messages, as their senders would",
       "PUT",
       "/messages",
       {ids},
       {{"recallDate", "1970-01-01"}}},
      {"message", "delete", "Delete messages", "DELETE", "/messages", {ids}},
  };
  return all;
}

const char* help_of_group(std::string_view group) {
  if (group == "admin") return "Who may use the admin API of a running server";
  if (group == "plugin") return "Plugins of a running server";
  if (group == "session") return "Who is signed in to a running server";
  return "Messages of a running server";
}

/// What the command line says of one command.
struct Given {
  std::string url;
  std::string account;
  bool json = false;
  /// In the order of the command's options.
  std::vector<std::vector<std::string>> values;
  std::vector<bool> secrets;
};

std::string join(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

/// The API takes digits in texts for numbers.
json::value body_value(Kind kind, const std::vector<std::string>& values) {
  if (kind == Kind::kFlag) return values.front() == "true";
  if (kind != Kind::kList) return json::value(values.front());
  json::array items;
  for (const std::string& item : values) items.emplace_back(item);
  return items;
}

AdminRequest request_of(const Command& command, const Given& given) {
  boost::urls::url target(command.path);
  json::object body;
  for (const auto& [name, value] : command.fixed) {
    const std::string_view text(value);
    body[name] = text == "true"    ? json::value(true)
                 : text == "false" ? json::value(false)
                                   : json::value(text);
  }
  for (size_t i = 0; i < command.options.size(); ++i) {
    const CommandOption& option = command.options[i];
    std::vector<std::string> values = given.values[i];
    if (option.kind == Kind::kSecret && given.secrets[i]) {
      std::getline(std::cin, values.emplace_back());
    }
    if (values.empty()) continue;
    if (option.place == Place::kQuery) {
      target.params().append({option.field, join(values)});
    } else {
      body[option.field] = body_value(option.kind, values);
    }
  }
  AdminRequest request{given.url, given.account, command.method, std::string(target.buffer()), {}};
  if (!body.empty() || request.method == "POST") request.body = json::serialize(body);
  return request;
}

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

/// Objects as lines of their values behind a line of names; anything else as it is.
void print_records(const json::array& records) {
  std::vector<std::string> names;
  for (const json::value& record : records) {
    if (!record.is_object()) continue;
    for (const auto& [name, value] : record.get_object()) {
      const std::string key(name);
      if (std::ranges::find(names, key) == names.end()) names.push_back(key);
    }
  }
  if (!names.empty()) {
    for (size_t i = 0; i < names.size(); ++i) fmt::print("{}{}", i == 0 ? "" : "\t", names[i]);
    fmt::print("\n");
  }
  for (const json::value& record : records) {
    if (!record.is_object()) {
      fmt::print("{}\n", plain(record));
      continue;
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const json::value* value = record.get_object().if_contains(names[i]);
      fmt::print("{}{}", i == 0 ? "" : "\t", value == nullptr ? "" : plain(*value));
    }
    fmt::print("\n");
  }
}

void print_data(const json::value& data) {
  if (data.is_array()) return print_records(data.get_array());
  if (!data.is_object()) return;
  const json::object& object = data.get_object();
  if (const json::value* records = object.if_contains("records");
      records != nullptr && records->is_array()) {
    return print_records(records->get_array());
  }
  for (const auto& [name, value] : object) {
    fmt::print("{}\t{}\n", std::string_view(name), plain(value));
  }
}

Status run_command(const Config& config, const Command& command, const Given& given) {
  std::string answer;
  const auto good = ask_admin(config, request_of(command, given), &answer);
  if (given.json) fmt::print("{}\n", answer);
  if (!good) return std::unexpected(good.error());
  const json::value said = json::parse(*good);
  const json::value* data = said.get_object().if_contains("data");
  if (!given.json && data != nullptr) print_data(*data);
  return {};
}

}  // namespace

void add_admin_commands(CLI::App& app, const std::function<void(CLI::App&)>& add_common,
                        std::function<void(std::function<Status(const Config&)>)> run) {
  for (const Command& command : commands()) {
    const auto named =
        app.get_subcommands([&](CLI::App* one) { return one->get_name() == command.group; });
    CLI::App* group = named.empty() ? nullptr : named.front();
    if (group == nullptr) {
      group = app.add_subcommand(command.group, help_of_group(command.group));
      group->require_subcommand(1);
    }
    CLI::App* added = group->add_subcommand(command.name, command.help);
    add_common(*added);
    auto given = std::make_shared<Given>();
    given->values.resize(command.options.size());
    given->secrets.resize(command.options.size());
    added->add_option("--url", given->url,
                      "The server's admin port, in place of what the configuration says");
    added->add_option("--as", given->account, "The admin's account; turms if not given");
    added->add_flag("--json", given->json, "As the server says it");
    for (size_t i = 0; i < command.options.size(); ++i) {
      const CommandOption& option = command.options[i];
      if (option.kind == Kind::kSecret) {
        auto* flag = added->add_flag_callback(
            option.flag, [given, i] { given->secrets[i] = true; }, option.help);
        flag->required(option.required);
        continue;
      }
      auto* made = added->add_option(option.flag, given->values[i], option.help);
      made->required(option.required);
      if (option.kind == Kind::kList) {
        made->delimiter(',');
      } else {
        made->expected(1);
      }
      if (option.kind == Kind::kFlag) made->check(CLI::IsMember({"true", "false"}));
    }
    added->callback([&command, given, run] {
      run([&command, given](const Config& config) { return run_command(config, command, *given); });
    });
  }
}

}  // namespace turms::app
