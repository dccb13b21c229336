"""turms-plugin-antispam in the real process."""

import pathlib
import tempfile

from case import TurmsTest
from server import BINARY, Server


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
