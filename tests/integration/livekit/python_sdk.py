"""What the Python SDKs (livekit, livekit-api), unchanged, do with a server: `python_sdk.py CASE`, with the server's
address, key and secret in the environment. Ends with 0 when the case holds."""

import asyncio
import os
import sys

from livekit import api, rtc

URL = os.environ["LIVEKIT_URL"]
KEY = os.environ["LIVEKIT_API_KEY"]
SECRET = os.environ["LIVEKIT_API_SECRET"]
LIMIT_S = 20


def token(identity: str, room: str, **grants) -> str:
    grant = api.VideoGrants(room_join=True, room=room, **grants)
    return api.AccessToken(KEY, SECRET).with_identity(identity).with_grants(grant).to_jwt()


async def join(identity: str, room: str, **grants) -> rtc.Room:
    out = rtc.Room()
    await out.connect(URL, token(identity, room, **grants))
    return out


async def eventually(holds, what: str):
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(0.02)
    assert holds(), what


async def picture():
    """A picture of one person is seen by another."""
    alice, bob = await join("alice", "py-picture"), await join("bob", "py-picture")
    seen = []
    bob.on("track_subscribed", lambda track, publication, participant: seen.append((track, participant.identity)))
    source = rtc.VideoSource(320, 180)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    await alice.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA))
    green = rtc.VideoFrame(320, 180, rtc.VideoBufferType.RGBA, bytes((0, 200, 0, 255)) * (320 * 180))
    done = asyncio.Event()

    async def film():
        while not done.is_set():
            source.capture_frame(green)
            await asyncio.sleep(1 / 30)

    filming = asyncio.create_task(film())
    await eventually(lambda: seen, "bob has the track")
    assert seen[0][1] == "alice"
    async with asyncio.timeout(LIMIT_S):
        async for event in rtc.VideoStream(seen[0][0], format=rtc.VideoBufferType.RGBA):
            r, g, b, _ = bytes(event.frame.data)[:4]
            if g > 150 and r < 80 and b < 80:
                break
    done.set()
    await filming
    await alice.disconnect()
    await bob.disconnect()


async def data():
    """Packets, texts and calls reach the other person."""
    alice, bob = await join("alice", "py-data"), await join("bob", "py-data")
    await eventually(lambda: "bob" in alice.remote_participants, "alice knows bob")
    packets, texts = [], []
    bob.on("data_received", lambda packet: packets.append((packet.topic, bytes(packet.data))))

    async def read(reader):
        texts.append(await reader.read_all())

    bob.register_text_stream_handler("chat", lambda reader, who: asyncio.ensure_future(read(reader)))

    @bob.local_participant.register_rpc_method("double")
    async def double(call: rtc.RpcInvocationData) -> str:
        return call.payload * 2

    await alice.local_participant.publish_data(b"hello", reliable=True, topic="greeting")
    await eventually(lambda: ("greeting", b"hello") in packets, "the packet")
    await alice.local_participant.send_text("x" * 40_000, topic="chat")
    await eventually(lambda: texts == ["x" * 40_000], "the text")
    answer = await alice.local_participant.perform_rpc(destination_identity="bob", method="double", payload="ab")
    assert answer == "abab"
    await alice.disconnect()
    await bob.disconnect()


async def secret():
    """Who has the key sees and reads; who has another does not."""

    def options(key: bytes) -> rtc.RoomOptions:
        return rtc.RoomOptions(encryption=rtc.E2EEOptions(key_provider_options=rtc.KeyProviderOptions(shared_key=key)))

    async def enter(identity: str, key: bytes) -> rtc.Room:
        out = rtc.Room()
        await out.connect(URL, token(identity, "py-secret"), options(key))
        return out

    alice, bob, mallory = await enter("alice", b"key"), await enter("bob", b"key"), await enter("mallory", b"other")
    frames = {"bob": 0, "mallory": 0}
    tasks = []

    def watch(room: rtc.Room, who: str):
        async def count(track):
            async for event in rtc.VideoStream(track, format=rtc.VideoBufferType.RGBA):
                r, g, b, _ = bytes(event.frame.data)[:4]
                frames[who] += g > 150 and r < 80 and b < 80

        room.on("track_subscribed", lambda track, _, __: tasks.append(asyncio.create_task(count(track))))

    watch(bob, "bob")
    watch(mallory, "mallory")
    source = rtc.VideoSource(320, 180)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    await alice.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA))
    green = rtc.VideoFrame(320, 180, rtc.VideoBufferType.RGBA, bytes((0, 200, 0, 255)) * (320 * 180))

    async def film():
        while True:
            source.capture_frame(green)
            await asyncio.sleep(1 / 30)

    tasks.append(asyncio.create_task(film()))
    await eventually(lambda: frames["bob"] > 20, "bob sees it")
    assert frames["mallory"] == 0, "seen without the key"
    for task in tasks:
        task.cancel()
    for room in (alice, bob, mallory):
        await room.disconnect()


async def files():
    """Bytes arrive as they were, also in many pieces."""
    alice, bob = await join("alice", "py-files"), await join("bob", "py-files")
    await eventually(lambda: "bob" in alice.remote_participants, "alice knows bob")
    got = []

    async def read(reader):
        content = b"".join([chunk async for chunk in reader])
        got.append((reader.info.name, content))

    bob.register_byte_stream_handler("files", lambda reader, who: asyncio.ensure_future(read(reader)))
    content = os.urandom(300_000)
    writer = await alice.local_participant.stream_bytes("data.bin", topic="files", total_size=len(content))
    for at in range(0, len(content), 20_000):
        await writer.write(content[at : at + 20_000])
    await writer.aclose()
    await eventually(lambda: got, "the file")
    assert got[0] == ("data.bin", content)
    await alice.disconnect()
    await bob.disconnect()


async def administration():
    """Rooms are made, listed, looked into and closed, and their members removed."""
    admin = api.LiveKitAPI(URL.replace("ws", "http", 1), KEY, SECRET)
    made = await admin.room.create_room(api.CreateRoomRequest(name="py-admin", metadata="topic", empty_timeout=60))
    assert made.sid.startswith("RM_") and made.metadata == "topic"
    alice, bob = await join("alice", "py-admin"), await join("bob", "py-admin")
    listed = await admin.room.list_participants(api.ListParticipantsRequest(room="py-admin"))
    assert sorted(who.identity for who in listed.participants) == ["alice", "bob"]
    gone = []
    bob.on("disconnected", lambda reason: gone.append(reason))
    await admin.room.remove_participant(api.RoomParticipantIdentity(room="py-admin", identity="bob"))
    await eventually(lambda: gone, "bob is out")
    await admin.room.delete_room(api.DeleteRoomRequest(room="py-admin"))
    rooms = await admin.room.list_rooms(api.ListRoomsRequest(names=["py-admin"]))
    assert len(rooms.rooms) == 0
    await admin.aclose()
    await alice.disconnect()
    await bob.disconnect()


CASES = {"picture": picture, "data": data, "files": files, "secret": secret, "administration": administration}

if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(CASES[sys.argv[1]](), 60))
