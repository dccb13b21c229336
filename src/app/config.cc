#include "app/config.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "app/config_text.h"
#include "app/options.h"
#include "base/check.h"

namespace turms::app {
namespace {

// Below what is asked for with --dev; everything else has the same defaults as in production.
constexpr std::array<std::string_view, 5> kDevelopment = {
    "http.bind=127.0.0.1",
    "turms.gateway.websocket.host=127.0.0.1",
    "turms.gateway.tcp.host=127.0.0.1",
    "livekit.rtc.bind=127.0.0.1",
    "livekit.keys=devkey: secret",
};

// plugins.<name>.<key>: what a plugin may be told.
bool is_plugin_key(std::string_view key) {
  if (!key.starts_with("plugins.")) return false;
  key.remove_prefix(8);
  const size_t dot = key.find('.');
  return dot != key.npos && dot != 0 && dot + 1 < key.size();
}

std::string unknown_key(std::string_view key) {
  const std::string near = nearest_option(key);
  return near.empty() ? fmt::format("unknown key '{}'", key)
                      : fmt::format("unknown key '{}', did you mean '{}'?", key, near);
}

std::string left_out_text(const std::string& key, const std::string& value,
                          const std::string& why) {
  return fmt::format("{} was set to '{}' while the server ran, which is left out: {}", key, value,
                     why);
}

}  // namespace

/// Walks the YAML tree and assigns its leaves, so that every error can say where.
class FileReader {
 public:
  FileReader(Config& config, std::string name) : config_(config), name_(std::move(name)) {}

  Status read(const YAML::Node& node, const std::string& key) {
    const Option* option = key.empty() ? nullptr : find_option(key);
    // An ignored group may have keys that do act.
    const bool group = node.IsMap() && is_group(key);
    if (option != nullptr && !option->supported && !group) return warn(node, key);
    if (option != nullptr && option->supported) return leaf(node, *option);
    if (option == nullptr && !node.IsMap() && find_ignored_group(key) != nullptr) {
      return warn(node, key);
    }
    if (node.IsMap()) {
      for (const auto& child : node) {
        const std::string name = child.first.Scalar();
        if (Status status = read(child.second, key.empty() ? name : key + "." + name); !status)
          return status;
      }
      return {};
    }
    if (node.IsNull() && (is_group(key) || is_plugin_key(key + ".any"))) return {};
    if (node.IsSequence() && is_plugin_key(key)) return assign_list(node, key);
    return assign(node, key, node.IsScalar() ? node.Scalar() : std::string());
  }

 private:
  Status warn(const YAML::Node& node, const std::string& key) {
    config_.warnings_.push_back(
        fmt::format("{}:{}: {} has no effect", name_, node.Mark().line + 1, key));
    return {};
  }

  static bool is_group(const std::string& key) {
    const auto all = options();
    return key.empty() || std::any_of(all.begin(), all.end(), [&](const Option& option) {
             return option.key.starts_with(key + ".");
           });
  }

  Status leaf(const YAML::Node& node, const Option& option) {
    // As they stand: a secret or an address may hold a comma.
    Config::Value value;
    if (option.type == OptionType::kList && node.IsSequence()) {
      for (const auto& item : node) {
        auto text = list_item(item, option);
        if (!text) return std::unexpected(text.error());
        value.list.push_back(std::move(*text));
      }
      return where(node, config_.store(option, std::move(value)));
    }
    if (option.type == OptionType::kMap && node.IsMap()) {
      for (const auto& item : node) {
        if (!item.second.IsScalar()) {
          return error(item.second,
                       fmt::format("{} must be {}", option.key, type_name(option.type)));
        }
        value.map[item.first.Scalar()] = item.second.Scalar();
      }
      return where(node, config_.store(option, std::move(value)));
    }
    if (option.type == OptionType::kYaml) {
      return node.IsNull() ? Status() : assign(node, option.key, YAML::Dump(node));
    }
    if (!node.IsScalar() && !node.IsNull()) {
      return error(node, fmt::format("{} must be {}", option.key, type_name(option.type)));
    }
    return assign(node, option.key, node.IsNull() ? std::string() : node.Scalar());
  }

  /// A text, or of name: value pairs `name=value name=value`.
  Result<std::string> list_item(const YAML::Node& item, const Option& option) const {
    if (item.IsScalar()) return item.Scalar();
    const auto bad = [&](std::string_view what) {
      return std::unexpected(error(item, fmt::format("{} {}", option.key, what)).error());
    };
    if (!item.IsMap()) return bad("must be a text");
    std::string out;
    for (const auto& pair : item) {
      if (!pair.second.IsScalar()) return bad("must be name: value pairs");
      const std::string& text = pair.second.Scalar();
      if (text.find(' ') != text.npos) return bad("has a value with a blank");
      if (!text.empty())
        out += fmt::format("{}{}={}", out.empty() ? "" : " ", pair.first.Scalar(), text);
    }
    return out;
  }

