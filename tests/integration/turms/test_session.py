"""Signing in, staying, leaving."""

import socket
import time

import client as c
from case import TurmsTest, on_both_transports
from server import Server


@on_both_transports
class Session:
    accounts = 2

    def test_sign_in_pushes_the_session_before_the_answer(self):
        client = self.connect()
        before = int(time.time() * 1000)
        request_id = client.send("create_session", version=1, user_id=self.users[0], password="turms",
                                 device_type=c.DESKTOP)
        session = client.receive()
        self.assertFalse(session.HasField("request_id"))
        self.assertFalse(session.HasField("code"))
        number = int(session.data.user_session.session_id)
        self.assertTrue(0 < number < 2**31)
        self.assertEqual(session.data.user_session.server_id, "")
        self.assertLessEqual(abs(session.timestamp - before), 60_000)
        response = client.receive()
        self.assertEqual((response.request_id, response.code), (request_id, 1000))
        self.assertFalse(response.HasField("data"))

    def test_refusals_leave_the_connection_usable(self):
        user = self.users[0]
        cases = [
            ("version", dict(version=2, user_id=user, password="turms"), 2000),
            ("no version", dict(user_id=user, password="turms"), 2000),
            ("user 0", dict(version=1, user_id=0, password="turms"), 2011),
            ("no such user", dict(version=1, user_id=987654321, password="turms"), 2012),
            ("wrong password", dict(version=1, user_id=user, password="wrong"), 2011),
            ("no password", dict(version=1, user_id=user), 2011),
            ("status offline", dict(version=1, user_id=user, password="turms", user_status=1), 1102),
        ]
        client = self.connect()
        for name, fields, code in cases:
            with self.subTest(name):
                response = client.request("create_session", device_type=c.DESKTOP, **fields)
                self.assert_code(code, response)
        self.assertEqual(client.sign_in(user).code, 1000)

    def test_second_sign_in_on_a_connection_is_refused(self):
        client = self.sign_in(self.users[0])
        self.assert_code(2103, client.sign_in(self.users[1]))
        client.ok("query_user_profiles", user_ids=[self.users[0]])

    def test_a_request_without_session_is_1200_without_a_reason(self):
        client = self.connect()
        response = client.request("create_group", name="x")
        self.assert_code(1200, response)
        self.assertFalse(response.HasField("reason"))

    def test_delete_session_is_not_answered_but_closes_with_500(self):
        client = self.sign_in(self.users[0])
        client.send("delete_session")
        closing = client.closing()
        self.assertEqual(closing.close_status, 500)
        self.assertFalse(closing.HasField("request_id"))
        self.assertEqual(list(client.inbox), [])

    def test_same_device_type_ends_the_older_session_with_500(self):
        older = self.sign_in(self.users[0], device_type=c.IOS)
        newer = self.sign_in(self.users[0], device_type=c.IOS)
        self.assertEqual(older.closing().close_status, 500)
        newer.ok("query_user_profiles", user_ids=[self.users[0]])

    def test_different_device_types_stay_together(self):
        clients = [self.sign_in(self.users[0], device_type=kind)
                   for kind in (c.DESKTOP, c.BROWSER, c.IOS, c.ANDROID, c.OTHERS)]
        for client in clients:
            client.ok("query_user_profiles", user_ids=[self.users[0]])

    def test_an_unrecognised_device_type_is_the_unknown_one(self):
        older = self.sign_in(self.users[0], device_type=c.UNKNOWN)
        self.sign_in(self.users[0], device_type=77)
        self.assertEqual(older.closing().close_status, 500)

    def test_heartbeat_is_echoed(self):
        client = self.sign_in(self.users[0])
        client.send_message(c.HEARTBEAT)
        self.assertEqual(client.receive(), c.HEARTBEAT)

    def test_heartbeat_without_session_is_2104(self):
        client = self.connect()
        client.send_message(c.HEARTBEAT)
        notification = client.receive()
        self.assertEqual((notification.request_id, notification.code), (-100, 2104))

    def test_what_follows_delete_session_is_dropped(self):
        client = self.sign_in(self.users[0])
        leave = client.build("delete_session").SerializeToString()
        group = client.build("create_group", name="never").SerializeToString()
        client.send_raw(client.transport.frame(leave) + client.transport.frame(group))
        self.assertEqual(client.closing().close_status, 500)
        again = self.sign_in(self.users[0], device_type=c.OTHERS)
        self.assertNotEqual(again.request("query_joined_group_infos").code, 1000)


class Leaving(TurmsTest):
    accounts = 2

    def test_what_was_sent_before_leaving_takes_effect(self):
        sender, receiver = self.sign_in(self.users[0]), self.sign_in(self.users[1])
        requests = [sender.build("create_message", recipient_id=self.users[1], text=str(i)) for i in range(50)]
        sender.send_raw(b"".join(c.Tcp.frame(request.SerializeToString()) for request in requests))
        sender.transport.stream.socket.shutdown(socket.SHUT_WR)
        told = [receiver.receive().relayed_request.create_message_request.text for _ in requests]
        self.assertEqual(told, [str(i) for i in range(50)])

    def test_the_last_word_arrives_though_much_was_sent_that_is_not_read(self):
        client = self.sign_in(self.users[0])
        one = c.Tcp.frame(client.build("query_user_profiles", user_ids=[self.users[0]]).SerializeToString())
        client.send_raw(one + c.varint(1 << 20) + b"x" * 400_000)
        self.assertEqual(client.closing().close_status, 100)


