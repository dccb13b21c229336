"""Ways into groups, and who is kept out."""

import atexit
import contextlib
import sqlite3

import client as c
from case import TurmsTest, on_both_transports
from server import Server

MEMBERSHIP_REQUEST, INVITATION, QUESTION, JOIN_REQUEST = range(4)


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


class EnrollmentTest(TurmsTest):
    """A server that lets requests be recalled and types be changed, and has a group type for each way of joining."""

    accounts = 4
    _server = None

    @classmethod
    def make_server(cls):
        if EnrollmentTest._server is None:
            server = Server({f"turms.service.group.{key}": "true" for key in (
                "invitation.allow-recall-pending-invitation-by-owner-and-manager",
                "invitation.allow-recall-pending-invitation-by-sender",
                "join-request.allow-recall-pending-join-request-by-sender",
                "allow-group-owner-change-group-type")}
                | {"turms.service.group.info.user-defined-attributes.allowed-attributes": "color,size"}).start()
            atexit.register(server.remove)
            EnrollmentTest._server = server
        return EnrollmentTest._server

    def setUp(self):
        self.a, self.b, self.c, self.d = self.users
        self.alice, self.bob, self.carol, self.dave = (self.sign_in(user) for user in self.users)

    @contextlib.contextmanager
    def database(self):
        """As another program would change it."""
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/turms.db", timeout=30)) as database, database:
            yield database

    @staticmethod
    def add_type(database, type_id, size_limit=500, join_strategy=INVITATION):
        database.execute("insert or replace into group_type values (?, 'typed', ?, 5, ?, 2, 2, 0, 1, 1, 1)",
                         (type_id, size_limit, join_strategy))

    def group_with(self, join_strategy, size_limit=500):
        """Of Alice, Bob (a manager) and Carol."""
        group = self.group_of(self.a, self.b, self.c)
        self.alice.ok("update_group_member", group_id=group, member_id=self.b, role=c.MANAGER)
        type_id = 100 + join_strategy * 1000 + size_limit
        with self.database() as database:
            self.add_type(database, type_id, size_limit, join_strategy)
            database.execute("update chat_group set type_id = ? where id = ?", (type_id, group))
        # The server looks for what others wrote before it writes itself.
        for client in (self.alice, self.bob, self.carol, self.dave):
            client.pushes()
        self.alice.ok("update_group", group_id=group, intro="typed")
        for client in (self.alice, self.bob, self.carol, self.dave):
            client.pushes()
        return group


class Invitations(EnrollmentTest):
    def test_recalling(self):
        group = self.group_of(self.a, self.b, self.c)
        invite = lambda client: client.ok("create_group_invitation", group_id=group, invitee_id=self.d,
                                          content="").data.long
        for sender in (self.carol, self.alice):
            invitation = invite(sender)
            for client in (self.alice, self.carol, self.dave):
                client.pushes()
            self.assert_code(3708, self.bob.request("delete_group_invitation", invitation_id=invitation))
            self.alice.ok("delete_group_invitation", invitation_id=invitation)
            push = self.assert_told(self.dave, "delete_group_invitation", requester=self.a)
            self.assertEqual(push.relayed_request.delete_group_invitation_request.invitation_id, invitation)
            self.assert_told_nothing(self.alice, self.bob, self.carol)
            self.assert_code(3709, self.alice.request("delete_group_invitation", invitation_id=invitation))
            self.assert_code(3710, self.dave.request("update_group_invitation", invitation_id=invitation,
                                                     response_action=c.ACCEPT))
        self.carol.ok("delete_group_invitation", invitation_id=invite(self.carol))
        self.assert_code(3708, self.alice.request("delete_group_invitation", invitation_id=1))
        found = self.dave.ok("query_group_invitations").data.group_invitations_with_version.group_invitations
        self.assertEqual({one.status for one in found}, {c.CANCELED})

    def test_it_is_off_by_default(self):
        class ByDefault(TurmsTest):
            accounts = 1
        ByDefault.setUpClass()
        client = ByDefault("sign_in").sign_in(ByDefault.users[0])
        try:
            self.assert_code(3706, client.request("delete_group_invitation", invitation_id=1))
            self.assert_code(3609, client.request("delete_group_join_request", request_id=1))
        finally:
            client.close()


