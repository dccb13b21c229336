"""Friend requests, relationships and their groups, and who is told."""

import client as c
from case import TurmsTest, on_both_transports
from server import Server


@on_both_transports
class FriendRequests:
    accounts = 4

    def setUp(self):
        # Users of their own for each test: what they think of each other stays.
        self.a, self.b, self.c = (self.server.add_user() for _ in range(3))
        self.alice, self.bob, self.carol = (self.sign_in(user) for user in (self.a, self.b, self.c))

    def sent(self, client):
        return client.ok("query_friend_requests", are_sent_by_me=True).data.user_friend_requests_with_version

    def received(self, client):
        return client.ok("query_friend_requests", are_sent_by_me=False).data.user_friend_requests_with_version

    def friends(self, client):
        response = client.request("query_related_user_ids", blocked=False)
        return list(response.data.longs_with_version.longs)

    def test_create_and_query(self):
        phone = self.sign_in(self.a, device_type=c.IOS)
        self.assert_code(1001, self.bob.request("query_friend_requests", are_sent_by_me=False))
        request = self.alice.ok("create_friend_request", recipient_id=self.b, content="hello").data.long
        for client in (self.bob, phone):
            told = self.assert_told(client, "create_friend_request", requester=self.a)
            self.assertEqual(told.relayed_request.create_friend_request_request.content, "hello")
            self.assertEqual(told.data.long, request)
        self.assert_told_nothing(self.alice, self.carol)
        for found in (self.sent(self.alice), self.received(self.bob)):
            one = found.user_friend_requests[0]
            self.assertEqual((one.id, one.content, one.request_status, one.requester_id, one.recipient_id),
                             (request, "hello", c.PENDING, self.a, self.b))
            self.assertEqual(one.expiration_date - one.creation_date, 30 * 24 * 3600 * 1000)
            self.assertFalse(one.HasField("reason"))
        version = self.received(self.bob).last_updated_date
        self.assert_code(1002, self.bob.request("query_friend_requests", are_sent_by_me=False,
                                                last_updated_date=version))
        self.assert_code(1000, self.bob.request("query_friend_requests", are_sent_by_me=False,
                                                last_updated_date=version - 1))

    def test_codes_of_creating(self):
        ask = lambda **fields: self.alice.request("create_friend_request", **fields)
        self.assert_code(1102, ask(recipient_id=self.a))
        self.assert_code(1102, ask(recipient_id=self.b, content="x" * 201))
        self.assert_code(1000, ask(recipient_id=self.b, content="x" * 200))
        self.assert_code(2600, ask(recipient_id=self.b))
        self.assert_code(1000, ask(recipient_id=987654321))
        self.carol.ok("create_relationship", user_id=self.a, blocked=True)
        self.assert_code(2601, ask(recipient_id=self.c))

    def test_accept(self):
        request = self.alice.ok("create_friend_request", recipient_id=self.b).data.long
        self.bob.inbox.clear()
        phone = self.sign_in(self.b, device_type=c.IOS)
        self.assert_code(2606, self.carol.request("update_friend_request", request_id=request))
        self.assert_code(2606, self.alice.request("update_friend_request", request_id=request))
        self.assert_code(2606, self.bob.request("update_friend_request", request_id=12345))
        self.assert_code(1102, self.bob.request("update_friend_request", request_id=request, reason="x" * 201))
        version = self.sent(self.alice).last_updated_date
        self.bob.pushes()
        self.bob.ok("update_friend_request", request_id=request, response_action=c.ACCEPT, reason="yes")
        for client in (self.alice, phone):
            told = self.assert_told(client, "update_friend_request", requester=self.b)
            self.assertEqual(told.relayed_request.update_friend_request_request.request_id, request)
        self.assert_told_nothing(self.bob, self.carol)
        self.assertEqual(self.friends(self.alice), [self.b])
        self.assertEqual(self.friends(self.bob), [self.a])
        answered = self.alice.ok("query_friend_requests", are_sent_by_me=True, last_updated_date=version)
        one = answered.data.user_friend_requests_with_version.user_friend_requests[0]
        self.assertEqual((one.request_status, one.reason), (c.ACCEPTED, "yes"))
        self.assert_code(2605, self.bob.request("update_friend_request", request_id=request))

    def test_decline_and_ignore(self):
        for action, status in ((c.DECLINE, c.DECLINED), (c.IGNORE, c.IGNORED)):
            recipient = self.server.add_user()
            client = self.sign_in(recipient)
            request = self.alice.ok("create_friend_request", recipient_id=recipient).data.long
            client.ok("update_friend_request", request_id=request, response_action=action)
            self.assertEqual(self.received(client).user_friend_requests[0].request_status, status)
            self.assertEqual(self.friends(client), [])
            self.assert_code(2600, self.alice.request("create_friend_request", recipient_id=recipient))

    def test_accepting_keeps_what_there_is(self):
        self.bob.ok("create_relationship", user_id=self.a, blocked=False, name="al", group_index=7)
        request = self.alice.ok("create_friend_request", recipient_id=self.b).data.long
        self.bob.ok("update_friend_request", request_id=request, response_action=c.ACCEPT)
        one = self.bob.ok("query_relationships").data.user_relationships_with_version.user_relationships[0]
        self.assertEqual((one.name, one.group_index), ("al", 7))

    def test_recalling_is_off(self):
        request = self.alice.ok("create_friend_request", recipient_id=self.b).data.long
        self.assert_code(2603, self.alice.request("delete_friend_request", request_id=request))


