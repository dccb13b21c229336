"""What the tests share: one server for all that do not need their own, users, clients."""

import atexit
import unittest

from client import Client, Tcp, WebSocket
from server import Server

_shared = None


def shared_server():
    global _shared
    if _shared is None:
        _shared = Server().start()
        atexit.register(_shared.remove)
    return _shared


class TurmsTest(unittest.TestCase):
    transport = Tcp
    #: How many accounts a class gets; they are self.users[0], [1], …
    accounts = 3
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.make_server()
        cls.users = [cls.server.add_user() for _ in range(cls.accounts)]

    @classmethod
    def make_server(cls):
        return shared_server()

    def connect(self, transport=None, **arguments):
        client = Client(self.server, transport or self.transport, **arguments)
        self.addCleanup(client.close)
        return client

    def sign_in(self, user, transport=None, **fields):
        """A client that is signed in and has seen its session."""
        client = self.connect(transport)
        response = client.sign_in(user, **fields)
        self.assertEqual(response.code, 1000, response)
        session = client.receive()
        self.assertTrue(session.data.HasField("user_session"), session)
        return client

    def group_of(self, *members):
        """Owned by the first."""
        return self.server.add_group(members[0], members)

    def assert_code(self, code, notification):
        self.assertEqual(notification.code, code, notification)

    def assert_told(self, client, kind, requester=None):
        """The one thing this client was told: a relayed request."""
        pushes = client.pushes()
        self.assertEqual([kind_or_data(push) for push in pushes], [kind + "_request"])
        push = pushes[0]
        self.assertFalse(push.HasField("code"), push)
        if requester is not None:
            self.assertEqual(push.requester_id, requester)
        return push

    def assert_told_nothing(self, *clients):
        for client in clients:
            self.assertEqual(client.pushes(), [])


def kind_or_data(push):
    if push.HasField("relayed_request"):
        return push.relayed_request.WhichOneof("kind")
    return "data:" + str(push.data.WhichOneof("kind"))


def on_both_transports(cls):
    """Runs a test class once over TCP and once over WebSocket."""
    module = __import__(cls.__module__)
    for transport in (Tcp, WebSocket):
        name = cls.__name__ + ("OverTcp" if transport is Tcp else "OverWebSocket")
        setattr(module, name, type(name, (cls, TurmsTest), {"transport": transport, "__module__": cls.__module__}))
    return cls