class ShortTimeouts(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server({"turms.gateway.session.close-idle-session-after-seconds": 2,
                         "turms.gateway.session.establish-timeout-seconds": 2}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_a_connection_that_never_signs_in_is_closed_with_111(self):
        for transport in (c.Tcp, c.WebSocket):
            self.assertEqual(self.connect(transport).closing().close_status, 111)

    def test_an_idle_session_is_closed_with_110_and_a_heartbeat_keeps_it(self):
        idle = self.sign_in(self.users[0], device_type=c.DESKTOP)
        alive = self.sign_in(self.users[0], device_type=c.IOS)
        for _ in range(6):
            time.sleep(0.5)
            alive.send_message(c.HEARTBEAT)
            self.assertEqual(alive.receive(), c.HEARTBEAT)
        self.assertEqual(idle.closing().close_status, 110)
        alive.ok("query_user_profiles", user_ids=[self.users[0]])


class Limited(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        limit = "turms.gateway.client-api.rate-limiting."
        server = Server({limit + "capacity": 5, limit + "initial-tokens": 3, limit + "refill-interval-millis": 0,
                         "turms.gateway.service-discovery.identity": "node-a"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_requests_above_the_rate_are_1101_on_that_connection(self):
        for _ in range(2):
            client = self.sign_in(self.users[0])
            codes = [client.request("query_user_profiles", user_ids=[self.users[0]]).code for _ in range(5)]
            self.assertEqual(codes, [1000, 1000, 1000, 1101, 1101])

    def test_the_session_says_which_server_it_is_on(self):
        client = self.connect()
        self.assert_code(1000, client.sign_in(self.users[0]))
        self.assertEqual(client.receive().data.user_session.server_id, "node-a")


class ChangedPassword(TurmsTest):
    accounts = 1

    def test_sessions_from_before_are_ended_with_600_and_those_from_after_stay(self):
        user = self.users[0]
        devices = [self.sign_in(user, device_type=c.DESKTOP), self.sign_in(user, c.WebSocket, device_type=c.IOS)]
        self.server.run("user", "passwd", "--id", str(user), "--password-stdin", stdin="other\n")
        newer = self.sign_in(user, device_type=c.ANDROID, password="other")
        for device in devices:
            self.assertEqual(device.closing().close_status, 600)
        self.assertEqual(self.connect().sign_in(user).code, 2011)
        newer.ok("query_user_profiles", user_ids=[user])


class Draining(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server().start()
        cls.addClassCleanup(server.remove)
        return server

    def test_sigterm_tells_sessions_and_ends_with_0(self):
        tcp = self.sign_in(self.users[0], c.Tcp, device_type=c.DESKTOP)
        websocket = self.sign_in(self.users[0], c.WebSocket, device_type=c.IOS)
        self.server.process.terminate()
        self.assertEqual(tcp.closing().close_status, 201)
        self.assertEqual(websocket.closing().close_status, 201)
        self.assertEqual(self.server.process.wait(timeout=30), 0)


class SameOrigin(TurmsTest):
    accounts = 1

    def test_the_protocol_is_served_at_turms_of_the_http_port(self):
        client = self.connect(c.WebSocket, port=self.server.http, path="/turms")
        self.assertEqual(client.sign_in(self.users[0]).code, 1000)


class SlowReceiver(TurmsTest):
    accounts = 2

    @classmethod
    def make_server(cls):
        server = Server({"turms.gateway.session.max-pending-bytes": 65536}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_overflow_ends_the_session_and_nothing_is_lost(self):
        sender, slow = self.sign_in(self.users[0]), self.sign_in(self.users[1])
        text = "x" * 500
        sent = []
        # Until kernel buffers and the session's queue are full; the client reads nothing.
        for _ in range(800):
            ids = [sender.send("create_message", recipient_id=self.users[1], text=text) for _ in range(25)]
            for request_id in ids:
                response = sender.response(request_id)
                self.assertEqual(response.code, 1000)
                sent.append(response.data.long)
            if self.server.rejections().get('reason="slow_receiver"'):
                break
        else:
            self.fail("the session never overflowed")
        closing = slow.closing(timeout=30)
        self.assertEqual(closing.close_status, 202)
        self.assertIn("query", closing.reason)
        pushed = [n.relayed_request.create_message_request.message_id for n in slow.inbox]
        self.assertEqual(pushed, sent[:len(pushed)], "what came is a prefix, in order")

        again = self.sign_in(self.users[1])
        found = []
        start = 0
        while True:
            # Pages go by date, so one must hold more than was accepted in a single millisecond.
            page = again.request("query_messages", are_group_messages=False, from_ids=[self.users[0]],
                                 delivery_date_start=start, max_count=100)
            new = [m for m in page.data.messages.messages if m.id not in set(found[-100:])]
            if not new:
                break
            found += [m.id for m in new]
            start = new[-1].delivery_date
        self.assertEqual(found, sent)
