"""The admin API, its permissions, what clients notice of it, and the commands that use it."""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse
from random import Random

import client as c

BINARY = os.environ["TURMS_BINARY"]
SETTINGS = {
    "http.bind": "127.0.0.1", "http.port": 0, "admin.port": 0,
    "turms.gateway.websocket.host": "127.0.0.1", "turms.gateway.websocket.port": 0,
    "turms.gateway.tcp.host": "127.0.0.1", "turms.gateway.tcp.port": 0,
    "livekit.enabled": "false", "plugins.enabled": "", "log.level": "info",
    # What is tested here is not the rate.
    "turms.service.admin-api.rate-limiting.capacity": 100000,
}
MADE = re.compile(r"made the first admin of the admin API: account (\S+), password (\S+)")


def basic(account, password):
    return "Basic " + base64.b64encode(f"{account}:{password}".encode()).decode()


class AdminServer:
    """One process on a data directory of its own."""

    def __init__(self, *arguments, data=None, **settings):
        self.data = data or tempfile.mkdtemp(prefix="turms-admin-")
        command = [BINARY, "serve", "--data", self.data, *arguments]
        for key, value in {**SETTINGS, **settings}.items():
            command += ["--set", f"{key}={value}"]
        self.log = open(pathlib.Path(self.data) / "stderr.log", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.process.kill()
            raise RuntimeError(f"the server did not start:\n{self.stderr()}")
        ports = json.loads(line)
        self.admin, self.tcp, self.websocket = ports["admin"], ports["tcp"], ports["websocket"]
        made = MADE.search(self.stderr())
        self.account, self.password = made.groups() if made else (None, None)

    def stderr(self):
        return (pathlib.Path(self.data) / "stderr.log").read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def remove(self):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def ask(self, method, target, body=None, authorization="", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=30)
        try:
            head = dict(headers or {})
            if authorization == "":
                authorization = basic(self.account, self.password)
            if authorization:
                head["Authorization"] = authorization
            if body is not None and not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            if body is not None:
                head.setdefault("Content-Type", "application/json")
            connection.request(method, target, body, head)
            response = connection.getresponse()
            text = response.read()
            try:
                said = json.loads(text)
            except ValueError:
                said = text
            return response.status, said, response.headers
        finally:
            connection.close()


class AdminTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = AdminServer()
        cls.addClassCleanup(cls.server.remove)
        for number, name in ((1, "one"), (2, "two"), (3, "three")):
            status, said, _ = cls.server.ask("POST", "/users", {"id": number, "name": name, "password": "password"})
            assert status == 200, said

    def ask(self, *arguments, **named):
        return self.server.ask(*arguments, **named)

    def ok(self, *arguments, **named):
        status, said, _ = self.ask(*arguments, **named)
        self.assertEqual((status, said["code"]), (200, 1000), said)
        return said.get("data")

    def refused(self, status, code, *arguments, **named):
        got, said, _ = self.ask(*arguments, **named)
        self.assertEqual((got, said["code"]), (status, code), said)
        return said

    def operations(self):
        """Of the server's own document: (method, path, permission, operation)."""
        _, document, _ = self.ask("GET", "/openapi/docs", authorization=None)
        return [(method.upper(), path, spec.get("x-permission"), spec)
                for path, methods in document["paths"].items() for method, spec in methods.items()]


class Routes(AdminTest):
    """Every route that the document lists, from outside."""

    def test_without_credentials_401(self):
        for method, path, _, spec in self.operations():
            with self.subTest(route=f"{method} {path}"):
                status, said, headers = self.ask(method, path, authorization=None)
                if spec.get("security") == []:
                    self.assertEqual(status, 200)
                else:
                    self.assertEqual((status, said["code"]), (401, 1300))
                    self.assertIn("WWW-Authenticate", headers)

    def test_with_a_role_that_lacks_the_permission_403(self):
        names = [entry["permission"] for entry in self.ok("GET", "/admins/permissions")]
        self.ok("POST", "/admins/roles", {"id": 1000, "name": "lacks_one", "rank": 1, "permissions": names})
        self.ok("POST", "/admins", {"account": "lacking", "password": "password", "roleId": 1000})
        made = self.ok("POST", "/admins/tokens", {}, authorization=basic("lacking", "password"))
        bearer = "Bearer " + made["token"]
        tried = 0
        for method, path, permission, _ in self.operations():
            if permission is None:
                continue
            # A change of the role holds at once.
            self.ok("PUT", "/admins/roles?ids=1000", {"permissions": [name for name in names if name != permission]})
            with self.subTest(route=f"{method} {path}"):
                self.refused(403, 1300, method, path, authorization=bearer)
                tried += 1
            self.ok("PUT", "/admins/roles?ids=1000", {"permissions": [permission]})
            with self.subTest(route=f"{method} {path}", allowed=True):
                if method == "GET":
                    self.assertNotEqual(self.ask(method, path, authorization=bearer)[0], 403)
        self.assertGreater(tried, 40)
        # Each change that was refused to somebody known is written down.
        entries = self.ok("GET", "/audit-logs?accounts=lacking&size=1000")["records"]
        refused = {entry["action"] for entry in entries if (entry["status"], entry["code"]) == (403, 1300)}
        self.assertEqual(refused, {f"{method} {path}" for method, path, permission, _ in self.operations()
                                   if permission and method != "GET"})

    def test_malformed_parameters_400(self):
        for method, path, _, spec in self.operations():
            if spec.get("security") == []:
                continue
            with self.subTest(route=f"{method} {path}"):
                self.assertEqual(self.ask(method, path + "?nonsense=1")[0], 400)
                self.assertEqual(self.ask(method, path, "{")[0], 400)
                self.assertEqual(self.ask(method, path, "[1]")[0], 400)
                self.assertEqual(self.ask(method, path, {"nonsense": 1})[0], 400)
            for parameter in spec.get("parameters", []):
                schema = parameter["schema"].get("items", parameter["schema"])
                if schema["type"] == "integer" or schema.get("format") == "date-time":
                    with self.subTest(route=f"{method} {path}", parameter=parameter["name"]):
                        self.refused(400, 1102, method, f"{path}?{parameter['name']}=x")

    def test_wrong_methods_and_paths(self):
        self.assertEqual(self.ask("PATCH", "/users")[0], 405)
        self.refused(404, 1302, "GET", "/nothing")

    def test_the_page_needs_nothing_from_elsewhere(self):
        status, page, headers = self.ask("GET", "/openapi/ui", authorization=None)
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        links = re.findall(rb'(?:src|href)="([^"]+)"', page)
        self.assertEqual(len(links), 3)
        for link in links:
            self.assertTrue(link.startswith(b"/"))
            self.assertEqual(self.ask("GET", link.decode(), authorization=None)[0], 200)

    def test_the_dashboard_asks_only_for_what_there_is(self):
        _, page, _ = self.ask("GET", "/ui", authorization=None)
        scripts = [self.ask("GET", link.decode(), authorization=None)[1] for link in re.findall(rb'src="([^"]+)"', page)]
        self.assertEqual(len(scripts), 2)
        routes = {path for method, path, _, _ in self.operations() if method == "GET"}
        script = scripts[1].decode()
        asked = re.findall(r"call\('GET', '([^'?]+)|pages\('[^']+', '([^'?]+)", script)
        self.assertGreaterEqual(len(asked), 8)
        for pair in asked:
            self.assertIn("".join(pair), routes)
        for title in ("Health", "Storage", "Sessions", "Users", "Groups", "Meetings", "Plugins"):
            self.assertIn(f"('{title}'", script)

    def test_health_metrics_and_probes_ask_for_nothing(self):
        for path in ("/health", "/metrics", "/livez", "/readyz"):
            self.assertEqual(self.ask("GET", path, authorization=None)[0], 200, path)
        self.ask("GET", "/users")
        metrics = self.ask("GET", "/metrics", authorization=None)[1]
        text = metrics.decode() if isinstance(metrics, bytes) else metrics
        self.assertRegex(text, r'turms_admin_requests_total\{route="GET /users",status="200"\} [1-9]')
        self.assertIn("turms_admin_request_seconds_bucket", text)


class SigningIn(AdminTest):
    def test_the_first_password_is_said_once_and_kept_nowhere(self):
        server = AdminServer()
        self.addCleanup(server.remove)
        self.assertEqual(server.account, "turms")
        self.assertGreaterEqual(len(server.password), 20)
        self.assertEqual(server.ask("GET", "/admins/self")[0], 200)
        server.stop()
        secret = server.password.encode()
        for path in pathlib.Path(server.data).rglob("*"):
            if path.is_file() and path.name != "stderr.log":
                self.assertNotIn(secret, path.read_bytes(), path)
        again = AdminServer(data=server.data)
        server.stop = again.stop
        self.assertEqual(len(MADE.findall(again.stderr())), 1)
        self.assertEqual(again.ask("GET", "/admins/self", authorization=basic("turms", server.password))[0], 200)

    def test_dev_has_a_fixed_password_on_loopback_only(self):
        for bind, fixed in (("127.0.0.1", True), ("0.0.0.0", False)):
            with self.subTest(bind=bind):
                server = AdminServer("--dev", **{"admin.bind": bind})
                try:
                    self.assertEqual(server.password == "turms", fixed)
                    self.assertEqual(server.ask("GET", "/admins/self", authorization=basic("turms", "turms"))[0],
                                     200 if fixed else 401)
                finally:
                    server.remove()

    def test_wrong_passwords_are_slowed_down(self):
        server = AdminServer()
        self.addCleanup(server.remove)
        # Many at once count as many.
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(lambda i: server.ask("GET", "/admins/self", authorization=basic("turms", f"wrong {i}"))[0], range(40)))
        self.assertEqual(set(statuses), {401, 429})
        self.assertLessEqual(statuses.count(401), 12)

    def test_tokens(self):
        made = self.ok("POST", "/admins/tokens", {"name": "script", "ttlSeconds": 600})
        bearer = "Bearer " + made["token"]
        self.assertEqual(self.ok("GET", "/admins/self", authorization=bearer)["account"], "turms")
        self.assertIn("script", [token["name"] for token in self.ok("GET", "/admins/tokens")])
        self.assertEqual(self.ok("DELETE", f"/admins/tokens?ids={made['id']}")["deletedCount"], 1)
        self.refused(401, 1300, "GET", "/admins/self", authorization=bearer)
        for path in pathlib.Path(self.server.data).glob("turms.db*"):
            self.assertNotIn(made["token"].encode(), path.read_bytes())

    def test_other_sites_pages_are_refused(self):
        host = f"127.0.0.1:{self.server.admin}"
        self.assertEqual(self.ask("GET", "/admins/self", headers={"Origin": f"http://{host}"})[0], 200)
        self.assertEqual(self.ask("GET", "/admins/self", headers={"Origin": "https://evil.example"})[0], 403)
        self.assertEqual(self.ask("PUT", "/admins/self", '{"name":"x"}', headers={"Content-Type": "text/plain"})[0], 400)

    def test_the_rate_is_limited(self):
        server = AdminServer(**{"turms.service.admin-api.rate-limiting.capacity": 5,
                           "turms.service.admin-api.rate-limiting.tokens-per-period": 1})
        self.addCleanup(server.remove)
        answers = [server.ask("GET", "/nothing", authorization=None) for _ in range(20)]
        limited = [said for status, said, _ in answers if status == 429]
        self.assertTrue(limited)
        self.assertEqual(limited[0]["code"], 1304)


