"""`turms export`: all data of a user or a group, while the server runs."""

import json
import pathlib
import shutil
import subprocess
import tempfile

from case import TurmsTest
from server import BINARY
from test_storage import ATTACHMENT, PNG, info_of, post_as_sdk


class ExportTest(TurmsTest):
    accounts = 4

    def setUp(self):
        self.a, self.b, self.c, self.d = self.users
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="turms-export-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.alice = self.sign_in(self.a)
        self.bob = self.sign_in(self.b)

    def export(self, kind, id, status=0):
        to = self.folder / f"{kind}-{id}"
        done = subprocess.run([BINARY, "export", kind, str(id), "--data", self.server.data, "--to", str(to)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        self.said = done.stderr
        return to

    def lines(self, folder, name):
        path = folder / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def test_a_user_gets_what_is_theirs_and_what_they_may_see(self):
        mine, others = self.group_of(self.a, self.b), self.group_of(self.b, self.c)
        self.alice.ok("create_message", recipient_id=self.b, text="to bob")
        self.bob.ok("create_message", recipient_id=self.a, text="to alice")
        self.bob.ok("create_message", recipient_id=self.c, text="to carol")
        self.alice.ok("create_message", group_id=mine, text='in "ours"\n第二行')
        self.bob.ok("create_message", group_id=others, text="in theirs")
        withdrawn = self.bob.ok("create_message", group_id=mine, text="withdrawn").data.long
        self.bob.ok("update_message", message_id=withdrawn, recall_date=1)
        self.alice.ok("create_friend_request", recipient_id=self.d, content="hello")
        info = info_of(self.alice.ok("query_resource_upload_info", type=ATTACHMENT, id_num=-mine, name="a.png", media_type="image/png"))
        self.assertEqual(post_as_sdk(info, PNG, "a.png", "image/png"), 204)
        attachment = info["id"]

        folder = self.export("user", self.a)
        user, = self.lines(folder, "user")
        self.assertEqual((user["id"], user["name"]), (str(self.a), f"user {self.a}"))
        self.assertNotIn("argon2", "".join(path.read_text(errors="replace") for path in folder.glob("*.jsonl")))
        texts = {one["text"] for one in self.lines(folder, "messages") if one["text"]}
        self.assertEqual(texts, {"to bob", "to alice", 'in "ours"\n第二行'})
        self.assertEqual([one["group_id"] for one in self.lines(folder, "memberships")], [str(mine)])
        self.assertEqual([one["recipient_id"] for one in self.lines(folder, "friend_requests")], [str(self.d)])
        self.assertEqual([one["id"] for one in self.lines(folder, "attachments")], [attachment])
        self.assertEqual((folder / "files" / attachment).read_bytes(), PNG)
        manifest = json.loads((folder / "manifest.json").read_text())
        self.assertEqual((manifest["kind"], manifest["id"], manifest["missing_files"]), ("user", str(self.a), []))
        self.assertEqual(manifest["lines"]["messages.jsonl"], len(self.lines(folder, "messages")))

    def test_a_group_gets_its_members_and_messages(self):
        group = self.group_of(self.d, self.c)
        carol = self.sign_in(self.c)
        for text in "xyz":
            carol.ok("create_message", group_id=group, text=text)
        carol.ok("create_message", recipient_id=self.d, text="private")
        folder = self.export("group", group)
        self.assertEqual([one["name"] for one in self.lines(folder, "group")], ["a group"])
        self.assertEqual([(one["user_id"], one["role"]) for one in self.lines(folder, "members")],
                         [(str(self.c), 2), (str(self.d), 0)])
        self.assertEqual([(one["text"], one["sequence"]) for one in self.lines(folder, "messages")],
                         [("x", 1), ("y", 2), ("z", 3)])

    def test_what_is_not_there_leaves_nothing(self):
        self.export("user", 999_999_999, status=1)
        self.assertIn("there is no user 999999999", self.said)
        self.export("group", 999_999_999, status=1)
        self.assertEqual(list(self.folder.iterdir()), [])
        folder = self.export("user", self.a)
        before = (folder / "manifest.json").read_text()
        self.export("user", self.a, status=1)
        self.assertIn("is there", self.said)
        self.assertEqual((folder / "manifest.json").read_text(), before)
