#include "app/config_commands.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/admin_client.h"

namespace turms::app {
namespace {

namespace json = boost::json;

struct Given {
  AdminRequest request;
  std::vector<std::string> keys;
  bool all = false;
};

std::string plain(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_array()) return json::serialize(value);
  std::string out;
  for (const json::value& item : value.get_array()) {
    out += (out.empty() ? "" : ",") + std::string(item.get_string());
  }
  return out;
}

/// The leaves of the metadata name their keys.
void collect(const json::value& value, std::map<std::string, std::string>& values) {
  if (!value.is_object()) return;
  const json::object& object = value.get_object();
  const json::value* key = object.if_contains("key");
  if (key != nullptr && key->is_string()) {
    const json::value* set_to = object.if_contains("value");
    values[std::string(key->get_string())] = set_to == nullptr ? "" : plain(*set_to);
    return;
  }
  for (const auto& [name, child] : object) collect(child, values);
}

Status get(const Config& config, Given given) {
  given.request.method = "GET";
  given.request.target = "/cluster/settings/metadata?withValue=true";
  // Without keys those that can be set are of interest.
  if (given.keys.empty() && !given.all) given.request.target += "&onlyMutable=true";
  const auto answer = ask_admin(config, given.request);
  if (!answer) return std::unexpected(answer.error());
  std::map<std::string, std::string> values;
  const json::value said = json::parse(*answer);
  if (const json::value* data = said.get_object().if_contains("data")) collect(*data, values);
  if (given.keys.empty()) {
    for (const auto& [key, value] : values) fmt::print("{}={}\n", key, value);
    return {};
  }
  for (const std::string& key : given.keys) {
    const auto found = values.find(key);
    if (found == values.end()) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("unknown key '{}'", key));
    }
    if (given.keys.size() == 1) {
      fmt::print("{}\n", found->second);
    } else {
      fmt::print("{}={}\n", key, found->second);
    }
  }
  return {};
}

Status change(const Config& config, Given given, const json::object& body) {
  given.request.method = "PUT";
  given.request.target = "/cluster/settings";
  if (given.all) given.request.target += "?reset=true";
  given.request.body = json::serialize(body);
  const auto answer = ask_admin(config, given.request);
  return answer ? Status() : std::unexpected(answer.error());
}

Status set(const Config& config, Given given) {
  json::object body;
  for (const std::string& assignment : given.keys) {
    const size_t equals = assignment.find('=');
    if (equals == assignment.npos) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: not of the form key=value", assignment));
    }
    body[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  }
  return change(config, std::move(given), body);
}

Status unset(const Config& config, Given given) {
  if (given.keys.empty() != given.all) {
    return fail(ErrorCode::kInvalidArgument, "say which keys, or --all");
  }
  json::object body;
  for (const std::string& key : given.keys) body[key] = nullptr;
  return change(config, std::move(given), body);
}

}  // namespace

void add_config_commands(CLI::App& group, const std::function<void(CLI::App&)>& add_common,
                         std::function<void(std::function<Status(const Config&)>)> run) {
  const auto add = [&](const char* name, const char* help,
                       Status (*command)(const Config&, Given)) {
    CLI::App* added = group.add_subcommand(name, help);
    add_common(*added);
    auto given = std::make_shared<Given>();
    added->add_option("--url", given->request.url,
                      "The server's admin port, in place of what the configuration says");
    added->add_option("--as", given->request.account, "The admin's account; turms if not given");
    added->callback([given, run, command] {
      run([given, command](const Config& config) { return command(config, *given); });
    });
    return std::pair(added, given);
  };
  const auto [get_command, get_given] =
      add("get", "Say what settings of a running server are set to", get);
  get_command->add_option("keys", get_given->keys, "Keys; none: all that can be set");
  get_command->add_flag("--all", get_given->all, "Without keys: also those that cannot");
  const auto [set_command, set_given] =
      add("set", "Change settings of a running server, for good: key=value", set);
  set_command->add_option("assignments", set_given->keys, "key=value")->required();
  const auto [unset_command, unset_given] =
      add("unset", "Let settings of a running server be as its configuration says again", unset);
  unset_command->add_option("keys", unset_given->keys, "Keys");
  unset_command->add_flag("--all", unset_given->all, "All that were changed");
}

}  // namespace turms::app