  /// Of a plugin, whose settings are texts.
  Status assign_list(const YAML::Node& node, const std::string& key) {
    std::string text;
    for (const auto& item : node) {
      if (!item.IsScalar() || item.Scalar().find(',') != std::string::npos) {
        return error(item, fmt::format("{} must be texts without commas", key));
      }
      text += (text.empty() ? "" : ",") + item.Scalar();
    }
    return assign(node, key, text);
  }

  Status assign(const YAML::Node& node, const std::string& key, const std::string& value) {
    config_.place_ = fmt::format("{}:{}: ", name_, node.Mark().line + 1);
    return where(node, config_.assign(key, value));
  }

  Status where(const YAML::Node& node, const Status& status) const {
    return status ? status : error(node, status.error().message);
  }

  Status error(const YAML::Node& node, const std::string& message) const {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: {}", name_, node.Mark().line + 1, message));
  }

  Config& config_;
  std::string name_;
};

Result<Config> Config::load(const Sources& sources) {
  Config config;
  config.sources_ = sources;
  for (const Option& option : options()) {
    if (!option.supported) continue;
    Status status = config.assign(option.key, option.fallback);
    TURMS_CHECK(status);
  }
  if (sources.dev) {
    for (std::string_view assignment : kDevelopment) {
      const size_t equals = assignment.find('=');
      Status status = config.assign(assignment.substr(0, equals), assignment.substr(equals + 1));
      TURMS_CHECK(status);
    }
  }
  config.saying_ = true;
  if (sources.file) {
    if (Status status = config.load_file(*sources.file); !status)
      return std::unexpected(status.error());
  }
  for (const auto& [name, value] : sources.environment) {
    if (Status status = config.load_environment(name, value); !status) {
      return std::unexpected(status.error());
    }
  }
  config.make_changes();
  config.pinning_ = true;
  for (const std::string& assignment : sources.assignments) {
    const size_t equals = assignment.find('=');
    if (equals == assignment.npos) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("--set {}: not of the form key=value", assignment));
    }
    config.place_ = fmt::format("--set {}: ", assignment.substr(0, equals));
    Status status = config.assign(std::string_view(assignment).substr(0, equals),
                                  std::string_view(assignment).substr(equals + 1));
    if (!status)
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("--set {}: {}", assignment.substr(0, equals), status.error().message));
  }
  for (auto& [key, value] : config.aliased_) {
    if (!config.said_.contains(key)) config.set(key, std::move(value));
  }
  if (Status status = config.check_plugins(); !status) return std::unexpected(status.error());
  if (Status status = config.check(); !status) return std::unexpected(status.error());
  if (!sources.dev) config.warn_of_short_secrets();
  return config;
}

log::Level log_level(const Config& config) {
  const std::string& name = config.text("log.level");
  if (name == "debug") return log::Level::kDebug;
  if (name == "warn") return log::Level::kWarn;
  if (name == "error") return log::Level::kError;
  if (name == "off") return log::Level::kOff;
  return log::Level::kInfo;
}

Result<Config> Config::with_changes(std::map<std::string, std::string> changes) const {
  Sources sources = sources_;
  sources.changes = std::move(changes);
  return load(sources);
}

Result<Config> Config::with_kept_changes(std::map<std::string, std::string> changes) const {
  std::vector<std::string> warnings;
  while (true) {
    auto next = with_changes(changes);
    if (next) {
      next->warnings_.insert(next->warnings_.end(), warnings.begin(), warnings.end());
      return next;
    }
    // Whatever is wrong with the rest was wrong before.
    Sources sources = sources_;
    sources.changes = changes;
    sources.in_any_order = true;
    auto probe = load(sources);
    const Option* wrong = probe ? probe->out_of_order() : nullptr;
    if (wrong == nullptr) return next;
    size_t left_out = 0;
    for (const std::string& key : {wrong->key, wrong->at_most}) {
      const auto change = changes.find(key);
      if (change == changes.end()) continue;
      warnings.push_back(left_out_text(key, change->second, next.error().message));
      changes.erase(change);
      ++left_out;
    }
    if (left_out == 0) return next;
  }
}

Result<Config> Config::read_again() const {
  Sources sources = sources_;
  sources.file_text.reset();
  return load(sources);
}

std::vector<std::string> Config::keep_fixed(const Config& running) {
  std::vector<std::string> kept;
  for (const Option& option : options()) {
    if (option.changeable || !option.supported || !option.alias_of.empty()) continue;
    if (at(option.key) == running.at(option.key)) continue;
    kept.push_back(option.key);
    set(option.key, running.at(option.key));
  }
  auto plugins = running.plugin_values_;
  for (const auto& [key, value] : plugin_values_) {
    const Option* option = find_plugin_option(key);
    if (option != nullptr && option->changeable) plugins[key] = value;
  }
  if (plugin_values_ != plugins) {
    kept.emplace_back("plugins");
    plugin_values_ = std::move(plugins);
  }
  return kept;
}

