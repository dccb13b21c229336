"""kill -9 under load: nothing acknowledged is missing, nothing is there twice."""

import collections
import threading

import client as c
from case import TurmsTest
from server import Server, wait_until

WRITERS = 8
PIPELINE = 16


class Writer(threading.Thread):
    """Keeps requests under way until the connection breaks; remembers what was acknowledged."""

    def __init__(self, server, user, group, name):
        super().__init__()
        self.client = c.Client(server)
        assert self.client.sign_in(user).code == 1000
        self.group = group
        self.label = name
        self.sent = 0
        self.acknowledged = {}  # text: message id
        self.error = None

    def run(self):
        waiting = collections.deque()
        try:
            while True:
                while len(waiting) < PIPELINE:
                    text = f"{self.label} {self.sent}"
                    waiting.append((self.client.send("create_message", group_id=self.group, text=text), text))
                    self.sent += 1
                request_id, text = waiting.popleft()
                response = self.client.response(request_id)
                if response.code != 1000:
                    raise AssertionError(f"code {response.code}")
                self.acknowledged[text] = response.data.long
                self.client.inbox.clear()
        except (c.Closed, OSError):
            pass
        except Exception as error:  # handed to the test
            self.error = error
        finally:
            self.client.close()


class KillUnderLoad(TurmsTest):
    accounts = WRITERS

    @classmethod
    def make_server(cls):
        server = Server().start()
        cls.addClassCleanup(lambda: server.remove())
        return server

    def history(self, client, group):
        """Everything, in pages, the way a client resumes: from the date of the last one it has."""
        found, start = [], 0
        while True:
            page = client.request("query_messages", are_group_messages=True, from_ids=[group],
                                  delivery_date_start=start, max_count=1000)
            messages = list(page.data.messages.messages)
            known = {m.id for m in found if m.delivery_date >= start}
            new = [m for m in messages if m.id not in known]
            if not new:
                return found
            found += new
            start = new[-1].delivery_date

    def test_three_kills(self):
        group = self.group_of(*self.users)
        acknowledged = {}
        for round_number in range(3):
            writers = [Writer(self.server, user, group, f"{round_number}/{user}") for user in self.users]
            for writer in writers:
                writer.start()
            # In full swing, wherever the disk and the other writers happen to be.
            wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) > 400
                       or any(writer.error for writer in writers), "400 acknowledged messages", seconds=60)
            self.server.kill()
            for writer in writers:
                writer.join(timeout=30)
                self.assertIsNone(writer.error)
                acknowledged.update(writer.acknowledged)
            self.server.start()

            reader = self.sign_in(self.users[0])
            history = self.history(reader, group)
            reader.close()
            texts = [m.text for m in history]
            self.assertEqual(len(texts), len(set(texts)), "a message is there twice")
            self.assertEqual([m.id for m in history], sorted({m.id for m in history}), "out of order")
            stored = {m.text: m.id for m in history}
            missing = [text for text in acknowledged if text not in stored]
            self.assertEqual(missing, [], f"{len(missing)} acknowledged messages are gone")
            self.assertEqual({text: stored[text] for text in acknowledged}, acknowledged)
            # What one connection wrote has no hole before its last acknowledged message.
            for writer in writers:
                numbers = [int(text.split()[1]) for text in texts if text.startswith(writer.label + " ")]
                self.assertEqual(numbers, list(range(len(numbers))), "a hole, or out of the order sent")
        print(f"     {len(acknowledged)} acknowledged messages over three kills", flush=True)
