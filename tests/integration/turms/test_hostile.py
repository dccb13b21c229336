"""Bytes and behaviour that no client of good will shows: the process keeps serving, memory stays
bounded, and what was turned away is counted."""

import random
import socket
import time

import client as c
from case import TurmsTest
from server import Server, wait_until


class Hostile(TurmsTest):
    accounts = 2

    @classmethod
    def make_server(cls):
        server = Server().start()
        cls.addClassCleanup(server.remove)
        return server

    def setUp(self):
        self.random = random.Random(4711)
        self.witness = self.sign_in(self.users[0])
        self.before = self.server.rejections()

    def tearDown(self):
        # Whatever was thrown at it: this session has noticed nothing, and new ones come in.
        self.witness.ok("query_user_profiles", user_ids=[self.users[0]])
        self.sign_in(self.users[1])
        self.assertIsNone(self.server.process.poll())

    def rejected(self, reason):
        """How many more than before, summed over the ports."""
        return sum(value - self.before.get(key, 0) for key, value in self.server.rejections().items()
                   if f'reason="{reason}"' in key)

    def ports(self):
        return [self.server.tcp, self.server.websocket, self.server.http, self.server.admin]

    def open(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.addCleanup(connection.close)
        return connection

    def throw(self, port, data):
        """Sends what the server takes; it may close at any moment."""
        connection = self.open(port)
        connection.settimeout(2)
        try:
            connection.sendall(data)
            while connection.recv(65536):
                pass
        except OSError:
            pass
        finally:
            connection.close()

    def test_random_bytes_on_every_port(self):
        for port in self.ports():
            for length in (1, 2, 10, 1000, 20000):
                for _ in range(5):
                    self.throw_and_leave(port, self.random.randbytes(length))
        wait_until(lambda: self.rejected("frame_too_large") + self.rejected("frame_length") > 0,
                   "bad frames to be counted")

    def throw_and_leave(self, port, data):
        connection = self.open(port)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            while connection.recv(65536):
                pass
        except OSError:
            pass
        connection.close()

    def test_random_requests_are_answered_or_refused(self):
        for transport in (c.Tcp, c.WebSocket):
            client = self.sign_in(self.users[1], transport, device_type=c.IOS)
            for i in range(500):
                body = self.random.randbytes(self.random.randint(1, 60))
                if i % 2:  # well-formed at the top, of any kind
                    body = c.varint(self.random.randint(3, 6000) << 3 | 2) + c.varint(len(body)) + body
                client.send_message(b"\x08\x07" + body)
                notification = client.receive()
                if notification.HasField("close_status"):
                    client = self.sign_in(self.users[1], transport, device_type=c.IOS)
        self.assertGreater(self.rejected("malformed_request"), 0)
        self.assertGreater(self.rejected("unknown_kind"), 0)

    def test_mutated_requests(self):
        client = self.sign_in(self.users[1], device_type=c.ANDROID)
        samples = [client.build("create_message", recipient_id=self.users[0], text="x" * 20, records=[b"abc"]),
                   client.build("create_group", name="g", intro="i"),
                   client.build("query_messages", are_group_messages=True, from_ids=[1, 2, 3], max_count=10),
                   client.build("create_session", version=1, user_id=1, password="p",
                                device_details={"a": "b"})]
        for _ in range(1500):
            message = bytearray(self.random.choice(samples).SerializeToString())
            for _ in range(self.random.randint(1, 4)):
                message[self.random.randrange(len(message))] = self.random.randrange(256)
            client.send_message(bytes(message))
            notification = client.receive()
            while notification != c.HEARTBEAT and not notification.HasField("code") and \
                    not notification.HasField("close_status"):
                notification = client.receive()
            if notification != c.HEARTBEAT and notification.HasField("close_status"):
                client = self.sign_in(self.users[1], device_type=c.ANDROID)
        self.witness.pushes()

    def test_announced_gigabytes_take_no_memory(self):
        before = self.server.resident_bytes()
        connections = [self.open(self.server.tcp) for _ in range(100)]
        for connection in connections:
            connection.sendall(b"\xff\xff\xff\xff\x07" + b"x" * 1000)
        wait_until(lambda: self.rejected("frame_too_large") >= 100, "each to be counted")
        self.assertLess(self.server.resident_bytes() - before, 32 * 1024 * 1024)

    def test_websocket_messages_of_any_size_are_refused(self):
        for size in (16385, 70000, 3 * 1024 * 1024):
            client = self.sign_in(self.users[1], c.WebSocket, device_type=c.IOS)
            try:
                client.send_message(b"\x08\x07" + b"x" * size)
            except c.Closed:
                continue
            with self.assertRaises(c.Closed):
                while True:
                    client.receive_new()
        # A length of 2^62 in a frame header, and an endless fragmented message.
        head = self.connect(c.WebSocket)
        head.send_raw(b"\x82\xff" + (1 << 62).to_bytes(8, "big") + b"abcd")
        with self.assertRaises(c.Closed):
            head.receive_new()
        endless = self.connect(c.WebSocket)
        with self.assertRaises(c.Closed):
            endless.send_raw(c.WebSocket.frame(b"x" * 1000, fin=False))
            for _ in range(10000):
                endless.send_raw(c.WebSocket.frame(b"x" * 1000, opcode=0, fin=False))
            endless.receive_new()

    def test_unmasked_and_reserved_websocket_frames_are_refused(self):
        for frame in (c.WebSocket.frame(b"abc", mask=False), b"\xf2\x80abcd", b"\x83\x80abcd"):
            client = self.connect(c.WebSocket)
            client.send_raw(frame)
            with self.assertRaises(c.Closed):
                client.receive_new()

    def test_hundreds_of_half_open_connections(self):
        before = self.server.resident_bytes()
        connections = []
        for port, opening in ((self.server.tcp, b"\x80"), (self.server.websocket, b"GET / HTTP/1.1\r\nHost: x\r\n"),
                              (self.server.http, b"GET /turms HTTP/1.1\r\n"), (self.server.admin, b"G")):
            for _ in range(150):
                connection = self.open(port)
                connection.sendall(opening)
                connections.append(connection)
        self.sign_in(self.users[1], c.Tcp)
        self.sign_in(self.users[1], c.WebSocket)
        self.assertLess(self.server.resident_bytes() - before, 64 * 1024 * 1024)
        for connection in connections:
            connection.close()

    def test_a_flood_of_requests_without_reading_answers_stays_bounded(self):
        """The server stops reading what the client makes it answer but does not take."""
        before = self.server.resident_bytes()
        clients = [self.sign_in(self.users[1], device_type=kind) for kind in (c.DESKTOP, c.BROWSER, c.IOS)]
        request = clients[0].build("query_user_profiles", user_ids=[self.users[0]] * 50)
        flood = c.Tcp.frame(request.SerializeToString()) * 2000
        for client in clients:
            client.transport.stream.socket.setblocking(False)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for client in clients:
                try:
                    client.transport.stream.socket.send(flood)
                except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                    time.sleep(0.01)
        self.assertLess(self.server.resident_bytes() - before, 96 * 1024 * 1024)

    def test_wrong_passwords_are_counted(self):
        client = self.connect()
        for _ in range(5):
            self.assert_code(2011, client.request("create_session", version=1, user_id=self.users[0],
                                                  password="wrong", device_type=c.DESKTOP))
        self.assertEqual(self.rejected("sign_in_failed"), 5)
