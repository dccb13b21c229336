"""Many sessions, some of whom do not read: nobody else notices, and memory is bounded."""

import asyncio

from case import TurmsTest
from connections import SETTINGS, Crowd
from server import Server


class Connections(TurmsTest):
    accounts = 0

    @classmethod
    def make_server(cls):
        server = Server(SETTINGS).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_slow_readers_are_cut_and_nobody_else(self):
        crowd = Crowd(self.server, connections=500, busy=250, slow=0.1)
        asyncio.run(crowd.run())
        self.assertEqual(len(crowd.slow_ones), 25)
        self.assertEqual(crowd.lost, [])
        grown = crowd.resident["at most"] - crowd.resident["connected"]
        # What may wait for each of them, and as much again for what the sockets and the allocator keep.
        bound = 2 * len(crowd.slow_ones) * SETTINGS["turms.gateway.session.max-pending-bytes"]
        self.assertLess(grown, bound + 16 * 2**20)
