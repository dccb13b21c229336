"""Meetings as messaging sees them: who may, who is told, and the token. Nobody joins here; the media
is for other suites."""

import base64
import http.server
import json
import pathlib
import threading
import time

import client as c
from case import TurmsTest
from server import Server, wait_until
from turms.extension_pb2 import MEETING_RING
from turms.model_pb2 import Meeting


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class MeetingTest(TurmsTest):
    accounts = 4
    settings = {}

    @classmethod
    def make_server(cls):
        server = Server({"livekit.enabled": "true", "livekit.rtc.udp_port": 0, "livekit.rtc.tcp_port": -1, "livekit.rtc.bind": "127.0.0.1",
                         "livekit.rtc.node_ip": "127.0.0.1", "plugins.enabled": "livekit", **cls.settings}).start()
        cls.addClassCleanup(server.remove)
        return server

    def setUp(self):
        self.a, self.b, self.c, self.d = self.users
        aware = {"turms.extensions": "1"}
        self.alice = self.sign_in(self.a, device_details=aware)
        self.bob = self.sign_in(self.b, device_details=aware)
        self.carol = self.sign_in(self.c)  # knows no extensions
        self.dave = self.sign_in(self.d, device_details=aware)
        self.group = self.group_of(self.a, self.b, self.c)
        self.started = []

    def tearDown(self):
        # One meeting at a time is each user's quota.
        for creator, meeting in self.started:
            creator.request("delete_meeting", id=meeting)

    def start(self, creator, **fields):
        # The provider connects to its media server in the background after the start.
        response = []

        def created():
            response[:] = [creator.request("create_meeting", **fields)]
            return response[0].code not in (1200, 1201, 8000)

        wait_until(created, "a conference provider")
        self.assert_code(1000, response[0])
        meeting = response[0].data.long
        self.started.append((creator, meeting))
        return meeting

    def settle_all(self):
        for client in (self.alice, self.bob, self.carol, self.dave):
            client.pushes()


