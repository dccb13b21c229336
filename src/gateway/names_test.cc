#include "gateway/names.h"

#include <gtest/gtest.h>

#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

/// Every text of these names, of all kinds that have one, is `text` before; whether it is taken,
/// and what it is then.
void for_each_name(const std::string& text, const std::string& after, bool taken) {
  const auto* requests = proto::TurmsRequest::descriptor();
  int names = 0;
  for (int i = 0; i < requests->field_count(); ++i) {
    const auto* kind = requests->field(i);
    if (kind->message_type() == nullptr || kind->is_repeated()) continue;
    if (kind->name().starts_with("query_")) continue;
    for (const char* field_name : {"name", "new_name"}) {
      const auto* field = kind->message_type()->FindFieldByName(field_name);
      if (field == nullptr || kind->name().find("resource") != std::string::npos) continue;
      ++names;
      proto::TurmsRequest request;
      auto* body = request.GetReflection()->MutableMessage(&request, kind);
      body->GetReflection()->SetString(body, field, text);
      EXPECT_EQ(clean_names(request), taken) << kind->name();
      if (taken) {
        EXPECT_EQ(body->GetReflection()->GetString(*body, field), after) << kind->name();
      }
    }
  }
  EXPECT_GE(names, 11);
}

TEST(Names, AreInOneFormWhereverTheyStand) {
  for_each_name(" al\u200bice\u202e", "alice", true);
  for_each_name("", "", true);
}

TEST(Names, ThatShowNothingAreRefusedWhereverTheyStand) {
  for_each_name("\u200b\u3164 ", "", false);
}

TEST(Names, IntroductionsMayBeEmptyAndLoseWhatRunsOverLines) {
  proto::TurmsRequest request;
  std::string tall = "x";
  for (int i = 0; i < 50; ++i) tall += "\u0335";
  request.mutable_update_group_request()->set_intro(tall);
  request.mutable_update_group_request()->set_announcement("a\nb\u200b");
  EXPECT_TRUE(clean_names(request));
  EXPECT_EQ(request.update_group_request().intro().size(), 1u + 4 * 2);
  EXPECT_EQ(request.update_group_request().announcement(), "a\nb");
  request.mutable_update_user_request()->set_intro("\u200b");
  EXPECT_TRUE(clean_names(request));
  EXPECT_EQ(request.update_user_request().intro(), "");
}

}  // namespace
}  // namespace turms::gateway
