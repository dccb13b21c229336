"""Ways to authenticate besides the stored password."""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import time

import client as c
from case import TurmsTest
from server import Server

IAM = "turms.gateway.session.identity-access-management."
SECRET = b"0123456789abcdef0123456789abcdef"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims, algorithm):
    return b64(json.dumps({"alg": algorithm}).encode()) + "." + b64(json.dumps(claims).encode())


def hs256(claims, secret=SECRET):
    covered = unsigned(claims, "HS256")
    return covered + "." + b64(hmac.new(secret, covered.encode(), hashlib.sha256).digest())


class Keys:
    """A directory with keys, which is gone with the test."""

    def __init__(self, test):
        directory = tempfile.TemporaryDirectory(prefix="turms-keys-")
        test.addClassCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name)
        (self.path / "secret").write_bytes(SECRET)
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.pem")
        self.openssl("pkey", "-in", "rsa.pem", "-pubout", "-out", "rsa.pub.pem")

    def openssl(self, *arguments, stdin=None):
        return subprocess.run(["openssl", *arguments], cwd=self.path, input=stdin, check=True,
                              capture_output=True, timeout=60).stdout

    def rs256(self, claims):
        covered = unsigned(claims, "RS256")
        return covered + "." + b64(self.openssl("dgst", "-sha256", "-sign", "rsa.pem", stdin=covered.encode()))


