#include "store/sqlite/message_search.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "store/sqlite/heads.h"
#include "store/sqlite/message_queries.h"
#include "store/sqlite/search_tokens.h"

namespace turms::store {
namespace {

struct Conversation {
  int64_t number = 0;
  ConversationKey key;
};

struct Place {
  int64_t number = 0;
  int64_t sequence = 0;
};

// BM25 without the rarity of words, which would have FTS5 count every message of every
// conversation: all of the words are in all that is found, so what differs is how often, and in how
// much.
double score(const im::FoundText& found) {
  constexpr double kUsualLength = 100;
  const double hits = static_cast<double>(found.highlights.size());
  const double length = static_cast<double>(found.message.text.value_or("").size());
  return hits / (hits + 1.2 * (0.25 + 0.75 * length / kUsualLength));
}

bool is_newer(const im::FoundText& a, const im::FoundText& b) {
  return std::pair(a.message.delivery_date, a.message.id) >
         std::pair(b.message.delivery_date, b.message.id);
}

class Search {
 public:
  Search(Connection& connection, const im::TextSearch& search, const SearchLimits& limits)
      : connection_(connection), search_(search), limits_(limits) {}

  SearchResult run() {
    const SearchTerms terms = search_terms(search_.query);
    if (terms.all.empty()) return std::move(result_);
    find_conversations();
    if (conversations_.empty()) return std::move(result_);
    find_places(terms);
    read_messages();
    return std::move(result_);
  }

 private:
  void find_conversations() {
    if (search_.conversation) {
      const ConversationKey key =
          search_.conversation->group_id
              ? ConversationKey::of(*search_.conversation->group_id)
              : ConversationKey::of(search_.reader, *search_.conversation->user_id);
      Statement find = connection_.prepare(
          "select number from searched_conversation where high = ? and low = ?");
      if (find.bind(key.high, key.low).step()) add_conversation(find.integer(), key);
      return;
    }
    {
      Statement groups = connection_.prepare(
          "select number, group_id from group_member "
          "join searched_conversation on high = group_id and low = ? "
          "where user_id = ? order by group_id desc limit ?");
      groups.bind(ConversationKey::of(GroupId(0)).low, search_.reader, limits_.conversations);
      while (groups.step()) {
        const int64_t number = groups.integer();
        add_conversation(number, ConversationKey::of(groups.id<GroupId>()));
      }
    }
    Statement others = connection_.prepare(
        "select number, target_id from private_conversation join searched_conversation "
        "on high = max(owner_id, target_id) and low = min(owner_id, target_id) "
        "where owner_id = ? order by target_id desc limit ?");
    others.bind(search_.reader,
                limits_.conversations - static_cast<int64_t>(conversations_.size()));
    while (others.step()) {
      const int64_t number = others.integer();
      add_conversation(number, ConversationKey::of(search_.reader, others.id<UserId>()));
    }
  }

  void add_conversation(int64_t number, ConversationKey key) {
    conversations_.emplace(number, key);
  }

  void find_places(const SearchTerms& terms) {
    std::vector<std::string> by_length = terms.all;
    std::ranges::stable_sort(by_length, std::ranges::greater{}, &std::string::size);
    bool all_common = true;
    for (size_t i = 0; i < std::min(by_length.size(), limits_.counted_words); ++i) {
      if (is_common(by_length[i])) continue;
      all_common = false;
      break;
    }
    if (all_common) {
      look_through_conversations(terms.all);
      return;
    }
    std::vector<std::string> wanted = terms.all;
    // A word that is found that often is looked for as it is.
    if (terms.beginning && !is_common(terms.all.back())) wanted.back() = *terms.beginning;
    look_everywhere(all_of(wanted));
  }

  static std::string all_of(const std::vector<std::string>& terms) {
    std::string expression;
    for (const std::string& term : terms) {
      if (!expression.empty()) expression += " AND ";
      expression += term;
    }
    return expression;
  }

