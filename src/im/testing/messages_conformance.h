#pragma once

#include <algorithm>

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of messages must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, AMessageIsKeptAsWritten) {
  NewMessage added;
  added.message.id = MessageId(id_at(0));
  added.message.delivery_date = kNow;
  added.message.pre_message_id = MessageId(3);
  added.message.sender_id = UserId(1);
  added.message.recipient_id = UserId(2);
  added.message.text = "caf\xC3\xA9";
  added.message.records = {Bytes{1, 2}, Bytes{}, Bytes{3}};
  added.message.burn_after = 9;
  ok(store_.messages.append(may_send(added), added));
  const auto plain = ok(store_.messages.find(added.message.id));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text, "caf\xC3\xA9");
  EXPECT_EQ(plain->burn_after, 9);
  EXPECT_EQ(plain->recipient_id, UserId(2));
  EXPECT_FALSE(plain->group_id);
  EXPECT_TRUE(plain->records.empty()) << "records are kept only where it is said";
  EXPECT_EQ(plain->delivery_date, kNow);
  EXPECT_EQ(plain->sequence, 1);
  EXPECT_EQ(plain->pre_message_id, MessageId(3));

  added.message.id = MessageId(id_at(1));
  added.keep_records = true;
  ok(store_.messages.append(may_send(added), added));
  EXPECT_EQ(ok(store_.messages.find(added.message.id))->records, added.message.records);
  EXPECT_FALSE(ok(store_.messages.find(MessageId(1))));
}

TEST_P(RepositoryConformance, PrivateMessagesAreThoseReceived) {
  send(id_at(0), 1, std::nullopt, 2);
  send(id_at(1), 2, std::nullopt, 1);
  send(id_at(2), 3, std::nullopt, 2);
  send(id_at(2, 1), 1, std::nullopt, 2);
  send(id_at(3), 1, std::nullopt, 2, true);
  MessageFilter filter;
  filter.recipient_id = UserId(2);
  filter.max_count = 10;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(0), id_at(2), id_at(2, 1), id_at(3)}));
  filter.sender_ids = {UserId(1)};
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(0), id_at(2, 1), id_at(3)}));
  filter.are_system_messages = false;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(0), id_at(2, 1)}));
  filter.descending = true;
  filter.max_count = 1;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(2, 1)}));
  EXPECT_EQ(ok(store_.messages.count(filter)), 2);
}

TEST_P(RepositoryConformance, DatesIncludeTheStartAndExcludeTheEnd) {
  for (int64_t at = 0; at < 5; ++at) send(id_at(at), 1, std::nullopt, 2);
  MessageFilter filter;
  filter.recipient_id = UserId(2);
  filter.max_count = 10;
  filter.delivery_date_start = time_at(1);
  filter.delivery_date_end = time_at(3);
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(1), id_at(2)}));
  EXPECT_EQ(ok(store_.messages.count(filter)), 2);
  filter.delivery_date_start = WallTime{0};
  filter.delivery_date_end = WallTime{std::numeric_limits<int64_t>::max()};
  EXPECT_EQ(query(filter).size(), 5u);
}

TEST_P(RepositoryConformance, MessagesOfSeveralGroupsAreInOneOrder) {
  for (int64_t at = 0; at < 12; ++at) send(id_at(at), 1, 10 + at % 3, std::nullopt);
  MessageFilter filter;
  filter.of_groups = true;
  filter.group_ids = {GroupId(10), GroupId(12)};
  filter.max_count = 5;
  EXPECT_EQ(query(filter),
            (std::vector<int64_t>{id_at(0), id_at(2), id_at(3), id_at(5), id_at(6)}));
  filter.descending = true;
  filter.max_count = 3;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(11), id_at(9), id_at(8)}));
  EXPECT_EQ(ok(store_.messages.count(filter)), 8);
}

