#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of attachments must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, AttachmentsAreSharedQueriedAndErased) {
  const auto add = [&](int64_t id, int64_t uploader, std::optional<GroupId> group,
                       std::optional<UserId> recipient, int64_t max_count = 0) {
    Attachment attachment;
    attachment.id = AttachmentId(id);
    attachment.name = "a.png";
    attachment.media_type = "image/png";
    attachment.uploader_id = UserId(uploader);
    attachment.creation_date = time_at(static_cast<int>(id));
    return ok(store_.attachments.create(
        may(action::CreateAttachment{attachment.uploader_id, group, recipient}), attachment,
        max_count));
  };
  const auto ids = [&](AttachmentFilter filter) {
    if (filter.limit == 0) filter.limit = 100;
    std::vector<int64_t> found;
    for (const Attachment& one : ok(store_.attachments.query(filter))) {
      found.push_back(one.id.value);
    }
    return found;
  };
  EXPECT_TRUE(add(1, 1, GroupId(10), std::nullopt));
  EXPECT_TRUE(add(2, 1, std::nullopt, UserId(2)));
  EXPECT_TRUE(add(3, 2, std::nullopt, UserId(1)));
  EXPECT_TRUE(add(4, 2, GroupId(10), std::nullopt, 2));
  EXPECT_FALSE(add(5, 2, GroupId(10), std::nullopt, 2));
  EXPECT_EQ(ok(store_.attachments.find(AttachmentId(1)))->name, "a.png");
  EXPECT_EQ(ok(store_.attachments.find(AttachmentId(1)))->size, std::nullopt);
  EXPECT_FALSE(ok(store_.attachments.find(AttachmentId(5))));

  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}}), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}, .limit = 1}), std::vector<int64_t>{2});
  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}, .creation_date_start = time_at(2)}),
            std::vector<int64_t>{2});
  EXPECT_EQ(ids({.uploader_ids = {UserId(1)}, .creation_date_end = time_at(2)}),
            std::vector<int64_t>{1});
  EXPECT_EQ(ids({.shared_with_groups = {GroupId(10)}}), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(ids({.uploader_ids = {UserId(2)}, .shared_with_groups = {GroupId(10)}}),
            std::vector<int64_t>{4});
  const auto between = [](std::vector<UserId> others, std::optional<bool> by_user) {
    return AttachmentFilter{.between =
                                AttachmentFilter::Between{UserId(1), std::move(others), by_user}};
  };
  EXPECT_EQ(ids(between({}, std::nullopt)), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(ids(between({UserId(2)}, true)), std::vector<int64_t>{2});
  EXPECT_EQ(ids(between({UserId(2)}, false)), std::vector<int64_t>{3});
  EXPECT_TRUE(ids(between({UserId(3)}, std::nullopt)).empty());

  const action::ShareAttachment with_group{AttachmentId(2), GroupId(11), std::nullopt};
  EXPECT_TRUE(ok(store_.attachments.share(may(with_group), 3)));
  EXPECT_TRUE(ok(store_.attachments.share(may(with_group), 3)));
  EXPECT_FALSE(ok(store_.attachments.share(
      may(action::ShareAttachment{AttachmentId(2), GroupId(12), std::nullopt}), 2)));
  EXPECT_FALSE(ok(store_.attachments.share(
      may(action::ShareAttachment{AttachmentId(9), GroupId(11), std::nullopt}), 3)));
  EXPECT_EQ(ok(store_.attachments.shares(AttachmentId(2))).group_ids, std::vector{GroupId(11)});
  EXPECT_EQ(ok(store_.attachments.shares(AttachmentId(2))).user_ids, std::vector{UserId(2)});
  EXPECT_TRUE(ok(store_.attachments.unshare(
      may(action::UnshareAttachment{AttachmentId(2), std::nullopt, UserId(2)}))));
  EXPECT_TRUE(ok(store_.attachments.shares(AttachmentId(2))).user_ids.empty());

  ok(store_.attachments.set_size(may(action::SettleAttachment{AttachmentId(1)}), 77));
  EXPECT_EQ(ok(store_.attachments.find(AttachmentId(1)))->size, 77);
  EXPECT_EQ(ok(store_.attachments.unsettled(time_at(3), 10)).size(), 1U);

  const action::DeleteAttachment remove{AttachmentId(3)};
  EXPECT_TRUE(ok(store_.attachments.remove(may(remove), time_at(9))));
  EXPECT_FALSE(ok(store_.attachments.remove(may(remove), time_at(9))));
  EXPECT_FALSE(ok(store_.attachments.find(AttachmentId(3))));
  EXPECT_EQ(ok(store_.attachments.to_erase(std::nullopt, time_at(9), 10)),
            std::vector{AttachmentId(3)});
  EXPECT_TRUE(ok(store_.attachments.to_erase(std::nullopt, time_at(3), 10)).empty());
  EXPECT_EQ(ok(store_.attachments.to_erase(time_at(2), time_at(9), 10)),
            (std::vector{AttachmentId(1), AttachmentId(3)}));
  ok(store_.attachments.erase(may(action::SettleAttachment{AttachmentId(3)})));
  EXPECT_TRUE(ok(store_.attachments.to_erase(std::nullopt, time_at(9), 10)).empty());
}

}  // namespace turms::im::testing
