#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <set>

#include "admin/json.h"
#include "admin/settings.h"

namespace turms::admin {
namespace {

namespace json = boost::json;
using config::OptionType;
using Setting = Settings::Setting;

constexpr std::string_view kUpstream = "turms.";
/// Of upstream's envelope.
constexpr int kSchemaVersion = 1;

/// "max-text-limit" → "maxTextLimit"
std::string camel(std::string_view name) {
  std::string out;
  bool raise = false;
  for (const char c : name) {
    if (c == '-') {
      raise = true;
      continue;
    }
    out += raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    raise = false;
  }
  return out;
}

/// "maxTextLimit" → "max-text-limit"
std::string kebab(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital) out += '-';
    out += capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

json::value to_json(const Setting& setting) {
  const config::Value& value = setting.value;
  switch (setting.option->type) {
    case OptionType::kBool:
      return value.flag;
    case OptionType::kInt:
      return value.number;
    case OptionType::kList: {
      json::array items;
      for (const std::string& item : value.list) items.emplace_back(item);
      return items;
    }
    case OptionType::kMap: {
      json::object pairs;
      for (const auto& [name, item] : value.map) pairs[name] = item;
      return pairs;
    }
    case OptionType::kText:
    case OptionType::kDuration:
    case OptionType::kYaml:
      break;
  }
  return json::string(config::to_text(*setting.option, value));
}

/// The name of the type in upstream's metadata.
json::object type_of(const config::Option& option) {
  json::object out;
  switch (option.type) {
    case OptionType::kBool:
      out["type"] = "boolean";
      break;
    case OptionType::kInt:
      out["type"] = "long";
      break;
    case OptionType::kList:
      out["type"] = "java.util.List";
      out["elementType"] = "string";
      break;
    case OptionType::kMap:
      out["type"] = "java.util.Map";
      break;
    case OptionType::kText:
    case OptionType::kDuration:
    case OptionType::kYaml:
      out["type"] = option.words.empty() ? "string" : "enum";
      break;
  }
  if (option.words.empty()) return out;
  json::array words;
  for (const std::string& word : option.words) words.emplace_back(word);
  out["options"] = std::move(words);
  return out;
}

json::object describe(const Setting& setting, bool with_value) {
  const config::Option& option = *setting.option;
  json::object out = type_of(option);
  out["key"] = option.key;
  out["desc"] = option.help;
  out["deprecated"] = false;
  out["global"] = option.changeable;
  out["mutable"] = option.changeable;
  if (option.type == OptionType::kInt) {
    out["min"] = option.min;
    out["max"] = option.max;
  }
  if (with_value) out["value"] = to_json(setting);
  return out;
}

/// Puts what `make` makes of each setting where upstream has it.
json::object tree_of(const std::vector<Setting>& settings, bool only_mutable,
                     const std::function<json::value(const Setting&)>& make) {
  json::object root;
  for (const Setting& setting : settings) {
    if (only_mutable && !setting.option->changeable) continue;
    std::string_view key = setting.option->key;
    const bool upstream = key.starts_with(kUpstream);
    if (upstream) key.remove_prefix(kUpstream.size());
    json::object* at = &root;
    for (size_t dot = key.find('.'); dot != key.npos; dot = key.find('.')) {
      const std::string_view name = key.substr(0, dot);
      json::value& child = (*at)[upstream ? camel(name) : std::string(name)];
      if (!child.is_object()) child = json::object();
      at = &child.get_object();
      key.remove_prefix(dot + 1);
    }
    (*at)[upstream ? camel(key) : std::string(key)] = make(setting);
  }
  return root;
}

/// What stands behind `--set key=`; nothing: it cannot be written so.
std::optional<std::string> text_of(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_array()) return std::nullopt;
  std::string out;
  for (const json::value& item : value.get_array()) {
    if (!item.is_string() || item.get_string().find(',') != json::string::npos) return std::nullopt;
    out += (out.empty() ? "" : ",") + std::string(item.get_string());
  }
  return out;
}

/// Finds the keys that a body names.
class BodyReader {
 public:
  explicit BodyReader(const std::vector<Setting>& settings) {
    for (const Setting& setting : settings) known_.insert(setting.option->key);
  }

