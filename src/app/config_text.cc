#include "app/config_text.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "app/config.h"

namespace turms::app {

std::string yaml_text(std::string_view text) {
  YAML::Emitter out;
  out << YAML::DoubleQuoted << std::string(text);
  return out.c_str();
}

const char* type_name(OptionType type) {
  switch (type) {
    case OptionType::kBool:
      return "true or false";
    case OptionType::kInt:
      return "number";
    case OptionType::kText:
      return "text";
    case OptionType::kList:
      return "list";
    case OptionType::kMap:
      return "name: value pairs";
    case OptionType::kDuration:
      return "a duration";
    case OptionType::kYaml:
      return "YAML";
  }
  return "";
}

bool is_secret_name(std::string_view key) {
  return key.find("secret") != key.npos || key.find("password") != key.npos ||
         key.find("token") != key.npos;
}

namespace {

/// YAML in the flow style.
std::string one_line(const std::string& yaml) {
  YAML::Emitter out;
  out.SetMapFormat(YAML::Flow);
  out.SetSeqFormat(YAML::Flow);
  out << YAML::Load(yaml);
  return out.c_str();
}

}  // namespace

std::string Config::show_value(const Option& option, const Value& value, std::string_view indent) {
  constexpr const char* kMask = "********";
  switch (option.type) {
    case OptionType::kBool:
      return value.flag ? " true" : " false";
    case OptionType::kInt:
      return fmt::format(" {}", value.number);
    case OptionType::kText:
      return " " + yaml_text(option.secret && !value.text.empty() ? kMask : value.text);
    case OptionType::kDuration:
      return fmt::format(" {}ms", value.number);
    case OptionType::kYaml:
      // In quotes it would be a text.
      return value.text.empty() ? " null" : " " + one_line(value.text);
    case OptionType::kList: {
      std::vector<std::string> items;
      for (const std::string& item : value.list) {
        items.push_back(yaml_text(option.secret ? kMask : item));
      }
      return fmt::format(" [{}]", fmt::join(items, ", "));
    }
    case OptionType::kMap:
      break;
  }
  if (value.map.empty()) return " {}";
  std::string out;
  for (const auto& [name, entry] : value.map) {
    out += fmt::format("\n{}  {}: {}", indent, yaml_text(name),
                       yaml_text(option.secret ? kMask : entry));
  }
  return out;
}

std::string Config::show() const {
  // In the order of their names, so that keys of one group stand together.
  std::map<std::string, const Option*, std::less<>> keys;
  for (const Option& option : options()) {
    if (option.supported && option.alias_of.empty()) keys.emplace(option.key, &option);
  }
  for (const auto& [key, text] : plugin_values_) keys.emplace(key, find_plugin_option(key));

  std::string out;
  std::vector<std::string> open;
  for (const auto& [key, option] : keys) {
    std::vector<std::string> path;
    std::string_view rest = key;
    for (size_t dot = rest.find('.'); dot != rest.npos; dot = rest.find('.')) {
      path.emplace_back(rest.substr(0, dot));
      rest.remove_prefix(dot + 1);
    }
    size_t shared = 0;
    while (shared < path.size() && shared < open.size() && path[shared] == open[shared]) ++shared;
    for (size_t i = shared; i < path.size(); ++i)
      out += fmt::format("{:{}}{}:\n", "", i * 2, path[i]);
    open = path;
    const std::string indent(path.size() * 2, ' ');
    if (option != nullptr) {
      const auto of_plugin = plugin_values_.find(key);
      const Value value = of_plugin == plugin_values_.end()
                              ? at(key)
                              : *config::parse_value(*option, of_plugin->second);
      out += fmt::format("{}{}:{}\n", indent, rest, show_value(*option, value, indent));
      continue;
    }
    // What a plugin of others calls its secrets nobody here knows.
    Option unknown;
    unknown.secret = is_secret_name(rest);
    Value value;
    value.text = plugin_values_.find(key)->second;
    out += fmt::format("{}{}:{}\n", indent, rest, show_value(unknown, value, indent));
  }
  return out;
}

std::string configuration_reference(const std::vector<Option>& of_plugins) {
  std::string out =
      "# Configuration\n\n"
      "Made by `turms config reference`; do not edit. One YAML file, given with `--config`. A "
      "dotted key here is a\n"
      "nested key there. `--set key=value` takes a dotted key, lists with commas, and wins over "
      "the file.\n\n"
      "Those with \"yes\" behind their default also change while the server runs: with `turms "
      "config set`, with `PUT\n"
      "/cluster/settings` of the [admin API](admin-api.md), or in the file when the server gets "
      "SIGHUP. What was set so is kept\n"
      "in the database; it wins over the file, and `--set` wins over it.\n\n"
      "| Key | Type | Default | At run time | What it does |\n|---|---|---|---|---|\n";
  std::string ignored;
  std::string aliases;
  std::vector<Option> all(options().begin(), options().end());
  all.insert(all.end(), of_plugins.begin(), of_plugins.end());
  std::ranges::sort(all, {}, &Option::key);
  for (const Option& option : all) {
    if (!option.supported) {
      ignored += fmt::format("{}`{}`", ignored.empty() ? "" : ", ", option.key);
      continue;
    }
    if (!option.alias_of.empty()) {
      aliases +=
          fmt::format("{}`{}` (`{}`)", aliases.empty() ? "" : ", ", option.key, option.alias_of);
      continue;
    }
    const std::string type = option.type == OptionType::kInt
                                 ? fmt::format("number {}..{}", option.min, option.max)
                                 : type_name(option.type);
    const std::string fallback =
        option.fallback.empty() ? "" : fmt::format("`{}`", option.fallback);
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", option.key, type, fallback,
                       option.changeable ? "yes" : "", option.help);
  }
  out +=
      "\n`plugins.<name>.<key>`: any key, handed to the plugin of that name as text; of a plugin "
      "that "
      "says what it may be told, those.\n\n"
      "A LiveKit file can be pasted under `livekit:` as it is, or given in the environment: "
      "`LIVEKIT_CONFIG` (the file's\n"
      "content), `LIVEKIT_KEYS` (`key: secret` lines) and `LIVEKIT_REGION` win over the file. Its "
      "names for keys that stand\n"
      "elsewhere here, which win when both are given: " +
      aliases +
      ".\n\n"
      "Its keys that are accepted and have no effect (a line at start says so): " +
      ignored + ".\n";
  return out;
}

}  // namespace turms::app