class Ranks(AdminTest):
    def test_nobody_gains_permissions(self):
        self.ok("POST", "/admins/roles", {"id": 50, "name": "chief", "rank": 10,
                                          "permissions": ["ADMIN_*", "USER_QUERY"]})
        self.ok("POST", "/admins/roles", {"id": 51, "name": "other", "rank": 5, "permissions": ["MESSAGE_*"]})
        self.ok("POST", "/admins", {"account": "chief", "password": "password", "roleId": 50})
        self.ok("POST", "/admins", {"account": "other", "password": "password", "roleId": 51})
        chief = basic("chief", "password")
        for target, body in (
            ("/admins/roles", {"id": 52, "name": "same", "rank": 10, "permissions": ["USER_QUERY"]}),
            ("/admins/roles", {"id": 52, "name": "more", "rank": 1, "permissions": ["*"]}),
            ("/admins/roles", {"id": 0, "name": "root", "rank": 1, "permissions": ["USER_QUERY"]}),
            ("/admins", {"account": "new", "password": "password", "roleId": 0}),
            ("/admins", {"account": "new", "password": "password", "roleId": 50}),
            ("/admins", {"account": "new", "password": "password", "roleId": 51}),
        ):
            with self.subTest(body=body):
                self.refused(403, 1300, "POST", target, body, authorization=chief)
        for account in ("turms", "other"):
            self.refused(403, 1300, "PUT", f"/admins?accounts={account}", {"password": "taken over"}, authorization=chief)
            self.refused(403, 1300, "DELETE", f"/admins?accounts={account}", authorization=chief)
        self.refused(403, 1300, "PUT", "/admins?accounts=chief", {"roleId": 51}, authorization=chief)
        self.ok("PUT", "/admins/self", {"password": "another one"}, authorization=chief)
        self.refused(401, 1300, "GET", "/admins/self", authorization=chief)
        self.refused(409, 1102, "DELETE", "/admins/roles?ids=50")


