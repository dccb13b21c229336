"""Which devices of a user may be signed in at the same time."""

import client as c
from case import TurmsTest
from server import Server

LOGINS = "turms.gateway.simultaneous-login."


class Devices(TurmsTest):
    accounts = 1
    settings = {}

    @classmethod
    def make_server(cls):
        server = Server({LOGINS + key: value for key, value in cls.settings.items()}).start()
        cls.addClassCleanup(server.remove)
        return server

    def device(self, kind):
        return self.sign_in(self.users[0], device_type=kind)

    def assert_here(self, *clients):
        for client in clients:
            client.ok("query_user_profiles", user_ids=[self.users[0]])


class DesktopOrBrowserAndMobile(Devices):
    settings = {"strategy": "ALLOW_ONE_DEVICE_OF_DESKTOP_OR_BROWSER_AND_ONE_DEVICE_OF_MOBILE_ONLINE"}

    def test_another_type_of_the_same_group_ends_the_older_session(self):
        desktop, ios, other = self.device(c.DESKTOP), self.device(c.IOS), self.device(c.OTHERS)
        browser = self.device(c.BROWSER)
        self.assertEqual(desktop.closing().close_status, 500)
        self.assert_here(browser, ios, other)
        android = self.device(c.ANDROID)
        self.assertEqual(ios.closing().close_status, 500)
        self.assert_here(browser, android, other)


class OneForAll(Devices):
    settings = {"strategy": "ALLOW_ONE_DEVICE_FOR_ALL_DEVICE_TYPES_ONLINE",
                "login-conflict-strategy": "DISCONNECT_LOGGING_IN_DEVICE"}

    def test_who_is_signing_in_is_refused_until_the_other_leaves(self):
        first = self.device(c.IOS)
        late = self.connect()
        self.assert_code(2100, late.sign_in(self.users[0], device_type=c.BROWSER))
        self.assert_code(2100, late.sign_in(self.users[0], device_type=c.IOS))
        self.assert_here(first)
        first.send("delete_session")
        self.assertEqual(first.closing().close_status, 500)
        self.assert_code(1000, late.sign_in(self.users[0], device_type=c.BROWSER))


class Forbidden(Devices):
    settings = {"strategy": "ALLOW_ONE_DEVICE_OF_DESKTOP_OR_MOBILE_ONLINE",
                "allow-device-type-unknown-login": "false", "allow-device-type-others-login": "false"}

    def test_forbidden_devices_are_2013_whatever_the_password(self):
        client = self.connect()
        for kind in (c.BROWSER, c.OTHERS, c.UNKNOWN, 77):
            for password in ("turms", "wrong"):
                self.assert_code(2013, client.sign_in(self.users[0], password=password, device_type=kind))
        self.assert_code(2000, client.request("create_session", version=2, user_id=self.users[0],
                                              password="turms", device_type=c.BROWSER))
        self.assert_code(1000, client.sign_in(self.users[0], device_type=c.ANDROID))
