"""`turms import`: a dump of a Turms deployment's MongoDB, and the server on what was made of it."""

import base64
import contextlib
import gzip
import hashlib
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from client import Client, Tcp
from mongo_dump import Int64, archive, at, document, write_directory
from server import BINARY, Server, wait_until

LOGIN_FAILED, NOT_ACTIVE = 2011, 2012
ALICE, BOB, CAROL, GONE = 101, 102, 103, 104
GROUP, OLD_GROUP = 5001, 5002
# Made in 2023.
T = 1_690_000_000_000
# As the upstream server makes them for messages: neither small nor in order.
FIRST, SECOND, THIRD, PRIVATE = 9_214_364_837_600_034_817, 4_503_599_627_370_497, 18_014_398_509_481_985, 77
SALT = b"\x01\x02\x03\x04\x05\x06\x07\x08"
# bcrypt of "turms" without a zero byte behind it, cost 10 (golang.org/x/crypto/blowfish).
BCRYPT = bytes.fromhex("9bef4d04e1f8f92f3de57323f8179190" "e0b44e30f5ae0cb479cc533e67fa325a56f7f8e618381fb8")


def salted(password):
    return SALT + hashlib.sha256(SALT + password.encode()).digest()


def user(id, name, password, **more):
    return {"_id": Int64(id), "pw": password, "n": name, "intro": "", "pas": 0, "pgid": Int64(0),
            "rd": at(T), "lud": at(T), "act": True, **more}


def member(group, user, role, name=None):
    return {"_id": {"gid": Int64(group), "uid": Int64(user)}, "n": name, "role": role, "jd": at(T)}


def message(id, sender, target, ms, text, **more):
    return {"_id": Int64(id), "gm": False, "sm": False, "dyd": at(T + ms), "txt": text, "sid": Int64(sender),
            "sip": 2130706433, "tid": Int64(target), "sqid": 9, **more}


def relationship(owner, related, **more):
    return {"_id": {"oid": Int64(owner), "rid": Int64(related)}, "ed": at(T), **more}


DATABASES = {
    "turms-user": {
        "user": [
            user(ALICE, "Alice", salted("old password"), _nickname="Ally"),
            user(BOB, "Bob", salted("bob's")),
            user(CAROL, "Carol", None),
            user(GONE, "Gone", salted("gone"), dd=at(T + 5)),
        ],
        "userVersion": [{"_id": Int64(ALICE), "r": at(T + 7), "jg": at(T + 8)}],
        "userRole": [{"_id": Int64(3), "n": "few", "cgtid": [Int64(0)], "ogl": 1, "gtl": {"0": 1}}],
        "userRelationship": [
            relationship(ALICE, BOB), relationship(BOB, ALICE),
            relationship(ALICE, CAROL, bd=at(T)), relationship(ALICE, 999),
        ],
        "userRelationshipGroup": [
            {"_id": {"oid": Int64(ALICE), "gidx": 0}, "n": "", "cd": at(T)},
            {"_id": {"oid": Int64(ALICE), "gidx": 7}, "n": "work", "cd": at(T)},
        ],
        "userRelationshipGroupMember": [
            {"_id": {"oid": Int64(ALICE), "gidx": 7, "ruid": Int64(BOB)}, "jd": at(T)},
        ],
        "userFriendRequest": [
            {"_id": Int64(31), "cnt": "hello", "stat": 1, "cd": at(T), "adr": at(T + 1), "rrid": Int64(BOB), "rtid": Int64(ALICE)},
        ],
        "userSettings": [{"_id": Int64(ALICE), "s": {"theme": "dark"}, "lud": at(T)}],
    },
    "turms-group": {
        "group": [
            {"_id": Int64(GROUP), "tid": Int64(2), "cid": Int64(ALICE), "oid": Int64(ALICE), "n": "Chess", "intro": "we play",
             "annt": "tonight", "ms": 0, "cd": at(T), "lud": at(T), "ac": True},
            {"_id": Int64(OLD_GROUP), "tid": Int64(0), "cid": Int64(BOB), "oid": Int64(BOB), "n": "Old", "cd": at(T), "dd": at(T), "ac": False},
        ],
        "groupType": [{"_id": Int64(2), "n": "small", "gsl": 5, "is": 1, "js": 0, "gius": 2, "mius": 2, "gs": False, "siu": True, "err": True, "me": True}],
        "groupMember": [member(GROUP, ALICE, 0), member(GROUP, BOB, 2, "Bobby"), member(OLD_GROUP, BOB, 0)],
        "groupBlockedUser": [{"_id": {"gid": Int64(GROUP), "uid": Int64(CAROL)}, "bd": at(T), "rid": Int64(ALICE)}],
        "groupJoinQuestion": [{"_id": Int64(41), "gid": Int64(GROUP), "q": "1 + 1?", "ans": ["2"], "score": 10}],
        "groupInvitation": [],
        "groupVersion": [{"_id": Int64(GROUP), "mbr": at(T + 3)}],
    },
    "turms-message": {
        "message": [
            message(THIRD, BOB, GROUP, 20, "third", gm=True),
            message(FIRST, ALICE, GROUP, 10, "first", gm=True),
            message(SECOND, BOB, GROUP, 20, "second", gm=True),
            message(PRIVATE, BOB, ALICE, 30, "just us", rec=[b"\x01\x02"]),
            message(78, BOB, ALICE, 31, "deleted", dd=at(T + 40)),
        ],
    },
    "turms-conversation": {
        "groupConversation": [{"_id": Int64(GROUP), "mr": {str(ALICE): at(T + 10), str(BOB): at(T + 20)}}],
        "privateConversation": [{"_id": {"oid": Int64(ALICE), "tid": Int64(BOB)}, "rd": at(T + 30)}],
        "conversationSettings": [{"_id": {"oid": Int64(ALICE), "tid": Int64(-GROUP)}, "s": {"sticky": True}, "lud": at(T)}],
    },
    "turms-admin": {
        "admin": [{"_id": "turms", "pw": BCRYPT, "n": "root", "rid": Int64(0), "rd": at(T)},
                  {"_id": "eva", "pw": BCRYPT, "n": "Eva", "rid": Int64(9), "rd": at(T)}],
        "adminRole": [{"_id": Int64(9), "n": "reader", "perm": ["USER_QUERY"], "rank": 5, "cd": at(T)}],
    },
    "turms-conference": {"meeting": [{"_id": Int64(1)}]},
}


