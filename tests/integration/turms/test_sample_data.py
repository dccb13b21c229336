"""Upstream's data for development, and what its clients' suites do with it."""

import atexit
import time

import client as c
from case import TurmsTest, on_both_transports
from server import Server
from turms.model_pb2 import GroupJoinQuestion

_server = None


def server_with_sample():
    global _server
    if _server is None:
        _server = Server({"turms.service.fake.enabled": "true", "turms.service.fake.user-count": 100}).start()
        atexit.register(_server.remove)
    return _server


def now():
    return int(time.time() * 1000)


@on_both_transports
class UpstreamSuites:
    accounts = 0

    @classmethod
    def make_server(cls):
        return server_with_sample()

    def setUp(self):
        self.client = self.connect()
        self.assert_code(1000, self.client.sign_in(1, password="123"))
        self.client.receive()

    def test_users_of_each_tenth(self):
        for user in (2, 10, 55, 100):
            client = self.connect()
            self.assert_code(1000, client.sign_in(user, password="123"))
        members = self.client.ok("query_group_members", group_id=1).data.group_members_with_version.group_members
        self.assertEqual([member.user_id for member in members], list(range(1, 11)))
        blocked = self.client.ok("query_group_blocked_user_ids", group_id=1).data.longs_with_version.longs
        self.assertEqual(list(blocked), list(range(91, 101)))
        invited = self.client.ok("query_group_invitations", group_id=1).data.group_invitations_with_version
        self.assertEqual([one.invitee_id for one in invited.group_invitations], list(range(81, 91)))
        asking = self.client.ok("query_group_join_requests", group_id=1).data.group_join_requests_with_version
        self.assertEqual([one.requester_id for one in asking.group_join_requests], list(range(71, 81)))
        asked = self.client.ok("query_friend_requests", are_sent_by_me=True).data.user_friend_requests_with_version
        self.assertEqual([one.recipient_id for one in asked.user_friend_requests], list(range(11, 21)))

    def test_group_of_ones_own(self):
        ask = self.client.ok
        group = ask("create_group", name="name", intro="intro", announcement="announcement", min_score=10,
                    type_id=0).data.long
        self.assertNotEqual(group, 0)
        ask("create_group_blocked_user", group_id=group, user_id=5)
        invitation = ask("create_group_invitation", group_id=group, invitee_id=4, content="content").data.long
        ask("update_group", group_id=group, name="name", intro="intro", announcement="announcement", min_score=10)
        ask("update_group", group_id=group, mute_end_date=now())
        ask("update_group", group_id=group, mute_end_date=0)
        self.assertIn(group, ask("query_joined_group_ids").data.longs_with_version.longs)
        self.assertIn(group, [one.id for one in ask("query_joined_group_infos").data.groups_with_version.groups])
        infos = ask("query_group_blocked_user_infos", group_id=group).data.user_infos_with_version.user_infos
        self.assertEqual(infos[0].id, 5)
        found = ask("query_group_invitations", group_id=group).data.group_invitations_with_version
        self.assertEqual(found.group_invitations[0].id, invitation)
        ask("delete_group_blocked_user", group_id=group, user_id=5)
        # The default type takes no questions (3306) and no requests (3607), as upstream's answers.
        question = GroupJoinQuestion(question="question", answers=["answer1", "answer2"], score=10)
        self.assert_code(3306, self.client.request("create_group_join_questions", group_id=group,
                                                   questions=[question]))
        self.assert_code(3607, self.client.request("create_group_join_request", group_id=group, content="content"))
        ask("update_group", group_id=group, successor_id=1, quit_after_transfer=True)
        second = ask("create_group", name="readyToDelete").data.long
        ask("delete_group", group_id=second)

    def test_messages_and_conversations(self):
        group = self.client.ok("create_message", group_id=1, delivery_date=now(), text="hello").data.long
        private = self.client.ok("create_message", recipient_id=2, delivery_date=now(), text="hello").data.long
        self.assertNotEqual(self.client.ok("create_message", message_id=private, recipient_id=2).data.long, private)
        self.client.ok("create_message", message_id=group, group_id=1)
        self.client.ok("update_message", message_id=group, recall_date=now())
        self.client.ok("update_message", message_id=private, text="I have modified the message")
        recipient = self.connect()
        self.assert_code(1000, recipient.sign_in(2, password="123"))
        found = recipient.ok("query_messages", are_group_messages=False, from_ids=[1], max_count=10)
        self.assertEqual(found.data.messages.messages[0].text[:20], "private-message-text")
        total = self.client.ok("query_messages", are_group_messages=True, max_count=1, with_total=True)
        self.assertGreaterEqual(total.data.messages_with_total_list.messages_with_total_list[0].total, 100)
        self.client.ok("update_conversation", user_id=2, read_date=now())
        self.client.ok("update_conversation", group_id=1, read_date=now())
        groups = self.client.ok("query_conversations", group_ids=[1]).data.conversations.group_conversations
        self.assertIn(1, groups[0].member_id_to_read_date)

    def test_pictures(self):
        self.client.ok("query_resource_upload_info", type=0, media_type="image/png")
        self.client.ok("query_resource_upload_info", type=1, id_num=1, media_type="image/png")


class Restarted(TurmsTest):
    accounts = 0

    @classmethod
    def make_server(cls):
        server = Server({"turms.service.fake.enabled": "true", "turms.service.fake.user-count": 10}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_what_was_written_stays_once(self):
        client = self.connect()
        self.assert_code(1000, client.sign_in(1, password="123"))
        client.ok("update_user", name="another")
        self.server.stop()
        self.server.start()
        client = self.connect()
        self.assert_code(1000, client.sign_in(1, password="123"))
        found = client.ok("query_user_profiles", user_ids=[1]).data.user_infos_with_version.user_infos
        self.assertEqual(found[0].name, "another")
        self.assertIn("password 123", self.server.stderr())
