"""The control channel of meetings: who may, what holds, who is told. People are in the room over signalling alone; what becomes of
media is for the browser."""

import threading

import client as c
from server import wait_until
from test_meetings import MeetingTest, claims
from turms import extension_pb2 as x


class InRoom:
    """Somebody who is in a room of the media server."""

    def __init__(self, server, token):
        self.socket = c.WebSocket(server, port=server.http, path=f"/rtc?access_token={token}&protocol=15&auto_subscribe=1")
        self.gone = threading.Event()
        self.has_left = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while True:
                self.socket.receive(c.time.monotonic() + 60)
        except (c.Closed, c.Timeout, OSError, AssertionError):
            self.gone.set()

    def leave(self):
        if self.has_left:
            return
        self.has_left = True
        if not self.gone.is_set():
            try:
                self.socket.stream.write(self.socket.frame(b"\x42\x00"))  # SignalRequest.leave
            except c.Closed:
                pass  # put out meanwhile
        self.socket.stream.close()


class Control(MeetingTest):
    def setUp(self):
        super().setUp()
        self.inside = []
        self.meeting = self.start(self.alice, group_id=self.group)

    def tearDown(self):
        for one in self.inside:
            one.leave()
        super().tearDown()

    def join(self, client):
        response = client.ok("update_meeting_invitation", meeting_id=self.meeting, response_action=c.ACCEPT)
        one = InRoom(self.server, response.data.string)
        self.inside.append(one)
        return one

    def state(self, client=None):
        answer = (client or self.alice).ok("query_meeting_state", meeting_id=self.meeting)
        return answer.data.meeting_states.meeting_states[0]

    def person(self, user):
        return next(person for person in self.state().people if person.user_id == user)

    def is_in(self, *users):
        wait_until(lambda: sorted(p.user_id for p in self.state().participants) == sorted(users), f"{users} in the meeting")

    def control(self, client, action, **fields):
        return client.request("control_meeting", meeting_id=self.meeting, action=action, **fields)

    def signal(self, client, kind):
        found = client.wait_for(lambda push: push.data.HasField("meeting_signal") and push.data.meeting_signal.kind == kind)
        return found.data.meeting_signal

    def test_what_others_are_told_is_not_told_to_who_did_it(self):
        phone = self.sign_in(self.a, device_type=c.IOS, device_details={"turms.extensions": "1"})
        self.join(self.alice)
        self.join(self.bob)
        self.is_in(self.a, self.b)
        self.assert_code(1000, self.control(self.alice, x.MEETING_REMOVE, user_ids=[self.b]))
        self.signal(self.bob, x.MEETING_REMOVED)
        for device in (self.alice, phone):
            told = [push.data.meeting_signal for push in device.pushes() if push.data.HasField("meeting_signal")]
            self.assertEqual([], told)

    def test_calling_and_its_answers(self):
        self.assertEqual(self.person(self.b).call, x.MEETING_CALLING)
        self.assert_code(1000, self.control(self.bob, x.MEETING_RINGING))
        self.assertEqual(self.person(self.b).call, x.MEETING_CALL_RINGS)
        phone = self.sign_in(self.b, device_type=c.IOS, device_details={"turms.extensions": "1"})
        self.assert_code(1000, self.control(phone, x.MEETING_DECLINE))
        self.assertEqual(self.signal(self.bob, x.MEETING_RING_OVER).call, x.MEETING_DECLINED)
        self.assertEqual(self.person(self.b).call, x.MEETING_DECLINED)
        self.carol.ok("update_meeting_invitation", meeting_id=self.meeting, response_action=c.ACCEPT)
        self.assertEqual(self.person(self.c).call, x.MEETING_ANSWERED)
        self.assert_code(8255, self.control(self.bob, x.MEETING_CALL, user_ids=[self.c]))
        self.assert_code(1000, self.control(self.alice, x.MEETING_CALL, user_ids=[self.b]))
        self.assertEqual(self.signal(self.bob, x.MEETING_RING).by_user_id, self.a)

    def test_roles_and_succession(self):
        self.join(self.bob)
        self.is_in(self.b)
        self.assertEqual(self.state().host_id, self.b)
        alice = self.join(self.alice)
        self.is_in(self.a, self.b)
        self.assertEqual((self.state().host_id, self.state().phase), (self.a, x.MEETING_LIVE))
        self.assert_code(8255, self.control(self.bob, x.MEETING_MUTE, user_ids=[self.a]))
        self.assert_code(8255, self.control(self.bob, x.MEETING_END))
        self.assert_code(8205, self.control(self.dave, x.MEETING_LOCK))
        self.assert_code(1102, self.control(self.alice, 99))
        self.assert_code(1102, self.control(self.alice, x.MEETING_MUTE, tracks=8))
        self.assert_code(1000, self.control(self.alice, x.MEETING_COHOST, user_ids=[self.b]))
        alice.leave()
        self.is_in(self.b)
        self.assertEqual(self.state().host_id, self.b)
        self.join(self.alice)
        self.is_in(self.a, self.b)
        self.assertEqual(self.state().host_id, self.a)

    def test_lock_lobby_and_holding_out(self):
        self.join(self.alice)
        self.is_in(self.a)
        accept = dict(meeting_id=self.meeting, response_action=c.ACCEPT)
        self.assert_code(1000, self.control(self.alice, x.MEETING_LOCK))
        self.assert_code(8251, self.bob.request("update_meeting_invitation", **accept))
        self.assert_code(1000, self.control(self.alice, x.MEETING_LOCK, on=False))
        self.assert_code(1000, self.control(self.alice, x.MEETING_LOBBY))
        self.assert_code(8250, self.bob.request("update_meeting_invitation", **accept))
        self.assertEqual(self.person(self.b).place, x.MEETING_IN_LOBBY)
        self.assert_code(1000, self.control(self.alice, x.MEETING_ADMIT))
        self.signal(self.bob, x.MEETING_ADMITTED)
        bob = self.join(self.bob)
        self.is_in(self.a, self.b)

        self.assert_code(1000, self.control(self.alice, x.MEETING_HOLD_OUT, user_ids=[self.b]))
        self.signal(self.bob, x.MEETING_HELD_OUT)
        self.assertTrue(bob.gone.wait(20), "the media server lets go of who is held out")
        self.is_in(self.a)
        self.assert_code(8252, self.bob.request("update_meeting_invitation", **accept))

    def test_rights_are_in_the_token_and_in_the_room(self):
        self.join(self.alice)
        self.join(self.bob)
        self.is_in(self.a, self.b)
        self.assert_code(1000, self.control(self.alice, x.MEETING_MUTE, user_ids=[self.b], tracks=1))
        self.assertEqual(self.person(self.b).stopped_tracks, 1)
        accept = dict(meeting_id=self.meeting, response_action=c.ACCEPT)
        video = claims(self.bob.ok("update_meeting_invitation", **accept).data.string)["video"]
        self.assertEqual(sorted(video["canPublishSources"]), ["camera", "screen_share", "screen_share_audio"])
        self.assert_code(1000, self.control(self.alice, x.MEETING_UNMUTE, user_ids=[self.b]))
        self.assertEqual(self.signal(self.bob, x.MEETING_UNMUTE_ASKED).tracks, 1)
        video = claims(self.bob.ok("update_meeting_invitation", **accept).data.string)["video"]
        self.assertNotIn("canPublishSources", video)

    def test_hands(self):
        for client in (self.alice, self.bob, self.carol):
            self.join(client)
        self.is_in(self.a, self.b, self.c)
        for client in (self.bob, self.alice):
            self.assert_code(1000, self.control(client, x.MEETING_RAISE_HAND))
        self.assertEqual(self.state().hands, [self.b, self.a])
        self.assert_code(1000, self.control(self.alice, x.MEETING_LOWER_HANDS, user_ids=[self.b]))
        self.assertEqual(self.state().hands, [self.a])

    def test_breakout_rooms(self):
        self.join(self.alice)
        bob = self.join(self.bob)
        self.is_in(self.a, self.b)
        self.assert_code(1000, self.control(self.alice, x.MEETING_MAKE_BREAKOUTS, names=["red", "blue"]))
        self.assert_code(1000, self.control(self.alice, x.MEETING_ASSIGN, user_ids=[self.b], room=2))
        self.assert_code(1000, self.control(self.alice, x.MEETING_OPEN_BREAKOUTS))
        self.assertEqual(self.signal(self.bob, x.MEETING_MOVED).room, 2)
        bob.leave()
        room = self.join(self.bob)
        self.is_in(self.a, self.b)
        self.assert_code(1000, self.control(self.alice, x.MEETING_OPEN_BREAKOUTS, on=False))
        self.assertTrue(room.gone.wait(20), "its room is closed")
        self.join(self.bob)
        self.is_in(self.a, self.b)

    def test_the_end_for_all(self):
        room = self.join(self.alice)
        self.is_in(self.a)
        self.assert_code(1000, self.control(self.alice, x.MEETING_END))
        self.assertTrue(room.gone.wait(20), "the room is closed")
        state = self.state()
        self.assertTrue(state.HasField("end_date"))
        self.assertEqual(state.phase, x.MEETING_ENDED)
        self.assertTrue(self.person(self.a).attended)
        self.assertEqual(self.person(self.b).call, x.MEETING_MISSED)
        self.assert_code(8202, self.control(self.alice, x.MEETING_LOCK))

    def test_what_was_forbidden_survives_kill_9(self):
        self.assert_code(1000, self.control(self.alice, x.MEETING_HOLD_OUT, user_ids=[self.b]))
        self.assert_code(1000, self.control(self.alice, x.MEETING_LOCK))
        self.server.kill()
        self.server.start()
        aware = {"turms.extensions": "1"}
        self.alice = self.sign_in(self.a, device_details=aware)
        self.bob = self.sign_in(self.b, device_details=aware)
        self.carol = self.sign_in(self.c)
        self.dave = self.sign_in(self.d, device_details=aware)
        self.started = [(self.alice, self.meeting)]
        accept = dict(meeting_id=self.meeting, response_action=c.ACCEPT)
        self.assert_code(8252, self.bob.request("update_meeting_invitation", **accept))
        self.assert_code(8251, self.carol.request("update_meeting_invitation", **accept))
        wait_until(lambda: self.alice.request("update_meeting_invitation", **accept).code == 1000, "a token after the restart")
        self.assertTrue(self.state().locked)