def turms_import(dump, data, *options):
    return subprocess.run([BINARY, "import", str(dump), "--data", str(data), *options], capture_output=True, text=True, timeout=120)


class ImportTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="turms-import-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"

    def write(self, databases=DATABASES):
        write_directory(self.folder / "dump", databases)
        return self.folder / "dump"

    def test_an_archive_gives_the_same_as_a_directory(self):
        report = turms_import(self.write(), self.folder / "a")
        self.assertEqual(report.returncode, 0, report.stderr)
        (self.folder / "plain").write_bytes(archive(DATABASES))
        (self.folder / "packed").write_bytes(gzip.compress(archive(DATABASES)))
        for name in ("plain", "packed"):
            again = turms_import(self.folder / name, self.folder / ("of " + name))
            self.assertEqual((again.returncode, again.stdout), (0, report.stdout), again.stderr)

    def test_the_report_says_what_became_of_it(self):
        done = turms_import(self.write(), self.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = {line.split()[0]: tuple(map(int, line.split()[1:])) for line in done.stdout.splitlines()[1:]
                  if len(line.split()) == 4 and line.split()[1].isdigit()}
        self.assertEqual(counts["user"], (4, 4, 0))
        self.assertEqual(counts["userRelationship"], (4, 3, 1))
        self.assertEqual(counts["groupMember"], (3, 2, 1))
        self.assertEqual(counts["message"], (5, 4, 1))
        self.assertEqual(counts["admin"], (2, 2, 0))
        self.assertIn("skipped 1 of message: it was deleted: 78\n", done.stdout)
        self.assertIn("skipped 1 of userRelationship: its user is not in the dump: 101-999\n", done.stdout)
        self.assertIn("not used: 1 documents of meeting\n", done.stdout)
        self.assertIn("changed 2 of admin: its password is the one that every deployment begins with: change it: turms eva\n",
                      done.stdout)

    def test_a_dry_run_says_the_same_and_leaves_nothing(self):
        dump = self.write()
        dry = turms_import(dump, self.data, "--dry-run")
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["dump"])
        wet = turms_import(dump, self.data)
        self.assertEqual(dry.stdout, wet.stdout + "nothing was kept: this was a dry run\n")

    def test_data_that_is_there_is_left_alone(self):
        dump = self.write()
        self.data.mkdir()
        (self.data / "kept").write_text("mine")
        refused = turms_import(dump, self.data)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("holds data", refused.stderr)
        self.assertEqual([path.name for path in self.data.iterdir()], ["kept"])

    def test_a_damaged_dump_leaves_nothing(self):
        dump = self.write()
        file = dump / "turms-message" / "message.bson"
        file.write_bytes(file.read_bytes()[:-3])
        failed = turms_import(dump, self.data)
        self.assertEqual(failed.returncode, 2, failed.stderr)
        self.assertIn("message.bson", failed.stderr)
        self.assertFalse(self.data.exists())
        self.assertEqual([path.name for path in self.folder.iterdir()], ["dump"])

    def test_wrong_words_are_refused(self):
        self.assertEqual(turms_import(self.write(), self.data, "--user-passwords", "MD5").returncode, 2)
        self.assertEqual(turms_import(self.folder / "nowhere", self.data).returncode, 1)

    def test_the_bytes_are_those_of_pymongo(self):
        try:
            import bson
            from bson.int64 import Int64 as TheirInt64
        except ImportError:
            self.skipTest("python3-bson is not installed")

        def theirs(value):
            if isinstance(value, Int64):
                return TheirInt64(value)
            if isinstance(value, dict):
                return {key: theirs(inner) for key, inner in value.items()}
            return [theirs(inner) for inner in value] if isinstance(value, list) else value

        for collections in DATABASES.values():
            for documents in collections.values():
                for one in documents:
                    self.assertEqual(document(one), bson.encode(theirs(one)))


