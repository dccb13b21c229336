"""The examples of docs/plugins.md and plugins/example, built as they stand there and run in the real process."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import client as c
from case import TurmsTest
from server import Server, wait_until
from test_admin import MADE, basic
from test_storage import ATTACHMENT, http, info_of, post_as_sdk

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "plugins/example"
C_FLAGS = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{ROOT}/include"]
COMPILE = {
    ".c": ["cc", *C_FLAGS],
    ".cc": ["c++", "-std=c++20", *C_FLAGS],
    ".rs": ["rustc", "--edition", "2021", "--crate-type", "cdylib", "-D", "warnings"],
}
#: Which of them shows what; each extension point is here once at least.
EXAMPLES = {
    "smile.c": ["before_send"], "brief.cc": ["before_send"], "nolinks.rs": ["before_send"],
    "door.c": ["authenticate"], "discreet.cc": ["transform", "handle"], "keep.c": ["before_expiry"],
    "psst.rs": ["before_notify"], "journal.cc": ["notified", "admin_action"],
    "presence.rs": ["online_status_changed"], "bell.c": ["message_missed", "wants_everybody"],
    "shelf.cc": ["upload_info", "download_info", "find", "remove"],
    "example.c": ["create_meeting", "accept", "members", "setting_list", "serve_http", "start_timer"],
}


def sources():
    """{"smile.c": source}"""
    text = (ROOT / "docs/plugins.md").read_text()
    found = {name: code for name, code in re.findall(r"```\w+ (\S+)\n(.*?)```", text, re.DOTALL)}
    found.update({path.name: path.read_text() for path in FOLDER.iterdir() if path.name != "turms.rs"})
    return found


def build(names, folder):
    """The plugins that could be built: all but those without a compiler here."""
    built = []
    shutil.copy(FOLDER / "turms.rs", folder)
    for name in names:
        file = folder / name
        if shutil.which(COMPILE[file.suffix][0]) is None:
            continue
        file.write_text(sources()[name])
        subprocess.run([*COMPILE[file.suffix], "-o", str(file.with_suffix(".so")), str(file)], check=True)
        built.append(file.stem)
    return built


class Documentation(unittest.TestCase):
    def test_each_example_is_known_and_shows_what_it_is_for(self):
        self.assertEqual(set(sources()), set(EXAMPLES))
        for name, points in EXAMPLES.items():
            for point in points:
                self.assertRegex(sources()[name], rf"\b{point}\b")

    def test_the_document_names_each(self):
        text = (ROOT / "docs/plugins.md").read_text()
        for path in FOLDER.iterdir():
            self.assertIn(f"(../plugins/example/{path.name})", text)

    def test_each_function_that_a_plugin_may_offer_is_shown(self):
        header = (ROOT / "include/turms/plugin.h").read_text()
        header = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
        header = header[header.index("typedef struct turms_conference"):]
        # Not those that plugins with turms.membership need not have, nor what the host offers.
        theirs = set(re.findall(r"\(\*(\w+)\)\(void\* self", header))
        theirs -= {"member_removed", "member_muted", "member_role_changed", "stop"}
        everything = "".join(sources().values())
        self.assertEqual({name for name in theirs if not re.search(rf"\b{name}\b", everything)}, set())


class Talking(TurmsTest):
    accounts = 3
    plugins = [name for name in EXAMPLES if name != "keep.c"]

    @classmethod
    def make_server(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="turms-plugins-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.built = build(cls.plugins, cls.folder)
        server = Server({"plugins.dir": str(cls.folder), "plugins.enabled": ",".join(cls.built),
                         "log.level": "info", **cls.settings()}).start()
        cls.addClassCleanup(server.remove)
        return server

    @classmethod
    def settings(cls):
        return {"plugins.brief.words": "5", "plugins.door.word": "sesame", "plugins.example.greeting": "hello",
                "plugins.bell.file": str(cls.folder / "bell.txt"), "plugins.presence.key": "a key",
                "plugins.journal.file": str(cls.folder / "journal.txt")}

    def setUp(self):
        self.alice, self.bob = self.sign_in(self.users[0]), self.sign_in(self.users[1])

    def needs(self, name):
        if name not in self.built:
            raise unittest.SkipTest("no compiler for it")

    def say(self, text):
        return self.alice.request("create_message", recipient_id=self.users[1], text=text)

    def found(self, number):
        """The message as it is stored; None: it is not."""
        found = self.bob.request("query_messages", are_group_messages=False, from_ids=[self.users[0]], ids=[number])
        return found.data.messages.messages[0] if found.code == 1000 and found.data.messages.messages else None

    def heard(self, count=0):
        """A plugin is asked about each notification, so that they come after the answer."""
        texts = []
        wait_until(lambda: texts.extend(push.relayed_request.create_message_request.text for push in self.bob.pushes())
                   or len(texts) >= count, "what is told")
        return texts

    def get(self, path, headers=None):
        return http(f"http://127.0.0.1:{self.server.http}{path}", headers=headers)

    def wait_for_line(self, file, pattern):
        wait_until(lambda: re.search(pattern, (self.folder / file).read_text(), re.MULTILINE), f"{pattern} in {file}")


class Examples(Talking):
    def test_c_changes_what_is_stored_and_told(self):
        sent = self.say("hello :-) there")
        self.assert_code(1000, sent)
        self.assertEqual(self.heard(1), ["hello \U0001F642 there"])
        self.assertEqual(self.found(sent.data.long).text, "hello \U0001F642 there")

    def test_cpp_refuses_with_its_code_and_reason(self):
        refused = self.say("these are far too many words")
        self.assert_code(1102, refused)
        self.assertEqual(refused.reason, "at most 5 words")
        self.assertEqual(self.heard(), [])

    def test_rust_refuses(self):
        self.needs("nolinks")
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
        self.assertEqual(self.found(sent.data.long).text, "burns")

    def test_cpp_answers_a_request_itself(self):
        self.alice.ok("update_typing_status", is_group_message=False, to_id=self.users[1])
        self.assert_code(1000, self.say("hello"))
        self.assertEqual(self.heard(1), ["hello"])

    def test_rust_says_what_nobody_is_told(self):
        self.needs("psst")
        quiet = self.say("psst, listen")
        self.assert_code(1000, quiet)
        self.assert_code(1000, self.say("hello"))
        self.assertEqual(self.heard(1), ["hello"])
        self.assertEqual(self.found(quiet.data.long).text, "psst, listen")

    def test_rust_knows_who_is_online(self):
        self.needs("presence")
        def online():
            status, _, body = self.get("/plugins/presence/", {"Authorization": "Bearer a key"})
            self.assertEqual(status, 200)
            return set(map(int, body.split()))

        self.assertEqual(self.get("/plugins/presence/")[0], 401)
        self.assertEqual(self.get("/plugins/presence/", {"Authorization": "Bearer no key"})[0], 401)
        wait_until(lambda: online() >= set(self.users[:2]), "both are online")
        self.bob.close()
        wait_until(lambda: self.users[1] not in online(), "one is gone")
        self.assertIn(self.users[0], online())

    def test_cpp_is_told_of_notifications(self):
        self.say("hello")
        self.wait_for_line("journal.txt", "^notified 1 users, 0 of them offline, of [0-9]+ bytes$")
        self.alice.ok("create_message", recipient_id=self.users[2], text="to nobody")
        self.wait_for_line("journal.txt", "^notified 1 users, 1 of them offline, of [0-9]+ bytes$")

    def test_cpp_is_told_of_what_admins_do(self):
        account, password = MADE.search(self.server.stderr()).groups()
        ask = urllib.request.Request(f"http://127.0.0.1:{self.server.admin}/users?ids=123456", method="DELETE",
                                     headers={"Authorization": basic(account, password)})
        try:
            status = urllib.request.urlopen(ask, timeout=20).status
        except urllib.error.HTTPError as error:
            status = error.code
        self.wait_for_line("journal.txt", rf'^{account}: DELETE /users .*123456.* {status}$')

    def test_c_rings_for_users_who_are_nowhere(self):
        self.alice.ok("create_message", recipient_id=self.users[2], text="are you there")
        self.wait_for_line("bell.txt", f"^{self.users[2]}: [0-9]+ unread, the last from user {self.users[0]}$")
        self.say("hello")
        self.heard(1)
        self.alice.ok("create_message", recipient_id=self.users[2], text="and now")
        wait_until(lambda: len((self.folder / "bell.txt").read_text().splitlines()) >= 2, "the second")
        self.assertNotIn(f"{self.users[1]}:", (self.folder / "bell.txt").read_text())

    def test_cpp_keeps_files(self):
        def address(kind, **fields):
            info = info_of(self.alice.ok(kind, type=ATTACHMENT, **fields))
            self.assertTrue(info["url"].startswith("/plugins/shelf/"), info)
            return {**info, "url": f"http://127.0.0.1:{self.server.http}{info['url']}"}

        group = self.group_of(*self.users[:2])
        up = address("query_resource_upload_info", id_num=-group, name="a.bin", media_type="a/b")
        data = bytes(range(256)) * 10
        self.assertEqual(post_as_sdk(up, data), 204)
        down = address("query_resource_download_info", id_num=int(up["id"]))
        status, headers, body = http(down["url"])
        self.assertEqual((status, body), (200, data))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(http(up["url"])[0], 404)
        self.assertEqual(self.get("/plugins/shelf/")[0], 404)
        self.assertEqual(http(up["url"], b"no form")[0], 400)
        self.alice.ok("delete_resource", type=ATTACHMENT, id_num=int(up["id"]))
        wait_until(lambda: http(down["url"])[0] == 404, "the plugin has removed it")

    def test_c_holds_meetings(self):
        group = self.group_of(*self.users[:2])
        meeting = self.alice.ok("create_meeting", group_id=group, name="now").data.long
        for client, user in ((self.alice, self.users[0]), (self.bob, self.users[1])):
            answer = client.ok("update_meeting_invitation", meeting_id=meeting, response_action=c.ACCEPT)
            self.assertEqual(answer.data.string, f"example-{meeting}-{user}")
        self.alice.ok("delete_meeting", id=meeting)
        self.assertEqual(self.get("/plugins/example/hello")[::2], (200, b"hello"))


class Keeping(Talking):
    accounts = 2
    plugins = ["keep.c"]

    @classmethod
    def settings(cls):
        return {}

    def test_c_keeps_what_would_expire(self):
        kept, other = (self.alice.ok("create_message", recipient_id=self.users[1], text=text, burn_after=1).data.long
                       for text in ("read me #keep", "read me"))
        # They burn from when they were read.
        self.bob.ok("update_conversation", user_id=self.users[0], read_date=int(time.time() * 1000))
        wait_until(lambda: self.found(other) is None, "the other is deleted")
        self.assertEqual(self.found(kept).text, "read me #keep")
