"""Signing in at an OpenID provider: the browser's way, without a browser."""

import base64
import hashlib
import http.client
import http.server
import json
import threading
import time
import urllib.parse

import client as c
from case import TurmsTest
from server import Server
from test_authentication import Keys, b64

CLIENT, SECRET = "turms-client", "client-secret"


class Provider(http.server.BaseHTTPRequestHandler):
    """Discovery, keys, and codes for tokens; what it says is the test's."""

    def answer(self, status, body, content_type="application/json"):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        state = self.server
        if self.path == "/.well-known/openid-configuration":
            self.answer(200, {"issuer": state.issuer, "authorization_endpoint": state.issuer + "/authorize",
                              "token_endpoint": state.issuer + "/token", "jwks_uri": state.issuer + "/keys"})
        elif self.path == "/keys":
            self.answer(200, state.key_set)
        else:
            self.answer(404, {})

    def do_POST(self):
        state = self.server
        body = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = state.codes.pop(body["code"][0], None)
        verifier = body["code_verifier"][0]
        challenge = b64(hashlib.sha256(verifier.encode()).digest())
        if (asked is None or self.headers["Authorization"] != expected or challenge != asked["code_challenge"]
                or body["redirect_uri"][0] != asked["redirect_uri"] or body["grant_type"][0] != "authorization_code"):
            self.answer(400, {"error": "invalid_grant"})
            return
        now = int(time.time())
        claims = {"iss": state.issuer, "aud": CLIENT, "exp": now + 60, "iat": now, "nonce": asked["nonce"],
                  **state.claims}
        self.answer(200, {"access_token": "x", "token_type": "Bearer", "id_token": state.sign(claims)})

    def log_message(self, *_):
        pass


class Oidc(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        cls.keys = Keys(cls)
        provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        provider.daemon_threads = True
        provider.issuer = f"http://127.0.0.1:{provider.server_address[1]}"
        modulus = cls.keys.openssl("rsa", "-in", "rsa.pem", "-noout", "-modulus").decode().strip().split("=")[1]
        provider.key_set = {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB",
                                      "n": b64(bytes.fromhex(modulus))}]}
        provider.sign = cls.keys.rs256
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        cls.addClassCleanup(provider.server_close)
        cls.addClassCleanup(provider.shutdown)
        cls.provider = provider
        server = Server({"oidc.issuer": provider.issuer, "oidc.client_id": CLIENT, "oidc.client_secret": SECRET,
                         "oidc.public_url": "https://chat.example", "oidc.label": "Sign in at work"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def setUp(self):
        self.provider.codes = {}
        self.provider.claims = {"sub": str(self.users[0])}

    def http(self, method, path, cookies=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=30)
        try:
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            return response, body, response.headers.get_all("Set-Cookie") or []
        finally:
            connection.close()

    def begin(self):
        """To the provider: what it is asked, and the browser's cookies."""
        response, _, set_cookies = self.http("GET", "/auth/oidc/login")
        self.assertEqual(response.status, 302)
        url = urllib.parse.urlsplit(response.headers["Location"])
        self.assertEqual(f"{url.scheme}://{url.netloc}{url.path}", self.provider.issuer + "/authorize")
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(url.query).items()}
        self.assertEqual(asked["response_type"], "code")
        self.assertEqual(asked["code_challenge_method"], "S256")
        self.assertEqual(asked["scope"], "openid")
        self.assertEqual(asked["redirect_uri"], "https://chat.example/auth/oidc/callback")
        self.assertEqual(len(set_cookies), 1)
        self.assert_safe(set_cookies[0], "Lax")
        return asked, self.jar(set_cookies)

    def assert_safe(self, cookie, same_site):
        for part in ("HttpOnly", "Secure", "Path=/auth/oidc", f"SameSite={same_site}"):
            self.assertIn(part, cookie)

    @staticmethod
    def jar(set_cookies):
        return dict(cookie.split(";")[0].split("=", 1) for cookie in set_cookies)

    def come_back(self, asked, cookies, **changed):
        code = "code-" + asked["state"]
        self.provider.codes[code] = asked
        query = urllib.parse.urlencode({"code": code, "state": asked["state"], **changed})
        response, _, set_cookies = self.http("GET", "/auth/oidc/callback?" + query, cookies)
        self.assertEqual(response.status, 302)
        return response.headers["Location"], set_cookies

    def test_the_whole_way(self):
        asked, cookies = self.begin()
        location, set_cookies = self.come_back(asked, cookies)
        self.assertEqual(location, "/?oidc=done")
        session = next(one for one in set_cookies if one.startswith("turms_oidc_session="))
        self.assert_safe(session, "Strict")
        jar = self.jar(set_cookies)
        response, body, _ = self.http("POST", "/auth/oidc/session", jar)
        self.assertEqual(response.status, 200)
        given = json.loads(body)
        self.assertEqual(given["userId"], str(self.users[0]))
        client = self.connect(c.WebSocket)
        self.assert_code(1000, client.request("create_session", version=1, user_id=self.users[0],
                                              session_token=given["sessionToken"], device_type=c.BROWSER,
                                              device_details={"turms.extensions": "1"}))
        again, _, _ = self.http("POST", "/auth/oidc/session", jar)
        self.assertEqual(again.status, 403, "once")
        self.assertEqual(self.come_back(asked, cookies)[0], "/?oidc=failed", "the state is used up")

    def test_another_browser_another_state_or_another_code_is_nothing(self):
        asked, cookies = self.begin()
        self.assertEqual(self.come_back(asked, {})[0], "/?oidc=failed")
        self.assertEqual(self.come_back(asked, {"turms_oidc": "x" * 43})[0], "/?oidc=failed")
        self.assertEqual(self.come_back(asked, cookies, state="other")[0], "/?oidc=failed")
        self.assertEqual(self.come_back(asked, cookies, code="other")[0], "/?oidc=failed")
        self.assertEqual(self.http("POST", "/auth/oidc/session")[0].status, 403)

    def test_what_the_token_must_say(self):
        for claims in ({"sub": "x"}, {"sub": "987654321"}, {"sub": str(self.users[0]), "nonce": "other"},
                       {"sub": str(self.users[0]), "aud": "other"}, {"sub": str(self.users[0]), "iss": "other"},
                       {"sub": str(self.users[0]), "exp": int(time.time()) - 600}):
            with self.subTest(claims):
                self.provider.claims = claims
                self.assertEqual(self.come_back(*self.begin())[0], "/?oidc=failed")

    def test_a_token_that_the_provider_did_not_sign(self):
        def forge(claims):
            token = self.keys.rs256(claims)
            return token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)

        self.provider.sign = forge
        self.addCleanup(setattr, self.provider, "sign", self.keys.rs256)
        self.assertEqual(self.come_back(*self.begin())[0], "/?oidc=failed")

    def test_the_page_learns_what_the_button_says(self):
        response, body, _ = self.http("GET", "/auth/oidc")
        self.assertEqual((response.status, json.loads(body)), (200, {"label": "Sign in at work"}))


class NotConfigured(TurmsTest):
    accounts = 0

    def test_there_is_no_button(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.http, timeout=30)
        connection.request("GET", "/auth/oidc")
        response = connection.getresponse()
        self.assertEqual((response.status, response.read()), (200, b"{}"))
        connection.close()
