"""More sign-ins at once than can be checked before their clients give up and try again."""

from case import TurmsTest
from server import Server
from storm import storm


class SignInStorm(TurmsTest):
    accounts = 0
    clients = 200

    @classmethod
    def make_server(cls):
        server = Server({"turms.security.password.argon2.memory-kib": 8192}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_everybody_gets_in(self):
        result = storm(self.server, self.clients, patience=1, limit=120)
        self.assertEqual(result.signed_in, self.clients, result.refusals)
        # A storm is nobody's guessing.
        self.assertNotIn(1101, result.refusals)
