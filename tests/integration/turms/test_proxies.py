"""Behind a proxy: whose address counts when passwords are guessed."""

import client as c
from case import TurmsTest
from server import Server

ATTACKER, VICTIM = "203.0.113.66", "203.0.113.7"
TOO_FREQUENT, WRONG, RIGHT = 1101, 2011, 1000


class Behind(TurmsTest):
    """A way to arrive with an address that somebody says is the client's."""

    accounts = 2
    settings = {}

    @classmethod
    def make_server(cls):
        server = Server(cls.settings).start()
        cls.addClassCleanup(server.remove)
        return server

    def attempt(self, arrive, password, user=None):
        client = arrive(self)
        code = client.sign_in(user or self.users[0], password=password).code
        client.close()
        return code

    def guess_until_slowed_down(self, arrive):
        # The first wait is a second, which one attempt can take on a busy machine; they grow.
        for _ in range(40):
            code = self.attempt(arrive, "wrong")
            if code == TOO_FREQUENT:
                return
            self.assertEqual(code, WRONG)
        self.fail("guessing was never slowed down")

    def assert_held_up(self, arrive, *others):
        """With the right password, whichever way of the same address."""
        for other in others or (arrive,):
            for _ in range(10):
                self.guess_until_slowed_down(arrive)
                if self.attempt(other, "turms") == TOO_FREQUENT:
                    break
            else:
                self.fail("the right password was taken from an address that guesses")


def by_header(address, name="X-Forwarded-For"):
    return lambda test: test.connect(c.WebSocket, headers={name: address})


def by_header_at_http_port(address):
    return lambda test: test.connect(c.WebSocket, port=test.server.http, path="/turms",
                                     headers={"X-Forwarded-For": address})


def by_proxy_header(transport, address):
    preamble = f"PROXY TCP4 {address} 127.0.0.1 4711 80\r\n".encode()
    return lambda test: test.connect(transport, preamble=preamble)


class TrustedHeaders(Behind):
    settings = {"http.trusted_proxies": "127.0.0.1"}

    def test_who_guesses_at_another_address_holds_nobody_up(self):
        self.guess_until_slowed_down(by_header(ATTACKER))
        self.assertEqual(self.attempt(by_header(VICTIM), "turms"), RIGHT)
        self.assertEqual(self.attempt(by_header_at_http_port(VICTIM), "turms"), RIGHT)
        self.assert_held_up(by_header(ATTACKER), by_header(ATTACKER), by_header_at_http_port(ATTACKER),
                            by_header(f"for={ATTACKER}", "Forwarded"))

    def test_what_the_client_itself_writes_before_the_proxy_is_not_believed(self):
        user = self.users[1]
        for attempt in range(40):
            arrive = by_header(f"198.51.100.{attempt}, {ATTACKER}")
            code = self.attempt(arrive, "wrong", user)
            if code == TOO_FREQUENT:
                return
        self.fail("an invented address was believed")


class UntrustedHeaders(Behind):
    def test_are_not_believed(self):
        for attempt in range(40):
            if self.attempt(by_header(f"198.51.100.{attempt}"), "wrong") == TOO_FREQUENT:
                break
        else:
            self.fail("an invented address was believed")
        log = self.server.stderr()
        self.assertEqual(log.count("http.trusted_proxies"), 1, log)

    def test_a_proxy_header_from_elsewhere_is_no_frame(self):
        client = by_proxy_header(c.Tcp, VICTIM)(self)
        client.send_raw(b"x" * 100)
        self.assert_code(1100, client.receive())


class ProxyProtocol(Behind):
    settings = {"http.trusted_proxies": "127.0.0.1", "http.proxy_protocol": "true"}

    def test_who_guesses_at_another_address_holds_nobody_up(self):
        self.guess_until_slowed_down(by_proxy_header(c.Tcp, ATTACKER))
        for transport in (c.Tcp, c.WebSocket):
            self.assertEqual(self.attempt(by_proxy_header(transport, VICTIM), "turms"), RIGHT)
            self.assert_held_up(by_proxy_header(c.Tcp, ATTACKER), by_proxy_header(transport, ATTACKER))