TEST_P(RepositoryConformance, MessagesOfManyGroupsAreInOneOrder) {
  // Each group has its turn, and the last ones have the first message and the last.
  constexpr int64_t kGroups = 50;
  MessageFilter filter;
  filter.of_groups = true;
  std::vector<int64_t> all;
  for (int64_t at = 0; at < 4 * kGroups; ++at) {
    send(id_at(at), 1, 10 + (at * 7 + kGroups - 1) % kGroups, std::nullopt);
    all.push_back(id_at(at));
  }
  for (int64_t group = 0; group < kGroups; ++group) filter.group_ids.emplace_back(10 + group);
  for (const int32_t count : {1, 3, 49, 120, 1000}) {
    SCOPED_TRACE(count);
    const auto size = std::min(all.size(), static_cast<size_t>(count));
    filter.max_count = count;
    filter.descending = false;
    EXPECT_EQ(query(filter), std::vector<int64_t>(all.begin(), all.begin() + size));
    filter.descending = true;
    EXPECT_EQ(query(filter), std::vector<int64_t>(all.rbegin(), all.rbegin() + size));
  }
}

TEST_P(RepositoryConformance, IdsAreShownOnlyWhereTheFilterAllows) {
  send(id_at(0), 1, std::nullopt, 2);
  send(id_at(1), 1, 10, std::nullopt);
  send(id_at(2), 1, std::nullopt, 3);
  MessageFilter filter;
  filter.ids = {MessageId(id_at(2)), MessageId(id_at(1)), MessageId(id_at(0)), MessageId(7)};
  filter.max_count = 10;
  filter.recipient_id = UserId(2);
  EXPECT_EQ(query(filter), std::vector<int64_t>{id_at(0)});
  filter.of_groups = true;
  filter.group_ids = {GroupId(10)};
  EXPECT_EQ(query(filter), std::vector<int64_t>{id_at(1)});
  EXPECT_EQ(ok(store_.messages.count(filter)), 1);
  filter.group_ids = {GroupId(11)};
  EXPECT_TRUE(query(filter).empty());
}

TEST_P(RepositoryConformance, AMessageIsEdited) {
  send(id_at(0), 1, std::nullopt, 2);
  EXPECT_TRUE(ok(store_.messages.edit(may(action::EditMessage{MessageId(id_at(0))}), "new",
                                      std::nullopt, time_at(9))));
  EXPECT_FALSE(ok(store_.messages.edit(may(action::EditMessage{MessageId(1)}), "new", std::nullopt,
                                       time_at(9))));
  const auto message = ok(store_.messages.find(MessageId(id_at(0))));
  EXPECT_EQ(message->text, "new");
  EXPECT_EQ(message->modification_date, time_at(9));
}

TEST_P(RepositoryConformance, ARecalledMessageIsHiddenAndANoticeKept) {
  send(id_at(0), 1, std::nullopt, 2);
  send(id_at(1), 1, std::nullopt, 2);
  NewMessage notice;
  notice.message.id = MessageId(id_at(5));
  notice.message.delivery_date = time_at(5);
  notice.message.sender_id = UserId(1);
  notice.message.recipient_id = UserId(2);
  notice.message.is_system_message = true;
  notice.message.records = {Bytes{1}};
  notice.keep_records = true;
  const auto placed = ok(
      store_.messages.recall(may(action::RecallMessage{MessageId(id_at(0))}), time_at(5), notice));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->sequence, 3);
  EXPECT_EQ(placed->delivery_date, time_at(5));
  notice.message.id = MessageId(id_at(6));
  EXPECT_FALSE(ok(
      store_.messages.recall(may(action::RecallMessage{MessageId(id_at(0))}), time_at(6), notice)));
  EXPECT_FALSE(ok(store_.messages.edit(may(action::EditMessage{MessageId(id_at(0))}), "x",
                                       std::nullopt, time_at(6))));
  MessageFilter filter;
  filter.recipient_id = UserId(2);
  filter.max_count = 10;
  EXPECT_EQ(query(filter), (std::vector<int64_t>{id_at(1), id_at(5)}));
  filter.ids = {MessageId(id_at(0))};
  EXPECT_TRUE(query(filter).empty());
  const auto recalled = ok(store_.messages.find(MessageId(id_at(0))));
  EXPECT_EQ(recalled->recall_date, time_at(5));
  EXPECT_EQ(recalled->sequence, 1) << "it keeps its place";
  EXPECT_EQ(send(id_at(7), 2, std::nullopt, 1).sequence, 4);
}

