// turms-plugin-antispam: refuses or masks messages that hold a word of a list.
//
//   plugins:
//     enabled: [livekit, antispam]
//     antispam:
//       words: casino, 賭場          these, and
//       word_list_file: words.txt   one a line; "#" begins a comment
//       action: reject              reject (5010, the default) or mask
//       mask: "*"                   for each character of a word
#include <array>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "turms/plugin.hpp"
#include "word_matcher.h"

namespace turms::antispam {

namespace {

struct Rules {
  WordMatcher matcher;
  bool masks = false;
  std::string mask;
};

/// Used on the plugin's thread alone.
struct Plugin {
  const turms_host* host;
  Rules rules;
  /// What the last call made.
  std::string text;
};

constexpr turms_setting setting(const char* key, turms_setting_type type, const char* fallback,
                                const char* help, const char* words = nullptr) {
  return {sizeof(turms_setting), key, type, fallback, 0, 0, help, words, 1};
}

constexpr auto kSettingList = std::to_array<turms_setting>({
    setting("words", TURMS_SETTING_LIST, "", "Words that messages must not hold."),
    setting("word_list_file", TURMS_SETTING_TEXT, "",
            "A file with more of them, one a line; \"#\" begins a comment. Read at the start, and "
            "when a setting of the plugin changes."),
    setting("action", TURMS_SETTING_TEXT, "reject",
            "reject: such messages are refused (5010). mask: they are sent with the words masked.",
            "reject,mask"),
    setting("mask", TURMS_SETTING_TEXT, "*", "Stands for each character of a masked word."),
});

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

void add(std::vector<std::string>& words, std::string_view word) {
  word = trimmed(word);
  if (!word.empty()) words.emplace_back(word);
}

Result<std::vector<std::string>> read_words(const turms_host& host) {
  std::vector<std::string> words;
  std::string_view rest;
  const std::string listed = sdk::setting(host, "words");
  for (rest = listed; !rest.empty();) {
    const size_t comma = rest.find(',');
    add(words, rest.substr(0, comma));
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
  }
  const std::string file = sdk::setting(host, "word_list_file");
  if (!file.empty()) {
    std::ifstream in(file);
    if (!in) return fail(ErrorCode::kNotFound, "plugins.antispam.word_list_file cannot be read");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with('#')) continue;
      add(words, line);
      if (words.size() > WordMatcher::kMaxWords) break;
    }
  }
  return words;
}

/// std::invalid_argument says what is wrong.
Rules read_rules(const turms_host& host) {
  auto words = read_words(host);
  if (!words) throw std::invalid_argument(words.error().message);
  auto matcher = WordMatcher::create(*words);
  if (!matcher) throw std::invalid_argument(matcher.error().message);
  const std::string action = sdk::setting(host, "action");
  // A host of before looks at no words.
  if (!action.empty() && action != "reject" && action != "mask") {
    throw std::invalid_argument("plugins.antispam.action is neither reject nor mask");
  }
  const std::string mask = sdk::setting(host, "mask");
  return {*std::move(matcher), action == "mask", mask.empty() ? "*" : mask};
}

std::unique_ptr<Plugin> make(const turms_host& host) {
  return std::make_unique<Plugin>(&host, read_rules(host));
}

turms_status changed(void* self, char* error, size_t error_size) {
  auto& plugin = *static_cast<Plugin*>(self);
  return sdk::guarded(error, error_size, [&] { plugin.rules = read_rules(*plugin.host); });
}

turms_verdict before_send(void* self, turms_call, const turms_message* message,
                          turms_decision* decision) {
  auto& plugin = *static_cast<Plugin*>(self);
  const Rules& rules = plugin.rules;
  if (message->text == nullptr || !rules.matcher.contains(message->text)) return TURMS_ALLOW;
  if (!rules.masks) return TURMS_REJECT;
  plugin.text = rules.matcher.masked(message->text, rules.mask);
  decision->text = plugin.text.c_str();
  return TURMS_CHANGE;
}

constexpr turms_messages kMessages = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_messages),
                                      before_send};
constexpr turms_settings kSettings = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_settings),
                                      kSettingList.data(), kSettingList.size(), changed};

const void* capability(const char* name) {
  const std::string_view wanted = name;
  if (wanted == TURMS_SETTINGS) return &kSettings;
  return wanted == TURMS_MESSAGES ? &kMessages : nullptr;
}

constexpr turms_plugin kPlugin = {.abi_version = TURMS_PLUGIN_ABI_VERSION,
                                  .struct_size = sizeof(turms_plugin),
                                  .name = "antispam",
                                  .version = "0.1",
                                  .start = sdk::start<make>,
                                  .stop = sdk::stop<Plugin>,
                                  .conference = nullptr,
                                  .capability = capability};

}  // namespace

}  // namespace turms::antispam

extern "C" TURMS_PLUGIN_EXPORT const turms_plugin* turms_plugin_entry(const turms_host* host) {
  // A host that knows of no capabilities would ask for none.
  return turms::sdk::knows_capabilities(*host) ? &turms::antispam::kPlugin : nullptr;
}
