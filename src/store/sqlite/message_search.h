#pragma once

#include <cstdint>
#include <vector>

#include "im/ports/messages.h"
#include "store/sqlite/connection.h"

namespace turms::store {

// Looking for words in what a reader may see. What it costs does not grow with what there is:
//
// A word that few messages have is looked up everywhere, and what the reader may not see is passed
// over by its number. When each word is in many messages, the reader's conversations are looked
// through one by one, those first that were last written to, and in each the newest messages first,
// until enough were found or enough was looked at.

struct SearchLimits {
  /// Few messages: at most so many.
  int64_t rare = 10'000;
  /// Words that are counted, the longest first.
  size_t counted_words = 4;
  /// Messages of all readers that are passed over or found, with a rare word.
  int64_t passed = 100'000;
  /// Messages of the reader's conversations that are looked through, with common words alone: as
  /// many at a time, and in all.
  int64_t window = 65'536;
  int64_t looked_at = 1'000'000;
  /// Times that a word is looked up for these, in all.
  int64_t lookups = 256;
  /// Conversations of a reader; those with the highest ids.
  int64_t conversations = 1000;
  int64_t ranked = im::MessageRepository::kMaxRanked;
};

struct SearchResult {
  /// Best first.
  std::vector<im::FoundText> found;
  /// Rows of the index that were read, words that were counted included.
  int64_t rows = 0;
  /// What conversations were looked through for: places, whether or not a message is there.
  int64_t looked_at = 0;
  int64_t lookups = 0;
};

SearchResult search_messages(Connection& connection, const im::TextSearch& search,
                             const SearchLimits& limits = {});

/// The row of the index for the message at that place of the conversation with that number.
inline int64_t text_row(int64_t number, int64_t sequence) {
  return number << 32 | sequence;
}

}  // namespace turms::store