TEST_P(RepositoryConformance, SequencesHaveNoGap) {
  EXPECT_EQ(send(id_at(0), 1, std::nullopt, 2).sequence, 1);
  EXPECT_EQ(send(id_at(1), 2, std::nullopt, 1).sequence, 2) << "the two sides have one sequence";
  EXPECT_EQ(send(id_at(2), 1, 2, std::nullopt).sequence, 1) << "a group of the number of a user";
  EXPECT_EQ(send(id_at(3), 1, std::nullopt, 3).sequence, 1);
  // An id that is taken: nothing is stored, and its place is given to the next.
  NewMessage again;
  again.message.id = MessageId(id_at(1));
  again.message.delivery_date = time_at(4);
  again.message.sender_id = UserId(1);
  again.message.recipient_id = UserId(2);
  EXPECT_FALSE(backend_->loop().run(store_.messages.append(may_send(again), again)));
  EXPECT_EQ(send(id_at(5), 1, std::nullopt, 2).sequence, 3);
  EXPECT_EQ(send(id_at(6), 3, 2, std::nullopt).sequence, 2);
}

TEST_P(RepositoryConformance, DatesAscendWhateverTheClockDoes) {
  EXPECT_EQ(send(id_at(1000), 1, std::nullopt, 2).delivery_date, time_at(1000));
  EXPECT_EQ(send(id_at(1000, 1), 1, std::nullopt, 2).delivery_date, time_at(1001));
  EXPECT_EQ(send(id_at(1000, 2), 1, 10, std::nullopt).delivery_date, time_at(1000));
  // A second back: what is sent to anybody is behind what had been sent to anybody.
  EXPECT_EQ(send(id_at(0), 1, 10, std::nullopt).delivery_date, time_at(1001));
  EXPECT_EQ(send(id_at(1), 1, 11, std::nullopt).delivery_date, time_at(1002));
  EXPECT_EQ(send(id_at(2), 1, 10, std::nullopt).delivery_date, time_at(1003));
  EXPECT_EQ(send(id_at(3), 1, std::nullopt, 2).delivery_date, time_at(1004));
  // And there again.
  EXPECT_EQ(send(id_at(2000), 1, 10, std::nullopt).delivery_date, time_at(2000));

  MessageFilter filter;
  filter.of_groups = true;
  filter.group_ids = {GroupId(10), GroupId(11)};
  filter.max_count = 2;
  filter.delivery_date_start = time_at(0);
  std::vector<int64_t> paged;
  for (;;) {
    const auto page = ok(store_.messages.query(filter));
    if (page.empty()) break;
    for (const Message& message : page) paged.push_back(message.id.value);
    filter.delivery_date_start = WallTime{page.back().delivery_date.unix_ms + 1};
  }
  EXPECT_EQ(paged,
            (std::vector<int64_t>{id_at(1000, 2), id_at(0), id_at(1), id_at(2), id_at(2000)}));
}

TEST_P(RepositoryConformance, WhatIsSentAgainIsStoredOnce) {
  const Placed first = send(id_at(0), 1, std::nullopt, 2, false, "a");
  EXPECT_FALSE(first.repeated);
  send(id_at(1), 1, std::nullopt, 2, false, "b");
  const Placed again = send(id_at(2), 1, std::nullopt, 2, false, "a");
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.sequence, 1);
  EXPECT_EQ(again.delivery_date, first.delivery_date);
  const Placed theirs = send(id_at(3), 2, std::nullopt, 1, false, "a");
  EXPECT_FALSE(theirs.repeated) << "another sender's key";
  EXPECT_EQ(theirs.sequence, 3) << "what was not stored took no place";
}

}  // namespace turms::im::testing
