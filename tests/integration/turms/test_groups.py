"""Groups, their members and invitations, and who is told."""

import time

import client as c
from case import TurmsTest, on_both_transports


@on_both_transports
class Groups:
    accounts = 4

    def setUp(self):
        self.a, self.b, self.c, self.d = self.users
        self.alice, self.bob, self.carol, self.dave = (self.sign_in(user) for user in self.users)

    def members(self, client, group):
        found = client.ok("query_group_members", group_id=group).data.group_members_with_version.group_members
        return {member.user_id: member.role for member in found}

    def test_create_and_query(self):
        phone = self.sign_in(self.a, device_type=c.IOS)
        group = self.alice.ok("create_group", name="book club", intro="we read", announcement="hi").data.long
        push = self.assert_told(phone, "create_group", requester=self.a)
        self.assertEqual(push.data.long, group)
        self.assert_told_nothing(self.alice, self.bob)
        found = self.alice.ok("query_groups", group_ids=[group]).data.groups_with_version.groups
        self.assertEqual(len(found), 1)
        one = found[0]
        self.assertEqual((one.id, one.name, one.intro, one.announcement, one.creator_id, one.owner_id, one.type_id,
                          one.active), (group, "book club", "we read", "hi", self.a, self.a, 0, True))
        self.assertEqual(self.members(self.alice, group), {self.a: c.OWNER})
        joined = self.alice.ok("query_joined_group_ids").data.longs_with_version
        self.assertIn(group, joined.longs)
        infos = self.alice.ok("query_joined_group_infos").data.groups_with_version
        self.assertIn("book club", [g.name for g in infos.groups])
        self.assert_code(1002, self.alice.request("query_joined_group_ids",
                                                  last_updated_date=joined.last_updated_date))
        newer = self.alice.request("query_joined_group_ids", last_updated_date=joined.last_updated_date - 1)
        self.assert_code(1000, newer)

    def test_a_group_nobody_knows_is_an_empty_list(self):
        response = self.alice.ok("query_groups", group_ids=[987654321])
        self.assertTrue(response.data.HasField("groups_with_version"))
        self.assertEqual(len(response.data.groups_with_version.groups), 0)

    def test_names_are_bounded(self):
        self.assert_code(1102, self.alice.request("create_group", name="x" * 201))
        self.assert_code(1000, self.alice.request("create_group", name="x" * 200))

    def test_invitation_accepted(self):
        group = self.alice.ok("create_group", name="g").data.long
        self.assert_code(3400, self.alice.request("create_group_members", group_id=group, user_ids=[self.b],
                                                  role=c.MEMBER))
        response = self.alice.ok("create_group_invitation", group_id=group, invitee_id=self.b, content="come")
        invitation = response.data.long
        push = self.assert_told(self.bob, "create_group_invitation", requester=self.a)
        self.assertEqual(push.relayed_request.create_group_invitation_request.content, "come")
        self.assert_told_nothing(self.carol)

        received = self.bob.ok("query_group_invitations", are_sent_by_me=False)
        one = [i for i in received.data.group_invitations_with_version.group_invitations if i.id == invitation][0]
        self.assertEqual((one.group_id, one.inviter_id, one.invitee_id, one.status, one.content),
                         (group, self.a, self.b, c.PENDING, "come"))
        self.assertGreater(one.expiration_date, one.creation_date)
        self.assert_code(3711, self.carol.request("update_group_invitation", invitation_id=invitation,
                                                  response_action=c.ACCEPT))

        self.alice.pushes()
        self.bob.ok("update_group_invitation", invitation_id=invitation, response_action=c.ACCEPT)
        kinds = sorted(c.kind_of(push) for push in self.alice.pushes())
        self.assertEqual(kinds, ["create_group_members_request", "update_group_invitation_request"],
                         "the inviter hears of the answer and of the member")
        self.assertEqual(self.members(self.bob, group), {self.a: c.OWNER, self.b: c.MEMBER})
        self.assert_code(3710, self.bob.request("update_group_invitation", invitation_id=invitation,
                                                response_action=c.ACCEPT))
        self.assert_code(3700, self.alice.request("create_group_invitation", group_id=group, invitee_id=self.b,
                                                  content=""))

    def test_invitation_declined(self):
        group = self.alice.ok("create_group", name="g").data.long
        invitation = self.alice.ok("create_group_invitation", group_id=group, invitee_id=self.b,
                                   content="").data.long
        self.bob.pushes()
        self.alice.pushes()
        self.bob.ok("update_group_invitation", invitation_id=invitation, response_action=c.DECLINE,
                    reason="no time")
        push = self.assert_told(self.alice, "update_group_invitation", requester=self.b)
        self.assertEqual(push.relayed_request.update_group_invitation_request.reason, "no time")
        self.assertEqual(self.members(self.alice, group), {self.a: c.OWNER})

    def test_update_group_tells_the_members(self):
        group = self.group_of(self.a, self.b, self.c)
        self.alice.ok("update_group", group_id=group, name="renamed")
        for client in (self.bob, self.carol):
            self.assert_told(client, "update_group", requester=self.a)
        self.assert_told_nothing(self.alice, self.dave)
        found = self.bob.ok("query_groups", group_ids=[group]).data.groups_with_version.groups[0]
        self.assertEqual(found.name, "renamed")
        self.assert_code(3002, self.bob.request("update_group", group_id=group, name="no"))

    def test_removed_member_and_others_are_told(self):
        group = self.group_of(self.a, self.b, self.c)
        self.assert_code(3408, self.bob.request("delete_group_members", group_id=group, member_ids=[self.a]))
        self.alice.ok("delete_group_members", group_id=group, member_ids=[self.b])
        for client in (self.bob, self.carol):
            push = self.assert_told(client, "delete_group_members", requester=self.a)
            self.assertEqual(list(push.relayed_request.delete_group_members_request.member_ids), [self.b])
        self.assert_told_nothing(self.dave)
        self.assertEqual(set(self.members(self.alice, group)), {self.a, self.c})
        self.assert_code(5009, self.bob.request("create_message", group_id=group, text="still here?"))
        self.alice.ok("create_message", group_id=group, text="gone")
        self.assert_told_nothing(self.bob)

    def test_leaving_and_handing_over(self):
        group = self.group_of(self.a, self.b, self.c)
        self.carol.ok("delete_group_members", group_id=group, member_ids=[self.c])
        self.assertEqual(set(self.members(self.alice, group)), {self.a, self.b})
        self.assert_code(3204, self.alice.request("delete_group_members", group_id=group, member_ids=[self.a]))
        self.alice.ok("delete_group_members", group_id=group, member_ids=[self.a], successor_id=self.b,
                      quit_after_transfer=True)
        self.assertEqual(self.members(self.bob, group), {self.b: c.OWNER})
        found = self.bob.ok("query_groups", group_ids=[group]).data.groups_with_version.groups[0]
        self.assertEqual(found.owner_id, self.b)

    def test_roles_and_mutes(self):
        group = self.group_of(self.a, self.b, self.c)
        self.assertNotEqual(self.bob.request("update_group_member", group_id=group, member_id=self.c,
                                             role=c.MANAGER).code, 1000)
        self.alice.ok("update_group_member", group_id=group, member_id=self.b, role=c.MANAGER)
        self.assertEqual(self.members(self.alice, group)[self.b], c.MANAGER)
        until = int(time.time() * 1000) + 60_000
        self.assert_code(3418, self.carol.request("update_group_member", group_id=group, member_id=self.a,
                                                  mute_end_date=until))
        self.bob.ok("update_group_member", group_id=group, member_id=self.c, mute_end_date=until)
        self.assert_code(5008, self.carol.request("create_message", group_id=group, text="mmh"))
        self.bob.ok("update_group_member", group_id=group, member_id=self.c, mute_end_date=1)
        self.carol.ok("create_message", group_id=group, text="free")

    def test_who_is_muted_is_told_where_the_client_knows_extensions(self):
        group = self.group_of(self.a, self.b, self.c)
        aware = self.sign_in(self.c, device_type=c.IOS, device_details={"turms.extensions": "1"})
        until = int(time.time() * 1000) + 60_000
        for end in (until, 1):
            self.alice.ok("update_group_member", group_id=group, member_id=self.c, mute_end_date=end)
            push = self.assert_told(aware, "update_group_member", requester=self.a)
            told = push.relayed_request.update_group_member_request
            self.assertEqual((told.group_id, told.member_id, told.mute_end_date), (group, self.c, end))
            self.assertFalse(told.HasField("role"))
        # As upstream by default.
        self.assert_told_nothing(self.bob, self.carol)

    def test_a_muted_group_is_silent_for_everybody(self):
        group = self.group_of(self.a, self.b)
        self.alice.ok("update_group", group_id=group, mute_end_date=int(time.time() * 1000) + 60_000)
        for client in (self.alice, self.bob):
            self.assert_code(5005, client.request("create_message", group_id=group, text="x"))
        self.alice.ok("update_group", group_id=group, mute_end_date=1)
        self.bob.ok("create_message", group_id=group, text="x")

    def test_delete_group(self):
        group = self.group_of(self.a, self.b)
        self.assert_code(3202, self.bob.request("delete_group", group_id=group))
        self.alice.ok("delete_group", group_id=group)
        self.assert_told(self.bob, "delete_group", requester=self.a)
        self.assert_code(5004, self.bob.request("create_message", group_id=group, text="x"))
        self.assertEqual(len(self.bob.ok("query_groups", group_ids=[group]).data.groups_with_version.groups), 0)

    def test_members_query(self):
        group = self.group_of(self.a, self.b)
        self.assert_code(3421, self.carol.request("query_group_members", group_id=group))
        version = self.bob.ok("query_group_members", group_id=group).data.group_members_with_version
        self.assert_code(1002, self.bob.request("query_group_members", group_id=group,
                                                last_updated_date=version.last_updated_date))
        found = self.bob.ok("query_group_members", group_id=group, member_ids=[self.a, self.b], with_status=True)
        by_id = {m.user_id: m for m in found.data.group_members_with_version.group_members}
        self.assertEqual((by_id[self.b].user_status, list(by_id[self.b].using_device_types)), (0, [c.DESKTOP]))


class MemberLimits(TurmsTest):
    accounts = 2

    def test_codes_of_adding(self):
        alice = self.sign_in(self.users[0])
        bob = self.sign_in(self.users[1])
        group = alice.ok("create_group", name="g").data.long
        self.assert_code(3422, bob.request("create_group_members", group_id=group, user_ids=[self.users[1]]))
        self.assertNotEqual(alice.request("create_group_members", group_id=group, user_ids=list(range(1, 102)),
                                          role=c.MEMBER).code, 1000)
