#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of friend requests must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, AFriendRequestStandsInTheWayOfAnother) {
  using Created = FriendRequestRepository::Created;
  EXPECT_EQ(ask_friendship(100, 1, 2, 0), Created::kDone);
  EXPECT_EQ(ask_friendship(101, 1, 2, 1), Created::kExists);
  EXPECT_EQ(ask_friendship(101, 1, 2, 1, true), Created::kExists);
  EXPECT_EQ(ask_friendship(101, 2, 1, 1), Created::kDone);
  // The first has expired.
  EXPECT_EQ(ask_friendship(102, 1, 2, 1000), Created::kExists);
  EXPECT_EQ(ask_friendship(102, 1, 2, 1000, true), Created::kDone);
  EXPECT_EQ(ok(store_.friend_requests.sent_by(UserId(1))).size(), 2u);
  EXPECT_EQ(ok(store_.friend_requests.received_by(UserId(1))).size(), 1u);
  EXPECT_EQ(ok(store_.friend_requests.find(FriendRequestId(101)))->requester_id, UserId(2));
  EXPECT_FALSE(ok(store_.friend_requests.find(FriendRequestId(999))));
  // One that was recalled is in nobody's way.
  const auto sent = version(VersionOf::kSentFriendRequests, 1);
  const auto received = version(VersionOf::kReceivedFriendRequests, 2);
  const auto recall = may(action::RecallFriendRequest{FriendRequestId(102)});
  EXPECT_TRUE(ok(store_.friend_requests.recall(recall, time_at(1001))));
  EXPECT_FALSE(ok(store_.friend_requests.recall(recall, time_at(1001))));
  EXPECT_GT(version(VersionOf::kSentFriendRequests, 1), sent);
  EXPECT_GT(version(VersionOf::kReceivedFriendRequests, 2), received);
}

TEST_P(RepositoryConformance, AnAcceptedFriendRequestMakesBothFriendsAndKeepsWhatWas) {
  using Outcome = FriendRequestRepository::Replied::Outcome;
  relate(1, 2, {.blocked = true, .name = "old", .join_group = 3, .leave_group = {}});
  ask_friendship(100, 1, 2, 0);
  const auto permit = may(action::ReplyToFriendRequest{FriendRequestId(100)});
  const auto sent = version(VersionOf::kSentFriendRequests, 1);
  const auto replied =
      ok(store_.friend_requests.reply(permit, RequestStatus::kAccepted, "yes", time_at(5)));
  EXPECT_EQ(replied.outcome, Outcome::kDone);
  EXPECT_FALSE(replied.requester_gained);
  EXPECT_TRUE(replied.recipient_gained);
  EXPECT_GT(version(VersionOf::kSentFriendRequests, 1), sent);
  const Relationship kept = relationships({}).front();
  EXPECT_TRUE(kept.block_date);
  EXPECT_EQ(kept.name, "old");
  EXPECT_EQ(kept.group_index, 3);
  EXPECT_EQ(ok(store_.relationships.reachability(UserId(2))).friends.size(), 1u);
  const auto request = ok(store_.friend_requests.find(FriendRequestId(100)));
  EXPECT_EQ(request->status, RequestStatus::kAccepted);
  EXPECT_EQ(request->reason, "yes");
  EXPECT_EQ(ok(store_.friend_requests.reply(permit, RequestStatus::kDeclined, "", kNow)).outcome,
            Outcome::kNotPending);
  // An accepted one is in nobody's way.
  EXPECT_EQ(ask_friendship(101, 1, 2, 1), FriendRequestRepository::Created::kDone);
}

}  // namespace turms::im::testing
