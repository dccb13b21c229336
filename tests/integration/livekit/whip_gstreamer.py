"""Publishes a red picture and a tone by WHIP with GStreamer's webrtcbin, as whipclientsink does.

whip_gstreamer.py URL TOKEN, until standard input ends; --check only says by its status whether GStreamer is there.
"""

import sys
import threading
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = """
webrtcbin name=out bundle-policy=max-bundle
audiotestsrc is-live=true wave=sine freq=440 volume=0.4 ! audio/x-raw,rate=48000,channels=1 ! opusenc
  ! rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! out.
videotestsrc is-live=true pattern=solid-color foreground-color=0xffc80000 ! video/x-raw,width=320,height=180,framerate=20/1
  ! videoconvert ! {encoder} ! application/x-rtp,media=video,payload=96 ! out.
"""
ENCODERS = {
    "openh264enc": "openh264enc gop-size=20 ! h264parse ! rtph264pay pt=96 config-interval=-1 aggregate-mode=zero-latency",
    "vp8enc": "vp8enc deadline=1 keyframe-max-dist=20 ! rtpvp8pay pt=96",
}


def ask(method, url, token, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    request = urllib.request.Request(url, method=method, headers=headers, data=body)
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.headers, response.read().decode()


class Publisher:
    def __init__(self, url, token, encoder):
        self.url, self.token, self.resource = url, token, None
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(PIPELINE.format(encoder=encoder))
        self.out = self.pipeline.get_by_name("out")
        self.out.connect("on-negotiation-needed", self.offer)
        self.out.connect("notify::ice-gathering-state", self.gathered)

    def offer(self, _):
        for index in range(2):
            self.out.emit("get-transceiver", index).props.direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
        self.out.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise):
        reply = promise.get_reply()  # owns the description
        self.out.emit("set-local-description", reply.get_value("offer"), None)

    def gathered(self, *_):
        if self.out.props.ice_gathering_state == GstWebRTC.WebRTCICEGatheringState.COMPLETE and self.resource is None:
            self.resource = ""
            threading.Thread(target=self.post).start()

    def post(self):
        offer = self.out.props.local_description.sdp.as_text()
        headers, answer = ask("POST", self.url, self.token, offer.encode())
        self.resource = urllib.parse.urljoin(self.url, headers["Location"])
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.out.emit("set-remote-description", description, None)

    def wait_for_end(self):
        sys.stdin.read()
        if self.resource:
            ask("DELETE", self.resource, self.token)
        GLib.idle_add(self.loop.quit)

    def run(self):
        threading.Thread(target=self.wait_for_end).start()
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)


Gst.init(None)
present = [name for name in ENCODERS if Gst.ElementFactory.find(name)]
needed = [name for name in ("webrtcbin", "nicesrc", "dtlsenc", "srtpenc", "opusenc") if not Gst.ElementFactory.find(name)]
if needed or not present:
    sys.exit("GStreamer lacks " + ", ".join(needed or ENCODERS))
if sys.argv[1] != "--check":
    Publisher(*sys.argv[1:3], ENCODERS[present[0]]).run()