class Recalling(TurmsTest):
    @classmethod
    def make_server(cls):
        prefix = "turms.service.user.friend-request."
        server = Server({prefix + "allow-recall-pending-friend-request-by-sender": "true",
                         prefix + "allow-send-request-after-declined-or-ignored-or-expired": "true",
                         "turms.service.notification.one-sided-relationship-group-member-added."
                         "notify-new-relationship-group-member": "true",
                         "turms.service.user.delete-two-sided-relationships": "true"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def setUp(self):
        self.a, self.b, self.c = self.users
        self.alice, self.bob, self.carol = (self.sign_in(user) for user in self.users)

    def test_recall(self):
        request = self.alice.ok("create_friend_request", recipient_id=self.b).data.long
        self.bob.pushes()
        self.assert_code(2604, self.bob.request("delete_friend_request", request_id=request))
        self.assert_code(2604, self.alice.request("delete_friend_request", request_id=1))
        phone = self.sign_in(self.a, device_type=c.IOS)
        self.alice.ok("delete_friend_request", request_id=request)
        for client in (self.bob, phone):
            self.assert_told(client, "delete_friend_request", requester=self.a)
        self.assert_told_nothing(self.alice, self.carol)
        self.assert_code(2602, self.alice.request("delete_friend_request", request_id=request))
        found = self.bob.ok("query_friend_requests").data.user_friend_requests_with_version
        self.assertEqual(found.user_friend_requests[-1].request_status, c.CANCELED)
        again = self.alice.ok("create_friend_request", recipient_id=self.b).data.long
        self.bob.ok("update_friend_request", request_id=again, response_action=c.DECLINE)
        last = self.alice.ok("create_friend_request", recipient_id=self.b).data.long
        self.alice.inbox.clear()
        self.alice.pushes()
        # Each is told that the other has them now.
        self.bob.ok("update_friend_request", request_id=last, response_action=c.ACCEPT)
        pushes = [push.relayed_request for push in self.alice.pushes()]
        self.assertEqual([push.WhichOneof("kind") for push in pushes],
                         ["update_friend_request_request", "create_relationship_request"])
        self.assertEqual(pushes[1].create_relationship_request.user_id, self.a)
        self.alice.ok("delete_relationship", user_id=self.b)
        self.assert_code(1001, self.bob.request("query_related_user_ids"))


@on_both_transports
class Relationships:
    accounts = 0

    def setUp(self):
        self.a, self.b = (self.server.add_user() for _ in range(2))
        self.alice, self.bob = (self.sign_in(user) for user in (self.a, self.b))
        self.phone = self.sign_in(self.a, device_type=c.IOS)

    def found(self, **fields):
        response = self.alice.request("query_relationships", **fields)
        if response.code != 1000:
            return response.code
        return {one.related_user_id: one for one in response.data.user_relationships_with_version.user_relationships}

    def ids(self, **fields):
        response = self.alice.request("query_related_user_ids", **fields)
        return list(response.data.longs_with_version.longs) if response.code == 1000 else response.code

    def version(self):
        return self.alice.ok("query_relationships").data.user_relationships_with_version.last_updated_date

    def test_create(self):
        self.assertEqual(self.found(), 1001)
        self.assertEqual(self.ids(), 1001)
        self.alice.ok("create_relationship", user_id=self.b, blocked=False, name="bobby")
        told = self.assert_told(self.phone, "create_relationship", requester=self.a)
        relayed = told.relayed_request.create_relationship_request
        self.assertEqual((relayed.user_id, relayed.group_index, relayed.HasField("group_index")), (self.b, 0, True))
        self.assert_told_nothing(self.alice, self.bob)
        one = self.found()[self.b]
        self.assertEqual((one.owner_id, one.name, one.HasField("block_date")), (self.a, "bobby", False))
        self.assertGreater(one.establishment_date, 0)
        self.assert_code(2501, self.alice.request("create_relationship", user_id=self.b, blocked=False))
        self.assert_code(2501, self.alice.request("create_relationship", user_id=self.b, blocked=True))
        self.assert_code(2502, self.alice.request("create_relationship", user_id=self.a, blocked=True))
        self.assert_code(1102, self.alice.request("create_relationship", user_id=self.a, blocked=False))
        self.assert_code(1002, self.alice.request("query_relationships", last_updated_date=self.version()))
        self.assert_code(1002, self.alice.request("query_related_user_ids", last_updated_date=self.version()))

    def test_blocking(self):
        self.bob.ok("create_message", recipient_id=self.a, text="x")
        self.alice.ok("create_relationship", user_id=self.b, blocked=True)
        self.assert_code(5002, self.bob.request("create_message", recipient_id=self.a, text="x"))
        self.assert_code(2601, self.bob.request("create_friend_request", recipient_id=self.a))
        self.assertEqual(self.ids(blocked=True), [self.b])
        self.assertEqual(self.ids(blocked=False), 1001)
        before = self.version()
        self.alice.ok("update_relationship", user_id=self.b, blocked=False)
        self.assertGreater(self.version(), before)
        self.bob.ok("create_message", recipient_id=self.a, text="x")
        self.assert_code(2502, self.alice.request("update_relationship", user_id=self.a, blocked=True))

    def test_update_keeps_what_it_does_not_name(self):
        self.alice.ok("create_relationship", user_id=self.b, blocked=True, group_index=5, name="x")
        self.phone.pushes()
        self.alice.ok("update_relationship", user_id=self.b, name="y")
        self.assert_told(self.phone, "update_relationship", requester=self.a)
        self.assert_told_nothing(self.bob)
        one = self.found()[self.b]
        self.assertEqual((one.name, one.group_index, one.HasField("block_date")), ("y", 5, True))
        self.alice.ok("update_relationship", user_id=self.b, new_group_index=6, delete_group_index=5)
        one = self.found()[self.b]
        self.assertEqual((one.name, one.group_index, one.HasField("block_date")), ("y", 6, True))
        self.assertEqual(self.ids(group_indexes=[5]), 1001)
        self.alice.ok("update_relationship", user_id=self.b, delete_group_index=6)
        self.assertEqual(self.ids(group_indexes=[0]), [self.b])
        self.assert_code(1102, self.alice.request("update_relationship", user_id=self.b, new_group_index=6,
                                                  delete_group_index=6))

    def test_update_makes_one_that_can_be_deleted(self):
        self.alice.ok("update_relationship", user_id=self.b, name="b")
        self.assertEqual(self.ids(group_indexes=[0]), [self.b])
        self.phone.pushes()
        self.alice.ok("delete_relationship", user_id=self.b)
        self.assert_told(self.phone, "delete_relationship", requester=self.a)
        self.assertEqual(self.ids(), 1001)
        self.assert_code(1000, self.alice.request("delete_relationship", user_id=self.b))

    def test_the_last_group_takes_the_relationship_along(self):
        self.alice.ok("create_relationship", user_id=self.b, blocked=False, group_index=4)
        self.alice.ok("update_relationship", user_id=self.b, new_group_index=8)
        self.alice.ok("delete_relationship", user_id=self.b, group_index=4)
        self.assertEqual(self.ids(group_indexes=[8]), [self.b])
        self.alice.ok("delete_relationship", user_id=self.b, group_index=8)
        self.assertEqual(self.ids(), 1001)

    def test_deleting_is_one_sided(self):
        self.alice.ok("create_relationship", user_id=self.b, blocked=False)
        self.bob.ok("create_relationship", user_id=self.a, blocked=False)
        self.alice.ok("delete_relationship", user_id=self.b)
        self.bob.ok("query_related_user_ids")

    def test_groups(self):
        found = self.alice.ok("query_relationship_groups").data.user_relationship_groups_with_version
        self.assertEqual([(g.index, g.name) for g in found.user_relationship_groups], [(0, "")])
        self.assert_code(1002, self.alice.request("query_relationship_groups",
                                                  last_updated_date=found.last_updated_date))
        index = self.alice.ok("create_relationship_group", name="work").data.long
        self.assertTrue(0 < index < 2**31)
        self.assert_told_nothing(self.phone)
        self.assert_code(1000, self.alice.request("query_relationship_groups",
                                                  last_updated_date=found.last_updated_date))
        self.alice.ok("update_relationship_group", group_index=index, new_name="office")
        self.assert_told(self.phone, "update_relationship_group", requester=self.a)
        self.assert_code(1000, self.alice.request("update_relationship_group", group_index=index + 1, new_name="x"))
        groups = self.alice.ok("query_relationship_groups").data.user_relationship_groups_with_version
        self.assertEqual([(g.index, g.name) for g in groups.user_relationship_groups], [(0, ""), (index, "office")])
        self.alice.ok("create_relationship", user_id=self.b, blocked=False, group_index=index)
        self.phone.pushes()
        self.alice.ok("delete_relationship_group", group_index=index)
        told = self.assert_told(self.phone, "delete_relationship_group", requester=self.a)
        relayed = told.relayed_request.delete_relationship_group_request
        self.assertEqual((relayed.target_group_index, relayed.HasField("target_group_index")), (0, True))
        self.assert_told_nothing(self.bob)
        self.assertEqual(self.ids(group_indexes=[0]), [self.b])
        self.assert_code(1102, self.alice.request("delete_relationship_group", group_index=0))
        self.assert_code(1000, self.alice.request("delete_relationship_group", group_index=123))
        self.assert_code(1102, self.alice.request("create_relationship_group", name="x" * 201))
