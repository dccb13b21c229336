#!/usr/bin/env python3
"""Many clients sign in at once, give up after some seconds, and try again until they are in.

  TURMS_BINARY=build/release/turms python3 storm.py [--clients 2000] [--patience 3] [--memory-kib 19456] [--passes 2]

Says how long it took, how often they tried, and how long hashing alone takes.
"""

import argparse
import asyncio
import os
import pathlib
import sqlite3
import sys
import time


class Storm:
    def __init__(self, server, users, patience, deadline):
        self.server = server
        self.users = users
        self.patience = patience
        self.deadline = deadline
        self.attempts = 0
        self.signed_in = 0
        self.refusals = {}

    async def client(self, user):
        from client import Tcp, DESKTOP
        from turms.request_pb2 import TurmsRequest

        request = TurmsRequest(request_id=1)
        session = request.create_session_request
        session.version, session.user_id, session.password, session.device_type = 1, user, "turms", DESKTOP
        frame = Tcp.frame(request.SerializeToString())
        while time.monotonic() < self.deadline:
            self.attempts += 1
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.server.tcp)
                writer.write(frame)
                code = await asyncio.wait_for(self.answer(reader), self.patience)
            except (asyncio.TimeoutError, OSError, asyncio.IncompleteReadError):
                writer.close()
                continue
            if code == 1000:
                self.signed_in += 1
                return writer
            self.refusals[code] = self.refusals.get(code, 0) + 1
            writer.close()
            await asyncio.sleep(0.1)
        return None

    @staticmethod
    async def answer(reader):
        from turms.notification_pb2 import TurmsNotification

        while True:
            length = shift = 0
            while True:
                byte = (await reader.readexactly(1))[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            notification = TurmsNotification.FromString(await reader.readexactly(length))
            if notification.HasField("request_id"):
                return notification.code

    async def run(self):
        writers = await asyncio.gather(*(self.client(user) for user in self.users))
        for writer in writers:
            if writer is not None:
                writer.close()


def add_users(server, count):
    """All with the same password, and so with the same hash: hashing each would take as long as the storm."""
    first = server.add_user()
    with sqlite3.connect(pathlib.Path(server.data) / "turms.db", timeout=30) as database:
        columns = [row[1] for row in database.execute("pragma table_info(user)") if row[1] != "id"]
        names = ", ".join(columns)
        database.executemany(f"insert into user (id, {names}) select ?, {names} from user where id = {first}",
                             [(first + i,) for i in range(1, count)])
    database.close()
    return list(range(first, first + count))


def storm(server, count, patience, limit):
    run = Storm(server, add_users(server, count), patience, time.monotonic() + limit)
    asyncio.run(run.run())
    return run


def main():
    import resource

    import run as suite

    arguments = argparse.ArgumentParser()
    arguments.add_argument("--clients", type=int, default=2000)
    arguments.add_argument("--patience", type=float, default=3)
    arguments.add_argument("--memory-kib", type=int, default=19456)
    arguments.add_argument("--passes", type=int, default=2)
    arguments.add_argument("--limit", type=float, default=600)
    chosen = arguments.parse_args()
    suite.generate_protocol()
    from server import Server

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = Server({"turms.security.password.argon2.memory-kib": chosen.memory_kib,
                     "turms.security.password.argon2.passes": chosen.passes}).start()
    try:
        began = time.monotonic()
        result = storm(server, chosen.clients, chosen.patience, chosen.limit)
        seconds = time.monotonic() - began
        ticks = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
        print(f"{result.signed_in} of {chosen.clients} signed in after {seconds:.1f} s and {result.attempts} attempts; "
              f"the server used {cpu:.1f} s of CPU on {os.cpu_count()} cores; refusals {result.refusals}")
        return 0 if result.signed_in == chosen.clients else 1
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
