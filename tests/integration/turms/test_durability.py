"""kill -9 under load: nothing acknowledged is missing, nothing is there twice, nothing out of order.

TURMS_KILLS: how often the server is killed (20). TURMS_SEED: of the moments at which it is.
"""

import collections
import os
import random
import threading

import client as c
from case import TurmsTest
from server import Server, wait_until

KILLS = int(os.environ.get("TURMS_KILLS", 20))
SEED = int(os.environ.get("TURMS_SEED", random.randrange(1 << 32)))
WRITERS = 8
PIPELINE = 16
EXTENSIONS = {"turms.extensions": "1"}

Place = collections.namedtuple("Place", "id sequence")


class Writer:
    """A person whose client sends again, under the same key, what was not acknowledged before the cut."""

    def __init__(self, user, conversations):
        self.user = user
        self.conversations = conversations  # fields of create_message
        self.sent = 0
        self.waiting = collections.deque()  # (key, fields), as first sent
        self.acknowledged = {}  # key: Place
        self.error = None

    def connect(self, server):
        self.client = c.Client(server)
        assert self.client.sign_in(self.user, device_details=EXTENSIONS).code == 1000

    def start(self):
        self.thread = threading.Thread(target=self.write_until_cut)
        self.thread.start()

    def send(self, key, fields):
        return self.client.send("create_message", text=key, sender_key=key, **fields)

    def receive(self, request_id):
        response = self.client.response(request_id)
        if response.code != 1000:
            raise AssertionError(f"code {response.code} {response.reason}")
        key, _ = self.waiting.popleft()
        self.acknowledged[key] = Place(response.data.long, response.message_place.sequence)
        self.client.inbox.clear()

    def write_until_cut(self):
        requests = collections.deque()
        try:
            while True:
                while len(requests) < PIPELINE:
                    key = f"{self.user} {self.sent}"
                    fields = self.conversations[self.sent % len(self.conversations)]
                    self.sent += 1
                    self.waiting.append((key, fields))
                    requests.append(self.send(key, fields))
                self.receive(requests.popleft())
        except (c.Closed, OSError):
            pass
        except Exception as error:  # handed to the test
            self.error = error
        finally:
            self.client.close()

    def send_again(self, server):
        self.connect(server)
        for request_id in [self.send(key, fields) for key, fields in self.waiting]:
            self.receive(request_id)
        self.client.close()


class KillUnderLoad(TurmsTest):
    accounts = WRITERS

    @classmethod
    def make_server(cls):
        server = Server().start()
        cls.addClassCleanup(lambda: server.remove())
        return server

    def new_messages(self, client, after, **conversation):
        found = []
        while True:
            page = client.ok("query_conversation_messages", after_sequence=after, **conversation).data.conversation_messages
            found += page.messages
            if page.through_sequence == page.last_sequence:
                return found
            after = page.through_sequence

    def check(self, stored, first, writers):
        """What is new in a conversation, of which each writer writes with ascending numbers."""
        self.assertEqual([m.sequence for m in stored], list(range(first, first + len(stored))), "a gap, or out of order")
        dates = [m.delivery_date for m in stored]
        self.assertEqual(dates, sorted(dates))
        acknowledged = {key: place for writer in writers for key, place in writer.acknowledged.items()}
        for message in stored:
            self.assertEqual(acknowledged.pop(message.text), Place(message.id, message.sequence), message.text)
        for writer in writers:
            numbers = [int(m.text.split()[1]) for m in stored if m.sender_id == writer.user]
            self.assertEqual(numbers, sorted(numbers), "not in the order sent")

    def test_kills(self):
        group = self.group_of(*self.users)
        dice = random.Random(SEED)
        friend = self.users[0]
        writers = [Writer(user, [{"group_id": group}] * 3 + ([{"recipient_id": friend}] if user != friend else []))
                   for user in self.users]
        conversations = {("group_id", group): 1, **{("user_id", user): 1 for user in self.users[1:]}}
        total = 0
        for _ in range(KILLS):
            for writer in writers:
                writer.acknowledged.clear()
                writer.connect(self.server)
            for writer in writers:
                writer.start()
            enough = dice.randrange(300)
            wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) >= enough
                       or any(writer.error for writer in writers), "acknowledged messages", seconds=60)
            self.server.kill()
            for writer in writers:
                writer.thread.join(timeout=30)
                self.assertIsNone(writer.error)
            self.server.start()
            for writer in writers:
                writer.send_again(self.server)
            reader = self.sign_in(friend, device_details=EXTENSIONS)
            left = sum(len(writer.acknowledged) for writer in writers)
            total += left
            for conversation, first in conversations.items():
                name, subject = conversation
                stored = self.new_messages(reader, first - 1, **{name: subject})
                conversations[conversation] += len(stored)
                left -= len(stored)
                self.check(stored, first, [w for w in writers if name == "group_id" or w.user == subject])
            self.assertEqual(left, 0, "acknowledged messages that are in no conversation")
            reader.close()
        print(f"     {total} acknowledged messages over {KILLS} kills, seed {SEED}", flush=True)
