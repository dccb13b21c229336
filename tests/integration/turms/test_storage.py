"""Pictures and attachments: requests 1000 to 1004, and the built-in store over HTTP."""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

from case import TurmsTest, on_both_transports
from server import Server

USER_PICTURE, GROUP_PICTURE, ATTACHMENT = range(3)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def info_of(notification):
    """What SDKs make of the strings of an answer."""
    strings = notification.data.strings_with_version.strings
    return dict(zip(strings[::2], strings[1::2]))


def http(url, body=None, headers=None):
    """(status, headers, body)"""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def post_as_sdk(info, data, name="a.png", media_type=None):
    """As turms-client-js does it: id and url are taken out, key and Content-Type set, the file last."""
    fields = {key: value for key, value in info.items() if key not in ("id", "url")}
    fields["key"] = info["id"]
    if media_type:
        fields["Content-Type"] = media_type
    boundary = "----WebKitFormBoundaryx7Z"
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items())
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
             f"Content-Type: {media_type or 'application/octet-stream'}\r\n\r\n").encode()
    body += data + f"\r\n--{boundary}--\r\n".encode()
    return http(info["url"], body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})[0]


@on_both_transports
class Storage:
    accounts = 4

    def befriend(self, owner, other):
        """The owner lets the other write."""
        self.sign_in(owner).ok("create_relationship", user_id=other, blocked=False)

    def upload(self, client, id_num, data=PNG, name="a.png", media_type="image/png"):
        info = info_of(client.ok("query_resource_upload_info", type=ATTACHMENT, id_num=id_num,
                                 name=name, media_type=media_type))
        self.assertEqual(post_as_sdk(info, data, name, media_type), 204)
        return int(info["id"])

    def download(self, client, number):
        info = info_of(client.ok("query_resource_download_info", type=ATTACHMENT, id_num=number))
        return http(info["url"])

    def test_attachment_of_a_group(self):
        alice, bob, carol, _ = self.users
        group = self.group_of(alice, bob)
        sender, member, stranger = (self.sign_in(user) for user in (alice, bob, carol))
        number = self.upload(sender, -group, b"x" * 300_000, "x.bin", "application/x-thing")
        for client in (sender, member):
            status, headers, body = self.download(client, number)
            self.assertEqual((status, body), (200, b"x" * 300_000))
            self.assertEqual(headers["Content-Type"], "application/octet-stream")
            self.assertEqual(headers["Content-Disposition"], "attachment; filename*=UTF-8''x.bin")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assert_code(6107, stranger.request("query_resource_download_info", type=ATTACHMENT,
                                                id_num=number))
        self.assert_code(6101, stranger.request("query_resource_upload_info", type=ATTACHMENT,
                                                id_num=-group, name="a", media_type="a/b"))
        found = member.ok("query_message_attachment_infos", group_ids=[group])
        infos = found.data.storage_resource_infos.infos
        self.assertEqual([(i.id_num, i.name, i.media_type, i.uploader_id) for i in infos],
                         [(number, "x.bin", "application/x-thing", alice)])
        self.assert_code(6131, stranger.request("query_message_attachment_infos", group_ids=[group]))

        self.assert_code(6102, member.request("update_message_attachment_info",
                                              attachment_id_num=number, user_id_to_share_with=carol))
        sender.ok("update_message_attachment_info", attachment_id_num=number,
                  user_id_to_share_with=carol)
        self.assertEqual(self.download(stranger, number)[0], 200)
        self.assert_code(6104, member.request("update_message_attachment_info",
                                              attachment_id_num=number,
                                              user_id_to_unshare_with=carol))
        sender.ok("update_message_attachment_info", attachment_id_num=number,
                  user_id_to_unshare_with=carol)
        self.assert_code(6107, stranger.request("query_resource_download_info", type=ATTACHMENT,
                                                id_num=number))
        self.assert_code(6103, member.request("update_message_attachment_info",
                                              attachment_id_num=number,
                                              group_id_to_unshare_with=group))
        self.assert_code(6105, member.request("delete_resource", type=ATTACHMENT, id_num=number))
        self.assert_told_nothing(sender, member, stranger)
        link = info_of(member.ok("query_resource_download_info", type=ATTACHMENT, id_num=number))
        sender.ok("delete_resource", type=ATTACHMENT, id_num=number)
        self.assertEqual(http(link["url"])[0], 404)
        self.assert_code(6107, sender.request("query_resource_download_info", type=ATTACHMENT,
                                              id_num=number))

    def test_attachment_for_a_user(self):
        alice, bob, carol, dave = self.users
        self.befriend(dave, carol)
        sender, friend, stranger = (self.sign_in(user) for user in (carol, dave, alice))
        number = self.upload(sender, dave)
        status, headers, body = self.download(friend, number)
        self.assertEqual((status, headers["Content-Type"], body), (200, "image/png", PNG))
        self.assert_code(6107, stranger.request("query_resource_download_info", type=ATTACHMENT,
                                                id_num=number))
        self.assert_code(6100, sender.request("query_resource_upload_info", type=ATTACHMENT,
                                              id_num=bob, name="a", media_type="a/b"))
        self.assert_code(6130, sender.request("query_message_attachment_infos", user_ids=[bob]))
        found = sender.ok("query_message_attachment_infos", user_ids=[dave], are_shared_by_me=True)
        self.assertIn(number, [i.id_num for i in found.data.storage_resource_infos.infos])
        self.assert_code(6106, friend.request("delete_resource", type=ATTACHMENT, id_num=number))
        for fields in ({"media_type": "a/b"}, {"name": "a"}, {"name": " ", "media_type": "a/b"},
                       {"name": "a", "media_type": "a/*"}, {"name": "a", "media_type": "a"}):
            self.assert_code(1102, sender.request("query_resource_upload_info", type=ATTACHMENT,
                                                  id_num=dave, **fields))
        self.assert_code(1102, sender.request("query_resource_upload_info", type=ATTACHMENT,
                                              name="a", media_type="a/b"))

    def test_pictures(self):
        alice, bob, carol, _ = self.users
        group = self.group_of(alice, bob)
        owner, member = self.sign_in(alice), self.sign_in(bob)
        info = info_of(owner.ok("query_resource_upload_info", type=USER_PICTURE))
        self.assertEqual(info["id"], str(alice))
        # Without a content type, as SDKs do when they are given none.
        self.assertEqual(post_as_sdk(info, PNG), 204)
        self.assertEqual(post_as_sdk(info, b"<svg/>", media_type="image/svg+xml"), 415)
        self.assertEqual(post_as_sdk(info, PNG, media_type="text/html"), 403)
        self.assertEqual(post_as_sdk(info, PNG + b"x" * 1048576), 413)
        found = info_of(member.ok("query_resource_download_info", type=USER_PICTURE, id_num=alice))
        status, headers, body = http(found["url"])
        self.assertEqual((status, headers["Content-Type"], body), (200, "image/png", PNG))
        # The URL that SDKs make up by themselves.
        base = urlsplit(found["url"])
        self.assertEqual(base.path, f"/storage/user-profile-picture/{alice}")
        owner.ok("delete_resource", type=USER_PICTURE)
        self.assertEqual(http(found["url"])[0], 404)

        self.assert_code(1300, member.request("query_resource_upload_info", type=GROUP_PICTURE,
                                              id_num=group))
        self.assert_code(1102, owner.request("query_resource_upload_info", type=GROUP_PICTURE))
        info = info_of(owner.ok("query_resource_upload_info", type=GROUP_PICTURE, id_num=group))
        self.assertEqual(post_as_sdk(info, PNG, media_type="image/png"), 204)
        self.assert_code(1300, member.request("delete_resource", type=GROUP_PICTURE, id_num=group))
        owner.ok("delete_resource", type=GROUP_PICTURE, id_num=group)

    def test_links_cannot_be_made_up(self):
        alice = self.users[0]
        client = self.sign_in(alice)
        number = self.upload(client, alice)
        link = info_of(client.ok("query_resource_download_info", type=ATTACHMENT,
                                 id_num=number))["url"]
        self.assertEqual(http(link)[0], 200)
        self.assertEqual(http(link.replace(str(number), str(number + 1)))[0], 403)
        self.assertEqual(http(link.split("?")[0])[0], 403)
        self.assertEqual(http(link, headers={"Range": "bytes=1-3"})[2], b"PNG")
        root = link.split("/storage/")[0]
        for path in ("/storage/secret", "/storage/../turms.db", "/storage/message-attachment/..%2fsecret"):
            self.assertEqual(http(root + path)[0], 404, path)
        info = info_of(client.ok("query_resource_upload_info", type=ATTACHMENT, id_num=alice,
                                 name="b", media_type="a/b"))
        self.assertEqual(post_as_sdk({**info, "id": str(number)}, b"other"), 403)
        self.assertEqual(post_as_sdk({**info, "policy": "x"}, b"other"), 403)
        self.assertEqual(self.download(client, number)[2], PNG)


class StorageDisabled(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server({"turms.service.storage.enabled": "false"}).start()
        cls.addClassCleanup(server.remove)
        return server

    def test_everything_answers_6000(self):
        client = self.sign_in(self.users[0])
        for kind in ("delete_resource", "query_resource_download_info",
                     "query_resource_upload_info", "query_message_attachment_infos",
                     "update_message_attachment_info"):
            self.assert_code(6000, client.request(kind))


class StorageSurvivesAKill(TurmsTest):
    accounts = 1

    @classmethod
    def make_server(cls):
        server = Server().start()
        cls.addClassCleanup(server.remove)
        return server

    def test_what_was_acknowledged_is_there(self):
        alice = self.users[0]
        client = self.sign_in(alice)
        info = info_of(client.ok("query_resource_upload_info", type=ATTACHMENT, id_num=alice,
                                 name="a", media_type="image/png"))
        self.assertEqual(post_as_sdk(info, PNG), 204)
        self.server.kill()
        self.server.start()
        client = self.sign_in(alice)
        found = info_of(client.ok("query_resource_download_info", type=ATTACHMENT,
                                  id_num=int(info["id"])))
        self.assertEqual(http(found["url"])[2], PNG)
