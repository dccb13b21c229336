"""What docs/security.md claims and no other test shows, and that each claim there names tests which there are."""

import base64
import http.client
import json
import pathlib
import re
import unittest

import client as c
from case import TurmsTest
from server import Server
from test_admin import MADE, basic

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Documentation(unittest.TestCase):
    def test_the_tests_that_it_names_are_there(self):
        text = (ROOT / "docs/security.md").read_text()
        for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            self.assertIn("Tests:", part, part.splitlines()[0])
        sources = {path.stem: path.read_text() for path in (ROOT / "tests/integration/turms").glob("test_*.py")}
        cases = "".join(path.read_text() for folder in ("src", "plugins") for path in (ROOT / folder).rglob("*_test.cc"))
        named = re.findall(r"`((?:test_\w+|[A-Z]\w+)\.\w+)`", text)
        self.assertGreater(len(named), 30)
        for name in named:
            first, _, second = name.partition(".")
            if first.startswith("test_"):
                self.assertRegex(sources[first], rf"(def|class) {second}\b", name)
            else:
                self.assertRegex(cases, rf"TEST(_F|_P)?\({first},\s*{second}\)", name)


class Secrets(TurmsTest):
    """Everything is logged; no secret is in it, nor in the metrics, nor in the files."""

    accounts = 2

    @classmethod
    def make_server(cls):
        server = Server({"log.level": "debug", "log.requests": "true"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def ask(self, method, target, body=None, password=None):
        account, right = MADE.search(pathlib.Path(self.server.data, "stderr.log").read_text()).groups()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.admin, timeout=30)
        self.addCleanup(connection.close)
        connection.request(method, target, None if body is None else json.dumps(body),
                           {"Authorization": basic(account, password or right), "Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()

    def test_none_is_written_down(self):
        secrets = ["Own-Passw0rd", "Wr0ng-Guess-1", "Chosen-By-Adm1n", "Wr0ng-Adm1n-Guess", "S3cret-0f-A-Plugin"]
        user, other = self.users
        client = self.connect()
        answer = client.sign_in(user, device_details={"turms.extensions": "1"})
        self.assert_code(1000, answer)
        secrets.append(client.receive().data.user_session.session_token)
        client.ok("update_user", password=secrets[0])
        self.assert_code(2011, self.connect().sign_in(user, password=secrets[1]))
        self.assert_code(1000, self.connect().sign_in(user, password=secrets[0], device_type=c.IOS))
        status, said = self.ask("PUT", f"/users?ids={other}", {"password": secrets[2]})
        self.assertEqual(status, 200, said)
        self.assert_code(1000, self.connect().sign_in(other, password=secrets[2]))
        self.assertEqual(self.ask("GET", "/users", password=secrets[3])[0], 401)
        for body in ({"plugins.livekit.api_secret": secrets[4]}, {"plugins": {"livekit": {"apiSecret": secrets[4]}}}):
            self.assertEqual(self.ask("PUT", "/cluster/settings", body)[0], 400)
        audit = self.ask("GET", "/audit-logs?size=100")[1]
        self.assertIn("PUT /cluster/settings", audit)
        metrics = "".join(self.server.metrics())
        self.server.stop()
        log = pathlib.Path(self.server.data, "stderr.log").read_text(errors="replace")
        self.assertIn("create_session", log)
        files = [path for path in pathlib.Path(self.server.data).rglob("*") if path.is_file()]
        for secret in secrets:
            forms = [secret, base64.b64encode(secret.encode()).decode()]
            for form in forms:
                self.assertNotIn(form, log)
                self.assertNotIn(form, metrics)
                self.assertNotIn(form, audit)
                for path in files:
                    self.assertNotIn(form.encode(), path.read_bytes(), path)
        for path in files:
            self.assertEqual(path.stat().st_mode & 0o077 if path.suffix != ".log" else 0, 0, path)


class Sql(TurmsTest):
    """What clients say is text, wherever it goes."""

    accounts = 2

    HOSTILE = ["'; drop table message; --", "' or '1'='1", '" or ""="', "%", "_", "a\x00b", "NEAR(x)", 'x" OR y*', "-x", "x AND"]

    def test_text_stays_text(self):
        alice, bob = (self.sign_in(user, device_details={"turms.extensions": "1"}) for user in self.users)
        kept = alice.ok("create_message", recipient_id=self.users[1], text="kept").data.long
        group = alice.ok("create_group", name="here").data.long
        for text in self.HOSTILE:
            with self.subTest(text):
                sent = alice.request("create_message", recipient_id=self.users[1], text=text)
                self.assertIn(sent.code, (1000, 1102))
                if sent.code == 1000:
                    found = bob.ok("query_messages", are_group_messages=False, from_ids=[self.users[0]], ids=[sent.data.long])
                    self.assertEqual(found.data.messages.messages[0].text, text)
                self.assertIn(alice.request("update_user", name=text[:20]).code, (1000, 1102))
                self.assertIn(alice.request("update_group", group_id=group, name=text).code, (1000, 1102))
                self.assertIn(alice.request("query_groups", name=text).code, (1000, 1001, 1102))
                self.assertIn(alice.request("query_user_profiles", name=text).code, (1000, 1001, 1102))
                self.assertIn(alice.request("search_messages", query=text).code, (1000, 1001, 1102))
        found = bob.ok("query_messages", are_group_messages=False, from_ids=[self.users[0]], ids=[kept])
        self.assertEqual(found.data.messages.messages[0].text, "kept")