class Audit(AdminTest):
    def test_every_change_is_written_down(self):
        self.ok("POST", "/users", {"id": 500, "name": "audited", "password": "very secret"}, headers={"X-Request-ID": "trace-500"})
        self.refused(409, 1303, "POST", "/users", {"id": 500, "name": "audited", "password": "very secret"})
        _, said, headers = self.ask("GET", "/audit-logs?actions=" + urllib.parse.quote("POST /users") + "&size=2")
        entries = said["data"]["records"]
        self.assertEqual([(entry["status"], entry["code"]) for entry in entries], [(409, 1303), (200, 1000)])
        done = entries[1]
        self.assertEqual((done["account"], done["address"], done["traceId"]), ("turms", "127.0.0.1", "trace-500"))
        self.assertEqual(done["arguments"]["body"]["id"], 500)
        self.assertEqual(done["arguments"]["body"]["password"], "***")
        self.assertTrue(headers["X-Request-ID"])
        self.assertIn("trace-500 127.0.0.1 turms POST /users 200 1000", self.server.stderr())
        self.assertNotIn("very secret", self.server.stderr())


class Lists(AdminTest):
    def test_pages(self):
        for user in range(30, 37):
            self.ok("POST", "/users", {"id": user, "name": f"paged {user}", "password": "password"})
        seen = []
        for page in range(4):
            got = self.ok("GET", f"/users/page?name=paged&page={page}&size=2")
            self.assertEqual(got["total"], 7)
            seen += [user["id"] for user in got["records"]]
        self.assertEqual(seen, list(range(30, 37)))
        self.assertEqual(self.ok("GET", "/users/page?name=paged&page=4&size=2"), {"total": 7, "records": []})
        self.assertEqual(len(self.ok("GET", "/users?name=paged&size=3")), 3)
        self.refused(400, 1102, "GET", "/users/page?size=1001")
        self.refused(400, 1102, "GET", "/users/page?page=-1")

    def test_filters(self):
        self.ok("POST", "/users", {"id": 40, "name": "asleep", "password": "password", "isActive": False})
        self.assertEqual([user["id"] for user in self.ok("GET", "/users?isActive=false")], [40])
        self.assertEqual(self.ok("GET", "/users?registrationDateStart=2100-01-01"), [])
        self.assertEqual({user["id"] for user in self.ok("GET", "/users?ids=1,40,4711&registrationDateEnd=2100-01-01")}, {1, 40})
        group = self.ok("POST", "/groups", {"name": "filtered", "ownerId": 1, "memberIds": [2]})["id"]
        for query, there in (("ownerIds=1", True), ("ownerIds=2", False), ("memberIds=2", True), ("memberIds=3", False),
                             ("isActive=true", True), ("isActive=false", False), ("typeIds=0", True), ("typeIds=9", False)):
            with self.subTest(query=query):
                self.assertEqual(group in [g["id"] for g in self.ok("GET", f"/groups?{query}&size=1000")], there)

    def test_the_envelope(self):
        _, said, headers = self.ask("GET", "/users?ids=1")
        self.assertEqual(set(said), {"code", "timestamp", "data"})
        self.assertRegex(said["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Cache-Control"], "no-store")
        _, said, _ = self.ask("GET", "/users?ids=x")
        self.assertEqual(set(said), {"code", "reason", "timestamp"})


