"""Publishes a red picture and a tone by WHIP with aiortc: whip_aiortc.py URL TOKEN, until standard input ends."""

import asyncio
import fractions
import math
import sys
import time
import urllib.parse
import urllib.request

import av
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

RATE = 48_000
HERTZ = 440
RED = b"\xc8\x00\x00"


class Picture(VideoStreamTrack):
    async def recv(self):
        frame = av.VideoFrame(320, 180, "rgb24")
        frame.planes[0].update(RED * (frame.planes[0].buffer_size // 3))
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


class Tone(AudioStreamTrack):
    def __init__(self):
        super().__init__()
        self.sent = 0
        self.start = time.monotonic()

    async def recv(self):
        count = RATE // 50
        await asyncio.sleep(max(0, self.start + self.sent / RATE - time.monotonic()))
        samples = (round(12_000 * math.sin(2 * math.pi * HERTZ * (self.sent + i) / RATE)) for i in range(count))
        frame = av.AudioFrame(format="s16", layout="mono", samples=count)
        frame.planes[0].update(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
        frame.sample_rate = RATE
        frame.pts, frame.time_base = self.sent, fractions.Fraction(1, RATE)
        self.sent += count
        return frame


def ask(method, url, token, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    request = urllib.request.Request(url, method=method, headers=headers, data=body)
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.headers, response.read().decode()


async def main(url, token):
    connection = RTCPeerConnection()
    for track in (Tone(), Picture()):
        connection.addTransceiver(track, direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    headers, answer = await asyncio.to_thread(ask, "POST", url, token, connection.localDescription.sdp.encode())
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.to_thread(ask, "DELETE", urllib.parse.urljoin(url, headers["Location"]), token)
    await connection.close()


asyncio.run(main(*sys.argv[1:3]))
