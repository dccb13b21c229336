"""turms-plugin-push in the real process: a push service and an endpoint of ours take what it sends. What it encrypts is
decrypted here with another implementation (the cryptography package), and its signatures are checked."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from case import TurmsTest
from server import BINARY, Server, wait_until
from turms.model_pb2 import Value

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None

PLUGINS = str(pathlib.Path(BINARY).parent / "plugins")
EXTENSIONS = {"turms.extensions": "1"}
SECRET = "a secret of sixteen bytes or more"


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Service(http.server.ThreadingHTTPServer):
    """Takes POST requests and answers as `answers` says by path, 201 otherwise."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with self.server.lock:
                status, headers = (self.server.answers.get(self.path) or [(201, {})])[0]
                if len(self.server.answers.get(self.path, [])) > 1:
                    self.server.answers[self.path].pop(0)
                self.server.received.append((self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.lock = threading.Lock()
        self.received = []
        self.answers = {}
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, count, path=None):
        def found():
            with self.lock:
                return [one for one in self.received if path is None or one[0] == path]

        wait_until(lambda: len(found()) >= count, f"{count} requests to {path}", 30)
        return found()


class Browser:
    """A subscription and its private key."""

    def __init__(self, service, path):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.auth = os.urandom(16)
        self.subscription = json.dumps({"endpoint": service.url + path, "expirationTime": None,
                                        "keys": {"p256dh": b64(self.public), "auth": b64(self.auth)}})

    def decrypt(self, body):
        """RFC 8291 section 3 and RFC 8188 section 2, the receiver's side."""
        salt, record_size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21:21 + length], body[21 + length:]
        assert len(body) <= 4096 and len(record) <= record_size
        secret = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))

        def hkdf(salt, key, info, size):
            extracted = hmac.new(salt, key, hashlib.sha256).digest()
            return hmac.new(extracted, info + b"\1", hashlib.sha256).digest()[:size]

        key = hkdf(self.auth, secret, b"WebPush: info\0" + self.public + sender, 32)
        content_key = hkdf(salt, key, b"Content-Encoding: aes128gcm\0", 16)
        nonce = hkdf(salt, key, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(content_key).decrypt(nonce, record, None).rstrip(b"\0")
        assert plain[-1] == 2
        return json.loads(plain[:-1])


@unittest.skipIf(AESGCM is None, "no cryptography package")
class Push(TurmsTest):
    accounts = 4

    @classmethod
    def make_server(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.server_close)
        cls.addClassCleanup(cls.service.shutdown)
        folder = tempfile.TemporaryDirectory(prefix="turms-push-")
        cls.addClassCleanup(folder.cleanup)
        cls.key_file = pathlib.Path(folder.name) / "vapid.pem"
        server = Server({"plugins.enabled": "push", "plugins.dir": PLUGINS,
                         "plugins.push.vapid_key_file": str(cls.key_file),
                         "plugins.push.vapid_subject": "mailto:admin@example.com",
                         "plugins.push.allow_private_addresses": "true", **cls.more()}).start()
        cls.addClassCleanup(server.remove)
        return server

    @classmethod
    def more(cls):
        return {}

    def setUp(self):
        with self.service.lock:
            self.service.received.clear()
            self.service.answers.clear()
        self.alice, self.bob, self.carol, self.dave = self.users

    def subscribe(self, user, name, browser):
        """As a client does it, and then leaves."""
        client = self.sign_in(user)
        client.ok("update_user_settings", settings={"push." + name: text_value(browser.subscription)})
        self.leave(client)

    def settings_of(self, user):
        client = self.sign_in(user)
        answer = client.request("query_user_settings")
        self.leave(client)
        return sorted(answer.data.user_settings.settings) if answer.code == 1000 else []

    def leave(self, client):
        user = client.user_id
        client.close()
        watcher = self.sign_in(self.alice if user != self.alice else self.dave, device_type=5)
        self.addCleanup(watcher.close)

        def gone():
            found = watcher.ok("query_user_online_statuses", user_ids=[user])
            return found.data.user_online_statuses.statuses[0].user_status == 1  # OFFLINE
        wait_until(gone, "the user is nowhere")
        watcher.close()

    def say(self, text, **fields):
        client = self.sign_in(self.alice)
        answer = client.request("create_message", text=text, **fields)
        self.assert_code(1000, answer)
        client.close()
        return answer.data.long

    def test_a_message_for_who_is_nowhere_arrives_encrypted_and_signed(self):
        browser = Browser(self.service, "/send/one")
        self.subscribe(self.bob, "laptop", browser)
        message = self.say("hello", recipient_id=self.bob)
        (_, headers, body), = self.service.take(1)
        self.assertEqual(headers["Content-Encoding"], "aes128gcm")
        self.assertEqual(headers["TTL"], "86400")
        told = browser.decrypt(body)
        self.assertEqual(told["text"], "hello")
        self.assertEqual(told["senderId"], str(self.alice))
        self.assertEqual(told["senderName"], f"user {self.alice}")
        self.assertEqual(told["messageId"], str(message))
        self.assertEqual(told["unreadCount"], 1)
        self.assertFalse(told["mentioned"])
        self.assertNotIn("groupId", told)
        self.check_vapid(headers["Authorization"])

    def check_vapid(self, authorization):
        scheme, _, rest = authorization.partition(" ")
        self.assertEqual(scheme, "vapid")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key = urllib.request.urlopen(f"http://127.0.0.1:{self.server.http}/plugins/push/key", timeout=10)
        self.assertEqual(json.loads(key.read())["publicKey"], fields["k"])
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(fields["k"]))
        signed, _, signature = fields["t"].rpartition(".")
        raw = unb64(signature)
        self.assertEqual(len(raw), 64)
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        header, claims = (json.loads(unb64(part)) for part in signed.split("."))
        self.assertEqual(header["alg"], "ES256")
        self.assertEqual(claims["aud"], self.service.url)
        self.assertEqual(claims["sub"], "mailto:admin@example.com")
        self.assertLess(time.time(), claims["exp"])
        self.assertLess(claims["exp"], time.time() + 24 * 3600)
        self.assertEqual(self.key_file.stat().st_mode & 0o777, 0o600)

    def test_once_for_each_subscription_and_nobody_who_is_here(self):
        first, second = Browser(self.service, "/send/first"), Browser(self.service, "/send/second")
        here = Browser(self.service, "/send/here")
        self.subscribe(self.carol, "first", first)
        self.subscribe(self.carol, "second", second)
        self.subscribe(self.dave, "here", here)
        present = self.sign_in(self.dave)
        group = self.group_of(self.alice, self.carol, self.dave)
        self.say(f"@{{{self.carol}}} look", group_id=group)
        self.say("again", group_id=group)
        got = self.service.take(4)
        # Two connections may overtake each other.
        told = sorted((first.decrypt(body) for path, _, body in got if path == "/send/first"),
                      key=lambda one: one["sequence"])
        self.assertEqual([one["mentioned"] for one in told], [True, False])
        self.assertEqual((told[1]["text"], told[1]["unreadCount"]), ("again", 2))
        self.assertEqual(told[0]["groupId"], str(group))
        self.assertEqual(told[0]["groupName"], "a group")
        self.assertEqual(len([path for path, _, _ in got if path == "/send/second"]), 2)
        self.assertEqual(len(present.pushes()), 2)
        self.assertEqual({path for path, _, _ in self.service.take(4)}, {"/send/first", "/send/second"})

    def test_a_muted_conversation_is_silent(self):
        browser = Browser(self.service, "/send/muted")
        self.subscribe(self.bob, "muted", browser)
        client = self.sign_in(self.bob, device_details=EXTENSIONS)
        client.ok("update_conversation_settings", user_id=self.alice, settings={"muted": flag_value(True)})
        self.leave(client)
        self.say("nobody hears", recipient_id=self.bob)
        client = self.sign_in(self.bob, device_details=EXTENSIONS)
        client.ok("update_conversation_settings", user_id=self.alice, settings={"muted": flag_value(False)})
        self.leave(client)
        self.say("heard", recipient_id=self.bob)
        told = [browser.decrypt(body)["text"] for _, _, body in self.service.take(1, "/send/muted")]
        self.assertEqual(told, ["heard"])

    def test_one_that_is_gone_is_forgotten_and_one_that_is_busy_asked_again(self):
        with self.service.lock:
            self.service.answers["/send/gone"] = [(410, {})]
            self.service.answers["/send/busy"] = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"}), (201, {})]
        busy = Browser(self.service, "/send/busy")
        self.subscribe(self.carol, "gone", Browser(self.service, "/send/gone"))
        self.subscribe(self.carol, "busy", busy)
        self.assertIn("push.gone", self.settings_of(self.carol))
        self.say("hello", recipient_id=self.carol)
        got = self.service.take(3, "/send/busy")
        self.assertEqual([busy.decrypt(body)["text"] for _, _, body in got], ["hello"] * 3)
        wait_until(lambda: "push.gone" not in self.settings_of(self.carol), "it is forgotten")
        self.assertIn("push.busy", self.settings_of(self.carol))
        self.assertEqual(len(self.service.take(1, "/send/gone")), 1)

    def test_so_many_subscriptions_and_no_more(self):
        client = self.sign_in(self.dave)
        for i in range(19):
            client.ok("update_user_settings", settings={f"push.{i}": text_value("{}")})
        taken = [setting for setting in self.settings_of_client(client) if setting.startswith("push.")]
        refused = client.request("update_user_settings", settings={
            f"push.more{i}": text_value("{}") for i in range(21 - len(taken))})
        self.assert_code(1102, refused)
        self.assert_code(1102, client.request("update_user_settings", settings={"push./": text_value("{}")}))
        client.ok("delete_user_settings", names=[f"push.{i}" for i in range(19)])

    def settings_of_client(self, client):
        return list(client.ok("query_user_settings").data.user_settings.settings)


