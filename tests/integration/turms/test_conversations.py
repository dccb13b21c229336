"""Read dates and typing."""

import time

import client as c
from case import TurmsTest, on_both_transports


@on_both_transports
class Conversations:
    accounts = 3

    def setUp(self):
        self.a, self.b, self.c = self.users
        self.alice, self.bob, self.carol = (self.sign_in(user) for user in self.users)

    def test_private_read_date(self):
        before = int(time.time() * 1000)
        self.alice.ok("create_message", recipient_id=self.b, text="x")
        self.bob.pushes()
        self.bob.ok("update_conversation", user_id=self.a, read_date=before)
        self.assert_told_nothing(self.alice)  # off by default
        found = self.alice.ok("query_conversations", user_ids=[self.b]).data.conversations.private_conversations
        self.assertEqual([(p.owner_id, p.target_id) for p in found], [(self.b, self.a)])
        self.assertTrue(before - 1000 <= found[0].read_date <= before + 60_000)

    def test_group_read_dates(self):
        group = self.group_of(self.a, self.b)
        self.alice.ok("create_message", group_id=group, text="x")
        self.bob.ok("update_conversation", group_id=group, read_date=1)
        found = self.alice.ok("query_conversations", group_ids=[group]).data.conversations.group_conversations
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0].group_id, group)
        self.assertEqual(set(found[0].member_id_to_read_date), {self.a, self.b})
        self.assert_code(4003, self.carol.request("update_conversation", group_id=group, read_date=1))

    def test_the_readers_other_device_follows(self):
        group = self.group_of(self.a, self.b)
        phone = self.sign_in(self.b, device_type=c.IOS)
        self.alice.ok("create_message", group_id=group, text="x")
        phone.pushes()
        self.bob.ok("update_conversation", group_id=group, read_date=1)
        self.assert_told(phone, "update_conversation", requester=self.b)

    def test_codes(self):
        self.assert_code(1001, self.alice.request("query_conversations"))
        self.assert_code(1102, self.alice.request("update_conversation", read_date=1))
        self.assert_code(4002, self.alice.request("update_conversation", group_id=987654321, read_date=1))

    def test_typing(self):
        group = self.group_of(self.a, self.b, self.c)
        self.alice.ok("update_typing_status", is_group_message=True, to_id=group)
        for client in (self.alice, self.bob, self.carol):
            push = self.assert_told(client, "update_typing_status", requester=self.a)
            self.assertEqual(push.relayed_request.update_typing_status_request.to_id, group)
        outsiders = self.group_of(self.b, self.c)
        self.assert_code(4101, self.alice.request("update_typing_status", is_group_message=True, to_id=outsiders))
        self.assert_told_nothing(self.bob, self.carol)


class Profiles(TurmsTest):
    accounts = 2

    def test_profiles(self):
        alice = self.sign_in(self.users[0])
        found = alice.ok("query_user_profiles", user_ids=[self.users[1], 987654321]).data.user_infos_with_version
        self.assertEqual([(u.id, u.name, u.active) for u in found.user_infos],
                         [(self.users[1], f"user {self.users[1]}", True)])
        none = alice.ok("query_user_profiles", user_ids=[987654321])
        self.assertTrue(none.data.HasField("user_infos_with_version"))
