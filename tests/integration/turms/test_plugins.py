"""Plugins in the real process: the examples of docs/plugins.md as they stand there, and the antispam plugin."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import client as c
from case import TurmsTest
from server import BINARY, Server, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
COMPILE = {
    "c": ["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{ROOT}/include"],
    "cpp": ["c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{ROOT}/include"],
    "rust": ["rustc", "--edition", "2021", "--crate-type", "cdylib"],
}


def examples():
    """{"smile.c": (language, source)} of the document."""
    text = (ROOT / "docs/plugins.md").read_text()
    return {name: (language, code) for language, name, code in re.findall(r"```(\w+) (\S+)\n(.*?)```", text, re.DOTALL)}


class Talking(TurmsTest):
    accounts = 2

    def setUp(self):
        self.alice, self.bob = self.sign_in(self.users[0]), self.sign_in(self.users[1])

    def say(self, text):
        return self.alice.request("create_message", recipient_id=self.users[1], text=text)

    def heard(self):
        return [push.relayed_request.create_message_request.text for push in self.bob.pushes()]


class Examples(Talking):
    @classmethod
    def make_server(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="turms-plugins-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.built = []
        for name, (language, code) in examples().items():
            if shutil.which(COMPILE[language][0]) is None:
                continue
            (folder / name).write_text(code)
            out = folder / (name.rpartition(".")[0] + ".so")
            subprocess.run([*COMPILE[language], "-o", str(out), str(folder / name)], check=True)
            cls.built.append(out.stem)
        server = Server({"plugins.dir": str(folder), "plugins.enabled": ",".join(cls.built),
                         "plugins.brief.words": "5", "plugins.door.word": "sesame"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def heard(self, count=0):
        """A plugin is asked about each notification, so that they come after the answer."""
        texts = []
        wait_until(lambda: texts.extend(Talking.heard(self)) or len(texts) >= count, "what is told")
        return texts

    def test_all_are_in_the_document(self):
        self.assertEqual(set(examples()),
                         {"smile.c", "door.c", "brief.cpp", "discreet.cpp", "nolinks.rs", "psst.rs"})

    def test_c_changes_what_is_stored_and_told(self):
        self.assert_code(1000, self.say("hello :-) there"))
        self.assertEqual(self.heard(1), ["hello \U0001F642 there"])
        found = self.bob.ok("query_messages", are_group_messages=False, from_ids=[self.users[0]])
        self.assertEqual(found.data.messages.messages[-1].text, "hello \U0001F642 there")

    def test_cpp_refuses_with_its_code_and_reason(self):
        refused = self.say("these are far too many words")
        self.assert_code(1102, refused)
        self.assertEqual(refused.reason, "at most 5 words")
        self.assertEqual(self.heard(), [])

    def test_rust_refuses(self):
        if "nolinks" not in self.built:
            raise unittest.SkipTest("no rustc")
        self.assert_code(5010, self.say("see https://example.org"))
        self.assertEqual(self.heard(), [])


    def test_c_says_who_may_sign_in(self):
        guest = self.connect()
        self.assert_code(2013, guest.sign_in(987654321, password="sesame", device_type=c.DESKTOP))
        self.assert_code(1000, guest.sign_in(987654321, password="sesame", device_type=c.BROWSER))
        other = self.connect()
        self.assert_code(2011, other.sign_in(self.users[0], password="no", device_type=c.BROWSER))

    def test_cpp_changes_requests(self):
        sent = self.say("burns")
        self.assert_code(1000, sent)
        told = []
        wait_until(lambda: told.extend(self.bob.pushes()) or told, "it is told")
        message, = (push.relayed_request.create_message_request for push in told)
        self.assertEqual((message.burn_after, message.text), (3600, "burns"))
        found = self.bob.ok("query_messages", are_group_messages=False, from_ids=[self.users[0]], ids=[sent.data.long])
        self.assertEqual(found.data.messages.messages[0].text, "burns")

    def test_cpp_answers_a_request_itself(self):
        self.alice.ok("update_typing_status", is_group_message=False, to_id=self.users[1])
        self.assert_code(1000, self.say("hello"))
        self.assertEqual(self.heard(1), ["hello"])

    def test_rust_says_what_nobody_is_told(self):
        if "psst" not in self.built:
            raise unittest.SkipTest("no rustc")
        quiet = self.say("psst, listen")
        self.assert_code(1000, quiet)
        self.assert_code(1000, self.say("hello"))
        self.assertEqual(self.heard(1), ["hello"])
        found = self.bob.ok("query_messages", are_group_messages=False, from_ids=[self.users[0]], ids=[quiet.data.long])
        self.assertEqual(found.data.messages.messages[0].text, "psst, listen")


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