  Status read(const std::string& path, const json::value& value) {
    const std::string key = key_of(path);
    if (value.is_object() && !known_.contains(key)) {
      for (const auto& [name, child] : value.get_object()) {
        if (Status status = read(path + "." + std::string(name), child); !status) return status;
      }
      return {};
    }
    std::optional<std::string> text;
    if (!value.is_null()) {
      text = text_of(value);
      if (!text) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} must be true or false, a whole number, a text or a list of "
                                "texts without commas",
                                key));
      }
    }
    if (!changes_.emplace(key, std::move(text)).second) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} is given twice", key));
    }
    return {};
  }
  Settings::Changes take() { return std::move(changes_); }

 private:
  /// As it stands, or in upstream's spelling.
  std::string key_of(const std::string& path) const {
    const std::string upstream =
        path.starts_with(kUpstream) ? kebab(path) : std::string(kUpstream) + kebab(path);
    return !known_.contains(path) && known_.contains(upstream) ? upstream : path;
  }

  std::set<std::string, std::less<>> known_;
  Settings::Changes changes_;
};

}  // namespace

std::vector<Route> SettingRoutes::routes() {
  using P = Permission;
  const Field only_mutable =
      flag_field("onlyMutable", "Only those that may change while the server runs");
  std::vector<Route> all;
  const auto add = [&](std::string_view method, std::string_view path, Permission permission,
                       std::string_view summary, std::vector<Field> query, std::vector<Field> body,
                       Task<Answer> (SettingRoutes::*handler)(Call)) {
    all.push_back({method, path, Access::kPermission, permission, summary, std::move(query),
                   std::move(body), handled_by(this, handler)});
  };
  add("GET", "/cluster/settings", P::kClusterSettingQuery,
      "The settings in force, also as a configuration file; secrets are masked", {only_mutable}, {},
      &SettingRoutes::list);
  add("GET", "/cluster/settings/metadata", P::kClusterSettingQuery, "What can be configured",
      {only_mutable, flag_field("withValue", "With what it is set to")}, {},
      &SettingRoutes::metadata);
  Field members{"*", FieldType::kMembers,
                "A setting, or a group of them; null: as the configuration file says"};
  add("PUT", "/cluster/settings", P::kClusterSettingUpdate,
      "Change settings while the server runs, all or none; they outlive a restart",
      {flag_field("reset", "Forget what was changed before"),
       flag_field("updateGlobalSettings", "For all servers; with one it makes no difference")},
      {members}, &SettingRoutes::update);
  return all;
}

Task<Answer> SettingRoutes::list(Call call) {
  const bool only_mutable = call.query.flag("onlyMutable").value_or(false);
  json::object data;
  data["schemaVersion"] = kSchemaVersion;
  data["settings"] = tree_of(settings_.list(), only_mutable, to_json);
  data["yaml"] = settings_.yaml();
  co_return ok(json::serialize(data));
}

Task<Answer> SettingRoutes::metadata(Call call) {
  const bool only_mutable = call.query.flag("onlyMutable").value_or(false);
  const bool with_value = call.query.flag("withValue").value_or(false);
  co_return ok(json::serialize(
      tree_of(settings_.list(), only_mutable, [with_value](const Setting& setting) -> json::value {
        return describe(setting, with_value);
      })));
}

Task<Answer> SettingRoutes::update(Call call) {
  BodyReader reader(settings_.list());
  for (const std::string& name : call.body.names()) {
    boost::system::error_code error;
    const json::value value = json::parse(*call.body.text(name), error);
    if (error) co_return refused(Error{ErrorCode::kInvalidArgument, "the body is no JSON"});
    if (Status status = reader.read(name, value); !status) co_return refused(status.error());
  }
  Status changed =
      co_await settings_.change(reader.take(), call.query.flag("reset").value_or(false));
  if (!changed) co_return refused(changed.error());
  co_return ok();
}

}  // namespace turms::admin
