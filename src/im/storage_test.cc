#include "im/storage.h"

#include <map>
#include <utility>

#include "im/domain_testing.h"
#include "im/media_type.h"

namespace turms::im {
namespace {

/// Remembers what it was asked for; what is "uploaded" is put into `sizes`.
class RecordingObjectStore final : public ObjectStore {
 public:
  Stored<ResourceInfo> upload_info(UploadTerms terms) override {
    uploads.push_back(terms);
    co_return ResourceInfo{{"url", std::string("/") + bucket_of(terms.key.type)}};
  }
  Stored<ResourceInfo> download_info(DownloadTerms terms) override {
    downloads.push_back(terms);
    co_return ResourceInfo{{"url", "there"}};
  }
  Stored<std::optional<int64_t>> find(ResourceKey key) override {
    if (broken) co_return fail(ErrorCode::kUnavailable, "gone");
    const auto found = sizes.find(key.id);
    co_return found == sizes.end() ? std::nullopt : std::optional(found->second);
  }
  Stored<None> remove(ResourceKey key) override {
    if (broken) co_return fail(ErrorCode::kUnavailable, "gone");
    removed.push_back(key);
    sizes.erase(key.id);
    co_return None{};
  }

  std::vector<UploadTerms> uploads;
  std::vector<DownloadTerms> downloads;
  std::map<int64_t, int64_t> sizes;
  std::vector<ResourceKey> removed;
  bool broken = false;
};

class StorageTest : public DomainTest {
 protected:
  void SetUp() override {
    StorageSettings settings;
    settings.attachment.max_count_per_user = 5;
    settings.attachment.lifetime = std::chrono::hours(24);
    storage_ = std::make_unique<Storage>(domain_->context(), objects_, settings);
  }

  static ResourceRequest picture(ResourceType type, std::optional<int64_t> id) {
    return {type, id, std::nullopt};
  }
  static ResourceRequest attachment(int64_t id) {
    return {ResourceType::kMessageAttachment, id, std::nullopt};
  }
  static QueryUploadInfo upload_to(std::optional<int64_t> id_num) {
    return {{ResourceType::kMessageAttachment, id_num, std::nullopt}, "a.png", "image/png"};
  }
  static std::string value(const ResourceInfo& info, const std::string& name) {
    for (const auto& [key, text] : info) {
      if (key == name) return text;
    }
    return "";
  }
  int64_t upload(int64_t user, int64_t id_num) {
    return std::stoll(value(ok(storage_->upload_info(caller(user), upload_to(id_num))), "id"));
  }
  int update(int64_t user, int64_t id, UpdateAttachment command) {
    command.id_num = id;
    return code(storage_->update(caller(user), std::move(command)));
  }
  std::vector<int64_t> found(int64_t user, QueryAttachments query) {
    std::vector<int64_t> ids;
    for (const Attachment& one : ok(storage_->query(caller(user), std::move(query)))) {
      ids.push_back(one.id.value);
    }
    return ids;
  }
  void tick() {
    run([](Storage& storage) -> Task<bool> {
      co_await storage.tick();
      co_return true;
    }(*storage_));
  }