class Clients(AdminTest):
    """What an administrator does, and what those notice who are signed in."""

    def sign_in(self, user, transport=c.Tcp, password="password"):
        client = c.Client(self.server, transport)
        self.addCleanup(client.close)
        self.assertEqual(client.sign_in(user, password).code, 1000)
        return client

    def add_user(self, user):
        self.ok("POST", "/users", {"id": user, "name": f"user {user}", "password": "password"})

    def code(self, user, password="password"):
        client = c.Client(self.server, c.Tcp)
        self.addCleanup(client.close)
        return client.sign_in(user, password).code

    def test_sessions_end(self):
        for transport in (c.Tcp, c.WebSocket):
            client = self.sign_in(1, transport)
            self.assertEqual(self.ok("GET", "/users/online-infos/statuses?ids=1")[0]["deviceTypes"], ["DESKTOP"])
            self.assertEqual(self.ok("DELETE", "/sessions?ids=1&deviceTypes=IOS")["deletedCount"], 0)
            self.assertEqual(self.ok("DELETE", "/sessions?ids=1")["deletedCount"], 1)
            self.assertEqual(client.closing().close_status, 600)

    def test_a_new_password_ends_sessions_from_before_it(self):
        self.add_user(20)
        client = self.sign_in(20)
        self.ok("PUT", "/users?ids=20", {"password": "another"})
        self.assertEqual(client.closing().close_status, 600)
        self.assertEqual(self.code(20), 2011)
        self.assertEqual(self.code(20, "another"), 1000)

    def test_inactive_and_deleted_users(self):
        self.add_user(21)
        client = self.sign_in(21)
        self.ok("PUT", "/users?ids=21", {"isActive": False})
        self.assertEqual(client.closing().close_status, 700)
        self.assertEqual(self.code(21), 2012)
        self.ok("PUT", "/users?ids=21", {"isActive": True})
        client = self.sign_in(21)
        self.assertEqual(self.ok("DELETE", "/users?ids=21")["deletedCount"], 1)
        self.assertEqual(client.closing().close_status, 700)
        self.assertEqual(self.code(21), 2012)
        self.assertEqual(self.ok("GET", "/users?ids=21"), [])

    def test_blocked_users(self):
        self.add_user(22)
        client = self.sign_in(22)
        self.ok("POST", "/blocked-clients/users", {"ids": [22], "blockMinutes": 10})
        self.assertEqual(client.closing().close_status, 701)
        blocked = self.ok("GET", "/blocked-clients/users/page")
        self.assertIn(22, [entry["id"] for entry in blocked["records"]])
        refused = c.Client(self.server, c.Tcp)
        self.addCleanup(refused.close)
        refused.send("create_session", version=1, user_id=22, password="password", device_type=c.DESKTOP)
        self.assertEqual(refused.closing().close_status, 701)
        self.ok("DELETE", "/blocked-clients/users?ids=22")
        self.assertEqual(self.code(22), 1000)

    def test_system_messages_reach_members(self):
        group = self.ok("POST", "/groups", {"name": "told", "ownerId": 1, "memberIds": [2]})["id"]
        one, two, three = (self.sign_in(user, c.WebSocket) for user in (1, 2, 3))
        sent = self.ok("POST", "/messages", {"isGroupMessage": True, "targetId": group, "text": "maintenance"})["id"]
        for client in (one, two):
            push = client.wait_for(lambda n: n.HasField("relayed_request"))
            self.assertEqual(push.requester_id, 0)
            message = push.relayed_request.create_message_request
            self.assertEqual((message.message_id, message.text, message.is_system_message), (sent, "maintenance", True))
        self.assertEqual([push for push in three.pushes() if push.HasField("relayed_request")], [])
        self.assertEqual(self.ok("DELETE", f"/messages?ids={sent}")["deletedCount"], 1)
        self.assertEqual(one.request("query_messages", are_group_messages=True, from_ids=[group]).code, 1001)

    def test_who_is_removed_from_a_group_is_no_member(self):
        group = self.ok("POST", "/groups", {"name": "left", "ownerId": 1, "memberIds": [2, 3]})["id"]
        two = self.sign_in(2)
        self.ok("DELETE", f"/groups/members?groupId={group}&userIds=2")
        self.assertEqual(two.request("create_message", group_id=group, text="hello").code, 5009)
        self.ok("POST", "/groups/blocked-users", {"groupId": group, "userId": 2})
        self.refused(409, 1102, "POST", "/groups/members", {"groupId": group, "userIds": [2]})
        self.assertEqual(self.ok("DELETE", f"/groups/blocked-users?groupId={group}&userIds=2")["deletedCount"], 1)
        self.ok("POST", "/groups/members", {"groupId": group, "userIds": [2]})
        self.assertEqual(two.request("create_message", group_id=group, text="hello").code, 1000)


    def test_an_accepted_invitation_makes_a_member_who_may_write(self):
        group = self.ok("POST", "/groups", {"name": "invited", "ownerId": 1})["id"]
        made = self.ok("POST", "/groups/invitations", {"groupId": group, "inviterId": 1, "inviteeId": 3, "content": "come"})
        three = self.sign_in(3)
        self.assertEqual(three.request("create_message", group_id=group, text="hello").code, 5009)
        listed = three.request("query_group_invitations").data.group_invitations_with_version
        self.assertIn(made["id"], [invitation.id for invitation in listed.group_invitations])
        changed = self.ok("PUT", f"/groups/invitations?ids={made['id']}", {"status": "ACCEPTED"})
        self.assertEqual(changed["modifiedCount"], 1)
        self.assertEqual(three.request("create_message", group_id=group, text="hello").code, 1000)

    def test_a_recall_reaches_those_who_have_the_message(self):
        group = self.ok("POST", "/groups", {"name": "recalled", "ownerId": 1, "memberIds": [2]})["id"]
        one, two = self.sign_in(1), self.sign_in(2)
        sent = one.request("create_message", group_id=group, text="hello")
        message = sent.data.long
        self.assertEqual(self.ok("PUT", f"/messages?ids={message}", {"text": "bye"})["modifiedCount"], 1)
        found = two.request("query_messages", are_group_messages=True, from_ids=[group])
        self.assertEqual([m.text for m in found.data.messages.messages], ["bye"])
        self.assertEqual(self.ok("PUT", f"/messages?ids={message}", {"recallDate": 0})["modifiedCount"], 1)
        for client in (one, two):
            push = client.wait_for(lambda n: n.relayed_request.create_message_request.is_system_message)
            self.assertEqual(push.relayed_request.create_message_request.records[0], b"\x01")

    def test_sessions_are_listed_with_their_addresses(self):
        one = self.sign_in(1)
        listed = self.ok("GET", "/users/online-infos/sessions?ids=1")
        self.assertEqual([(entry["userId"], entry["ip"]) for entry in listed], [(1, "127.0.0.1")])
        self.assertEqual(self.ok("PUT", "/users/online-infos/statuses?ids=1,3", {"onlineStatus": "BUSY"})["modifiedCount"], 1)
        self.assertEqual(self.ok("GET", "/users/online-infos/statuses?ids=1")[0]["status"], "BUSY")
        self.ok("PUT", "/users/online-infos/statuses?ids=1", {"onlineStatus": "OFFLINE"})
        self.assertEqual(one.closing().close_status, 600)


