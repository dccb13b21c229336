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
