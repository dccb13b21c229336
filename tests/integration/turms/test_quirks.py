"""The corners of the wire format that clients in the field rely on."""

import client as c
from case import TurmsTest, on_both_transports

DELETE_SESSION = bytes([4 << 3 | 2, 0])
QUERY_PROFILES = bytes([0xA2, 0x06, 0x00])  # field 100, empty


@on_both_transports
class Quirks:
    accounts = 1

    def setUp(self):
        self.client = self.sign_in(self.users[0])

    def answer_to(self, message):
        self.client.send_message(message)
        return self.client.receive()

    def test_request_id_rules(self):
        cases = [
            ("no id", QUERY_PROFILES, -1),
            ("id behind the kind", QUERY_PROFILES + b"\x08\x07", -1),
            ("id twice", b"\x08\x07\x08\x07" + QUERY_PROFILES, -1),
            ("id without a kind", b"\x08\x07", -1),
            ("unknown kind", b"\x08\x07\xfa\x01\x00", -1),
            ("custom attributes before the kind", b"\x08\x07\x12\x00" + QUERY_PROFILES, -1),
            ("random bytes", b"\xde\xad\xbe\xef", -1),
            ("id zero", b"\x08\x00" + QUERY_PROFILES, 0),
            ("id negative", b"\x08" + c.varint(2**64 - 5) + QUERY_PROFILES, -5),
        ]
        for name, message, request_id in cases:
            with self.subTest(name):
                response = self.answer_to(message)
                self.assertEqual((response.request_id, response.code), (request_id, 1100))
        self.client.ok("query_user_profiles", user_ids=[self.users[0]])

    def test_the_reason_names_the_rule_of_positive_ids(self):
        response = self.answer_to(b"\x08\x00" + QUERY_PROFILES)
        self.assertEqual(response.reason, "The request ID must be greater than 0")

    def test_a_body_that_cannot_be_parsed_is_1100_with_its_id(self):
        response = self.answer_to(b"\x08\x07\xa2\x06\x01\xff")
        self.assertEqual((response.request_id, response.code), (7, 1100))

    def test_text_that_is_not_utf8_is_refused(self):
        body = b"\x10\x00\x32\x02\xff\xfe"
        response = self.answer_to(b"\x08\x07\x42" + bytes([len(body)]) + body)
        self.assertEqual((response.request_id, response.code), (7, 1100))

    def test_largest_id_is_answered(self):
        request = self.client.build("query_user_profiles", request_id=2**63 - 1, user_ids=[self.users[0]])
        response = self.answer_to(request.SerializeToString())
        self.assertEqual((response.request_id, response.code), (2**63 - 1, 1000))

    def test_the_same_id_may_be_used_again(self):
        for _ in range(2):
            request = self.client.build("query_user_profiles", request_id=5, user_ids=[self.users[0]])
            self.assertEqual(self.answer_to(request.SerializeToString()).request_id, 5)

    def test_meetings_without_a_conference_provider_are_refused(self):
        for kind in ("create_meeting", "update_meeting_invitation"):
            with self.subTest(kind):
                self.assert_code(8000, self.client.request(kind))

    def test_every_kind_is_answered(self):
        kinds = [field.name[:-len("_request")] for field in c.TurmsRequest.DESCRIPTOR.fields
                 if field.containing_oneof is not None and field.name.endswith("_request")
                 and field.number < 5000 and field.name != "delete_session_request"]
        self.assertEqual(len(kinds), 71)  # of 72
        for kind in kinds:
            with self.subTest(kind):
                self.assertNotEqual(self.client.request(kind).code, 0)

    def test_an_extension_is_an_unknown_kind_to_those_who_did_not_ask_for_it(self):
        request = self.client.build("query_meeting_state", group_id=1)
        response = self.answer_to(request.SerializeToString())
        self.assertEqual((response.request_id, response.code), (-1, 1100))
        aware = self.sign_in(self.users[0], device_type=c.IOS, device_details={"turms.extensions": "1"})
        self.assert_code(1001, aware.request("query_meeting_state", group_id=1))

    def test_the_largest_request_passes_and_a_larger_one_ends_the_connection_with_100(self):
        def request_of(size):
            request = self.client.build("create_group_invitation", group_id=1, content="")
            missing = size - len(request.SerializeToString())
            request.create_group_invitation_request.content = "x" * (missing - 4)
            while len(request.SerializeToString()) < size:
                request.create_group_invitation_request.content += "x"
            message = request.SerializeToString()
            self.assertEqual(len(message), size)
            return message

        response = self.answer_to(request_of(16384))
        self.assertTrue(response.HasField("code"))
        self.client.send_message(request_of(16385))
        closing = self.client.closing()
        self.assertEqual(closing.close_status, 100)
        self.sign_in(self.users[0])

    def test_pipelined_requests_are_answered_in_order(self):
        requests = [self.client.build("query_user_profiles", user_ids=[self.users[0]]) if i % 3
                    else self.client.build("query_nearby_users") for i in range(600)]
        self.client.send_raw(b"".join(self.client.transport.frame(r.SerializeToString()) for r in requests))
        answered = [self.client.receive().request_id for _ in requests]
        self.assertEqual(answered, [r.request_id for r in requests])

    def test_pipelined_requests_take_effect_in_order(self):
        """A session and everything in it in one write; each step needs the one before."""
        client = self.connect()
        steps = [client.build("create_session", version=1, user_id=self.users[0], password="turms",
                              device_type=c.OTHERS)]
        steps += [client.build("create_group", name="pipelined")]
        steps += [client.build("query_joined_group_ids")]
        client.send_raw(b"".join(client.transport.frame(r.SerializeToString()) for r in steps)
                        + client.transport.frame(c.HEARTBEAT))
        self.assertTrue(client.receive().data.HasField("user_session"))
        self.assertEqual(client.receive().code, 1000)
        created = client.receive()
        self.assertEqual(created.code, 1000)
        joined = client.receive()
        self.assertIn(created.data.long, joined.data.longs_with_version.longs)
        self.assertEqual(client.receive(), c.HEARTBEAT)


