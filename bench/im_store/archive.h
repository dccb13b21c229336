#pragma once

#include <filesystem>
#include <memory>

#include "base/manual_loop.h"
#include "bench/im_store/corpus.h"
#include "store/store.h"

namespace turms::im_store {

/// Who writes where, and who looks for it. A fifth of the messages is in one large group, half in a
/// thousand groups, the rest in ten thousand private conversations.
struct Layout {
  static constexpr int64_t kLargeGroup = 1;
  static constexpr int64_t kGroups = 1000;
  static constexpr int64_t kPairs = 10'000;
  static constexpr int64_t kFirstWriter = 100;

  /// In three groups and a few private conversations.
  static constexpr UserId kFew{1};
  /// In 900 groups, the large one among them, and in 90 private conversations.
  static constexpr UserId kMany{2};
  static constexpr int64_t kGroupsOfMany = 900;
  static constexpr int64_t kPairsOfMany = 90;
  /// In the large group only.
  static constexpr UserId kLarge{3};
};

/// A database with messages, filled through the store as a server does it.
class Archive {
 public:
  static Result<std::unique_ptr<Archive>> open(const std::filesystem::path& file);
  ~Archive();

  /// Up to `messages` of them; says how fast. Errors: of the store.
  Status fill(int64_t messages);
  /// Takes all of them into the full-text index.
  Status index();

  im::Repositories repositories() { return store_->repositories(); }
  ManualLoop& loop() { return loop_; }
  const Corpus& corpus() { return corpus_; }

 private:
  Archive() = default;
  Status make_groups();
  im::NewMessage next_message();

  ManualLoop loop_;
  std::unique_ptr<store::Store> store_;
  Corpus corpus_;
  Rng rng_{1};
  IdGenerator ids_{0};
  int64_t written_ = 0;
};

}  // namespace turms::im_store
