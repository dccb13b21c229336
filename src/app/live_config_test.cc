#include "app/live_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/manual_loop.h"

namespace turms::app {
namespace {

constexpr const char* kLimit = "turms.service.message.max-text-limit";
constexpr const char* kRecall = "turms.service.message.allow-recall-message";

class KeptInMemory final : public im::ConfigurationRepository {
 public:
  im::Stored<im::None> change(std::map<std::string, std::optional<std::string>> changes,
                              bool all) override {
    if (full) co_return fail(ErrorCode::kResourceExhausted, "the disk is full");
    if (all) kept.clear();
    for (const auto& [key, value] : changes) {
      if (value) {
        kept[key] = *value;
      } else {
        kept.erase(key);
      }
    }
    co_return im::None{};
  }
  std::map<std::string, std::string> kept;
  bool full = false;
};

class LiveConfigTest : public ::testing::Test {
 protected:
  ~LiveConfigTest() override { std::filesystem::remove(file_); }

  void start(const std::string& yaml = "", std::vector<std::string> assignments = {}) {
    std::ofstream(file_) << yaml;
    auto config = Config::load(
        {.file = file_, .changes = store_.kept, .assignments = std::move(assignments)});
    ASSERT_TRUE(config) << config.error().message;
    live_ = std::make_unique<LiveConfig>(*std::move(config), store_, [this](const Config& now) {
      ++applied_;
      limit_ = now.number(kLimit);
    });
  }
  Status change(admin::Settings::Changes changes, bool reset = false) {
    return loop_.run(live_->change(std::move(changes), reset));
  }
  std::string refusal(admin::Settings::Changes changes) {
    const Status status = change(std::move(changes));
    return status ? "" : status.error().message;
  }

