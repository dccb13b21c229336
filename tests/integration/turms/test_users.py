"""Profiles, online statuses, places and settings of users, and who is told."""

import client as c
from case import TurmsTest, on_both_transports
from server import Server
from turms.model_pb2 import Value

AVAILABLE, OFFLINE, INVISIBLE, BUSY = range(4)


def text(value):
    return Value(string_value=value)


@on_both_transports
class Users:
    accounts = 0

    @classmethod
    def make_server(cls):
        info, settings = "turms.service.user.info.user-defined-attributes.", "turms.service.user.settings."
        server = Server({info + "allowed-attributes": "city,pet", settings + "allowed-settings": "theme,born!"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def setUp(self):
        self.a, self.b = (self.server.add_user() for _ in range(2))
        self.alice, self.bob = (self.sign_in(user) for user in (self.a, self.b))
        self.phone = self.sign_in(self.a, device_type=c.IOS)

    def profile(self, user):
        return self.bob.ok("query_user_profiles", user_ids=[user]).data.user_infos_with_version.user_infos[0]

    def update(self, **fields):
        """With a map of messages, which cannot be assigned."""
        attributes = fields.pop("attributes", {})
        request = self.alice.build("update_user", **fields)
        for name, value in attributes.items():
            request.update_user_request.user_defined_attributes[name].CopyFrom(text(value))
        self.alice.send_message(request.SerializeToString())
        return self.alice.response(request.request_id)

    def put(self, client, **settings):
        request = client.build("update_user_settings")
        for name, value in settings.items():
            request.update_user_settings_request.settings[name].CopyFrom(text(value))
        client.send_message(request.SerializeToString())
        return client.response(request.request_id)

    def test_update(self):
        self.assert_code(1000, self.update(name="alice", intro="hi", profile_picture="p", profile_access_strategy=2,
                                           password="secret", attributes={"city": "Wien"}))
        told = self.assert_told(self.phone, "update_user", requester=self.a).relayed_request.update_user_request
        self.assertEqual((told.name, told.HasField("password")), ("alice", False))
        self.assert_told_nothing(self.alice, self.bob)
        self.assert_code(1000, self.update(name="al"))
        one = self.profile(self.a)
        self.assertEqual((one.name, one.intro, one.profile_picture, one.profile_access_strategy,
                          one.user_defined_attributes["city"].string_value), ("al", "hi", "p", 2, "Wien"))
        # Sessions go on; the new password is the one that counts.
        self.phone.settle()
        self.assertEqual(self.connect().sign_in(self.a).code, 2011)
        self.assertEqual(self.connect().sign_in(self.a, password="secret", device_type=c.BROWSER).code, 1000)

    def test_codes_of_updating(self):
        for fields in ({"name": "x" * 21}, {"intro": "x" * 101}, {"profile_picture": "x" * 101},
                       {"password": "x" * 17}, {"profile_access_strategy": 9}, {"attributes": {"other": "x"}}):
            with self.subTest(fields):
                self.assert_code(1102, self.update(**fields))
        self.assert_code(1000, self.update())
        self.assert_told_nothing(self.phone)

    def test_search_by_name(self):
        mark = f"名{self.a}"
        self.assert_code(1000, self.update(name=mark + "ABC"))
        found = self.bob.ok("query_user_profiles", name=f"名{self.a}abc").data.user_infos_with_version.user_infos
        self.assertEqual([one.id for one in found], [self.a])
        found = self.bob.ok("query_user_profiles", name=mark, fields_to_highlight=[1], skip=0, limit=5)
        self.assertEqual(found.data.user_infos_with_version.user_infos[0].name, f"\x02{mark}\x03ABC")
        found = self.bob.ok("query_user_profiles", name=mark + "z")
        self.assertTrue(found.data.HasField("user_infos_with_version"))
        self.assertEqual(len(found.data.user_infos_with_version.user_infos), 0)
        self.assertEqual(len(self.bob.ok("query_user_profiles", name=mark, skip=1).data.user_infos_with_version
                             .user_infos), 0)
        self.assert_code(1102, self.bob.request("query_user_profiles", name=mark, skip=-1))

    def test_online_statuses(self):
        self.assert_code(1001, self.bob.request("query_user_online_statuses"))
        found = self.bob.ok("query_user_online_statuses", user_ids=[self.a, 999999]).data.user_online_statuses.statuses
        self.assertEqual([(one.user_id, one.user_status, list(one.device_types)) for one in found],
                         [(self.a, AVAILABLE, [c.DESKTOP, c.IOS]), (999999, OFFLINE, [])])
        self.alice.ok("update_user_online_status", user_status=BUSY)
        self.assert_told(self.phone, "update_user_online_status", requester=self.a)
        self.assert_told_nothing(self.alice, self.bob)
        found = self.bob.ok("query_user_online_statuses", user_ids=[self.a]).data.user_online_statuses.statuses
        self.assertEqual(found[0].user_status, BUSY)
        self.alice.ok("update_user_online_status", user_status=INVISIBLE)
        found = self.bob.ok("query_user_online_statuses", user_ids=[self.a]).data.user_online_statuses.statuses
        self.assertEqual(found[0].user_status, INVISIBLE)
        self.assert_code(1102, self.alice.request("update_user_online_status", user_status=77))

    def test_offline_ends_sessions(self):
        self.alice.ok("update_user_online_status", user_status=OFFLINE, device_types=[c.IOS])
        self.assertEqual(self.phone.closing().close_status, 501)
        self.alice.settle()
        self.alice.send("update_user_online_status", user_status=OFFLINE)
        self.assertEqual(self.alice.closing().close_status, 501)

    def test_nearby(self):
        # Somewhere of their own.
        latitude, longitude = (self.a % 80) + 0.5, (self.a % 170) + 0.5
        here = {"latitude": latitude, "longitude": longitude}
        self.assert_code(1001, self.bob.request("query_nearby_users", **here))
        self.alice.ok("update_user_location", latitude=latitude + 0.001, longitude=longitude)
        self.assert_told_nothing(self.phone)
        found = self.bob.ok("query_nearby_users", with_distance=True, with_coordinates=True, with_user_info=True,
                            **here).data.nearby_users.nearby_users
        self.assertEqual([one.user_id for one in found], [self.a])
        self.assertAlmostEqual(found[0].distance, 111, delta=3)
        self.assertAlmostEqual(found[0].location.latitude, latitude + 0.001, places=3)
        self.assertEqual(found[0].info.id, self.a)
        plain = self.bob.ok("query_nearby_users", **here).data.nearby_users.nearby_users[0]
        self.assertFalse(plain.HasField("distance") or plain.HasField("location") or plain.HasField("info"))
        for wrong in ({"max_count": 101}, {"max_count": 0}, {"max_distance": 10001}):
            self.assert_code(1102, self.bob.request("query_nearby_users", **here, **wrong))
        self.assert_code(1102, self.bob.request("update_user_location", latitude=91, longitude=0))
        self.alice.send("delete_session")
        self.alice.closing()
        self.assert_code(1001, self.bob.request("query_nearby_users", **here))

    def test_settings(self):
        self.assert_code(1001, self.alice.request("query_user_settings"))
        self.assert_code(1102, self.put(self.alice, other="x"))
        self.assert_code(1000, self.put(self.alice, theme="dark", born="1"))
        told = self.assert_told(self.phone, "update_user_settings", requester=self.a)
        self.assertEqual(told.relayed_request.update_user_settings_request.settings["theme"].string_value, "dark")
        self.assert_told_nothing(self.alice, self.bob)
        self.assert_code(1000, self.put(self.alice, theme="dark"))
        self.assert_told_nothing(self.phone)
        self.assert_code(1102, self.put(self.alice, born="2"))
        found = self.phone.ok("query_user_settings").data.user_settings
        self.assertEqual({name: value.string_value for name, value in found.settings.items()},
                         {"theme": "dark", "born": "1"})
        self.assert_code(1001, self.phone.request("query_user_settings",
                                                  last_updated_date_start=found.last_updated_date + 1))
        self.assertEqual(set(self.phone.ok("query_user_settings", names=["theme"]).data.user_settings.settings), {"theme"})
        self.assert_code(1102, self.alice.request("delete_user_settings", names=["born"]))
        self.alice.ok("delete_user_settings")
        self.assert_told(self.phone, "delete_user_settings", requester=self.a)
        self.assertEqual(set(self.phone.ok("query_user_settings").data.user_settings.settings), {"born"})
        self.alice.ok("delete_user_settings")
        self.assert_told_nothing(self.phone)


class Disabled(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server({"turms.location.enabled": "false", "turms.service.user.search-names": "false"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_what_the_operator_switched_off(self):
        alice = self.sign_in(self.users[0])
        self.assert_code(2200, alice.request("update_user_location", latitude=1, longitude=1))
        self.assert_code(2200, alice.request("query_nearby_users", latitude=1, longitude=1))
        self.assert_code(7100, alice.request("query_user_profiles", name="x"))


@on_both_transports
class Names:
    """The same name has one form wherever it stands, in answers and in what is relayed."""

    accounts = 2

    def setUp(self):
        self.a, self.b = self.users
        self.alice, self.bob = (self.sign_in(user) for user in self.users)
        self.phone = self.sign_in(self.a, device_type=c.IOS)

    def test_of_users(self):
        self.alice.ok("update_user", name=" al\u200bice\u202e")
        told = self.assert_told(self.phone, "update_user")
        self.assertEqual(told.relayed_request.update_user_request.name, "alice")
        found = self.bob.ok("query_user_profiles", user_ids=[self.a]).data.user_infos_with_version.user_infos[0]
        self.assertEqual(found.name, "alice")
        for name in ("\u200b", "\u3164\u2800", " ", "\u0301\u0301", "\u00ad"):
            self.assert_code(1102, self.alice.request("update_user", name=name))
        self.alice.ok("update_user", name="e" + "\u0335" * 15, intro="x" + "\u0335" * 50)
        found = self.bob.ok("query_user_profiles", user_ids=[self.a]).data.user_infos_with_version.user_infos[0]
        self.assertEqual((len(found.name), len(found.intro)), (5, 5))
        self.alice.ok("update_user", name="\U0001F469\u200d\U0001F467")
        found = self.bob.ok("query_user_profiles", user_ids=[self.a]).data.user_infos_with_version.user_infos[0]
        self.assertEqual(found.name, "\U0001F469\u200d\U0001F467")

    def test_of_groups_and_members(self):
        self.assert_code(1102, self.alice.request("create_group", name="\u200b"))
        group = self.alice.ok("create_group", name="bo\u2060ok  club", announcement="a\nb\u202e").data.long
        told = self.assert_told(self.phone, "create_group").relayed_request.create_group_request
        self.assertEqual((told.name, told.announcement), ("book club", "a\nb"))
        one = self.alice.ok("query_groups", group_ids=[group]).data.groups_with_version.groups[0]
        self.assertEqual((one.name, one.announcement), ("book club", "a\nb"))
        self.assert_code(1102, self.alice.request("update_group", group_id=group, name="\u2063"))
        self.assert_code(1102, self.alice.request("update_group_member", group_id=group, member_id=self.a,
                                                  name="\u200b"))
        self.alice.ok("update_group_member", group_id=group, member_id=self.a, name="e\u0301")
        member = self.alice.ok("query_group_members", group_id=group).data.group_members_with_version.group_members[0]
        self.assertEqual(member.name, "\u00e9")
        self.assert_code(1102, self.alice.request("create_relationship_group", name="\u200b"))
        self.assert_code(1102, self.alice.request("create_relationship", user_id=self.b, name="\u200b"))
