"""Ways into groups, and who is kept out."""

import client as c
from case import TurmsTest, on_both_transports


@on_both_transports
class Blocklist:
    accounts = 4

    def setUp(self):
        self.a, self.b, self.c, self.d = self.users
        self.alice, self.bob, self.carol, self.dave = (self.sign_in(user) for user in self.users)
        self.group = self.group_of(self.a, self.b, self.c)
        self.alice.ok("update_group_member", group_id=self.group, member_id=self.b, role=c.MANAGER)

    def ids(self, client, **fields):
        found = client.ok("query_group_blocked_user_ids", group_id=self.group, **fields).data.longs_with_version
        return list(found.longs), found.last_updated_date

    def test_who_is_blocked_is_removed_and_stays_out(self):
        phone = self.sign_in(self.b, device_type=c.IOS)
        self.assert_code(1001, self.bob.request("query_group_blocked_user_ids", group_id=self.group))
        self.bob.ok("create_group_blocked_user", group_id=self.group, user_id=self.c)
        push = self.assert_told(phone, "create_group_blocked_user", requester=self.b)
        told = push.relayed_request.create_group_blocked_user_request
        self.assertEqual((told.group_id, told.user_id), (self.group, self.c))
        self.assert_told_nothing(self.alice, self.bob, self.carol, self.dave)
        self.assert_code(1103, self.alice.request("create_group_blocked_user", group_id=self.group, user_id=self.c))
        self.assert_code(3421, self.carol.request("query_group_members", group_id=self.group))
        self.assert_code(5009, self.carol.request("create_message", group_id=self.group, text="x"))
        self.assert_code(3701, self.alice.request("create_group_invitation", group_id=self.group, invitee_id=self.c,
                                                  content=""))

        ids, version = self.ids(self.alice)
        self.assertEqual(ids, [self.c])
        infos = self.bob.ok("query_group_blocked_user_infos", group_id=self.group).data.user_infos_with_version
        self.assertEqual([info.id for info in infos.user_infos], [self.c])
        self.assertEqual(infos.last_updated_date, version)
        for kind in ("query_group_blocked_user_ids", "query_group_blocked_user_infos"):
            self.assert_code(1002, self.bob.request(kind, group_id=self.group, last_updated_date=version))
            self.assert_code(1002, self.dave.request(kind, group_id=self.group))
            self.assert_code(1002, self.alice.request(kind, group_id=987654321))

        self.bob.ok("delete_group_blocked_user", group_id=self.group, user_id=self.c)
        self.assert_told(phone, "delete_group_blocked_user", requester=self.b)
        self.assert_told_nothing(self.alice, self.bob, self.carol)
        self.bob.ok("delete_group_blocked_user", group_id=self.group, user_id=self.c)
        self.assert_told_nothing(phone)
        self.assert_code(1001, self.bob.request("query_group_blocked_user_ids", group_id=self.group,
                                                last_updated_date=version))
        self.alice.ok("create_group_invitation", group_id=self.group, invitee_id=self.c, content="")

    def test_codes(self):
        self.assert_code(3500, self.carol.request("create_group_blocked_user", group_id=self.group, user_id=self.d))
        self.assert_code(3500, self.dave.request("create_group_blocked_user", group_id=self.group, user_id=self.c))
        self.assert_code(3500, self.alice.request("create_group_blocked_user", group_id=987654321, user_id=self.d))
        self.assert_code(3409, self.bob.request("create_group_blocked_user", group_id=self.group, user_id=self.a))
        self.assert_code(1102, self.bob.request("create_group_blocked_user", group_id=self.group, user_id=self.b))
        self.assert_code(3501, self.carol.request("delete_group_blocked_user", group_id=self.group, user_id=self.d))
        self.assert_told_nothing(self.alice, self.bob, self.carol, self.dave)