class Meetings(MeetingTest):
    def test_start_rings_every_member(self):
        phone = self.sign_in(self.a, device_type=c.IOS)
        meeting = self.start(self.alice, group_id=self.group, name="stand-up")
        self.assertTrue(100_000_000 <= meeting <= 999_999_999, "nine digits, so that people can say it")

        for client, aware in ((self.bob, True), (self.carol, False)):
            pushes = client.pushes()
            invitation = pushes[0]
            self.assertEqual((invitation.requester_id, invitation.request_id), (self.a, 0))
            message = invitation.relayed_request.create_message_request
            self.assertTrue(message.is_system_message)
            self.assertEqual(message.group_id, self.group)
            self.assertEqual(message.records[0], b"\x02")
            record = Meeting.FromString(message.records[1])
            self.assertEqual((record.id, record.group_id, record.creator_id, record.name),
                             (meeting, self.group, self.a, "stand-up"))
            self.assertFalse(record.HasField("access_token"))
            states = [push for push in pushes[1:] if push.data.HasField("meeting_states")]
            rings = [push.data.meeting_signal for push in pushes[1:] if push.data.HasField("meeting_signal")]
            self.assertEqual(len(pushes), 1 + len(states) + len(rings), pushes)
            self.assertEqual((bool(states), len(rings)), (aware, int(aware)))
            for ring in rings:
                self.assertEqual((ring.meeting_id, ring.kind, ring.by_user_id), (meeting, MEETING_RING, self.a))
                self.assertTrue(time.time() < ring.until / 1000 <= time.time() + 46)
            for push in states:
                self.assertFalse(push.HasField("request_id") or push.HasField("relayed_request"))
                state = push.data.meeting_states.meeting_states[0]
                self.assertEqual((state.meeting_id, state.group_id, state.creator_id, state.name),
                                 (meeting, self.group, self.a, "stand-up"))
                self.assertEqual(len(state.participants), 0)
                self.assertFalse(state.HasField("end_date"))
        created = [push for push in phone.pushes() if c.kind_of(push) == "create_meeting_request"]
        self.assertEqual([push.data.long for push in created], [meeting])
        self.assert_told_nothing(self.dave)

        history = self.carol.ok("query_messages", are_group_messages=True, from_ids=[self.group])
        self.assertEqual(history.data.messages.messages[-1].records[0], b"\x02")

    def test_who_sees_it(self):
        meeting = self.start(self.alice, group_id=self.group)
        for client in (self.alice, self.bob, self.carol):
            found = client.ok("query_meetings", group_ids=[self.group]).data.meetings.meetings
            self.assertEqual([m.id for m in found], [meeting])
        outside = self.dave.ok("query_meetings", ids=[meeting])
        self.assertEqual((outside.data.HasField("meetings"), len(outside.data.meetings.meetings)), (True, 0))
        state = self.bob.ok("query_meeting_state", group_id=self.group).data.meeting_states.meeting_states
        self.assertEqual([s.meeting_id for s in state], [meeting])
        self.assert_code(1001, self.dave.request("query_meeting_state", meeting_id=meeting))
        self.assert_code(1102, self.bob.request("query_meeting_state"))
        self.assert_code(1102, self.bob.request("query_meeting_state", meeting_id=meeting, group_id=self.group))

    def test_accepting_gives_a_token_with_the_rights_of_the_role(self):
        meeting = self.start(self.alice, group_id=self.group)
        self.settle_all()
        for client, user in ((self.alice, self.a), (self.bob, self.b)):
            response = client.ok("update_meeting_invitation", meeting_id=meeting, response_action=c.ACCEPT)
            got = claims(response.data.string)
            self.assertEqual((got["sub"], got["name"]), (str(user), f"user {user}"))
            self.assertEqual((got["video"]["room"], got["video"]["roomJoin"], got["video"]["canPublish"],
                              got["video"]["canSubscribe"], "roomAdmin" in got["video"]),
                             (str(meeting), True, True, True, False))
            self.assertTrue(time.time() < got["exp"] <= time.time() + 601)
        told = [push for push in self.carol.pushes() if c.kind_of(push) == "update_meeting_invitation_request"]
        self.assertEqual([push.requester_id for push in told], [self.a, self.b])
        self.assert_code(8205, self.dave.request("update_meeting_invitation", meeting_id=meeting,
                                                 response_action=c.ACCEPT))

    def test_declining_and_ignoring(self):
        meeting = self.start(self.alice, group_id=self.group)
        self.settle_all()
        declined = self.bob.ok("update_meeting_invitation", meeting_id=meeting, response_action=c.DECLINE)
        self.assertFalse(declined.HasField("data"))
        told = [push for push in self.alice.pushes() if push.HasField("relayed_request")]
        self.assertEqual([c.kind_of(push) for push in told], ["update_meeting_invitation_request"])
        self.bob.ok("update_meeting_invitation", meeting_id=meeting, response_action=c.IGNORE)
        self.assert_told_nothing(self.alice)

    def test_the_end(self):
        meeting = self.start(self.alice, group_id=self.group)
        self.settle_all()
        self.assert_code(8101, self.bob.request("delete_meeting", id=meeting))
        self.assert_code(8103, self.dave.request("delete_meeting", id=meeting))
        self.alice.ok("delete_meeting", id=meeting)
        for client, aware in ((self.bob, True), (self.carol, False)):
            pushes = client.pushes()
            over = [push for push in pushes if c.kind_of(push) == "delete_meeting_request"]
            self.assertEqual([push.relayed_request.delete_meeting_request.id for push in over], [meeting])
            ended = [push for push in pushes if push.data.HasField("meeting_states")
                     and push.data.meeting_states.meeting_states[0].HasField("end_date")]
            self.assertEqual(len(ended), int(aware))
        self.assert_told_nothing(self.dave)
        self.assert_code(8201, self.bob.request("update_meeting_invitation", meeting_id=meeting,
                                                response_action=c.ACCEPT))
        self.alice.ok("delete_meeting", id=meeting)

    def test_codes_of_starting(self):
        self.assert_code(1102, self.alice.request("create_meeting"))
        self.assert_code(1102, self.alice.request("create_meeting", group_id=self.group, name="x" * 21))
        self.assert_code(1102, self.alice.request("create_meeting", group_id=self.group, password="123456"))
        self.assert_code(5009, self.dave.request("create_meeting", group_id=self.group))
        self.start(self.alice, group_id=self.group)
        self.assert_code(8100, self.alice.request("create_meeting", group_id=self.group))

    def test_private_meeting(self):
        meeting = self.start(self.alice, user_id=self.b)
        invitation = self.bob.pushes()[0].relayed_request.create_message_request
        self.assertEqual(Meeting.FromString(invitation.records[1]).id, meeting)
        for client in (self.alice, self.bob):
            response = client.ok("update_meeting_invitation", meeting_id=meeting, response_action=c.ACCEPT)
            self.assertEqual(claims(response.data.string)["video"]["room"], str(meeting))
        self.assert_code(8205, self.carol.request("update_meeting_invitation", meeting_id=meeting,
                                                  response_action=c.ACCEPT))
        self.assertEqual(len(self.carol.ok("query_meetings", ids=[meeting]).data.meetings.meetings), 0)

    def test_renaming(self):
        meeting = self.start(self.alice, group_id=self.group, name="old")
        self.settle_all()
        self.alice.ok("update_meeting", id=meeting, name="new")
        found = self.bob.ok("query_meetings", ids=[meeting]).data.meetings.meetings
        self.assertEqual(found[0].name, "new")
        self.assert_code(8105, self.dave.request("update_meeting", id=meeting, name="x"))

    def test_a_meeting_survives_kill_9(self):
        meeting = self.start(self.alice, group_id=self.group)
        self.server.kill()
        self.server.start()
        self.alice = self.sign_in(self.a)
        self.bob = self.sign_in(self.b)
        self.carol = self.sign_in(self.c)
        self.dave = self.sign_in(self.d)
        self.started = [(self.alice, meeting)]
        token = []

        def accepted():
            token[:] = [self.bob.request("update_meeting_invitation", meeting_id=meeting,
                                         response_action=c.ACCEPT)]
            return token[0].code == 1000

        wait_until(accepted, "a token after the restart")
        self.assertEqual(claims(token[0].data.string)["video"]["room"], str(meeting))