class Process(AdminTest):
    """What the API shows and does of the process."""

    def test_its_log_has_what_was_changed(self):
        self.ok("PUT", "/admins/self", {"name": "chief"}, headers={"X-Request-ID": "look-for-me"})
        lines = self.ok("GET", "/logs?text=look-for-me")
        self.assertEqual([line["level"] for line in lines], ["INFO"])
        self.assertIn("PUT /admins/self 200", lines[0]["text"])

    def test_the_node(self):
        [node] = self.ok("GET", "/cluster/members")
        self.assertEqual(node["adminApiAddress"], f"127.0.0.1:{self.server.admin}")
        self.assertEqual(node["tcpAddress"], f"127.0.0.1:{self.server.tcp}")
        self.assertTrue(node["isHealthy"])

    def test_plugins_are_loaded_and_unloaded(self):
        self.refused(400, 1102, "POST", "/plugins", {"names": ["../antispam"]})
        self.refused(404, 1302, "POST", "/plugins", {"names": ["nowhere"]})
        self.ok("POST", "/plugins", {"names": ["antispam"]})
        self.assertEqual([(p["id"], p["status"]) for p in self.ok("GET", "/plugins")], [("antispam", "STARTED")])
        self.refused(409, 1303, "POST", "/plugins", {"names": ["antispam"]})
        self.assertEqual(self.ok("DELETE", "/plugins?ids=antispam")["deletedCount"], 1)
        self.assertEqual(self.ok("GET", "/plugins"), [])
        self.ok("POST", "/plugins", {"names": ["antispam"]})
        self.ok("DELETE", "/plugins?ids=antispam")

    def test_it_ends_when_it_is_told_to(self):
        server = AdminServer()
        self.addCleanup(server.remove)
        self.assertEqual(server.ask("POST", "/shutdown")[0], 200)
        self.assertEqual(server.process.wait(60), 0)