class Jwt(TurmsTest):
    accounts = 2

    @classmethod
    def make_server(cls):
        cls.keys = Keys(cls)
        server = Server({IAM + "type": "JWT",
                         IAM + "jwt.algorithm.hmac256.file-path": cls.keys.path / "secret",
                         IAM + "jwt.algorithm.rsa256.pem-file-path": cls.keys.path / "rsa.pub.pem",
                         IAM + "jwt.verification.issuer": "idp"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def claims(self, **more):
        return {"sub": str(self.users[0]), "iss": "idp", "authenticated": True, "exp": int(time.time()) + 600, **more}

    def code(self, token, user=None):
        return self.connect().sign_in(user or self.users[0], password=token).code

    def test_a_token_of_either_key_signs_in(self):
        self.assertEqual(self.code(hs256(self.claims())), 1000)
        self.assertEqual(self.code(self.keys.rs256(self.claims())), 1000)

    def test_others_do_not(self):
        now = int(time.time())
        refused = {
            "another key": hs256(self.claims(), b"x" * 32),
            "the public key as a secret": hs256(self.claims(), (self.keys.path / "rsa.pub.pem").read_bytes()),
            "no signature": unsigned(self.claims(), "none") + ".",
            "another user": hs256(self.claims(sub=str(self.users[1]))),
            "no user": hs256({"iss": "idp", "authenticated": True}),
            "too late": hs256(self.claims(exp=now - 60)),
            "too early": hs256(self.claims(nbf=now + 600)),
            "another issuer": hs256(self.claims(iss="other")),
            "not authenticated": hs256(self.claims(authenticated=False)),
            "a policy that is none": hs256(self.claims(statements="all")),
            "the password": "turms",
        }
        for name, token in refused.items():
            with self.subTest(name):
                self.assertEqual(self.code(token), 2011)
                # A refusal is a guess; a right one forgives it.
                self.assertEqual(self.code(hs256(self.claims())), 1000)
        self.assertEqual(self.connect().request("create_session", version=1, user_id=self.users[0]).code, 2011)

    def test_a_user_that_is_not_stored_here_signs_in(self):
        self.assertEqual(self.code(hs256(self.claims(sub="987654321")), 987654321), 1000)

    def test_no_session_token_is_given(self):
        client = self.connect()
        response = client.sign_in(self.users[0], password=hs256(self.claims()),
                                  device_details={"turms.extensions": "1"})
        self.assert_code(1000, response)
        self.assertFalse(client.receive().data.user_session.HasField("session_token"))

    def test_statements_allow_and_deny_kinds_with_1106(self):
        statements = [{"effect": "ALLOW", "actions": "*", "resources": ["USER_PROFILE", "GROUP", "MESSAGE"]},
                      {"effect": "DENY", "actions": "CREATE", "resources": "GROUP"}]
        client = self.connect()
        self.assert_code(1000, client.sign_in(self.users[0], password=hs256(self.claims(statements=statements))))
        client.ok("query_user_profiles", user_ids=[self.users[0]])
        client.ok("create_message", recipient_id=self.users[1], text="hello")
        self.assert_code(1106, client.request("create_group", name="x"))
        self.assert_code(1106, client.request("query_joined_group_ids"))
        client.send_message(c.HEARTBEAT)
        self.assertEqual(client.receive_new(), c.HEARTBEAT)
        client.send("delete_session")
        self.assertEqual(client.closing().close_status, 500)


class Service(http.server.BaseHTTPRequestHandler):
    """Answers as the test says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((dict(self.headers), json.loads(body)))
        self.server.wait.wait(30)
        status, headers, answer = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer.encode())
        except OSError:
            pass  # it was given up

    def log_message(self, *_):
        pass


class Http(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        cls.service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        cls.service.daemon_threads = True
        threading.Thread(target=cls.service.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.service.server_close)
        cls.addClassCleanup(cls.service.shutdown)
        server = Server({IAM + "type": "HTTP",
                         IAM + "http.request.url": f"http://127.0.0.1:{cls.service.server_address[1]}/authenticate",
                         IAM + "http.request.http-method": "POST",
                         IAM + "http.request.headers.X-Key": "mine",
                         IAM + "http.request.timeout-millis": "2000",
                         IAM + "http.authentication.response-expectation.headers.X-Ok": "yes"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def setUp(self):
        self.service.asked = []
        self.service.wait = threading.Event()
        self.service.wait.set()
        self.service.answer = (200, {"X-Ok": "yes"}, '{"authenticated": true}')

    def test_the_service_is_asked_and_decides(self):
        user = self.users[0]
        client = self.connect()
        response = client.sign_in(user, password="anything", device_type=c.IOS, device_details={"a": "b"},
                                  user_status=3)
        self.assert_code(1000, response)
        headers, body = self.service.asked[0]
        self.assertEqual(headers["X-Key"], "mine")
        self.assertRegex(headers["X-Trace-Id"], "^[0-9a-f]{16}$")
        self.assertEqual(body, {"version": 1, "userId": user, "password": "anything", "loggingInDeviceType": "IOS",
                                "deviceDetails": {"a": "b"}, "userStatus": "BUSY", "ip": "127.0.0.1"})

    def test_what_is_not_expected_is_a_refusal(self):
        ok = {"X-Ok": "yes"}
        for answer in [(403, ok, '{"authenticated": true}'), (200, {}, '{"authenticated": true}'),
                       (200, ok, '{"authenticated": false}'), (200, ok, "{}"), (200, ok, "nonsense"), (200, ok, ""),
                       (200, ok, '{"authenticated": true, "statements": 7}'), (302, ok, '{"authenticated": true}')]:
            with self.subTest(answer):
                self.service.answer = answer
                self.assertEqual(self.connect().sign_in(self.users[0], password="x").code, 2011)
                # A refusal is a guess; the next one begins anew.
                self.service.answer = (200, ok, '{"authenticated": true}')
                self.assertEqual(self.connect().sign_in(self.users[0], password="x").code, 1000)

    def test_a_redirect_is_not_followed(self):
        elsewhere = f"http://127.0.0.1:{self.service.server_address[1]}/elsewhere"
        for status in (301, 302, 307, 308):
            self.service.answer = (status, {"X-Ok": "yes", "Location": elsewhere}, "")
            self.service.asked.clear()
            self.assertEqual(self.connect().sign_in(self.users[0], password="x").code, 2011)
            self.assertEqual(len(self.service.asked), 1)
            self.service.answer = (200, {"X-Ok": "yes"}, '{"authenticated": true}')
            self.assertEqual(self.connect().sign_in(self.users[0], password="x").code, 1000)

    def test_its_policy_holds(self):
        self.service.answer = (200, {"X-Ok": "yes"}, json.dumps({
            "authenticated": True, "statements": [{"effect": "ALLOW", "actions": "QUERY", "resources": "*"}]}))
        client = self.sign_in(self.users[0], password="x")
        client.ok("query_user_profiles", user_ids=[self.users[0]])
        self.assert_code(1106, client.request("create_group", name="x"))

    def test_a_service_that_does_not_answer_in_time_is_unavailable(self):
        self.service.wait.clear()
        response = self.connect().sign_in(self.users[0], password="secret-word")
        self.service.wait.set()
        self.assert_code(1201, response)
        self.assertNotIn("secret-word", self.server.stderr())


class Noop(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server({IAM + "type": "NOOP", IAM + "allow-noop": "true"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_everybody_is_who_they_say(self):
        self.assert_code(1000, self.connect().sign_in(self.users[0], password="x"))
        self.assert_code(1000, self.connect().request("create_session", version=1, user_id=77))
        self.assert_code(2011, self.connect().request("create_session", version=1, user_id=0))


class NotByMistake(TurmsTest):
    accounts = 0

    @classmethod
    def make_server(cls):
        return None

    def test_noop_wants_to_be_meant(self):
        self.refused({IAM + "type": "NOOP"}, "allow-noop")

    def test_jwt_wants_a_key(self):
        self.refused({IAM + "type": "JWT"}, "jwt.algorithm")

    def test_http_wants_a_url(self):
        self.refused({IAM + "type": "HTTP"}, "http.request.url")

    def refused(self, settings, word):
        with self.assertRaises(RuntimeError) as raised:
            Server(settings).start()
        self.assertIn(word, str(raised.exception))