  std::filesystem::path file_ = std::filesystem::temp_directory_path() /
                                ("turms_live_config_" + std::to_string(::getpid()) + ".yaml");
  ManualLoop loop_;
  KeptInMemory store_;
  std::unique_ptr<LiveConfig> live_;
  int applied_ = 0;
  int64_t limit_ = 0;
};

TEST_F(LiveConfigTest, ChangesAreAppliedAndKept) {
  start();
  EXPECT_TRUE(change({{kLimit, "7"}, {kRecall, "false"}}));
  EXPECT_EQ(limit_, 7);
  EXPECT_EQ(live_->now().number(kLimit), 7);
  EXPECT_EQ(store_.kept, (std::map<std::string, std::string>{{kLimit, "7"}, {kRecall, "false"}}));
  EXPECT_TRUE(change({{kLimit, "8"}}));
  EXPECT_FALSE(live_->now().flag(kRecall)) << "as before";
  start();
  EXPECT_EQ(live_->now().number(kLimit), 8) << "after a restart";
}

TEST_F(LiveConfigTest, AllOrNone) {
  start();
  EXPECT_EQ(refusal({{kLimit, "7"}, {kRecall, "maybe"}}),
            std::string(kRecall) + " must be true or false, not 'maybe'");
  EXPECT_EQ(refusal({{kLimit, "7"}, {"http.port", "1"}}),
            "http.port takes effect at a start only: it belongs into the configuration file");
  EXPECT_EQ(refusal({{kLimit, "7"}, {"turms.service.message.max-text-limits", "1"}}),
            "unknown key 'turms.service.message.max-text-limits', did you mean '" +
                std::string(kLimit) + "'?");
  EXPECT_EQ(refusal({{kLimit, "7"}, {"livekit.log_level", "warn"}}),
            "livekit.log_level is another name of log.level");
  EXPECT_NE(refusal({{kLimit, "0"}}), "");
  store_.full = true;
  EXPECT_EQ(refusal({{kLimit, "7"}}), "the disk is full");
  EXPECT_EQ(applied_, 0);
  EXPECT_EQ(live_->now().number(kLimit), 500);
  EXPECT_TRUE(store_.kept.empty());
}

TEST_F(LiveConfigTest, RanksAboveTheFileAndBelowTheCommandLine) {
  start("turms: {service: {message: {max-text-limit: 100}}}\n", {"log.level=warn"});
  EXPECT_TRUE(change({{kLimit, "7"}}));
  EXPECT_EQ(refusal({{"log.level", "debug"}}),
            "log.level is set on the command line, which nothing else changes");
  EXPECT_TRUE(change({{kLimit, std::nullopt}}));
  EXPECT_EQ(limit_, 100) << "as the file says";
  EXPECT_TRUE(store_.kept.empty());
  EXPECT_TRUE(change({{kLimit, "7"}, {kRecall, "false"}}));
  EXPECT_TRUE(change({{kRecall, "false"}}, true));
  EXPECT_EQ(limit_, 100) << "reset";
  EXPECT_FALSE(live_->now().flag(kRecall));
}

TEST_F(LiveConfigTest, TheFileIsReadAgain) {
  start("turms: {service: {message: {max-text-limit: 100}}}\nhttp: {port: 1}\n");
  std::ofstream(file_) << "turms: {service: {message: {max-text-limit: 50}}}\nhttp: {port: 2}\n";
  EXPECT_TRUE(change({{kRecall, "false"}}));
  EXPECT_EQ(limit_, 100) << "a change does not read it";
  live_->read_file();
  EXPECT_EQ(limit_, 50);
  EXPECT_EQ(live_->now().number("http.port"), 1) << "needs a restart";
  EXPECT_FALSE(live_->now().flag(kRecall));
  std::ofstream(file_) << "turms: {service: {message: {max-text-limit: -1}}}\n";
  live_->read_file();
  EXPECT_EQ(limit_, 50) << "a bad file changes nothing";
  EXPECT_TRUE(change({{kLimit, "9"}}));
  std::ofstream(file_) << "turms: {service: {message: {max-text-limit: 60}}}\n";
  live_->read_file();
  EXPECT_EQ(limit_, 9) << "what was changed ranks above it";
}

TEST_F(LiveConfigTest, WhatIsNoLongerGoodIsLeftOut) {
  store_.kept = {{kLimit, "-5"}, {"http.port", "1"}, {"gone.since", "1"}};
  start();
  EXPECT_EQ(live_->now().number(kLimit), 500);
  EXPECT_EQ(live_->now().number("http.port"), 7880);
  EXPECT_EQ(live_->now().warnings().size(), 3u);
}

TEST_F(LiveConfigTest, SecretsAreMasked) {
  start("", {"livekit.keys=k: topsecret", "plugins.livekit.api_secret=topsecret"});
  for (const auto& [option, value] : live_->list()) {
    EXPECT_EQ(config::to_text(*option, value).find("topsecret"), std::string::npos) << option->key;
  }
}

constexpr const char* kShortest = "turms.service.user.info.min-password-length";
constexpr const char* kLongest = "turms.service.user.info.max-password-length";

TEST_F(LiveConfigTest, WhatContradictsIsRefusedAsAWhole) {
  start();
  EXPECT_EQ(refusal({{kShortest, "20"}, {kLimit, "7"}}),
            std::string(kShortest) + " is 20, which is above " + kLongest + ", 16");
  EXPECT_EQ(live_->now().number(kLimit), 500);
  EXPECT_TRUE(store_.kept.empty());
  EXPECT_EQ(refusal({{kShortest, "20"}, {kLongest, "30"}}), "") << "together they make sense";
  EXPECT_NE(refusal({{kLongest, std::nullopt}}), "") << "what it was before, is too low now";
  EXPECT_EQ(refusal({{kLongest, std::nullopt}, {kShortest, std::nullopt}}), "");
}

TEST_F(LiveConfigTest, ZeroMayBeNoLimit) {
  start();
  EXPECT_EQ(refusal({{"turms.service.storage.message-attachment.min-size-bytes", "9"},
                     {"turms.service.storage.message-attachment.max-size-bytes", "0"}}),
            "");
}

TEST_F(LiveConfigTest, AtAStartAChangeThatContradictsTheFileIsLeftOut) {
  start("turms: {service: {user: {info: {max-password-length: 8}}}}\n");
  auto config = live_->now().with_kept_changes({{kShortest, "9"}, {kLimit, "7"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->number(kShortest), 0);
  EXPECT_EQ(config->number(kLimit), 7);
  ASSERT_EQ(config->warnings().size(), 1u);
  EXPECT_EQ(config->warnings()[0], std::string(kShortest) +
                                       " was set to '9' while the server ran, which is left out: " +
                                       kShortest + " is 9, which is above " + kLongest + ", 8");
  EXPECT_FALSE(Config::load({.assignments = {std::string(kShortest) + "=17"}}))
      << "what the operator wrote is refused";
}

TEST_F(LiveConfigTest, PluginsSayWhatMayChange) {
  const auto load = [&](const std::string& yaml, std::vector<std::string> assignments = {}) {
    std::ofstream(file_) << yaml;
    return Config::load(
        {.file = file_,
         .assignments = std::move(assignments),
         .describe_plugins = [](const std::string&, const std::vector<std::string>&) {
           config::Option word =
               config::one_of(config::text("plugins.bot.word", "yes", "A word."), {"yes", "no"});
           word.changeable = true;
           config::Option words = config::list("plugins.bot.words", "", "Words.");
           words.changeable = true;
           return std::vector<config::Option>{word, words,
                                              config::text("plugins.bot.file", "", "A file.")};
         }});
  };
  auto config = load("plugins: {bot: {words: [a, b], file: f}}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->plugin_setting("bot", "words"), "a,b");
  live_ = std::make_unique<LiveConfig>(*config, store_, [this](const Config&) { ++applied_; });
  EXPECT_EQ(refusal({{"plugins.bot.word", "no"}, {"plugins.bot.words", "c"}}), "");
  EXPECT_EQ(applied_, 1);
  EXPECT_EQ(live_->now().plugin_settings("bot"),
            (Config::Map{{"word", "no"}, {"words", "c"}, {"file", "f"}}));
  EXPECT_EQ(refusal({{"plugins.bot.word", "perhaps"}}),
            "plugins.bot.word must be one of yes, no, not 'perhaps'");
  EXPECT_EQ(
      refusal({{"plugins.bot.file", "g"}}),
      "plugins.bot.file takes effect at a start only: it belongs into the configuration file");
  EXPECT_EQ(refusal({{"plugins.bot.words", std::nullopt}}), "");
  EXPECT_EQ(live_->now().plugin_setting("bot", "words"), "a,b") << "as the file says";

  auto kept = config->with_kept_changes(
      {{"plugins.bot.word", "perhaps"}, {"plugins.bot.file", "g"}, {"plugins.bot.words", "d"}});
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->plugin_settings("bot"),
            (Config::Map{{"word", "yes"}, {"words", "d"}, {"file", "f"}}));
  EXPECT_EQ(kept->warnings().size(), 2u);

  config = load("", {"plugins.bot.word=no"});
  ASSERT_TRUE(config) << config.error().message;
  live_ = std::make_unique<LiveConfig>(*config, store_, [this](const Config&) { ++applied_; });
  EXPECT_EQ(refusal({{"plugins.bot.word", "yes"}}),
            "plugins.bot.word is set on the command line, which nothing else changes");
}

}  // namespace
}  // namespace turms::app
