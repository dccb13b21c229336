"""Places in a conversation, and sending again, for clients that announced the extensions."""

from case import TurmsTest, on_both_transports

EXTENSIONS = {"turms.extensions": "1"}


@on_both_transports
class Sequences:
    def setUp(self):
        self.a, self.b, self.c = self.users
        self.group = self.group_of(self.a, self.b, self.c)
        self.alice = self.sign_in(self.a, device_details=EXTENSIONS)
        self.bob = self.sign_in(self.b, device_details=EXTENSIONS)
        self.carol = self.sign_in(self.c)

    def send(self, client, text, **fields):
        return client.ok("create_message", group_id=self.group, text=text, **fields)

    def test_each_message_has_the_next_place_for_everybody(self):
        for number, client in enumerate([self.alice, self.bob, self.carol, self.alice], 1):
            response = self.send(client, str(number))
            if client is self.carol:
                self.assertFalse(response.HasField("message_place"))
            else:
                self.assertEqual(response.message_place.sequence, number)
        told = [push.message_place.sequence for push in self.bob.pushes()]
        self.assertEqual(told, [1, 3, 4])
        for push in self.carol.pushes():
            self.assertFalse(push.HasField("message_place"))
        found = self.bob.ok("query_messages", are_group_messages=True, from_ids=[self.group]).data.messages.messages
        self.assertEqual([message.sequence for message in found], [1, 2, 3, 4])
        plain = self.carol.ok("query_messages", are_group_messages=True, from_ids=[self.group]).data.messages.messages
        self.assertFalse(any(message.HasField("sequence") or message.HasField("sequence_id") for message in plain))

    def test_what_is_sent_again_is_stored_and_told_once(self):
        first = self.send(self.alice, "once", sender_key="key")
        again = self.send(self.alice, "once", sender_key="key")
        self.assertEqual(again.data.long, first.data.long)
        self.assertEqual(again.message_place, first.message_place)
        push = self.assert_told(self.bob, "create_message", requester=self.a)
        self.assertFalse(push.relayed_request.create_message_request.HasField("sender_key"))
        self.assert_told(self.carol, "create_message")

    def test_reading_up_to_a_message(self):
        for text in "abc":
            self.send(self.alice, text)
        read = {"group_id": self.group, "read_date": 1}
        self.bob.ok("update_conversation", read_sequence=2, **read)
        self.assert_code(4004, self.bob.request("update_conversation", read_sequence=1, **read))
        # A client without the extensions reads all, whatever it says.
        self.carol.ok("update_conversation", read_sequence=1, **read)
        self.carol.ok("update_conversation", read_sequence=1, **read)

    def test_what_was_missed_comes_in_pages(self):
        for number in range(5):
            self.send(self.alice, str(number))
        found, after = [], 1
        while True:
            page = self.bob.ok("query_conversation_messages", group_id=self.group, after_sequence=after,
                               max_count=3).data.conversation_messages
            found += [(message.sequence, message.text) for message in page.messages]
            after = page.through_sequence
            if after == page.last_sequence:
                break
        self.assertEqual(found, [(2, "1"), (3, "2"), (4, "3"), (5, "4")])
        # A client without the extensions knows no such kind.
        self.carol.pushes()
        self.carol.send("query_conversation_messages", group_id=self.group)
        refusal = self.carol.receive()
        self.assertEqual((refusal.request_id, refusal.code), (-1, 1100))

    def test_the_list_of_conversations_in_one_request(self):
        self.send(self.alice, f"@{{{self.b}}} look")
        self.alice.ok("create_message", recipient_id=self.b, text="psst")
        self.bob.pushes()
        listed = {summary.group_id or summary.user_id: summary
                  for summary in self.bob.ok("query_conversation_list").data.conversation_summaries.conversations}
        self.assertEqual((listed[self.group].unread_count, listed[self.group].mentioned), (1, True))
        self.assertEqual(listed[self.group].last_message.text, f"@{{{self.b}}} look")
        unread = listed[self.a].unread_count
        self.assertGreaterEqual(unread, 1)
        self.bob.ok("update_conversation", user_id=self.a, read_date=1)
        push = [p for p in self.alice.pushes() if p.data.HasField("read_position")][-1].data.read_position
        self.assertEqual((push.reader_id, push.user_id, push.read_sequence),
                         (self.b, self.a, listed[self.a].last_sequence))
        again = {summary.user_id: summary
                 for summary in self.bob.ok("query_conversation_list").data.conversation_summaries.conversations}
        self.assertEqual(again[self.a].unread_count, 0)

    def test_the_owner_says_how_long_the_group_keeps_its_messages(self):
        self.bob.pushes()
        self.carol.pushes()
        self.assert_code(3001, self.bob.request("update_group_retention", group_id=self.group, hours=1))
        self.assert_code(3000, self.alice.request("update_group_retention", group_id=987654321, hours=1))
        for hours in (0, 876001):
            self.assert_code(1102, self.alice.request("update_group_retention", group_id=self.group, hours=hours))
        self.assert_told_nothing(self.bob)
        self.alice.ok("update_group_retention", group_id=self.group, hours=24)
        push = self.assert_told(self.bob, "update_group_retention", requester=self.a)
        self.assertEqual(push.relayed_request.update_group_retention_request.hours, 24)
        self.assert_told_nothing(self.carol)
        kept = lambda: [summary.retention_hours for summary in self.bob.ok(
            "query_conversation_list").data.conversation_summaries.conversations if summary.group_id == self.group]
        self.send(self.alice, "kept a day")
        self.assertEqual(kept(), [24])
        self.alice.ok("update_group_retention", group_id=self.group)
        self.assertEqual(kept(), [0])

    def test_reactions_pins_and_search_are_for_those_who_know_them(self):
        message = self.send(self.alice, "Meeting tomorrow, 明天开会").data.long
        for client in (self.bob, self.carol):
            client.pushes()
        self.bob.ok("create_message_reactions", message_id=message, reaction_types=[3])
        self.assert_told(self.alice, "create_message_reactions", requester=self.b)
        self.alice.ok("update_pinned_message", message_id=message, pinned=True)
        self.assert_code(1106, self.bob.request("update_pinned_message", message_id=message, pinned=False))
        self.assert_told(self.bob, "update_pinned_message", requester=self.a)
        self.assert_told_nothing(self.carol)
        pinned = self.bob.ok("query_pinned_messages", group_id=self.group).data.messages.messages
        self.assertEqual([(one.id, one.reaction_groups[0].reaction_count) for one in pinned], [(message, 1)])
        for query in ["会", "开会", "meet", "tomorrow 明"]:
            found = self.bob.ok("search_messages", query=query, group_id=self.group).data.found_messages.found_messages
            self.assertEqual([one.message.id for one in found], [message], query)
            self.assertTrue(found[0].highlights)
        self.assert_code(1001, self.bob.request("search_messages", query="nothing"))
        outsider = self.sign_in(self.server.add_user(), device_details=EXTENSIONS)
        self.assert_code(1102, outsider.request("create_message_reactions", message_id=message, reaction_types=[3]))
        self.assert_code(5300, outsider.request("search_messages", query="meet", group_id=self.group))
        self.assert_code(1001, outsider.request("search_messages", query="meet"))
