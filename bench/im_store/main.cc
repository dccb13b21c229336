// turms_im_store: how long it takes to find messages among very many: the last ones, and by words.
// Makes a database of so many messages in a directory (about 0.5 GB a million), asks it, and prints
// two tables. The database is left where it is; the next run with as many messages uses it again.

#include <fmt/core.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bench/im_store/archive.h"
#include "bench/process.h"

namespace turms::im_store {
namespace {

/// What a kind of question took; milliseconds.
struct Times {
  std::vector<float> elapsed;
  std::vector<float> cpu;
  size_t found = 0;
};

double now_ms(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// `ask` answers with how many messages it found.
Times measure(int questions, const std::function<size_t(int)>& ask) {
  Times times;
  for (int i = 0; i < questions; ++i) {
    const double elapsed = now_ms(CLOCK_MONOTONIC);
    const double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    times.found += ask(i);
    times.elapsed.push_back(static_cast<float>(now_ms(CLOCK_MONOTONIC) - elapsed));
    times.cpu.push_back(static_cast<float>(now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu));
  }
  return times;
}

std::string cell(Times times) {
  return fmt::format("{:.1f} / {:.1f} ({:.1f})", bench::percentile(times.elapsed, 0.5),
                     bench::percentile(times.elapsed, 0.95), bench::percentile(times.cpu, 0.95));
}

struct Query {
  const char* name;
  /// The i-th one.
  std::function<std::string(int)> words;
};

std::vector<Query> queries(const Corpus& corpus) {
  const auto english = [&corpus](size_t rank) { return corpus.english(rank); };
  const auto chinese = [&corpus](size_t rank) { return corpus.chinese(rank); };
  return {
      {"rare word", [=](int i) { return english(15'000 + 97 * static_cast<size_t>(i)); }},
      {"word of every thousandth",
       [=](int i) { return english(300 + 7 * static_cast<size_t>(i)); }},
      {"common word", [=](int i) { return english(static_cast<size_t>(i)); }},
      {"common word and rare word",
       [=](int i) {
         return english(static_cast<size_t>(i)) + " " + english(9000 + 31 * static_cast<size_t>(i));
       }},
      {"three common words",
       [=](int i) {
         return english(static_cast<size_t>(i)) + " " + english(3) + " " + english(7);
       }},
      {"one letter", [](int i) { return std::string(1, static_cast<char>('a' + i % 26)); }},
      {"two letters", [=](int i) { return english(100 + static_cast<size_t>(i)).substr(0, 2); }},
      {"three letters", [=](int i) { return english(100 + static_cast<size_t>(i)).substr(0, 3); }},
      {"one character, common",
       [&corpus](int i) { return corpus.character(static_cast<size_t>(i)); }},
      {"one character, rare",
       [&corpus](int i) { return corpus.character(2000 + 19 * static_cast<size_t>(i)); }},
      {"two characters, common", [=](int i) { return chinese(1 + 3 * static_cast<size_t>(i)); }},
      {"two characters, rare",
       [=](int i) { return chinese(7000 + 30 * static_cast<size_t>(i) + 1); }},
      {"four characters",
       [=](int i) {
         return chinese(1 + 3 * static_cast<size_t>(i)) + chinese(1 + static_cast<size_t>(i));
       }},
      {"a word that nobody wrote", [](int i) { return fmt::format("qqx{}", i); }},
  };
}

struct Reader {
  const char* name;
  UserId id;
  std::optional<im::ConversationRef> conversation;
};

im::ConversationRef group(int64_t id) {
  return {std::nullopt, GroupId(id)};
}

int print_search(Archive& archive, int questions) {
  const std::vector<Reader> readers = {
      {"sees 3 groups and 3 people", Layout::kFew, {}},
      {"sees 990 conversations", Layout::kMany, {}},
      {"sees one large group", Layout::kLarge, {}},
      {"in one group of 990", Layout::kMany, group(500)},
  };
  fmt::print("| search: p50 / p95 ms (p95 of CPU) ");
  for (const Reader& reader : readers) fmt::print("| {} ", reader.name);
  fmt::print("|\n|---|---|---|---|---|\n");
  std::vector<float> all;
  for (const Query& query : queries(archive.corpus())) {
    fmt::print("| {} ", query.name);
    for (const Reader& reader : readers) {
      Times times = measure(questions, [&](int i) {
        auto found = archive.loop().run(archive.repositories().messages.search(
            {reader.id, query.words(i), reader.conversation, 20}));
        return found ? found->size() : 0;
      });
      all.insert(all.end(), times.elapsed.begin(), times.elapsed.end());
      fmt::print("| {} ", cell(std::move(times)));
      std::fflush(stdout);
    }
    fmt::print("|\n");
  }
  const double p95 = bench::percentile(all, 0.95);
  fmt::print(
      "\nOf all {} searches: p50 {:.1f} ms, p95 {:.1f} ms, most {:.1f} ms (bar: p95 ≤ 50 ms)\n\n",
      all.size(), bench::percentile(all, 0.5), p95, bench::percentile(all, 1));
  return p95 <= 50 ? 0 : 1;
}

im::MessageFilter last_of(UserId reader, bool of_groups) {
  im::MessageFilter filter;
  filter.of_groups = of_groups;
  filter.recipient_id = reader;
  filter.own_too = true;
  filter.max_count = 50;
  filter.descending = true;
  return filter;
}

void print_history(Archive& archive, int questions) {
  const auto row = [&](const char* name, const std::function<im::MessageFilter(int)>& filter) {
    Times times = measure(questions, [&](int i) {
      auto found = archive.loop().run(archive.repositories().messages.query(filter(i)));
      return found ? found->size() : 0;
    });
    fmt::print("| {} | {:.1f} | {:.2f} / {:.2f} ({:.2f}) |\n", name,
               static_cast<double>(times.found) / questions, bench::percentile(times.elapsed, 0.5),
               bench::percentile(times.elapsed, 0.95), bench::percentile(times.cpu, 0.95));
  };
  fmt::print("| the last 50 messages | found | p50 / p95 ms (p95 of CPU) |\n|---|---|---|\n");
  row("of a group", [](int i) {
    im::MessageFilter filter = last_of(Layout::kMany, true);
    filter.group_ids = {GroupId(2 + i)};
    return filter;
  });
  row("of the large group", [](int) {
    im::MessageFilter filter = last_of(Layout::kLarge, true);
    filter.group_ids = {GroupId(Layout::kLargeGroup)};
    return filter;
  });
  row("of the large group, before a date", [](int i) {
    im::MessageFilter filter = last_of(Layout::kLarge, true);
    filter.group_ids = {GroupId(Layout::kLargeGroup)};
    filter.delivery_date_end = WallTime{IdGenerator::kEpochMs + (i + 1) * 1'000'000LL};
    return filter;
  });
  row("of a private conversation", [](int i) {
    im::MessageFilter filter = last_of(UserId(1'000'000 + 1000 + i), false);
    filter.sender_ids = {UserId(Layout::kFirstWriter + 1000 + i)};
    return filter;
  });
  row("of 90 private conversations", [](int) { return last_of(Layout::kMany, false); });
  row("of 900 groups", [](int) {
    im::MessageFilter filter = last_of(Layout::kMany, true);
    for (int64_t id = 1; id <= Layout::kGroupsOfMany; ++id) filter.group_ids.emplace_back(id);
    return filter;
  });
  fmt::print("\n");
}

int run(const std::filesystem::path& directory, int64_t messages, int questions) {
  const std::filesystem::path file = directory / fmt::format("messages-{}.db", messages);
  const bool exists = std::filesystem::exists(file);
  auto archive = Archive::open(file);
  Status ready = archive ? Status{} : std::unexpected(archive.error());
  if (ready && !exists) ready = (*archive)->fill(messages);
  if (ready) ready = (*archive)->index();
  if (!ready) {
    fmt::print(stderr, "{}: {}\n", file.string(), ready.error().message);
    return 2;
  }
  fmt::print("{} messages, {:.2f} GB\n\n", messages,
             static_cast<double>(std::filesystem::file_size(file)) / 1e9);
  print_history(**archive, questions);
  return print_search(**archive, questions);
}

}  // namespace
}  // namespace turms::im_store

int main(int argc, char** argv) {
  CLI::App app{"Finds messages among very many, and says how long it took"};
  std::string directory;
  int64_t messages = 1'000'000;
  int questions = 40;
  app.add_option("--directory", directory, "Where the database is made")->required();
  app.add_option("--messages", messages)
      ->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  app.add_option("--questions", questions, "Of each kind")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return turms::im_store::run(directory, messages, questions);
}