class Bodies(AdminTest):
    def test_damaged_bodies_get_an_answer(self):
        """Of each route with a body: always an envelope, never a 500."""
        random = Random(7)
        pieces = ['{', '}', '[', ']', '"', ':', ',', '1', '-1', '9223372036854775808', '1e400', 'true', 'null', '"x"',
                  '\\u0000', '\\ud800', '\xff', ' ', '"' + "y" * 300 + '"', '[[[[[[', '{"a":{"b":{"c":{}}}}']
        for method, path, _, spec in self.operations():
            if "requestBody" not in spec:
                continue
            needed = "&".join(f"{p['name']}=1" for p in spec.get("parameters", []) if p["required"])
            names = list(spec["requestBody"]["content"]["application/json"]["schema"]["properties"])
            # Members of any name.
            names = names or ["service", "turms.service.message.max-text-limit", "http.port", "*"]
            with self.subTest(route=f"{method} {path}"):
                for _ in range(40):
                    members = [json.dumps(random.choice(names)) + ":" + "".join(random.choices(pieces, k=random.randrange(1, 4)))
                               for _ in range(random.randrange(4))]
                    text = "{" + ",".join(members) + random.choice(["}", "}", ""])
                    status, said, _ = self.ask(method, f"{path}?{needed}", text.encode("latin-1"))
                    self.assertIn(status, (200, 400, 403, 404, 409), (text, said))
                    self.assertIn("code", said, text)
        self.assertEqual(self.ask("GET", "/livez", authorization=None)[0], 200)


