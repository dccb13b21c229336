"""Settings that change while the server runs: over the admin API, by command, and by its file."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import tempfile
import unittest

import client as c
from server import wait_until
from test_admin import BINARY, AdminServer

LIMIT = "turms.service.message.max-text-limit"
TEN = "ten chars."


class RunTimeSettingsTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        data = tempfile.mkdtemp(prefix="turms-settings-")
        self.config = pathlib.Path(data) / "turms.yaml"
        self.write(500)
        self.server = AdminServer("--config", str(self.config), data=data)
        self.password = self.server.password
        self.addCleanup(lambda: self.server.remove())
        for user in (1, 2):
            status, said, _ = self.server.ask("POST", "/users",
                                              {"id": user, "name": f"user {user}", "password": "password"})
            self.assertEqual(status, 200, said)

    def write(self, limit):
        self.config.write_text(f"turms:\n  service:\n    message: {{max-text-limit: {limit}}}\n")

    def restart(self, *arguments):
        self.server.stop()
        self.restart_stopped(*arguments)

    def restart_stopped(self, *arguments):
        account, password = self.server.account, self.server.password
        self.server = AdminServer("--config", str(self.config), *arguments, data=self.server.data)
        self.server.account, self.server.password = account, password

    def sign_in(self, user):
        client = c.Client(self.server, c.Tcp)
        self.addCleanup(client.close)
        self.assertEqual(client.sign_in(user, "password").code, 1000)
        self.assertTrue(client.receive().data.HasField("user_session"))
        return client

    def send(self, client, text=TEN):
        return client.request("create_message", recipient_id=2, text=text, delivery_date=1).code

    def change(self, body, query=""):
        return self.server.ask("PUT", "/cluster/settings" + query, body)

    def change_ok(self, body, query=""):
        status, said, _ = self.change(body, query)
        self.assertEqual((status, said["code"]), (200, 1000), said)

    def limit(self):
        status, said, _ = self.server.ask("GET", "/cluster/settings")
        self.assertEqual(status, 200, said)
        return said["data"]["settings"]["service"]["message"]["maxTextLimit"]

    def command(self, *arguments, status=0):
        environment = {**os.environ, "TURMS_ADMIN_PASSWORD": self.server.password}
        done = subprocess.run([BINARY, "config", *arguments, "--url", f"http://127.0.0.1:{self.server.admin}"],
                              env=environment, text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + done.stderr

    def test_a_limit_holds_at_once_for_who_is_there_and_after_a_restart(self):
        alice = self.sign_in(1)
        self.assertEqual(self.send(alice), 1000)
        self.change_ok({"service": {"message": {"maxTextLimit": 5}}})
        self.assertEqual(self.send(alice), 1102)
        self.assertEqual(self.send(alice, "five."), 1000)
        self.restart()
        self.assertEqual(self.limit(), 5)
        self.assertEqual(self.send(self.sign_in(1)), 1102)
        self.change_ok({LIMIT: None})
        self.assertEqual(self.limit(), 500)
        # The command line ranks above what was changed.
        self.change_ok({LIMIT: 5})
        self.restart("--set", f"{LIMIT}=50")
        self.assertEqual(self.limit(), 50)
        status, said, _ = self.change({LIMIT: 6})
        self.assertEqual((status, said["code"]), (400, 1102), said)
        self.assertIn("command line", said["reason"])

    def test_what_is_kept_and_no_longer_good_is_left_out(self):
        self.change_ok({LIMIT: 5})
        self.server.stop()
        database = sqlite3.connect(pathlib.Path(self.server.data) / "turms.db")
        with database:
            database.execute("update changed_setting set value = '-1'")
        database.close()
        self.restart_stopped()
        self.assertEqual(self.limit(), 500)
        self.assertIn(f"{LIMIT} was set to '-1' while the server ran, which is left out", self.server.stderr())

    def test_all_or_none(self):
        for body, words in (({LIMIT: 5, "http.port": 1}, "http.port takes effect at a start only"),
                            ({LIMIT: 5, "turms.service.message.allow-recall-message": 3}, "must be true or false"),
                            ({LIMIT: -1}, "must be a number from 1"),
                            ({LIMIT: 5, "turms.service.message.max-text-limitt": 5}, f"did you mean '{LIMIT}'"),
                            ({LIMIT: 5, "log.level": "debug"}, "command line")):
            with self.subTest(body):
                status, said, _ = self.change(body)
                self.assertEqual((status, said["code"]), (400, 1102), said)
                self.assertIn(words, said["reason"])
                self.assertEqual(self.limit(), 500)
        self.assertEqual(self.change({LIMIT: 5}, query="?nonsense=1")[0], 400)
        self.assertEqual(self.send(self.sign_in(1)), 1000)

    def test_changes_and_refusals_are_in_the_audit_log(self):
        self.change_ok({LIMIT: 5})
        self.change({"http.port": 1})
        records = self.server.ask("GET", "/audit-logs?size=100")[1]["data"]["records"]
        made = [record for record in records if record["action"] == "PUT /cluster/settings"]
        self.assertEqual([record["status"] for record in made], [400, 200])
        self.assertEqual(made[1]["account"], self.server.account)
        self.assertIn(LIMIT, json.dumps(made[1]["arguments"]))

    def test_sessions_that_are_there_get_the_new_times_and_rates(self):
        alice = self.sign_in(1)
        self.change_ok({"turms.gateway.client-api.rate-limiting.capacity": 1,
                        "turms.gateway.client-api.rate-limiting.initial-tokens": 1,
                        "turms.gateway.client-api.rate-limiting.refill-interval-millis": 0})
        self.assertEqual([self.send(alice), self.send(alice)], [1000, 1101])
        self.change_ok({"turms.gateway.client-api.rate-limiting.capacity": 0})
        self.assertEqual(self.send(alice), 1000)
        bob = self.sign_in(2)
        self.change_ok({"gateway": {"session": {"closeIdleSessionAfterSeconds": 1}}})
        wait_until(lambda: self.server.ask("GET", "/users/online-infos/count")[1]["data"]["sessions"] == 0,
                   "idle sessions to be closed")
        del bob

    def test_the_file_is_read_again_on_hangup(self):
        self.write(5)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.limit() == 5, "the file to be read")
        self.assertEqual(self.send(self.sign_in(1)), 1102)
        self.write(-1)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "stays as it is" in self.server.stderr(), "the refusal")
        self.assertEqual(self.limit(), 5)
        self.change_ok({LIMIT: 7})
        self.write(9)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.server.stderr().count("was read again") == 2, "the file to be read")
        self.assertEqual(self.limit(), 7)

    def test_commands(self):
        self.assertEqual(self.command("get", LIMIT), "500\n")
        self.command("set", f"{LIMIT}=5", "turms.service.user.settings.allowed-settings=a,b")
        self.assertEqual(self.limit(), 5)
        self.assertIn("turms.service.user.settings.allowed-settings=a,b\n", self.command("get"))
        self.assertIn("http.port", self.command("get", "--all"))
        self.assertNotIn("http.port", self.command("get"))
        self.command("unset", LIMIT)
        self.assertEqual(self.limit(), 500)
        self.command("set", f"{LIMIT}=6")
        self.command("unset", "--all")
        self.assertEqual(self.limit(), 500)
        self.assertIn("takes effect at a start only", self.command("set", "http.port=1", status=1))
        self.assertIn("unknown key", self.command("get", "no.such.key", status=2))
        self.command("unset", status=2)


if __name__ == "__main__":
    unittest.main()