  bool is_common(const std::string& term) {
    const auto [known, is_new] = common_.try_emplace(term, false);
    if (is_new) {
      Statement count = connection_.prepare(
          "select count(*) from (select 1 from message_text where message_text match ? limit ?)");
      const int64_t rows = count.bind(term, limits_.rare + 1).step() ? count.integer() : 0;
      result_.rows += rows;
      known->second = rows > limits_.rare;
    }
    return known->second;
  }

  void look_everywhere(const std::string& expression) {
    {
      Statement rows = connection_.prepare(
          "select rowid from message_text where message_text match ? and rowid between ? and ? "
          "order by rowid limit ?");
      rows.bind(expression, text_row(conversations_.begin()->first, 0),
                text_row(conversations_.rbegin()->first + 1, 0), limits_.passed);
      while (rows.step()) {
        ++result_.rows;
        const int64_t row = rows.integer();
        const Place place{row >> 32, row & 0xffffffff};
        if (conversations_.contains(place.number)) places_.push_back(place);
      }
    }
    if (places_.size() <= static_cast<size_t>(limits_.ranked)) return;
    std::map<int64_t, WallTime> last;
    for (const Place& place : places_) {
      if (last.contains(place.number)) continue;
      last[place.number] = find_head(connection_, conversations_.at(place.number)).delivery_date;
    }
    std::ranges::sort(places_, std::ranges::greater{}, [&](const Place& place) {
      return std::tuple(last.at(place.number), place.number, place.sequence);
    });
    places_.resize(static_cast<size_t>(limits_.ranked));
  }

  void look_through_conversations(const std::vector<std::string>& terms) {
    const std::string expression = all_of(terms);
    struct Known {
      int64_t number;
      Head last;
    };
    std::vector<Known> known;
    for (const auto& [number, key] : conversations_) {
      known.push_back({number, find_head(connection_, key)});
    }
    std::ranges::sort(known, std::ranges::greater{},
                      [](const Known& one) { return one.last.delivery_date; });
    Statement rows = connection_.prepare(
        "select rowid from message_text where message_text match ? and rowid between ? and ? "
        "order by rowid desc limit ?");
    for (const Known& one : known) {
      for (int64_t end = one.last.sequence; end > 0; end -= limits_.window) {
        const int64_t left = limits_.ranked - static_cast<int64_t>(places_.size());
        if (left <= 0 || result_.looked_at >= limits_.looked_at ||
            result_.lookups >= limits_.lookups) {
          return;
        }
        const int64_t first = std::max<int64_t>(end - limits_.window + 1, 1);
        rows.bind(expression, text_row(one.number, first), text_row(one.number, end), left);
        while (rows.step()) {
          ++result_.rows;
          places_.push_back({one.number, rows.integer() & 0xffffffff});
        }
        rows.reset();
        result_.looked_at += end - first + 1;
        result_.lookups += static_cast<int64_t>(terms.size());
      }
    }
  }

  void read_messages() {
    std::vector<im::FoundText>& found = result_.found;
    Statement select = connection_.prepare(
        "select " TURMS_MESSAGE_COLUMNS
        "from message where high = ? and low = ? and sequence = ? and recall_date is null");
    for (const Place& place : places_) {
      const ConversationKey key = conversations_.at(place.number);
      if (select.bind(key.high, key.low, place.sequence).step()) {
        im::FoundText one{read_message(select), {}};
        for (const Highlight& part :
             find_highlights(one.message.text.value_or(""), search_.query)) {
          one.highlights.push_back({part.start, part.length});
        }
        found.push_back(std::move(one));
      }
      select.reset();
    }
    std::ranges::sort(found, is_newer);
    std::ranges::stable_sort(found, std::ranges::greater{}, score);
    if (found.size() > static_cast<size_t>(search_.max_count)) {
      found.resize(static_cast<size_t>(search_.max_count));
    }
  }

  Connection& connection_;
  const im::TextSearch& search_;
  const SearchLimits& limits_;
  /// By number.
  std::map<int64_t, ConversationKey> conversations_;
  std::map<std::string, bool> common_;
  std::vector<Place> places_;
  SearchResult result_;
};

}  // namespace

SearchResult search_messages(Connection& connection, const im::TextSearch& search,
                             const SearchLimits& limits) {
  return Search(connection, search, limits).run();
}

}  // namespace turms::store