class Passwords(MeetingTest):
    settings = {"turms.service.conference.meeting.password.policy": "USER_INPUT_REQUIRED"}

    def test_who_joins_needs_the_password_that_the_creator_gave(self):
        meeting = self.start(self.alice, group_id=self.group, password="123456")
        self.assert_code(1102, self.bob.request("create_meeting", group_id=self.group))
        answer = {"meeting_id": meeting, "response_action": c.ACCEPT}
        self.assert_code(8200, self.bob.request("update_meeting_invitation", password="654321", **answer))
        self.assert_code(1000, self.bob.request("update_meeting_invitation", password="123456", **answer))


class MadePasswords(MeetingTest):
    settings = {"turms.service.conference.meeting.password.policy": "SYSTEM_GENERATED",
                "turms.service.conference.meeting.id.type": "DIGIT_10",
                "turms.service.notification.meeting-invitation-updated.notify-meeting-participants": "false"}

    def test_the_creator_tells_the_password_that_the_server_made(self):
        meeting = self.start(self.alice, group_id=self.group)
        self.assertEqual(len(str(meeting)), 10)
        found, = self.alice.ok("query_meetings", ids=[meeting]).data.meetings.meetings
        self.assertRegex(found.password, "^[0-9]{6}$")
        answer = {"meeting_id": meeting, "response_action": c.ACCEPT}
        self.assert_code(8200, self.bob.request("update_meeting_invitation", **answer))
        self.carol.pushes()
        self.assert_code(1000, self.bob.request("update_meeting_invitation", password=found.password, **answer))
        self.assert_told_nothing(self.carol)


class Traces(MeetingTest):
    """A request's trace id goes from its line of the log to the webhooks of the room that it made."""

    settings = {"log.requests": "true", "log.level": "info"}

    @classmethod
    def make_server(cls):
        cls.hooks = hooks = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hooks.append((body["event"], body["room"]["name"], self.headers["X-Trace-Id"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        cls.addClassCleanup(receiver.server_close)
        cls.addClassCleanup(receiver.shutdown)
        cls.settings = {**cls.settings, "livekit.webhook.urls": f"http://127.0.0.1:{receiver.server_port}/"}
        return super().make_server()

    def test_from_the_request_to_the_webhook(self):
        meeting = str(self.start(self.alice, group_id=self.group))
        wait_until(lambda: any(room == meeting for _, room, _ in self.hooks), "the webhook of the room")
        event, _, trace = next(hook for hook in self.hooks if hook[1] == meeting)
        self.assertEqual(event, "room_started")
        self.assertRegex(trace, "^[0-9a-f]{16}$")
        log = pathlib.Path(self.server.data, "stderr.log").read_text(errors="replace")
        lines = [line for line in log.splitlines() if trace in line]
        self.assertTrue(any("RoomService/CreateRoom" in line for line in lines), lines)
        self.assertTrue(any(f"request|{trace}|" in line and "|create_meeting" in line for line in lines), lines)
