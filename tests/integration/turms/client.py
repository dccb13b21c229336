"""A Turms client over TCP and WebSocket: blocking, one thread, nothing hidden from the test."""

import base64
import collections
import os
import socket
import struct
import time

from turms.notification_pb2 import TurmsNotification
from turms.request_pb2 import TurmsRequest

HEARTBEAT = b""
DESKTOP, BROWSER, IOS, ANDROID, OTHERS, UNKNOWN = range(6)
OWNER, MANAGER, MEMBER, GUEST, ANONYMOUS_GUEST = range(5)
PENDING, ACCEPTED, ACCEPTED_WITHOUT_CONFIRM, DECLINED, IGNORED, EXPIRED, CANCELED = range(7)
ACCEPT, DECLINE, IGNORE = range(3)


class Closed(Exception):
    """The server closed the connection."""


class Timeout(Exception):
    pass


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Stream:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def fill(self, deadline):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise Timeout()
        self.socket.settimeout(remaining)
        try:
            data = self.socket.recv(65536)
        except socket.timeout as error:
            raise Timeout() from error
        except ConnectionResetError as error:
            raise Closed("reset") from error
        if not data:
            raise Closed("end of stream")
        self.buffer += data

    def take(self, count, deadline):
        while len(self.buffer) < count:
            self.fill(deadline)
        out = bytes(self.buffer[:count])
        del self.buffer[:count]
        return out

    def write(self, data):
        self.socket.settimeout(30)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed("reset") from error

    def close(self):
        self.socket.close()


class Tcp:
    """Frames of the TCP port."""

    name = "tcp"

    def __init__(self, server, preamble=b""):
        self.stream = Stream(server.tcp)
        self.stream.write(preamble)

    @staticmethod
    def frame(message):
        return varint(len(message)) + message

    def receive(self, deadline):
        length = shift = 0
        while True:
            byte = self.stream.take(1, deadline)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return self.stream.take(length, deadline)


class WebSocket:
    """Frames of the WebSocket port (RFC 6455), as little of it as a client needs."""

    name = "websocket"

    def __init__(self, server, port=None, path="/", preamble=b"", headers=None):
        self.stream = Stream(port or server.websocket)
        self.stream.write(preamble)
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.write((f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                           f"Sec-WebSocket-Version: 13\r\n{more}\r\n").encode())
        deadline = time.monotonic() + 10
        while b"\r\n\r\n" not in self.stream.buffer:
            self.stream.fill(deadline)
        head, _, rest = bytes(self.stream.buffer).partition(b"\r\n\r\n")
        self.stream.buffer = bytearray(rest)
        status = head.split(b"\r\n")[0]
        if b" 101 " not in status:
            raise Closed(status.decode())

    @staticmethod
    def frame(message, opcode=2, fin=True, mask=True):
        head = bytearray([(0x80 if fin else 0) | opcode])
        bit = 0x80 if mask else 0
        if len(message) < 126:
            head.append(bit | len(message))
        elif len(message) < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", len(message))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(message))
        if not mask:
            return bytes(head) + message
        key = os.urandom(4)
        masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(message))
        return bytes(head) + key + masked

    def receive(self, deadline):
        message = b""
        while True:
            first, second = self.stream.take(2, deadline)
            length = second & 0x7F
            if length == 126:
                length = struct.unpack(">H", self.stream.take(2, deadline))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.stream.take(8, deadline))[0]
            payload = self.stream.take(length, deadline)
            opcode = first & 0x0F
            if opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                self.stream.write(self.frame(payload, opcode=8))
                raise Closed(f"close frame {code}")
            if opcode == 9:
                self.stream.write(self.frame(payload, opcode=10))
            elif opcode in (0, 2):
                message += payload
                if first & 0x80:
                    return message