void Config::leave_out(const std::string& key, const std::string& value, const std::string& why) {
  warnings_.push_back(left_out_text(key, value, why));
}

void Config::make_changes() {
  for (const auto& [key, value] : sources_.changes) {
    if (is_plugin_key(key)) continue;  // what those may be is known later
    const Option* option = find_option(key);
    const Status made = option == nullptr || !option->changeable
                            ? fail(ErrorCode::kInvalidArgument, "it does not change any more")
                            : assign(key, value);
    if (!made) leave_out(key, value, made.error().message);
  }
}

void Config::make_plugin_changes() {
  for (const auto& [key, value] : sources_.changes) {
    if (!is_plugin_key(key) || pinned_.contains(key)) continue;
    const Option* option = find_plugin_option(key);
    if (option == nullptr || !option->changeable) {
      leave_out(key, value, "it does not change any more");
      continue;
    }
    const auto parsed = config::parse_value(*option, value);
    const Status good =
        parsed ? config::check_value(*option, *parsed) : std::unexpected(parsed.error());
    if (!good) {
      leave_out(key, value, good.error().message);
      continue;
    }
    plugin_values_[key] = value;
  }
}

const config::Option* Config::find(std::string_view key) const {
  const Option* option = find_option(key);
  return option != nullptr ? option : find_plugin_option(key);
}

std::string Config::text_of(const Option& option) const {
  const auto of_plugin = plugin_values_.find(option.key);
  return of_plugin != plugin_values_.end() ? of_plugin->second
                                           : config::to_text(option, at(option.key));
}

const config::Option* Config::find_plugin_option(std::string_view key) const {
  if (!sources_.plugin_options) return nullptr;
  const auto& all = *sources_.plugin_options;
  const auto found = std::ranges::find(all, key, &Option::key);
  return found == all.end() ? nullptr : &*found;
}

Status Config::check_plugins() {
  if (!sources_.plugin_options && sources_.describe_plugins) {
    sources_.plugin_options =
        sources_.describe_plugins(text("plugins.dir"), list("plugins.enabled"));
  }
  make_plugin_changes();
  std::vector<std::string> known;
  std::set<std::string> groups;
  for (const Option& option : sources_.plugin_options.value_or(std::vector<Option>())) {
    known.push_back(option.key);
    groups.insert(option.key.substr(0, option.key.rfind('.') + 1));
  }
  const auto wrong = [this](const std::string& key, const std::string& message) {
    return fail(ErrorCode::kInvalidArgument, plugin_places_[key] + message);
  };
  for (const auto& [key, text] : plugin_values_) {
    const std::string group = key.substr(0, key.find('.', std::string_view("plugins.").size()) + 1);
    const Option* option = find_plugin_option(key);
    if (option != nullptr) {
      const auto value = config::parse_value(*option, text);
      if (!value) return wrong(key, value.error().message);
      if (Status status = config::check_value(*option, *value); !status) {
        return wrong(key, status.error().message);
      }
    } else if (groups.contains(group) && !key.substr(group.size()).starts_with("hook_")) {
      const std::string near = config::nearest_key(key, known);
      return wrong(key, fmt::format("unknown key '{}'{}", key,
                                    near.empty() ? "" : ", did you mean '" + near + "'?"));
    } else if (text.empty() && is_secret_name(key)) {
      return wrong(key, config::empty_secret(key).error().message);
    }
  }
  for (const Option& option : sources_.plugin_options.value_or(std::vector<Option>())) {
    plugin_values_.try_emplace(option.key, option.fallback);
  }
  return {};
}

const config::Option* Config::out_of_order() const {
  for (const Option& option : options()) {
    if (option.at_most.empty()) continue;
    if (!config::check_order(option, number(option.key), number(option.at_most))) return &option;
  }
  return nullptr;
}

Status Config::check() const {
  if (const Option* option = sources_.in_any_order ? nullptr : out_of_order()) {
    return config::check_order(*option, number(option->key), number(option->at_most));
  }
  const std::string key = plugin_setting("livekit", "api_key");
  const bool elsewhere = !plugin_setting("livekit", "url").empty();
  const bool has_key = !key.empty() && !plugin_setting("livekit", "api_secret").empty();
  if (elsewhere && !has_key) {
    return fail(ErrorCode::kInvalidArgument,
                "plugins.livekit.url needs plugins.livekit.api_key and plugins.livekit.api_secret");
  }
  if (!elsewhere && !key.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "plugins.livekit.api_key is for the server at plugins.livekit.url; the built-in "
                "SFU is asked with livekit.webhook.api_key");
  }
  return {};
}

