// turms-plugin-antispam: refuses or masks messages that hold a word of a list.
//
//   plugins:
//     enabled: [livekit, antispam]
//     antispam:
//       words: casino, 賭場          these, and
//       word_list_file: words.txt   one a line; "#" begins a comment
//       action: reject              reject (5010, the default) or mask
//       mask: "*"                   for each character of a word
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

struct Plugin {
  explicit Plugin(WordMatcher the_matcher) : matcher(std::move(the_matcher)) {}

  const WordMatcher matcher;
  bool masks = false;
  std::string mask = "*";
  /// What the last call made.
  std::string text;
};

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

std::unique_ptr<Plugin> make(const turms_host& host) {
  auto words = read_words(host);
  if (!words) throw std::invalid_argument(words.error().message);
  auto matcher = WordMatcher::create(*words);
  if (!matcher) throw std::invalid_argument(matcher.error().message);
  auto plugin = std::make_unique<Plugin>(std::move(*matcher));
  const std::string action = sdk::setting(host, "action");
  if (!action.empty() && action != "reject" && action != "mask") {
    throw std::invalid_argument("plugins.antispam.action is neither reject nor mask");
  }
  plugin->masks = action == "mask";
  if (const std::string mask = sdk::setting(host, "mask"); !mask.empty()) plugin->mask = mask;
  return plugin;
}

turms_verdict before_send(void* self, turms_call, const turms_message* message,
                          turms_decision* decision) {
  auto& plugin = *static_cast<Plugin*>(self);
  if (message->text == nullptr || !plugin.matcher.contains(message->text)) return TURMS_ALLOW;
  if (!plugin.masks) return TURMS_REJECT;
  plugin.text = plugin.matcher.masked(message->text, plugin.mask);
  decision->text = plugin.text.c_str();
  return TURMS_CHANGE;
}

constexpr turms_messages kMessages = {TURMS_PLUGIN_ABI_VERSION, sizeof(turms_messages),
                                      before_send};

const void* capability(const char* name) {
  return std::string_view(name) == TURMS_MESSAGES ? &kMessages : nullptr;
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