  RecordingObjectStore objects_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(StorageTest, PicturesAreChangedByWhomTheyBelongTo) {
  const GroupId group = make_group(1, {2, 3});
  set_role(group, 2, GroupMemberRole::kManager);
  const auto own = ok(storage_->upload_info(
      caller(4), {picture(ResourceType::kUserProfilePicture, 1), std::nullopt, std::nullopt}));
  // Whatever id was sent.
  EXPECT_EQ(value(own, "id"), "4");
  EXPECT_EQ(objects_.uploads.back().key, (ResourceKey{ResourceType::kUserProfilePicture, 4}));
  EXPECT_EQ(objects_.uploads.back().content_type, "image/*");
  EXPECT_EQ(objects_.uploads.back().max_bytes, 1024 * 1024);
  EXPECT_EQ(objects_.uploads.back().expiration.unix_ms, clock_.time.unix_ms + 300'000);

  const auto of_group = [&](std::optional<int64_t> id) {
    return QueryUploadInfo{picture(ResourceType::kGroupProfilePicture, id), {}, {}};
  };
  EXPECT_EQ(code(storage_->upload_info(caller(1), of_group(group.value))), 1000);
  EXPECT_EQ(code(storage_->upload_info(caller(2), of_group(group.value))), 1000);
  EXPECT_EQ(code(storage_->upload_info(caller(3), of_group(group.value))), 1300);
  EXPECT_EQ(code(storage_->upload_info(caller(4), of_group(group.value))), 1300);
  EXPECT_EQ(code(storage_->upload_info(caller(1), of_group(99))), 1300);
  EXPECT_EQ(code(storage_->upload_info(caller(1), of_group(std::nullopt))), 1102);
  auto wrong_type = of_group(group.value);
  wrong_type.media_type = "text/html";
  EXPECT_EQ(code(storage_->upload_info(caller(1), wrong_type)), 1102);

  const auto key = picture(ResourceType::kGroupProfilePicture, group.value);
  EXPECT_EQ(code(storage_->remove(caller(3), key)), 1300);
  EXPECT_TRUE(objects_.removed.empty());
  EXPECT_EQ(code(storage_->remove(caller(2), key)), 1000);
  EXPECT_EQ(objects_.removed.back(), (ResourceKey{key.type, group.value}));
  EXPECT_EQ(code(storage_->remove(caller(3), picture(ResourceType::kUserProfilePicture, 1))), 1000);
  EXPECT_EQ(objects_.removed.back(), (ResourceKey{ResourceType::kUserProfilePicture, 3}));

  EXPECT_EQ(code(storage_->download_info(caller(4), key)), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(4), picture(key.type, std::nullopt))), 1102);
  EXPECT_EQ(code(storage_->download_info(caller(4), picture(static_cast<ResourceType>(7), 1))),
            1102);
}

TEST_F(StorageTest, UploadsForAConversationAreForThoseWhoMayWriteThere) {
  const GroupId group = make_group(1, {2});
  relate(3, 1, false);
  relate(4, 1, true);
  EXPECT_EQ(code(storage_->upload_info(caller(1), upload_to(3))), 1000);
  EXPECT_EQ(code(storage_->upload_info(caller(1), upload_to(1))), 1000);
  EXPECT_EQ(code(storage_->upload_info(caller(1), upload_to(4))), 6100);
  EXPECT_EQ(code(storage_->upload_info(caller(1), upload_to(5))), 6100);
  EXPECT_EQ(code(storage_->upload_info(caller(1), upload_to(std::nullopt))), 1102);
  EXPECT_EQ(code(storage_->upload_info(caller(2), upload_to(-group.value))), 1000);
  EXPECT_EQ(code(storage_->upload_info(caller(3), upload_to(-group.value))), 6101);
  EXPECT_EQ(code(storage_->upload_info(caller(3), upload_to(INT64_MIN))), 6101);

  MemberChange muted;
  muted.mute_end_date = WallTime{clock_.time.unix_ms + 1000};
  EXPECT_TRUE(run(store_->repositories().groups.update_member(
      Rights::administrator(action::UpdateMember{group, UserId(2)}), muted, clock_.time)));
  domain_->forget_cached();
  EXPECT_EQ(code(storage_->upload_info(caller(2), upload_to(-group.value))), 5008);

  for (const auto& name : {std::optional<std::string>(), std::optional<std::string>(" "),
                           std::optional<std::string>(std::string(256, 'a'))}) {
    auto query = upload_to(3);
    query.name = name;
    EXPECT_EQ(code(storage_->upload_info(caller(1), query)), 1102);
  }
  for (const char* type : {"image/*", "*/*", "image", "", "a b/c", "image/png/x"}) {
    auto query = upload_to(3);
    query.media_type = type;
    EXPECT_EQ(code(storage_->upload_info(caller(1), query)), 1102) << type;
  }
}

TEST_F(StorageTest, OneUserKeepsSoManyAttachments) {
  for (int i = 0; i < 5; ++i) upload(1, 1);
  EXPECT_EQ(code(storage_->upload_info(caller(1), upload_to(1))), 1102);
  EXPECT_EQ(code(storage_->upload_info(caller(2), upload_to(2))), 1000);
}

TEST_F(StorageTest, AttachmentsAreSeenByWhomTheyAreSharedWith) {
  const GroupId group = make_group(1, {2});
  const GroupId other = make_group(1, {5});
  const int64_t id = upload(1, -group.value);
  EXPECT_EQ(code(storage_->download_info(caller(1), attachment(id))), 1000);
  EXPECT_EQ(objects_.downloads.back().name, "a.png");
  EXPECT_EQ(objects_.downloads.back().media_type, "image/png");
  EXPECT_EQ(code(storage_->download_info(caller(2), attachment(id))), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(3), attachment(id))), 6107);
  EXPECT_EQ(code(storage_->download_info(caller(1), attachment(id + 1))), 6107);
  EXPECT_EQ(code(storage_->download_info(caller(1), attachment(-1))), 1102);
  const ResourceRequest by_text{ResourceType::kMessageAttachment, std::nullopt, std::to_string(id)};
  EXPECT_EQ(code(storage_->download_info(caller(2), by_text)), 1000);
  for (const char* text : {"", "x", "1x", "-4", "../../etc/passwd", "99999999999999999999"}) {
    const ResourceRequest bad{ResourceType::kMessageAttachment, std::nullopt, text};
    EXPECT_EQ(code(storage_->download_info(caller(2), bad)), 1102) << text;
  }