class JoinRequests(EnrollmentTest):
    def ask(self, client, group):
        return client.ok("create_group_join_request", group_id=group, content="let me in").data.long

    def test_accepted(self):
        group = self.group_with(JOIN_REQUEST)
        phone = self.sign_in(self.d, device_type=c.IOS)
        request = self.ask(self.dave, group)
        for client in (self.alice, self.bob, phone):
            push = self.assert_told(client, "create_group_join_request", requester=self.d)
            self.assertEqual(push.data.long, request)
        self.assert_told_nothing(self.carol, self.dave)
        self.assert_code(3611, self.carol.request("update_group_join_request", request_id=request,
                                                  response_action=c.ACCEPT))
        self.bob.ok("update_group_join_request", request_id=request, response_action=c.ACCEPT, reason="hi")
        kinds = lambda client: sorted(c.kind_of(push) for push in client.pushes())
        both = ["create_group_members_request", "update_group_join_request_request"]
        for client in (self.alice, self.dave, phone):
            self.assertEqual(kinds(client), both)
        self.assertEqual(kinds(self.carol), both[:1])
        self.assertEqual(kinds(self.bob), both[:1], "who is a member now the answer does not say")
        self.dave.ok("create_message", group_id=group, text="thank you")
        self.assert_code(3610, self.bob.request("update_group_join_request", request_id=request,
                                                response_action=c.DECLINE))
        self.assert_code(3601, self.dave.request("create_group_join_request", group_id=group, content=""))

    def test_declined_and_shown(self):
        group = self.group_with(JOIN_REQUEST)
        self.assert_code(1001, self.alice.request("query_group_join_requests", group_id=group))
        request = self.ask(self.dave, group)
        shown = self.bob.ok("query_group_join_requests", group_id=group).data.group_join_requests_with_version
        one, = shown.group_join_requests
        self.assertEqual((one.id, one.group_id, one.requester_id, one.content, one.status),
                         (request, group, self.d, "let me in", c.PENDING))
        self.assertGreater(one.expiration_date, one.creation_date)
        self.assertFalse(one.HasField("responder_id"))
        self.assert_code(1002, self.bob.request("query_group_join_requests", group_id=group,
                                                last_updated_date=shown.last_updated_date))
        self.assert_code(3603, self.carol.request("query_group_join_requests", group_id=group))
        self.assert_code(3603, self.dave.request("query_group_join_requests", group_id=group))
        self.alice.pushes()
        self.alice.ok("update_group_join_request", request_id=request, response_action=c.DECLINE, reason="full")
        push = self.assert_told(self.dave, "update_group_join_request", requester=self.a)
        self.assertEqual(push.relayed_request.update_group_join_request_request.reason, "full")
        self.assert_told_nothing(self.alice, self.carol)
        mine = self.dave.ok("query_group_join_requests").data.group_join_requests_with_version.group_join_requests
        self.assertEqual([(r.status, r.responder_id) for r in mine if r.id == request], [(c.DECLINED, self.a)])
        self.assert_code(3421, self.dave.request("query_group_members", group_id=group))

    def test_recalling(self):
        group = self.group_with(JOIN_REQUEST)
        request = self.ask(self.dave, group)
        self.alice.pushes()
        self.bob.pushes()
        self.assert_code(3602, self.alice.request("delete_group_join_request", request_id=request))
        self.assert_code(3602, self.dave.request("delete_group_join_request", request_id=1))
        self.dave.ok("delete_group_join_request", request_id=request)
        for client in (self.alice, self.bob):
            self.assert_told(client, "delete_group_join_request", requester=self.d)
        self.assert_told_nothing(self.carol, self.dave)
        self.assert_code(3604, self.dave.request("delete_group_join_request", request_id=request))
        self.assert_code(3610, self.alice.request("update_group_join_request", request_id=request,
                                                  response_action=c.ACCEPT))

    def test_codes(self):
        for strategy, code in ((MEMBERSHIP_REQUEST, 3606), (INVITATION, 3607), (QUESTION, 3608)):
            group = self.group_with(strategy)
            self.assert_code(code, self.dave.request("create_group_join_request", group_id=group, content=""))
        self.assert_code(3605, self.dave.request("create_group_join_request", group_id=987654321, content=""))
        full = self.group_with(JOIN_REQUEST, size_limit=3)
        self.assert_code(1102, self.dave.request("create_group_join_request", group_id=full, content="x" * 201))
        request = self.ask(self.dave, full)
        self.assert_code(3403, self.alice.request("update_group_join_request", request_id=request,
                                                  response_action=c.ACCEPT))
        self.alice.ok("create_group_blocked_user", group_id=full, user_id=self.d)
        self.assert_code(3404, self.alice.request("update_group_join_request", request_id=request,
                                                  response_action=c.ACCEPT))
        self.assert_code(3600, self.dave.request("create_group_join_request", group_id=full, content=""))
        self.assert_code(3611, self.alice.request("update_group_join_request", request_id=1, response_action=c.ACCEPT))


