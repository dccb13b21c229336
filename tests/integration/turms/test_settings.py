"""What an operator decides by configuration, as clients see it."""

import atexit

import client as c
from case import TurmsTest
from server import Server


class SettingsTest(TurmsTest):
    accounts = 3
    settings = {}

    @classmethod
    def make_server(cls):
        server = Server({f"turms.service.{key}": value for key, value in cls.settings.items()}).start()
        atexit.register(server.remove)
        return server

    def setUp(self):
        self.a, self.b, self.c = self.users
        self.alice, self.bob, self.carol = (self.sign_in(user) for user in self.users)

    def texts(self, client, **query):
        response = client.request("query_messages", **query)
        if response.code == 1001:
            return []
        self.assert_code(1000, response)
        return [message.text for message in response.data.messages.messages]


class Quiet(SettingsTest):
    settings = {"notification.message-created.notify-message-recipients": "false",
                "notification.message-updated.notify-requester-other-online-sessions": "false",
                "group.info.max-name-length": "5", "group.member.max-name-length": "3",
                "group.member.max-count-per-request": "1", "user.info.min-password-length": "4"}

    def test_recipients_are_not_told_of_messages(self):
        phone = self.sign_in(self.a, device_type=c.IOS)
        group = self.group_of(self.a, self.b)
        self.alice.ok("create_message", group_id=group, text="hello")
        self.assert_told(phone, "create_message", requester=self.a)
        message = self.alice.ok("create_message", recipient_id=self.b, text="hello").data.long
        self.assert_told(phone, "create_message", requester=self.a)
        self.assert_told_nothing(self.alice, self.bob)
        self.assertEqual(self.texts(self.bob, are_group_messages=False), ["hello"])
        self.alice.ok("update_message", message_id=message, text="changed")
        self.assert_told(self.bob, "update_message", requester=self.a)
        self.assert_told_nothing(self.alice, phone)

    def test_limits(self):
        self.assert_code(1102, self.alice.request("create_group", name="longer"))
        group = self.alice.ok("create_group", name="short").data.long
        self.assert_code(1102, self.alice.request("update_group_member", group_id=group, member_id=self.a,
                                                  name="four"))
        self.alice.ok("update_group_member", group_id=group, member_id=self.a, name="two")
        self.assert_code(1102, self.alice.request("delete_group_members", group_id=group,
                                                  member_ids=[self.b, self.c]))
        self.assert_code(1102, self.alice.request("update_user", password="abc"))


class Queries(SettingsTest):
    settings = {"message.use-conversation-id": "true", "message.is-recalled-message-visible": "true",
                "message.max-available-messages-number-without-total": "2",
                "conversation.read-receipt.update-read-date-when-user-querying-message": "true"}

    def test_own_and_recalled_messages_are_found_so_many_as_may_be(self):
        recalled = self.alice.ok("create_message", recipient_id=self.b, text="one").data.long
        self.bob.ok("create_message", recipient_id=self.a, text="two")
        self.alice.ok("create_message", recipient_id=self.b, text="three")
        self.alice.ok("update_message", message_id=recalled, recall_date=1)
        query = {"are_group_messages": False, "are_system_messages": False, "max_count": 1000}
        self.assertEqual(self.texts(self.alice, **query), ["one", "two"])
        self.assertEqual(self.texts(self.alice, from_ids=[self.b], descending=True, **query), ["three", "two"])
        self.assertEqual(self.texts(self.carol, **query), [])

    def test_querying_is_reading(self):
        self.carol.ok("create_message", recipient_id=self.b, text="read me")
        read = lambda: [conversation.owner_id for conversation in self.carol.ok(
            "query_conversations", user_ids=[self.b]).data.conversations.private_conversations]
        self.assertEqual(read(), [])
        self.texts(self.bob, are_group_messages=False, from_ids=[self.c])
        self.assertEqual(read(), [self.b])


class RequestLog(TurmsTest):
    accounts = 2

    @classmethod
    def make_server(cls):
        server = Server({"log.requests": "true", "log.level": "info"}).start()
        atexit.register(server.remove)
        return server

    def test_each_request_has_a_line_and_is_counted_by_its_kind(self):
        alice = self.sign_in(self.users[0])
        request_id = alice.send("create_message", recipient_id=self.users[1], text="a secret")
        self.assert_code(1000, alice.response(request_id))
        self.assert_code(1102, alice.request("create_message", recipient_id=self.users[1]))
        self.assert_code(1001, alice.request("query_messages", are_group_messages=False))
        lines = [line.partition("request|")[2].split("|") for line in self.server.stderr().splitlines()
                 if "request|" in line]
        self.assertEqual([(line[6], line[9]) for line in lines],
                         [("create_session_request", "1000"), ("create_message_request", "1000"),
                          ("create_message_request", "1102"), ("query_messages_request", "1001")])
        trace, session, user, device, address, number, _, size, _, _, answer, took = lines[1]
        self.assertEqual({line[1] for line in lines}, {session})
        self.assertEqual((user, device, address, number), (str(self.users[0]), "0", "127.0.0.1", str(request_id)))
        self.assertGreater(min(int(size), int(answer)), 0)
        self.assertGreaterEqual(float(took), 0)
        self.assertRegex(trace, "^[0-9a-f]{16}$")
        self.assertEqual(len({line[0] for line in lines}), len(lines))
        self.assertNotIn("a secret", self.server.stderr())
        metrics = self.server.metrics()
        self.assertEqual(metrics['turms_gateway_request_seconds_count{kind="create_message_request"}'], 2)
        self.assertEqual(metrics['turms_gateway_request_seconds_count{kind="query_messages_request"}'], 1)
        self.assertGreater(metrics["turms_store_transaction_seconds_count"], 0)
        self.assertEqual(metrics["turms_store_pending_operations"], 0)