  relate(4, 1, true);
  EXPECT_EQ(update(2, id, {.share_with_user = UserId(3)}), 6102);
  EXPECT_EQ(update(1, id, {.share_with_user = UserId(4)}), 6100);
  EXPECT_EQ(update(1, id, {.share_with_user = UserId(3)}), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(3), attachment(id))), 1000);
  EXPECT_EQ(update(3, id, {.unshare_with_user = UserId(3)}), 6104);
  EXPECT_EQ(update(1, id, {.unshare_with_user = UserId(3)}), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(3), attachment(id))), 6107);

  EXPECT_EQ(update(1, id, {.share_with_group = GroupId(99)}), 6101);
  EXPECT_EQ(update(1, id, {.share_with_group = other}), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(5), attachment(id))), 1000);
  EXPECT_EQ(update(2, id, {.unshare_with_group = group}), 6103);
  set_role(group, 2, GroupMemberRole::kManager);
  EXPECT_EQ(update(2, id, {.unshare_with_group = other}), 6103);
  EXPECT_EQ(update(2, id, {.unshare_with_group = group}), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(2), attachment(id))), 6107);
  EXPECT_EQ(update(1, id, {}), 1000);
  EXPECT_EQ(code(storage_->update(caller(1), {.share_with_user = UserId(3)})), 1102);

  // Who leaves sees nothing more.
  EXPECT_TRUE(run(store_->repositories().groups.remove_members(
      Rights::administrator(action::RemoveMembers{other, users({5})}), clock_.time)));
  domain_->forget_cached();
  EXPECT_EQ(code(storage_->download_info(caller(5), attachment(id))), 6107);
}

TEST_F(StorageTest, AttachmentsAreDeletedByUploaderAndManagers) {
  const GroupId group = make_group(1, {2, 3});
  relate(4, 2, false);
  const int64_t in_group = upload(2, -group.value);
  const int64_t in_private = upload(2, 4);
  EXPECT_EQ(code(storage_->remove(caller(3), attachment(in_group))), 6105);
  EXPECT_EQ(code(storage_->remove(caller(4), attachment(in_private))), 6106);
  EXPECT_EQ(code(storage_->remove(caller(2), attachment(12345))), 6106);
  EXPECT_EQ(update(2, in_group, {.share_with_user = UserId(4)}), 1000);
  // It is somebody else's too now.
  EXPECT_EQ(code(storage_->remove(caller(1), attachment(in_group))), 6105);
  EXPECT_EQ(update(2, in_group, {.unshare_with_user = UserId(4)}), 1000);
  EXPECT_TRUE(objects_.removed.empty());
  EXPECT_EQ(code(storage_->remove(caller(1), attachment(in_group))), 1000);
  EXPECT_EQ(objects_.removed.back().id, in_group);
  EXPECT_EQ(code(storage_->download_info(caller(2), attachment(in_group))), 6107);
  // Also when the bytes cannot go at once.
  objects_.broken = true;
  EXPECT_EQ(code(storage_->remove(caller(2), attachment(in_private))), 1000);
  EXPECT_EQ(code(storage_->download_info(caller(4), attachment(in_private))), 6107);
}