class JoinQuestions(EnrollmentTest):
    def add(self, client, group):
        request = client.build("create_group_join_questions", group_id=group)
        for question, answers, score in (("1+1?", ["2", "two"], 3), ("2+2?", ["4"], 2)):
            request.create_group_join_questions_request.questions.add(question=question, answers=answers, score=score)
        client.send_message(request.SerializeToString())
        return client.response(request.request_id)

    def result(self, client, answers):
        return client.ok("check_group_join_questions_answers",
                         question_id_to_answer=answers).data.group_join_question_answer_result

    def test_answering(self):
        group = self.group_with(QUESTION)
        self.alice.ok("update_group", group_id=group, min_score=5)
        one, two = self.add(self.bob, group).data.longs_with_version.longs
        for client in (self.alice, self.bob, self.carol):
            client.pushes()
        half = self.result(self.dave, {one: "two", two: "5"})
        self.assertEqual((half.score, list(half.question_ids), half.joined), (3, [one], False))
        self.assert_told_nothing(self.alice, self.bob, self.carol, self.dave)
        whole = self.result(self.dave, {one: "2", two: "4"})
        self.assertEqual((whole.score, sorted(whole.question_ids), whole.joined), (5, sorted([one, two]), True))
        for client in (self.alice, self.bob, self.carol, self.dave):
            push = self.assert_told(client, "create_group_members", requester=self.d)
            added = push.relayed_request.create_group_members_request
            self.assertEqual((added.group_id, list(added.user_ids), added.role), (group, [self.d], c.MEMBER))
        self.assert_code(3309, self.dave.request("check_group_join_questions_answers",
                                                 question_id_to_answer={one: "2"}))

    def test_questions_are_shown_without_what_is_secret(self):
        group = self.group_with(QUESTION)
        self.assert_code(1001, self.dave.request("query_group_join_questions", group_id=group))
        self.add(self.alice, group)
        shown = self.dave.ok("query_group_join_questions", group_id=group).data.group_join_questions_with_version
        self.assertEqual([(q.question, list(q.answers), q.HasField("score")) for q in shown.group_join_questions],
                         [("1+1?", [], False), ("2+2?", [], False)])
        self.assert_code(1002, self.dave.request("query_group_join_questions", group_id=group,
                                                 last_updated_date=shown.last_updated_date))
        for client in (self.carol, self.dave):
            self.assert_code(3303, client.request("query_group_join_questions", group_id=group, with_answers=True))
        told = self.bob.ok("query_group_join_questions", group_id=group, with_answers=True)
        self.assertEqual([list(q.answers) for q in told.data.group_join_questions_with_version.group_join_questions],
                         [["2", "two"], ["4"]])

    def test_changing_and_deleting(self):
        group = self.group_with(QUESTION)
        other = self.group_with(QUESTION)
        one, two = self.add(self.alice, group).data.longs_with_version.longs
        theirs, _ = self.add(self.alice, other).data.longs_with_version.longs
        self.assert_code(3302, self.carol.request("update_group_join_question", question_id=one, question="x"))
        self.bob.ok("update_group_join_question", question_id=one, question="3+3?", answers=["6"])
        self.assert_code(3301, self.carol.request("delete_group_join_questions", group_id=group, question_ids=[one]))
        self.alice.ok("delete_group_join_questions", group_id=group, question_ids=[two, theirs])
        questions = lambda of: [q.question for q in self.alice.ok(
            "query_group_join_questions", group_id=of).data.group_join_questions_with_version.group_join_questions]
        self.assertEqual(questions(group), ["3+3?"])
        self.assertEqual(questions(other), ["1+1?", "2+2?"], "another group's stay")

    def test_codes(self):
        group = self.group_with(QUESTION)
        self.assert_code(3300, self.add(self.carol, group))
        self.assert_code(3300, self.add(self.alice, 987654321))
        for strategy, code in ((JOIN_REQUEST, 3305), (INVITATION, 3306), (MEMBERSHIP_REQUEST, 3307)):
            self.assert_code(code, self.add(self.alice, self.group_with(strategy)))
        answering = lambda answers: self.dave.request("check_group_join_questions_answers",
                                                      question_id_to_answer=answers)
        self.assert_code(1102, answering({}))
        self.assert_code(1001, answering({1: "x"}))
        one, _ = self.add(self.alice, group).data.longs_with_version.longs
        self.assert_code(1102, self.alice.request("update_group_join_question", question_id=one, question="x" * 201))
        self.assert_code(1102, self.alice.request("update_group_join_question", question_id=one, answers=["x" * 51]))
        self.assert_code(1102, self.alice.request("update_group_join_question", question_id=one,
                                                  answers=[str(i) for i in range(11)]))
        self.alice.ok("create_group_blocked_user", group_id=group, user_id=self.d)
        self.assert_code(3308, answering({one: "2"}))
        self.alice.ok("delete_group_blocked_user", group_id=group, user_id=self.d)
        self.alice.ok("delete_group", group_id=group)
        self.assert_code(3311, answering({one: "2"}))


