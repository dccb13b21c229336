"""turms-plugin-antispam in the real process."""

import json
import pathlib
import tempfile
import urllib.error
import urllib.request

from case import TurmsTest
from server import BINARY, Server, wait_until
from test_admin import MADE, basic


class Talking(TurmsTest):
    accounts = 2

    def setUp(self):
        self.alice, self.bob = self.sign_in(self.users[0]), self.sign_in(self.users[1])

    def say(self, text):
        return self.alice.request("create_message", recipient_id=self.users[1], text=text)

    def heard(self):
        return [push.relayed_request.create_message_request.text for push in self.bob.pushes()]


class Antispam(Talking):
    settings = {}

    @classmethod
    def make_server(cls):
        words = tempfile.NamedTemporaryFile("w", suffix=".txt")
        cls.addClassCleanup(words.close)
        words.write("# not these\ncasino\n\n赌场\n")
        words.flush()
        server = Server({"plugins.enabled": "antispam", "plugins.dir": str(pathlib.Path(BINARY).parent / "plugins"),
                         "plugins.antispam.word_list_file": words.name, **cls.settings}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_a_word_of_the_list_is_refused(self):
        for text in ("casino", "to the C a s i n o", "Ｃａｓｉｎｏ", "去賭場嗎"):
            self.assert_code(5010, self.say(text))
        self.assertEqual(self.heard(), [])
        sent = self.say("a walk")
        self.assert_code(1000, sent)
        self.assertEqual(self.heard(), ["a walk"])
        self.assert_code(5010, self.alice.request("update_message", message_id=sent.data.long, text="a casino"))
        self.assertEqual(self.bob.pushes(), [])


class Masking(Antispam):
    settings = {"plugins.antispam.action": "mask", "plugins.antispam.mask": "#"}

    def test_a_word_of_the_list_is_refused(self):
        sent = self.say("to the CASINO!")
        self.assert_code(1000, sent)
        self.assertEqual(self.heard(), ["to the ######!"])
        self.alice.ok("update_message", message_id=sent.data.long, text="去賭場")
        self.assertEqual([push.relayed_request.update_message_request.text for push in self.bob.pushes()], ["去##"])
        found = self.bob.ok("query_messages", are_group_messages=False, from_ids=[self.users[0]])
        self.assertEqual(found.data.messages.messages[-1].text, "去##")


class Changing(Talking):
    """Its settings, while it runs."""

    @classmethod
    def make_server(cls):
        server = Server({"plugins.enabled": "antispam", "plugins.dir": str(pathlib.Path(BINARY).parent / "plugins"),
                         "log.level": "info"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def change(self, status=200, **settings):
        account, password = MADE.search(self.server.stderr()).groups()
        body = json.dumps({f"plugins.antispam.{key}": value for key, value in settings.items()})
        ask = urllib.request.Request(f"http://127.0.0.1:{self.server.admin}/cluster/settings", body.encode(), method="PUT",
                                     headers={"Authorization": basic(account, password), "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(ask, timeout=20) as answer:
                self.assertEqual((answer.status, status), (200, 200))
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, status)
            return json.loads(error.read())["reason"]

    def test_words_and_what_becomes_of_them(self):
        self.assert_code(1000, self.say("casino"))
        self.change(words="casino,赌场")
        # The plugin is asked about a message after it was told.
        self.assert_code(5010, self.say("casino"))
        self.assertIn("one of reject, mask", self.change(400, action="eat", words=""))
        self.assert_code(5010, self.say("casino"))
        self.change(action="mask", mask="#")
        self.assert_code(1000, self.say("a casino"))
        self.assertEqual(self.heard(), ["casino", "a ######"])
        self.change(word_list_file="/nowhere", words="")
        wait_until(lambda: "goes on with the settings of before" in self.server.stderr(), "the reason")
        self.assert_code(1000, self.say("a casino"))
        self.assertEqual(self.heard(), ["a ######"])
        self.change(word_list_file=None, words=None, action=None, mask=None)
        self.assert_code(1000, self.say("a casino"))
        self.assertEqual(self.heard(), ["a casino"])
