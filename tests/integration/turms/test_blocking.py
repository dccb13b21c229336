"""Clients that misbehave are kept out for a while."""

import pathlib
import sqlite3

import client as c
from case import TurmsTest
from server import Server, wait_until

BLOCK = "turms.security.blocklist."


class Blocking(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        settings = {"http.trusted_proxies": "127.0.0.1", "http.proxy_protocol": "true"}
        for deed in ("corrupted-frame", "corrupted-request"):
            settings[f"{BLOCK}ip.auto-block.{deed}.enabled"] = "true"
            settings[f"{BLOCK}ip.auto-block.{deed}.block-trigger-times"] = 3
        server = Server(settings).start()
        cls.addClassCleanup(server.remove)
        return server

    def arrive(self, address, transport=c.Tcp):
        return self.connect(transport, preamble=f"PROXY TCP4 {address} 127.0.0.1 4711 80\r\n".encode())

    def stored(self):
        database = sqlite3.connect(pathlib.Path(self.server.data) / "turms.db", timeout=30)
        try:
            return database.execute("select count(*) from blocked_client where subject = '203.0.113.3'").fetchone()[0]
        finally:
            database.close()

    def assert_kept_out(self, address):
        for transport in (c.Tcp, c.WebSocket):
            client = None
            with self.assertRaises(c.Closed):
                client = self.arrive(address, transport)
                client.sign_in(self.users[0])

    def test_bytes_that_are_no_frame(self):
        for _ in range(3):
            client = self.arrive("203.0.113.1")
            client.send_raw(b"\xff" * 12)
            with self.assertRaises(c.Closed):
                while True:
                    client.receive_new()
        self.assert_kept_out("203.0.113.1")
        self.assert_code(1000, self.arrive("203.0.113.2").sign_in(self.users[0]))

    def test_requests_that_cannot_be_read_and_a_restart_forgets_nobody(self):
        client = self.arrive("203.0.113.3", c.WebSocket)
        with self.assertRaises(c.Closed):
            for _ in range(3):
                client.send_message(b"\xff\xff")
                client.receive_new()
        self.assert_kept_out("203.0.113.3")
        wait_until(lambda: self.stored() == 1, "the block to be stored")
        self.server.kill()
        self.server.start()
        self.assert_kept_out("203.0.113.3")
        self.assert_code(1000, self.arrive("203.0.113.4").sign_in(self.users[0]))