class GroupTypes(EnrollmentTest):
    def setUp(self):
        super().setUp()
        with self.database() as database:
            for type_id in (10, 11):
                self.add_type(database, type_id)
            database.execute("insert or replace into user_role values (1, 'teacher', 4, 9)")
            for type_id, creatable, limit in ((0, 1, None), (10, 1, 1)):
                database.execute("insert or replace into user_role_group_type values (1, ?, ?, ?)",
                                 (type_id, creatable, limit))
            database.execute("update user set role_id = 1 where id in (?, ?)", (self.a, self.d))

    def create(self, client, type_id):
        return client.request("create_group", name="g", type_id=type_id)

    def test_types_and_numbers_of_groups(self):
        typed = self.create(self.dave, 10)
        self.assert_code(1000, typed)
        found, = self.dave.ok("query_groups", group_ids=[typed.data.long]).data.groups_with_version.groups
        self.assertEqual(found.type_id, 10)
        self.assert_code(3205, self.create(self.dave, 10))
        self.assert_code(3100, self.create(self.dave, 11))
        self.assert_code(3101, self.create(self.dave, 12))
        self.assert_code(3100, self.create(self.bob, 10))
        for _ in range(3):
            self.assert_code(1000, self.create(self.dave, 0))
        self.assert_code(3205, self.create(self.dave, 0))
        theirs = self.group_of(self.b, self.d)
        self.assert_code(3205, self.bob.request("update_group", group_id=theirs, successor_id=self.d))
        self.dave.ok("delete_group", group_id=typed.data.long)
        self.dave.pushes()
        self.bob.ok("update_group", group_id=theirs, successor_id=self.d)
        self.assert_told(self.dave, "update_group", requester=self.b)

    def test_changing_the_type(self):
        group = self.group_of(self.a, self.b)
        change = lambda client, type_id, of=group: client.request("update_group", group_id=of, type_id=type_id)
        self.assert_code(3103, change(self.bob, 10))
        self.assert_code(3105, change(self.alice, 12))
        self.assert_code(3104, change(self.alice, 11))
        self.assert_code(3000, change(self.alice, 10, of=987654321))
        self.assert_code(1000, change(self.alice, 10))
        self.assert_told(self.bob, "update_group", requester=self.a)
        found, = self.bob.ok("query_groups", group_ids=[group]).data.groups_with_version.groups
        self.assertEqual(found.type_id, 10)

    def test_attributes(self):
        request = self.bob.build("create_group", name="g")
        request.create_group_request.user_defined_attributes["color"].string_value = "red"
        self.bob.send_message(request.SerializeToString())
        group = self.bob.response(request.request_id).data.long
        change = self.bob.build("update_group", group_id=group)
        change.update_group_request.user_defined_attributes["size"].int32_value = 9
        self.bob.send_message(change.SerializeToString())
        self.assert_code(1000, self.bob.response(change.request_id))
        found, = self.carol.ok("query_groups", group_ids=[group]).data.groups_with_version.groups
        self.assertEqual((found.user_defined_attributes["color"].string_value,
                          found.user_defined_attributes["size"].int32_value), ("red", 9))
        refused = self.bob.build("update_group", group_id=group)
        refused.update_group_request.user_defined_attributes["shape"].bool_value = True
        self.bob.send_message(refused.SerializeToString())
        self.assert_code(1102, self.bob.response(refused.request_id))

    def test_search(self):
        for name in ("Chess Players", "chess", "国际象棋"):
            self.bob.ok("create_group", name=name)
        names = lambda **fields: [g.name for g in self.dave.ok("query_groups", **fields).data.groups_with_version.groups]
        self.assertEqual(names(name="CHESS"), ["chess", "Chess Players"])
        self.assertEqual(names(name="象棋", fields_to_highlight=[1]), ["国际\x02象棋\x03"])
        self.assertEqual(names(name="chess", skip=1, limit=5), ["Chess Players"])
        self.assertEqual(names(name="no such group"), [])
        self.assert_code(1102, self.dave.request("query_groups", name="chess", limit=0))
