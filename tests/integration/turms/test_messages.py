"""Sending, finding, editing and recalling messages, and who is told."""

import time

import client as c
from case import TurmsTest, on_both_transports


def ids(notification):
    return [message.id for message in notification.data.messages.messages]


@on_both_transports
class Messages:
    accounts = 4

    def setUp(self):
        self.a, self.b, self.c, self.stranger = self.users
        self.alice = self.sign_in(self.a)
        self.bob = self.sign_in(self.b)
        self.carol = self.sign_in(self.c)

    # -- who is told

    def test_group_message_reaches_the_other_members_and_the_senders_other_device(self):
        group = self.group_of(self.a, self.b, self.c)
        phone = self.sign_in(self.a, device_type=c.IOS)
        outsider = self.sign_in(self.stranger)
        before = int(time.time() * 1000)
        request_id = self.alice.send("create_message", group_id=group, text="hello", records=[b"\x00\xff"],
                                     burn_after=30, delivery_date=12345)
        response = self.alice.response(request_id)
        self.assert_code(1000, response)
        message_id = response.data.long
        self.assertGreater(message_id, 0)
        for client in (self.bob, self.carol, phone):
            push = self.assert_told(client, "create_message", requester=self.a)
            self.assertFalse(push.HasField("request_id"))
            self.assertEqual(push.relayed_request.request_id, request_id)
            relayed = push.relayed_request.create_message_request
            self.assertEqual((relayed.message_id, relayed.group_id, relayed.text, list(relayed.records),
                              relayed.burn_after), (message_id, group, "hello", [b"\x00\xff"], 30))
            self.assertTrue(before - 1000 <= relayed.delivery_date <= before + 60_000)
        self.assert_told_nothing(self.alice, outsider)

    def test_private_message_reaches_its_recipient_only(self):
        message_id = self.alice.ok("create_message", recipient_id=self.b, text="psst").data.long
        push = self.assert_told(self.bob, "create_message", requester=self.a)
        relayed = push.relayed_request.create_message_request
        self.assertEqual((relayed.message_id, relayed.recipient_id, relayed.text), (message_id, self.b, "psst"))
        self.assert_told_nothing(self.alice, self.carol)

    def test_nobody_is_told_of_a_refused_message(self):
        group = self.group_of(self.b, self.c)
        self.assertNotEqual(self.alice.request("create_message", group_id=group, text="x").code, 1000)
        self.assert_told_nothing(self.bob, self.carol)

    # -- codes

    def test_codes_of_sending(self):
        group = self.group_of(self.b, self.c)
        cases = [
            ("to oneself", dict(recipient_id=self.a, text="x"), 5007),
            ("nobody", dict(text="x"), 1102),
            ("to nobody known", dict(recipient_id=987654321, text="x"), 5000),
            ("a group one is not in", dict(group_id=group, text="x"), 5009),
            ("a group that does not exist", dict(group_id=987654321, text="x"), 5004),
            ("empty", dict(recipient_id=self.b), 1102),
            ("too long", dict(recipient_id=self.b, text="x" * 501), 1102),
            ("as the system", dict(recipient_id=self.b, text="x", is_system_message=True), 1102),
            ("forward what does not exist", dict(recipient_id=self.b, message_id=987654321), 5011),
            ("longest", dict(recipient_id=self.b, text="é" * 500), 1000),
        ]
        for name, fields, code in cases:
            with self.subTest(name):
                self.assert_code(code, self.alice.request("create_message", **fields))

    # -- finding

    def test_history_is_complete_in_order_and_in_pages(self):
        group = self.group_of(self.a, self.b)
        sent = [self.alice.ok("create_message", group_id=group, text=f"{i}").data.long for i in range(25)]
        self.assertEqual(sent, sorted(set(sent)))
        ask = dict(are_group_messages=True, from_ids=[group])
        everything = self.bob.ok("query_messages", **ask)
        self.assertEqual(ids(everything), sent)
        first = everything.data.messages.messages[0]
        self.assertEqual((first.text, first.sender_id, first.group_id, first.recipient_id, first.is_system_message),
                         ("0", self.a, group, group, False))
        self.assertEqual(ids(self.bob.ok("query_messages", descending=True, **ask)), sent[::-1])
        self.assertEqual(ids(self.bob.ok("query_messages", max_count=10, **ask)), sent[:10])
        self.assertEqual(ids(self.bob.ok("query_messages", max_count=10, descending=True, **ask)), sent[:14:-1])
        self.assertEqual(ids(self.bob.ok("query_messages", are_group_messages=True, from_ids=[group],
                                         ids=[sent[3], sent[7]])), [sent[3], sent[7]])
        dates = [m.delivery_date for m in everything.data.messages.messages]
        since = ids(self.bob.ok("query_messages", delivery_date_start=dates[12], **ask))
        self.assertEqual(since, [m for m, date in zip(sent, dates) if date >= dates[12]])
        until = self.bob.request("query_messages", delivery_date_end=dates[12], **ask)
        self.assertEqual(ids(until), [m for m, date in zip(sent, dates) if date < dates[12]])

    def test_private_query_returns_what_was_sent_to_me(self):
        mine = self.bob.ok("create_message", recipient_id=self.a, text="to alice").data.long
        self.alice.ok("create_message", recipient_id=self.b, text="to bob")
        found = self.alice.ok("query_messages", are_group_messages=False, from_ids=[self.b])
        self.assertEqual(ids(found)[-1], mine)
        self.assertTrue(all(m.recipient_id == self.a for m in found.data.messages.messages))

    def test_codes_of_finding(self):
        group = self.group_of(self.b, self.c)
        self.assert_code(1100, self.alice.request("query_messages"))
        self.assert_code(5300, self.alice.request("query_messages", are_group_messages=True, from_ids=[group]))
        empty = self.bob.request("query_messages", are_group_messages=True, from_ids=[group])
        self.assert_code(1001, empty)
        self.assertFalse(empty.HasField("data"))

    def test_who_is_in_no_group_finds_no_group_message(self):
        group = self.group_of(self.b, self.c)
        self.bob.ok("create_message", group_id=group, text="not for strangers")
        outsider = self.sign_in(self.server.add_user())
        self.assert_code(1001, outsider.request("query_messages", are_group_messages=True))

    def test_totals(self):
        group = self.group_of(self.a, self.b)
        sent = [self.alice.ok("create_message", group_id=group, text="x").data.long for _ in range(5)]
        found = self.bob.ok("query_messages", are_group_messages=True, from_ids=[group], with_total=True,
                            max_count=2, descending=True).data.messages_with_total_list.messages_with_total_list
        self.assertEqual(len(found), 1)
        self.assertEqual((found[0].total, found[0].is_group_message, found[0].from_id), (5, True, group))
        self.assertEqual([m.id for m in found[0].messages], sent[:2:-1])

    def test_forwarding_keeps_the_text(self):
        original = self.alice.ok("create_message", recipient_id=self.b, text="to pass on").data.long
        self.bob.pushes()
        forwarded = self.bob.ok("create_message", recipient_id=self.c, message_id=original).data.long
        self.assertNotEqual(forwarded, original)
        found = self.carol.ok("query_messages", are_group_messages=False, from_ids=[self.b])
        self.assertEqual(found.data.messages.messages[-1].text, "to pass on")
        self.assert_code(5011, self.carol.request("create_message", recipient_id=self.b, message_id=original))

    # -- changing

    def test_edit_by_the_sender(self):
        group = self.group_of(self.a, self.b)
        message = self.alice.ok("create_message", group_id=group, text="frist").data.long
        self.bob.pushes()
        self.alice.ok("update_message", message_id=message, text="first")
        # An edit in a group reaches the device that made it, too.
        self.assert_told(self.alice, "update_message", requester=self.a)
        push = self.assert_told(self.bob, "update_message", requester=self.a)
        self.assertEqual(push.relayed_request.update_message_request.text, "first")
        found = self.bob.ok("query_messages", are_group_messages=True, from_ids=[group]).data.messages.messages[0]
        self.assertEqual(found.text, "first")
        self.assertGreaterEqual(found.modification_date, found.delivery_date)
        self.assert_code(5101, self.bob.request("update_message", message_id=message, text="mine"))

    def test_recall_hides_the_message_and_leaves_a_notice(self):
        group = self.group_of(self.a, self.b)
        message = self.alice.ok("create_message", group_id=group, text="oops").data.long
        self.bob.pushes()
        self.assert_code(5202, self.bob.request("update_message", message_id=message, recall_date=1))
        self.alice.ok("update_message", message_id=message, recall_date=int(time.time() * 1000))
        told = self.bob.pushes()
        self.assertEqual([c.kind_of(push) for push in told],
                         ["update_message_request", "create_message_request"])
        self.assertTrue(told[0].relayed_request.update_message_request.HasField("recall_date"))
        notice = told[1]
        self.assertEqual((notice.requester_id, notice.HasField("request_id"), notice.request_id), (self.a, True, 0))
        relayed = notice.relayed_request.create_message_request
        self.assertTrue(relayed.is_system_message)
        self.assertEqual(list(relayed.records), [b"\x01", message.to_bytes(8, "big")])
        found = self.bob.ok("query_messages", are_group_messages=True, from_ids=[group]).data.messages.messages
        self.assertEqual([(m.id, m.is_system_message, list(m.records)) for m in found],
                         [(relayed.message_id, True, [b"\x01", message.to_bytes(8, "big")])])
        self.alice.pushes()
        self.alice.ok("update_message", message_id=message, recall_date=1)
        self.assert_told_nothing(self.alice, self.bob)


class ManyMembers(TurmsTest):
    """Everybody is told once, over either transport, with several devices."""
    accounts = 12

    def test_each_session_once(self):
        group = self.group_of(*self.users)
        sender = self.sign_in(self.users[0])
        others = [self.sign_in(user, transport, device_type=device)
                  for user in self.users[1:]
                  for transport, device in ((c.Tcp, c.DESKTOP), (c.WebSocket, c.BROWSER))]
        sent = [sender.ok("create_message", group_id=group, text=str(i)).data.long for i in range(20)]
        for client in others:
            told = [push.relayed_request.create_message_request.message_id for push in client.pushes()]
            self.assertEqual(told, sent)