class Commands(AdminTest):
    def run_command(self, *arguments, stdin="", **environment):
        return subprocess.run(
            [BINARY, *map(str, arguments), "--url", f"http://127.0.0.1:{self.server.admin}"],
            input=stdin, capture_output=True, text=True, timeout=60,
            env={**os.environ, "TURMS_ADMIN_PASSWORD": self.server.password, **environment})

    def test_the_commands_do_what_the_api_does(self):
        done = self.run_command("admin", "token", "--name", "commands", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        token = json.loads(done.stdout)["data"]["token"]
        named = {"TURMS_ADMIN_TOKEN": token}
        done = self.run_command("user", "search", "--ids", "1,2", **named)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[0].split("\t")[:2], ["id", "name"])
        self.assertEqual(lines[1].split("\t")[:2], ["1", "one"])
        done = self.run_command("user", "update", "--ids", "3", "--name", "drei", "--active", "false", "--json", **named)
        self.assertEqual(json.loads(done.stdout)["data"]["modifiedCount"], 1, done.stderr)
        self.assertEqual(self.ok("GET", "/users?ids=3")[0]["isActive"], False)
        self.assertEqual(self.run_command("message", "send-to-user", "--user", "2", "--text", "hello", **named).returncode, 0)
        done = self.run_command("message", "list", "--targets", "2", "--json", **named)
        self.assertEqual(json.loads(done.stdout)["data"]["records"][0]["text"], "hello")
        message = json.loads(done.stdout)["data"]["records"][0]["id"]
        for command in (("message", "update", "--ids", message, "--text", "bye"), ("message", "recall", "--ids", message),
                        ("admin", "update-role", "--ids", "1", "--name", "none"),
                        ("admin", "update", "--accounts", "nobody", "--name", "none")):
            done = self.run_command(*command, "--json", **named)
            self.assertIn(done.returncode, (0, 1), (command, done.stderr))
            self.assertIn("code", json.loads(done.stdout))
        self.assertEqual(self.ok("GET", f"/messages?ids={message}"), [])
        self.ok("POST", "/groups", {"name": "by command", "ownerId": 1})
        done = self.run_command("group", "search", "--owners", "1", "--json", **named)
        group = json.loads(done.stdout)["data"]["records"][-1]["id"]
        done = self.run_command("group", "add-members", "--group", group, "--users", "2", **named)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.run_command("group", "update", "--ids", group, "--owner", "2", "--name", "changed", **named)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.ok("GET", f"/groups?ids={group}")[0]["ownerId"], 2)
        for command in (("plugin", "list"), ("session", "list"), ("session", "show", "--users", "1"), ("admin", "list"), ("admin", "roles"),
                        ("admin", "tokens"), ("admin", "audit"), ("group", "search")):
            done = self.run_command(*command, "--json", **named)
            self.assertEqual(done.returncode, 0, (command, done.stderr))
            self.assertEqual(json.loads(done.stdout)["code"], 1000)
        done = self.run_command("session", "close", "--users", "77", TURMS_ADMIN_TOKEN="wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("token", done.stderr)

    def test_an_admin_who_lost_the_password_gets_a_new_one(self):
        server = AdminServer()
        self.addCleanup(server.remove)
        done = subprocess.run([BINARY, "admin", "reset", "--data", server.data, "--password-stdin"],
                              input="a new password\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.ask("GET", "/admins/self")[0], 401)
        self.assertEqual(server.ask("GET", "/admins/self", authorization=basic("turms", "a new password"))[0], 200)
