#!/usr/bin/env python3
"""Many sessions at once, some of whom do not read what is sent to them.

  TURMS_BINARY=build/release/turms python3 connections.py [--connections 10000] [--busy 1000] [--slow 0.1]

`busy` of them are in groups of 250 in which one writes; `slow` is the share of those who do not read. Says what the server's
memory was before, with all connected, at most while it wrote, and afterwards, and for each connection.
"""

import argparse
import asyncio
import socket
import sys

from storm import add_users

GROUP = 250
TEXT = "x" * 4096
MARK = b"this is the last message"


class Reader(asyncio.Protocol):
    """Counts what it gets, and keeps the end of it."""

    def __init__(self):
        self.bytes = 0
        self.tail = b""
        self.lost = False
        self.answered = asyncio.get_running_loop().create_future()
        self.marked = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.bytes += len(data)
        self.tail = (self.tail + data)[-200:]
        if not self.answered.done():
            self.answered.set_result(None)
        if MARK in self.tail and not self.marked.done():
            self.marked.set_result(None)

    def connection_lost(self, error):
        self.lost = True
        for future in (self.answered, self.marked):
            if not future.done():
                future.set_exception(ConnectionError("closed"))
                future.exception()


class Crowd:
    def __init__(self, server, connections, busy, slow):
        self.server = server
        self.users = add_users(server, connections)
        self.busy = busy
        self.slow = slow
        self.resident = {"before": server.resident_bytes()}

    async def sign_in(self, user, receive_buffer=None):
        from client import Tcp, DESKTOP
        from turms.request_pb2 import TurmsRequest

        request = TurmsRequest(request_id=1)
        session = request.create_session_request
        session.version, session.user_id, session.password, session.device_type = 1, user, "turms", DESKTOP
        made = socket.socket()
        if receive_buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(made, ("127.0.0.1", self.server.tcp))
        _, reader = await loop.create_connection(Reader, sock=made)
        reader.transport.write(Tcp.frame(request.SerializeToString()))
        await reader.answered
        return reader

    async def connect_all(self):
        limit = asyncio.Semaphore(64)
        slow_ones = {user for i, user in enumerate(self.users[:self.busy]) if i % GROUP and i % round(1 / self.slow) == 1}

        async def one(user):
            async with limit:
                return user, await self.sign_in(user, 4096 if user in slow_ones else None)

        self.readers = dict(await asyncio.gather(*map(one, self.users)))
        self.slow_ones = slow_ones
        for user in slow_ones:
            self.readers[user].transport.pause_reading()
        self.resident["connected"] = self.server.resident_bytes()

    def write(self, user, group, text):
        from client import Tcp
        from turms.request_pb2 import TurmsRequest

        request = TurmsRequest(request_id=2)
        request.create_message_request.group_id, request.create_message_request.text = group, text
        self.readers[user].transport.write(Tcp.frame(request.SerializeToString()))

    def cut(self):
        return self.server.rejections().get('reason="slow_receiver"', 0)

    async def flood(self, groups, limit_s):
        """Until every slow one is cut: then a last message, which everybody else gets."""
        self.resident["at most"] = self.resident["connected"]
        deadline = asyncio.get_running_loop().time() + limit_s
        while self.cut() < len(self.slow_ones):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"{self.cut():.0f} of {len(self.slow_ones)} slow readers were cut")
            for owner, group in groups.items():
                for _ in range(4):
                    self.write(owner, group, TEXT)
            await asyncio.sleep(0.05)
            self.resident["at most"] = max(self.resident["at most"], self.server.resident_bytes())
        for owner, group in groups.items():
            self.write(owner, group, MARK.decode())
        well = [user for user in self.users[:self.busy] if user not in self.slow_ones and user not in groups]
        await asyncio.wait_for(asyncio.gather(*(self.readers[user].marked for user in well)), limit_s)
        self.resident["afterwards"] = self.server.resident_bytes()
        self.lost = [user for user in self.users if self.readers[user].lost and user not in self.slow_ones]

    async def run(self, limit_s=120):
        await self.connect_all()
        groups = {}
        for first in range(0, self.busy, GROUP):
            members = self.users[first:first + GROUP]
            groups[members[0]] = self.server.add_group(members[0], members)
        await self.flood(groups, limit_s)
        for reader in self.readers.values():
            reader.transport.abort()


SETTINGS = {
    # Signing in is not what is measured.
    "turms.security.password.argon2.memory-kib": 64,
    "turms.security.password.argon2.passes": 1,
    "turms.gateway.session.max-pending-bytes": 262144,
    "turms.service.message.max-text-limit": len(TEXT),
}


def main():
    import resource

    import run as suite

    arguments = argparse.ArgumentParser()
    arguments.add_argument("--connections", type=int, default=10_000)
    arguments.add_argument("--busy", type=int, default=1_000)
    arguments.add_argument("--slow", type=float, default=0.1)
    chosen = arguments.parse_args()
    suite.generate_protocol()
    from server import Server

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = Server(SETTINGS).start()
    try:
        crowd = Crowd(server, chosen.connections, chosen.busy, chosen.slow)
        asyncio.run(crowd.run())
        mib = {name: size / 2**20 for name, size in crowd.resident.items()}
        each = (crowd.resident["connected"] - crowd.resident["before"]) / chosen.connections / 1024
        print("resident MiB: " + ", ".join(f"{name} {size:.1f}" for name, size in mib.items()) +
              f"; {each:.1f} KiB for each of {chosen.connections} connections; {len(crowd.slow_ones)} slow readers were cut, "
              f"{len(crowd.lost)} others")
        return 0 if not crowd.lost else 1
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