class Client:
    """One connection. Notifications that are no answer to what was asked wait in `inbox`."""

    def __init__(self, server, transport=Tcp, **arguments):
        self.transport = transport(server, **arguments)
        self.inbox = collections.deque()
        self.next_id = 1
        self.user_id = None

    # -- bytes

    def send_raw(self, data):
        self.transport.stream.write(data)

    def send_message(self, message):
        self.send_raw(self.transport.frame(message))

    def receive(self, timeout=10):
        """The next message: a TurmsNotification, or HEARTBEAT. The inbox first."""
        if self.inbox:
            return self.inbox.popleft()
        return self.receive_new(timeout)

    def receive_new(self, timeout=10):
        message = self.transport.receive(time.monotonic() + timeout)
        return TurmsNotification.FromString(message) if message else HEARTBEAT

    def close(self):
        self.transport.stream.close()

    # -- requests

    def build(self, kind, request_id=None, **fields):
        """`request_id` is the request's own, or the friend or join request's where a kind has one."""
        if "request_id" in getattr(TurmsRequest(), kind + "_request").DESCRIPTOR.fields_by_name:
            fields["request_id"], request_id = request_id or 0, None
        if request_id is None:
            request_id = self.next_id
            self.next_id += 1
        request = TurmsRequest(request_id=request_id)
        body = getattr(request, kind + "_request")
        body.SetInParent()
        for name, value in fields.items():
            field = getattr(body, name)
            if isinstance(value, (list, tuple)):
                field.extend(value)
            elif isinstance(value, dict):
                for key, item in value.items():
                    if hasattr(item, "SerializeToString"):
                        field[key].CopyFrom(item)
                    else:
                        field[key] = item
            else:
                setattr(body, name, value)
        return request

    def send(self, kind, **fields):
        request = self.build(kind, **fields)
        self.send_message(request.SerializeToString())
        return request.request_id

    def response(self, request_id, timeout=10):
        """The answer to a request; what comes before it goes to the inbox."""
        while True:
            notification = self.receive_new(timeout)
            if is_response(notification) and notification.request_id == request_id:
                return notification
            self.inbox.append(notification)

    def request(self, kind, **fields):
        return self.response(self.send(kind, **fields))

    def ok(self, kind, **fields):
        notification = self.request(kind, **fields)
        assert notification.code == 1000, f"{kind}: code {notification.code} {notification.reason}"
        return notification

    # -- sessions

    def sign_in(self, user_id, password="turms", device_type=DESKTOP, **fields):
        self.user_id = user_id
        return self.request("create_session", version=1, user_id=user_id, password=password,
                            device_type=device_type, **fields)

    # -- pushes

    def settle(self):
        """After it, everything that the server had queued for this session is in the inbox."""
        # Answers come before pushes, and in order: an answer is a mark in the stream.
        self.ok("query_user_profiles", user_ids=[self.user_id])
        return self

    def pushes(self):
        """What was pushed since the last look, and nothing else is waiting."""
        self.settle()
        waiting = [notification for notification in self.inbox]
        self.inbox.clear()
        return waiting

    def wait_for(self, accept, timeout=10):
        """The first notification that `accept` likes, waiting for it; others stay in the inbox."""
        deadline = time.monotonic() + timeout
        for notification in self.inbox:
            if notification != HEARTBEAT and accept(notification):
                self.inbox.remove(notification)
                return notification
        while True:
            notification = self.receive_new(max(deadline - time.monotonic(), 0))
            if notification != HEARTBEAT and accept(notification):
                return notification
            self.inbox.append(notification)

    def closing(self, timeout=10):
        """The close notification, after which the server closes the connection."""
        notification = self.wait_for(lambda n: n.HasField("close_status"), timeout)
        try:
            while True:
                self.inbox.append(self.receive_new(timeout))
        except Closed:
            return notification


def is_response(notification):
    return (notification != HEARTBEAT and notification.HasField("request_id")
            and notification.request_id != 0 and not notification.HasField("relayed_request"))


def kind_of(notification):
    return notification.relayed_request.WhichOneof("kind")
