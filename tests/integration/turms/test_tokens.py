"""Session tokens: signing in again without the password."""

import pathlib

import client as c
from case import TurmsTest, on_both_transports
from server import Server, wait_until

KNOWS_EXTENSIONS = {"turms.extensions": "1"}


class TokenTest:
    def token_of(self, client):
        """Signed in, and the session seen: its token."""
        session = client.receive()
        self.assertTrue(session.data.HasField("user_session"), session)
        return session.data.user_session.session_token

    def sign_in_for_token(self, user, **fields):
        client = self.connect()
        self.assert_code(1000, client.sign_in(user, device_details=KNOWS_EXTENSIONS, **fields))
        return client, self.token_of(client)

    def by_token(self, user, token, client=None, **fields):
        client = client or self.connect()
        client.user_id = user
        fields.setdefault("device_type", c.DESKTOP)
        return client, client.request("create_session", version=1, user_id=user, session_token=token,
                                      device_details=KNOWS_EXTENSIONS, **fields)

    def refused(self, user, token, code=2011):
        self.assert_code(code, self.by_token(user, token)[1])


@on_both_transports
class Tokens(TokenTest):
    accounts = 2

    def test_a_token_signs_in_and_stays(self):
        user = self.users[0]
        first, token = self.sign_in_for_token(user)
        self.assertGreaterEqual(len(token), 43)
        for _ in range(2):
            client, response = self.by_token(user, token)
            self.assert_code(1000, response)
            session = client.receive().data.user_session
            self.assertFalse(session.HasField("session_token"), "the client has it")
            self.assertGreater(session.session_token_expiration_date, response.timestamp)
            client.ok("query_user_profiles", user_ids=[user])

    def test_an_unmodified_client_sees_none(self):
        client = self.connect()
        self.assert_code(1000, client.sign_in(self.users[0]))
        session = client.receive().data.user_session
        self.assertFalse(session.HasField("session_token"))
        self.assertFalse(session.HasField("session_token_expiration_date"))

    def test_it_is_worth_nothing_to_others(self):
        _, token = self.sign_in_for_token(self.users[0])
        self.refused(self.users[1], token)
        self.refused(self.users[0], token[:-1] + ("x" if token[-1] != "x" else "y"))
        self.refused(self.users[0], "")
        self.refused(self.users[0], "x" * 10_000)
        client = self.connect()
        response = client.request("create_session", version=1, user_id=self.users[0], session_token=token,
                                  device_type=c.DESKTOP)
        self.assert_code(2011, response)

    def test_signing_out_ends_it(self):
        user = self.users[0]
        client, token = self.sign_in_for_token(user)
        _, other = self.sign_in_for_token(user, device_type=c.IOS)
        client.send("delete_session")
        self.assertEqual(client.closing().close_status, 500)
        self.refused(user, token)
        self.assert_code(1000, self.by_token(user, other, device_type=c.IOS)[1])

    def test_signing_out_ends_it_though_the_client_is_gone_at_once(self):
        user = self.users[0]
        client, token = self.sign_in_for_token(user)
        client.send("delete_session")
        client.close()
        # On another device type: a sign-in on the same one would end the session before its request is read.
        wait_until(lambda: self.by_token(user, token, device_type=c.IOS)[1].code == 2011, "the token to end")


class Ends(TokenTest, TurmsTest):
    accounts = 2

    @classmethod
    def make_server(cls):
        server = Server({"turms.gateway.session.token-lifetime-seconds": 1000}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_a_changed_password_ends_the_token(self):
        user = self.server.add_user()
        client, token = self.sign_in_for_token(user)
        self.server.run("user", "passwd", "--id", str(user), "--password-stdin", stdin="other\n")
        self.assertEqual(client.closing().close_status, 600)
        self.refused(user, token)
        self.assert_code(1000, self.connect().sign_in(user, password="other"))

    def test_a_restart_ends_none_and_the_disk_knows_none(self):
        user = self.users[0]
        _, token = self.sign_in_for_token(user)
        self.server.kill()
        self.server.start()
        self.assert_code(1000, self.by_token(user, token)[1])
        for file in pathlib.Path(self.server.data).iterdir():
            if file.is_file():
                self.assertNotIn(token.encode(), file.read_bytes(), file.name)

    def test_the_users_own_device_is_not_held_up_by_who_guesses_from_its_address(self):
        user = self.users[1]
        _, token = self.sign_in_for_token(user)
        for _ in range(12):
            guesser = self.connect()
            if guesser.sign_in(user, password="wrong").code == 1101:
                break
        else:
            self.fail("guessing was never slowed down")
        self.assert_code(1101, self.connect().sign_in(user))
        self.assert_code(1000, self.by_token(user, token)[1])
        self.assert_code(1000, self.by_token(user, token, password="turms")[1])
        # With the device in hand one guesses no faster.
        codes = [self.by_token(user, token, password="wrong")[1].code for _ in range(12)]
        self.assertEqual(codes[0], 2011)
        self.assertEqual(codes[-1], 1101)


class SwitchedOff(TokenTest, TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server({"turms.gateway.session.token-lifetime-seconds": 0}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_none_is_given(self):
        self.assertEqual(self.sign_in_for_token(self.users[0])[1], "")