Status Config::load_environment(const std::string& name, const std::string& value) {
  try {
    const YAML::Node root = YAML::Load(value);
    if (root.IsNull()) return {};
    const std::string where = "environment variable " + name;
    if (name == kRegionVariable) return assign("livekit.region", value);
    if (!root.IsMap()) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: not a YAML mapping", where));
    }
    return FileReader(*this, where).read(root, name == kKeysVariable ? "livekit.keys" : "livekit");
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("environment variable {}: {}", name, error.msg));
  }
}

Status Config::load_file(const std::filesystem::path& file) {
  try {
    if (!sources_.file_text) {
      std::ifstream stream(file, std::ios::binary);
      std::ostringstream text;
      text << stream.rdbuf();
      if (!stream || std::filesystem::is_directory(file)) {
        return fail(ErrorCode::kNotFound, fmt::format("{}: cannot be read", file.string()));
      }
      sources_.file_text = text.str();
    }
    const YAML::Node root = YAML::Load(*sources_.file_text);
    if (root.IsNull()) return {};
    if (!root.IsMap())
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}:1: not a YAML mapping", file.string()));
    return FileReader(*this, file.string()).read(root, "");
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: {}", file.string(), error.mark.line + 1, error.msg));
  }
}

Status Config::assign(std::string_view key, std::string_view text) {
  const Option* option = find_option(key);
  if (option == nullptr) {
    if (const auto entry = find_map_entry(key)) {
      Value value = at(entry->option->key);
      value.map[std::string(entry->name)] = text;
      return store(*entry->option, std::move(value));
    }
    if (find_ignored_group(key) != nullptr) {
      warnings_.push_back(fmt::format("{} has no effect", key));
      return {};
    }
    if (!is_plugin_key(key)) return fail(ErrorCode::kInvalidArgument, unknown_key(key));
    if (pinning_) pinned_.insert(std::string(key));
    plugin_values_[std::string(key)] = std::string(text);
    plugin_places_[std::string(key)] = place_;
    return {};
  }
  if (!option->supported) {
    warnings_.push_back(fmt::format("{} has no effect", key));
    return {};
  }
  if (option->alias_of.empty()) {
    auto value = config::parse_value(*option, text);
    return value ? store(*option, std::move(*value)) : std::unexpected(value.error());
  }
  // An empty defaults entry of a name that is not used.
  if (!saying_) return {};
  Option other = *find_option(option->alias_of);
  other.alias_of = std::exchange(other.key, std::string(key));
  auto value = config::parse_value(other, text);
  return value ? store(other, std::move(*value)) : std::unexpected(value.error());
}

Status Config::store(const Option& option, Value value) {
  if (Status status = config::check_value(option, value); !status) return status;
  if (pinning_) pinned_.insert(option.alias_of.empty() ? option.key : option.alias_of);
  if (!option.alias_of.empty()) {
    aliased_[option.alias_of] = std::move(value);
    return {};
  }
  if (saying_) said_.insert(option.key);
  set(option.key, std::move(value));
  return {};
}

void Config::warn_of_short_secrets() {
  const auto look = [this](const std::string& key, const std::string& secret) {
    if (secret.empty() || secret.size() >= kShortestSecret) return;
    warnings_.push_back(
        fmt::format("{} is shorter than {} bytes, so it can be guessed", key, kShortestSecret));
  };
  for (const Option& option : options()) {
    if (!option.secret) continue;
    const Value& value = at(option.key);
    look(option.key, value.text);
    for (const auto& [name, item] : value.map) look(fmt::format("{}.{}", option.key, name), item);
  }
  for (const auto& [key, value] : plugin_values_) {
    const Option* option = find_plugin_option(key);
    if (option != nullptr ? option->secret : is_secret_name(key)) look(key, value);
  }
}

config::Values::Map Config::plugin_settings(std::string_view name) const {
  const std::string prefix = fmt::format("plugins.{}.", name);
  Map settings;
  for (const auto& [key, value] : plugin_values_) {
    if (key.starts_with(prefix)) settings[key.substr(prefix.size())] = value;
  }
  return settings;
}

std::string Config::plugin_setting(std::string_view name, std::string_view key) const {
  const auto found = plugin_values_.find(fmt::format("plugins.{}.{}", name, key));
  return found == plugin_values_.end() ? std::string() : found->second;
}

std::vector<std::pair<const config::Option*, config::Value>> Config::described_settings() const {
  std::vector<std::pair<const Option*, Value>> all;
  for (const auto& [key, text] : plugin_values_) {
    const Option* option = find_plugin_option(key);
    if (option != nullptr) all.emplace_back(option, *config::parse_value(*option, text));
  }
  return all;
}

}  // namespace turms::app
