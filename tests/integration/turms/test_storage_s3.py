"""Stored files in an S3 service: moto's, where it is installed (TURMS_MOTO_SERVER, or moto_server in the path).

moto checks no signatures; those are checked against the examples of the S3 API reference in unit tests.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.request
from urllib.parse import parse_qs, urlsplit

from case import TurmsTest
from server import Server, wait_until
from test_storage import ATTACHMENT, PNG, USER_PICTURE, http, info_of, post_as_sdk

MOTO = os.environ.get("TURMS_MOTO_SERVER") or shutil.which("moto_server")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(MOTO, "moto_server is not installed (pip install moto[server]; TURMS_MOTO_SERVER says where)")
class StorageInS3(TurmsTest):
    accounts = 2

    @classmethod
    def make_server(cls):
        cls.endpoint = f"http://127.0.0.1:{free_port()}"
        log = tempfile.TemporaryFile()
        cls.addClassCleanup(log.close)
        moto = subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", cls.endpoint.rsplit(":", 1)[1]],
                                stdout=log, stderr=log)
        cls.addClassCleanup(moto.wait)
        cls.addClassCleanup(moto.terminate)

        def answers():
            try:
                urllib.request.urlopen(cls.endpoint + "/moto-api/", timeout=5)
                return True
            except OSError:
                return False

        wait_until(answers, "moto's start", 60)
        server = Server({"turms.service.storage.s3.endpoint": cls.endpoint,
                         "turms.service.storage.s3.access-key": "key",
                         "turms.service.storage.s3.secret-key": "secret",
                         "turms.service.storage.s3.bucket-prefix": "t-"}).start()
        cls.addClassCleanup(server.remove)
        wait_until(lambda: b"t-message-attachment" in urllib.request.urlopen(cls.endpoint).read(),
                   "the buckets")
        return server

    def test_the_same_as_with_files(self):
        alice, bob = self.users
        group = self.group_of(alice, bob)
        sender, member = self.sign_in(alice), self.sign_in(bob)
        info = info_of(sender.ok("query_resource_upload_info", type=ATTACHMENT, id_num=-group,
                                 name="a b.png", media_type="image/png"))
        self.assertEqual(info["url"], self.endpoint + "/t-message-attachment")
        self.assertEqual(post_as_sdk(info, PNG, media_type="image/png"), 204)
        number = int(info["id"])
        link = info_of(member.ok("query_resource_download_info", type=ATTACHMENT, id_num=number))["url"]
        status, headers, body = http(link)
        self.assertEqual((status, body), (200, PNG))
        wanted = "attachment; filename*=UTF-8''a%20b.png"
        self.assertEqual(parse_qs(urlsplit(link).query)["response-content-disposition"], [wanted])
        # Only later versions of moto follow it.
        self.assertIn(headers["Content-Disposition"], (wanted, None))
        sender.ok("delete_resource", type=ATTACHMENT, id_num=number)
        # moto takes the disposition for a header that was to be signed, where there is no object.
        self.assertIn(http(link)[0], (403, 404))
        sender.ok("delete_resource", type=USER_PICTURE)