class Endpoint(Push):
    """Without any subscription of theirs, everybody who is nowhere is told of to the operator's endpoint."""

    @classmethod
    def more(cls):
        return {"plugins.push.endpoint_url": cls.service.url + "/hook", "plugins.push.endpoint_secret": SECRET,
                "plugins.push.preview_bytes": "4"}

    def test_a_message_for_who_is_nowhere_arrives_encrypted_and_signed(self):
        message = self.say("hello", recipient_id=self.bob)
        (_, headers, body), = self.service.take(1, "/hook")
        told = json.loads(body)
        self.assertEqual((told["userId"], told["text"], told["subscriptions"]), (str(self.bob), "hell", {}))
        self.assertEqual(headers["X-Turms-Delivery"], f"{message}-{self.bob}")
        signed = f"{headers['X-Turms-Timestamp']}.".encode() + body
        expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        self.assertEqual(headers["X-Turms-Signature"], expected)

    test_once_for_each_subscription_and_nobody_who_is_here = None
    test_a_muted_conversation_is_silent = None
    test_one_that_is_gone_is_forgotten_and_one_that_is_busy_asked_again = None
    test_so_many_subscriptions_and_no_more = None


@unittest.skipIf(AESGCM is None, "no cryptography package")
class PrivateAddresses(TurmsTest):
    """A subscription must not lead into the operator's own network."""

    accounts = 2

    @classmethod
    def make_server(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.server_close)
        cls.addClassCleanup(cls.service.shutdown)
        folder = tempfile.TemporaryDirectory(prefix="turms-push-")
        cls.addClassCleanup(folder.cleanup)
        server = Server({"plugins.enabled": "push", "plugins.dir": PLUGINS, "log.level": "warn",
                         "plugins.push.vapid_key_file": folder.name + "/vapid.pem",
                         "plugins.push.vapid_subject": "mailto:admin@example.com"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_nothing_is_sent_there(self):
        browser = Browser(self.service, "/send/x")
        browser.subscription = browser.subscription.replace("http://127.0.0.1", "https://127.0.0.1")
        client = self.sign_in(self.users[1])
        client.ok("update_user_settings", settings={"push.a": text_value(browser.subscription)})
        client.close()
        sender = self.sign_in(self.users[0])

        def refused():
            sender.ok("create_message", recipient_id=self.users[1], text="hello")
            return "may not be connected to" in self.server.stderr()
        wait_until(refused, "it says why")
        self.assertEqual(self.service.received, [])


class WithoutThePlugin(TurmsTest):
    accounts = 1

    def test_there_are_no_such_settings(self):
        client = self.sign_in(self.users[0])
        self.assert_code(1102, client.request("update_user_settings", settings={"push.a": text_value("{}")}))


def text_value(text):
    return Value(string_value=text)


def flag_value(flag):
    return Value(bool_value=flag)
