#include "app/options.h"

#include <gtest/gtest.h>

#include <set>

#include "admin/settings_table.h"
#include "app/config.h"
#include "gateway/settings_table.h"
#include "im/settings_table.h"
#include "livekit/settings_table.h"
#include "media/settings_table.h"

namespace turms::app {
namespace {

bool takes(const Option& option, const std::string& text) {
  const auto value = config::parse_value(option, text);
  return value && config::check_value(option, *value);
}

TEST(Options, EachKeyHasOneOwner) {
  std::set<std::string> seen;
  for (const Option& option : options()) EXPECT_TRUE(seen.insert(option.key).second) << option.key;
}

TEST(Options, EachDefaultIsGoodAndEachHelpIsASentence) {
  for (const Option& option : options()) {
    EXPECT_TRUE(option.help.ends_with('.')) << option.key;
    if (!option.supported || !option.alias_of.empty()) continue;
    EXPECT_TRUE(takes(option, option.fallback)) << option.key;
  }
}

TEST(Options, NumbersAreBoundAtTheirEdges) {
  for (const Option& option : options()) {
    if (option.type != OptionType::kInt || !option.supported) continue;
    EXPECT_TRUE(takes(option, std::to_string(option.min))) << option.key;
    EXPECT_TRUE(takes(option, std::to_string(option.max))) << option.key;
    EXPECT_FALSE(takes(option, std::to_string(option.min - 1))) << option.key;
    EXPECT_FALSE(takes(option, std::to_string(option.max + 1))) << option.key;
    EXPECT_FALSE(takes(option, "many")) << option.key;
  }
}

TEST(Options, WordsAreAllThatIsGood) {
  for (const Option& option : options()) {
    if (option.words.empty()) continue;
    for (const std::string& word : option.words) EXPECT_TRUE(takes(option, word)) << option.key;
    EXPECT_FALSE(takes(option, "no-such-word")) << option.key;
  }
}

TEST(Options, TextsHaveALongestOne) {
  for (const Option& option : options()) {
    if (!option.supported || !option.alias_of.empty()) continue;
    if (option.type == OptionType::kText || option.type == OptionType::kList) {
      EXPECT_FALSE(takes(option, std::string(static_cast<size_t>(option.max) + 1, 'x')))
          << option.key;
    }
  }
}

TEST(Options, WhatUpstreamChangesAtRunTimeMayChange) {
  for (const char* key : {
           "turms.service.message.max-text-limit",
           "turms.service.message.allow-recall-message",
           "turms.service.notification.message-created.notify-message-recipients",
           "turms.service.group.invitation.expire-after-seconds",
           "turms.service.conference.meeting.password.policy",
           "turms.service.storage.message-attachment.max-size-bytes",
           "turms.gateway.simultaneous-login.strategy",
           "turms.gateway.session.close-idle-session-after-seconds",
           "turms.gateway.client-api.rate-limiting.capacity",
           "log.level",
       }) {
    const Option* option = find_option(key);
    ASSERT_NE(option, nullptr) << key;
    EXPECT_TRUE(option->changeable) << key;
  }
  for (const char* key : {
           "http.port",
           "store.url",
           "turms.service.message.use-conversation-id",
           "turms.gateway.client-api.max-request-size-bytes",
           "turms.gateway.session.identity-access-management.type",
           "turms.security.blocklist.ip.enabled",
           "livekit.keys",
       }) {
    const Option* option = find_option(key);
    ASSERT_NE(option, nullptr) << key;
    EXPECT_FALSE(option->changeable) << key;
  }
}

TEST(Options, TheOwnersReadWhatWasConfigured) {
  const auto config = Config::load(
      {.assignments = {"turms.service.message.max-text-limit=7",
                       "turms.service.message.available-recall-duration-seconds=9",
                       "turms.service.notification.group-deleted.notify-group-members=false",
                       "turms.gateway.session.token-lifetime-seconds=0",
                       "turms.gateway.client-api.rate-limiting.refill-interval-millis=250",
                       "turms.security.blocklist.ip.auto-block.corrupted-frame.block-levels=5/6/7",
                       "turms.gateway.tcp.port=1", "admin.audit_log.retention_days=2",
                       "turms.service.storage.message-attachment.expire-after-days=0",
                       "livekit.room.playout_delay.enabled=true",
                       "livekit.room.playout_delay.max=5", "livekit.limit.max_cpu=50",
                       "livekit.rtc.udp_port=7000-7003"}});
  ASSERT_TRUE(config) << config.error().message;
  const auto chat = im::settings_table().read(*config);
  EXPECT_EQ(chat.message.max_text_size, 7u);
  EXPECT_EQ(chat.message.recall_period, 9s);
  EXPECT_FALSE(chat.group_notifications.deleted.members);
  EXPECT_TRUE(chat.group_notifications.deleted.own_sessions);
  EXPECT_EQ(chat.session.token_lifetime, 0s);
  const auto gateway = gateway::settings_table().read(*config);
  EXPECT_EQ(gateway.rate_limit.refill_interval, 250ms);
  ASSERT_EQ(gateway.guard.ip.corrupted_frame.levels.size(), 1u);
  EXPECT_EQ(gateway.guard.ip.corrupted_frame.levels[0].block, 5s);
  EXPECT_EQ(gateway.guard.ip.corrupted_frame.levels[0].forgive, 6ms);
  EXPECT_EQ(gateway.guard.user.corrupted_frame.levels.size(), 3u);
  EXPECT_EQ(gateway::listeners_table().read(*config).tcp.port, 1);
  EXPECT_EQ(admin::settings_table().read(*config).audit_retention, 48h);
  EXPECT_FALSE(im::storage_table().read(*config).attachment.lifetime);
  const auto sfu = livekit::settings_table().read(*config);
  ASSERT_TRUE(sfu.room.playout_delay);
  EXPECT_EQ(sfu.room.playout_delay->min_ms, 100u);
  EXPECT_EQ(sfu.room.playout_delay->max_ms, 100u) << "no less than the minimum";
  EXPECT_EQ(sfu.load.admit_cpu, 0.5);
  EXPECT_EQ(media::settings_table().read(*config).workers, 4);
}

}  // namespace
}  // namespace turms::app