TEST_F(StorageTest, AttachmentsAreListedByConversation) {
  const GroupId group = make_group(1, {2});
  relate(2, 1, false);
  relate(1, 2, false);
  relate(3, 1, false);
  relate(1, 3, false);
  const int64_t a = upload(1, -group.value);
  const int64_t b = upload(2, -group.value);
  const int64_t c = upload(1, 2);
  const int64_t d = upload(2, 1);
  const int64_t e = upload(1, 3);
  using Ids = std::vector<int64_t>;
  EXPECT_EQ(found(1, {}), (Ids{a, c, e}));
  EXPECT_EQ(found(1, {.group_ids = {group}}), (Ids{a, b}));
  EXPECT_EQ(found(1, {.user_ids = users({2}), .group_ids = {group}}), Ids{b});
  EXPECT_EQ(found(1, {.user_ids = users({2})}), (Ids{c, d}));
  EXPECT_EQ(found(1, {.user_ids = users({2}), .are_shared_by_me = true}), Ids{c});
  EXPECT_EQ(found(1, {.user_ids = users({2}), .are_shared_by_me = false}), Ids{d});
  EXPECT_EQ(found(1, {.in_private_conversation = true}), (Ids{c, d, e}));
  EXPECT_EQ(found(2, {.in_private_conversation = false}), (Ids{a, b}));
  EXPECT_EQ(code(storage_->query(caller(3), {.group_ids = {group}})), 6131);
  EXPECT_EQ(code(storage_->query(caller(3), {.user_ids = users({2})})), 6130);
  EXPECT_EQ(code(storage_->query(caller(5), {})), 1001);
  EXPECT_EQ(code(storage_->query(caller(5), {.in_private_conversation = false})), 1001);
  QueryAttachments many;
  for (int64_t i = 1; i <= 101; ++i) many.user_ids.emplace_back(i);
  EXPECT_EQ(code(storage_->query(caller(1), many)), 1102);
}

TEST_F(StorageTest, UploadsAreSettledAndOrphansErased) {
  const int64_t uploaded = upload(1, 1);
  const int64_t forgotten = upload(1, 1);
  const int64_t deleted = upload(1, 1);
  objects_.sizes = {{uploaded, 10}, {deleted, 20}};
  objects_.broken = true;
  EXPECT_EQ(code(storage_->remove(caller(1), attachment(deleted))), 1000);
  objects_.broken = false;
  const auto ids = [&] { return found(1, {}); };
  // An upload may still be under way.
  tick();
  EXPECT_EQ(ids(), (std::vector<int64_t>{uploaded, forgotten}));
  EXPECT_TRUE(objects_.removed.empty());

  pass(std::chrono::minutes(76));
  objects_.broken = true;
  tick();
  EXPECT_EQ(ids(), (std::vector<int64_t>{uploaded, forgotten}));
  objects_.broken = false;
  tick();
  EXPECT_EQ(ids(), std::vector<int64_t>{uploaded});
  EXPECT_EQ(objects_.removed,
            std::vector{ResourceKey({ResourceType::kMessageAttachment, deleted})});
  EXPECT_EQ(objects_.sizes.size(), 1U);

  pass(std::chrono::hours(24));
  tick();
  EXPECT_EQ(code(storage_->query(caller(1), {})), 1001);
  EXPECT_TRUE(objects_.sizes.empty());
}

TEST(MediaTypeTest, ReadsTypesAndRanges) {
  EXPECT_EQ(MediaType::parse("Image/PNG; charset=utf-8")->to_string(), "image/png");
  EXPECT_EQ(MediaType::parse(" text/plain ")->to_string(), "text/plain");
  EXPECT_TRUE(MediaType::parse("image/svg+xml")->is_concrete());
  EXPECT_FALSE(MediaType::parse("image/*")->is_concrete());
  for (const char* text : {"", "/", "a/", "/b", "a", "*/a", "a*/b", "a/b c", "a/b/c", "a/\nb"}) {
    EXPECT_FALSE(MediaType::parse(text)) << text;
  }
  EXPECT_TRUE(MediaType::parse("*/*")->includes(*MediaType::parse("a/b")));
  EXPECT_TRUE(MediaType::parse("a/*")->includes(*MediaType::parse("a/b")));
  EXPECT_FALSE(MediaType::parse("a/*")->includes(*MediaType::parse("b/b")));
  EXPECT_FALSE(MediaType::parse("a/c")->includes(*MediaType::parse("a/b")));
}

}  // namespace
}  // namespace turms::im