class ImportedServerTest(unittest.TestCase):
    """The real server on a data directory that was imported."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="turms-import-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        write_directory(cls.folder / "dump", DATABASES)
        done = turms_import(cls.folder / "dump", cls.folder / "data")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.server = Server({"turms.service.user.settings.allowed-settings": "theme",
                             "turms.service.conversation.settings.allowed-settings": "sticky"},
                            data=str(cls.folder / "data")).start()
        cls.addClassCleanup(cls.server.remove)

    def connect(self):
        client = Client(self.server, Tcp)
        self.addCleanup(client.close)
        return client

    def sign_in(self, user, password):
        client = self.connect()
        response = client.sign_in(user, password)
        self.assertEqual(response.code, 1000, response)
        client.receive()
        return client

    def test_old_passwords_let_in_again_and_again(self):
        self.sign_in(ALICE, "old password")

        def stored():
            with contextlib.closing(sqlite3.connect(pathlib.Path(self.server.data) / "turms.db")) as database:
                return database.execute("select password_hash from user where id = ?", (ALICE,)).fetchone()[0]

        wait_until(lambda: stored().startswith("$argon2id$"), "the password hashed anew")
        self.sign_in(ALICE, "old password")
        self.assertEqual(self.connect().sign_in(ALICE, "another").code, LOGIN_FAILED)
        self.assertEqual(self.connect().sign_in(CAROL, "").code, LOGIN_FAILED)
        self.assertEqual(self.connect().sign_in(CAROL, "turms").code, LOGIN_FAILED)
        self.assertEqual(self.connect().sign_in(GONE, "gone").code, NOT_ACTIVE)

    def test_history_is_there_and_goes_on(self):
        bob = self.sign_in(BOB, "bob's")

        def history():
            found = bob.ok("query_messages", are_group_messages=True, from_ids=[GROUP]).data.messages.messages
            return [(one.id, one.sender_id, one.text) for one in found]

        old = [(FIRST, ALICE, "first"), (SECOND, BOB, "second"), (THIRD, BOB, "third")]
        self.assertEqual(history()[:3], old)
        new = bob.ok("create_message", group_id=GROUP, text="new").data.long
        self.assertEqual(history(), [*old, (new, BOB, "new")])
        alice = self.sign_in(ALICE, "old password")
        private = alice.ok("query_messages", are_group_messages=False, from_ids=[BOB]).data.messages.messages
        self.assertEqual([(one.id, one.text) for one in private], [(PRIVATE, "just us")])

    def test_people_and_groups_are_there(self):
        alice = self.sign_in(ALICE, "old password")
        profile = alice.ok("query_user_profiles", user_ids=[BOB]).data.user_infos_with_version.user_infos[0]
        self.assertEqual(profile.name, "Bob")
        group = alice.ok("query_groups", group_ids=[GROUP]).data.groups_with_version.groups[0]
        self.assertEqual((group.name, group.announcement, group.owner_id, group.type_id), ("Chess", "tonight", ALICE, 2))
        members = alice.ok("query_group_members", group_id=GROUP).data.group_members_with_version.group_members
        self.assertEqual([(one.user_id, one.role, one.name) for one in members], [(ALICE, 0, ""), (BOB, 2, "Bobby")])
        related = alice.ok("query_related_user_ids").data.longs_with_version.longs
        self.assertEqual(sorted(related), [BOB, CAROL])
        joined = alice.ok("query_joined_group_ids").data.longs_with_version.longs
        self.assertEqual(list(joined), [GROUP])

    def test_admins_sign_in_with_their_old_passwords(self):
        def get(path, account):
            request = urllib.request.Request(f"http://127.0.0.1:{self.server.admin}{path}")
            request.add_header("Authorization", "Basic " + base64.b64encode(f"{account}:turms".encode()).decode())
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, json.loads(answer.read())
            except urllib.error.HTTPError as error:
                return error.code, None

        for _ in range(2):
            status, answer = get(f"/users?ids={ALICE}", "turms")
            self.assertEqual(status, 200)
            self.assertEqual(answer["data"][0]["name"], "Alice")
        self.assertEqual(get(f"/users?ids={ALICE}", "eva")[0], 200)
        self.assertEqual(get("/groups", "eva")[0], 403)