class WebSocketFrames(TurmsTest):
    transport = c.WebSocket
    accounts = 1

    def test_text_frames_are_ignored(self):
        client = self.sign_in(self.users[0])
        client.send_raw(client.transport.frame(b"hello", opcode=1))
        client.settle()
        self.assertEqual(list(client.inbox), [])

    def test_fragments_are_put_together(self):
        client = self.sign_in(self.users[0])
        request = client.build("query_user_profiles", user_ids=[self.users[0]])
        message = request.SerializeToString()
        frame = client.transport.frame
        client.send_raw(frame(message[:3], fin=False) + frame(message[3:5], opcode=0, fin=False)
                        + frame(message[5:], opcode=0))
        self.assertEqual(client.receive().request_id, request.request_id)

    def test_a_plain_get_is_400_and_a_post_405(self):
        for method, status in ((b"GET", b"400"), (b"POST", b"405")):
            stream = c.Stream(self.server.websocket)
            self.addCleanup(stream.close)
            stream.write(method + b" / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            self.assertIn(status, stream.take(12, c.time.monotonic() + 10))

    def test_another_version_of_websocket_is_426(self):
        stream = c.Stream(self.server.websocket)
        self.addCleanup(stream.close)
        stream.write(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n")
        while b"\r\n\r\n" not in stream.buffer:
            stream.fill(c.time.monotonic() + 10)
        head = bytes(stream.buffer)
        self.assertIn(b" 426 ", head)
        self.assertIn(b"Sec-WebSocket-Version: 13\r\n", head)


class TcpFrames(TurmsTest):
    accounts = 1

    def test_a_frame_may_come_byte_by_byte(self):
        client = self.sign_in(self.users[0])
        request = client.build("query_user_profiles", user_ids=[self.users[0]])
        for byte in client.transport.frame(request.SerializeToString()):
            client.send_raw(bytes([byte]))
        self.assertEqual(client.receive().request_id, request.request_id)

    def test_a_length_longer_than_32_bits_ends_the_connection(self):
        client = self.sign_in(self.users[0])
        client.send_raw(b"\xff" * 5)
        self.assertEqual(client.closing().close_status, 100)
