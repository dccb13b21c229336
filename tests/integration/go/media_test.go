package integration

import (
	"bytes"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

var (
	opus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	pcmu = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000, Channels: 1}
	vp8  = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	h265 = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH265, ClockRate: 90000}
)

// writeUntilDone writes the same sample again and again until the test ends.
func writeUntilDone(t *testing.T, track *lksdk.LocalTrack, sample []byte, every time.Duration) {
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				_ = track.WriteSample(media.Sample{Data: sample, Duration: every}, nil)
			}
		}
	}()
}

func newTrack(t *testing.T, codec webrtc.RTPCodecCapability, options ...lksdk.LocalTrackOptions) *lksdk.LocalTrack {
	t.Helper()
	track, err := lksdk.NewLocalTrack(codec, options...)
	if err != nil {
		t.Fatal(err)
	}
	return track
}

func publish(t *testing.T, room *lksdk.Room, name string, track *lksdk.LocalTrack,
	options ...lksdk.LocalTrackPublishOption,
) *lksdk.LocalTrackPublication {
	t.Helper()
	publication, err := room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: name}, options...)
	if err != nil {
		t.Fatalf("%s is not published: %v", name, err)
	}
	return publication
}

// onTrack calls `each` for what comes by every track that its participant is subscribed to.
func onTrack(each func(name string, track *webrtc.TrackRemote, packet *rtp.Packet)) *lksdk.RoomCallback {
	return &lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{
		OnTrackSubscribed: func(track *webrtc.TrackRemote, publication *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
			name := publication.Name()
			go func() {
				for {
					packet, _, err := track.ReadRTP()
					if err != nil {
						return
					}
					each(name, track, packet)
				}
			}()
		},
	}}
}

// unit makes a NAL unit of H265 (RFC 7798 section 1.1.4) with bytes that no start code is found in.
func unit(kind byte, size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(1 + i*7%250)
	}
	out[0], out[1] = kind<<1, 1
	return out
}

func TestH265ArrivesToTheByte(t *testing.T) {
	const vps, sps, pps, idr, trail = 32, 33, 34, 19, 1
	startCode := []byte{0, 0, 0, 1}
	picture := func(units ...[]byte) (out []byte) {
		for _, each := range units {
			out = append(append(out, startCode...), each...)
		}
		return out
	}
	large := unit(idr, 5000)
	var lock sync.Mutex
	var seen []byte
	mime := ""
	depacketizer := &codecs.H265Depacketizer{}
	join(t, "go-h265", "bob", onTrack(func(_ string, track *webrtc.TrackRemote, packet *rtp.Packet) {
		lock.Lock()
		defer lock.Unlock()
		mime = track.Codec().MimeType
		if units, err := depacketizer.Unmarshal(packet.Payload); err == nil {
			seen = append(seen, units...)
		}
	}))
	alice := join(t, "go-h265", "alice", lksdk.NewRoomCallback())
	track := newTrack(t, h265)
	publish(t, alice, "camera", track)
	key := picture(unit(vps, 24), unit(sps, 40), unit(pps, 8), large)
	writeUntilDone(t, track, key, 50*time.Millisecond)
	writeUntilDone(t, track, picture(unit(trail, 900)), 50*time.Millisecond)
	eventually(t, "a whole key picture", func() bool {
		lock.Lock()
		defer lock.Unlock()
		return mime == webrtc.MimeTypeH265 && bytes.Contains(seen, picture(large)) && bytes.Contains(seen, unit(sps, 40)) &&
			bytes.Contains(seen, unit(trail, 900))
	})
}

func TestWhoComesToAMutedTrackKnowsOfItAndHearsItLater(t *testing.T) {
	alice := join(t, "go-muted", "alice", lksdk.NewRoomCallback())
	var tracks []*lksdk.LocalTrackPublication
	for name, codec := range map[string]webrtc.RTPCodecCapability{"sound": opus, "picture": vp8} {
		track := newTrack(t, codec)
		tracks = append(tracks, publish(t, alice, name, track))
		tracks[len(tracks)-1].SetMuted(true)
		// A key frame of VP8, and as sound something else than silence.
		writeUntilDone(t, track, []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00}, 20*time.Millisecond)
	}
	eventually(t, "both are muted", func() bool {
		who, err := roomService().GetParticipant(ctx(t), &livekit.RoomParticipantIdentity{Room: "go-muted", Identity: "alice"})
		return err == nil && len(who.Tracks) == 2 && who.Tracks[0].Muted && who.Tracks[1].Muted
	})
	var known, loud sync.Map
	join(t, "go-muted", "bob", onTrack(func(name string, _ *webrtc.TrackRemote, packet *rtp.Packet) {
		known.Store(name, true)
		if len(packet.Payload) > 3 {
			loud.Store(name, true)
		}
	}))
	has := func(names *sync.Map) func() bool {
		return func() bool {
			_, sound := names.Load("sound")
			_, picture := names.Load("picture")
			return sound && picture
		}
	}
	eventually(t, "both tracks", has(&known))
	for _, each := range tracks {
		each.SetMuted(false)
	}
	eventually(t, "what they carry", has(&loud))
}

func TestWhoCannotDecodeSoundIsSentItsOtherCodec(t *testing.T) {
	alice := join(t, "go-backup", "alice", lksdk.NewRoomCallback())
	first, second := newTrack(t, pcmu), newTrack(t, opus)
	publish(t, alice, "sound", first, lksdk.WithBackupCodec(second))
	writeUntilDone(t, first, bytes.Repeat([]byte{0x55}, 160), 20*time.Millisecond)
	writeUntilDone(t, second, []byte{0xF8, 0xFF, 0xFE}, 20*time.Millisecond)
	var heard sync.Map
	note := func(who string) *lksdk.RoomCallback {
		return onTrack(func(_ string, track *webrtc.TrackRemote, _ *rtp.Packet) { heard.Store(who, track.Codec().MimeType) })
	}
	join(t, "go-backup", "bob", note("bob"))
	join(t, "go-backup", "carol", note("carol"), lksdk.WithCodecs([]livekit.Codec{{Mime: webrtc.MimeTypeOpus}}))
	eventually(t, "each in its codec", func() bool {
		bob, _ := heard.Load("bob")
		carol, _ := heard.Load("carol")
		return bob == webrtc.MimeTypePCMU && carol == webrtc.MimeTypeOpus
	})
}

func TestAHundredTracksComeAndGoInAnyOrder(t *testing.T) {
	for name, options := range map[string][]lksdk.ConnectOption{
		"two peer connections": nil,
		"one peer connection":  {lksdk.WithSinglePeerConnection()},
	} {
		t.Run(name, func(t *testing.T) { hundredTracks(t, "go-hundred-"+name, options) })
	}
}

// Each carries its own name, so that none is taken for another.
func hundredTracks(t *testing.T, roomName string, options []lksdk.ConnectOption) {
	const each = 50
	var wrong atomic.Int32
	heard := map[string]*sync.Map{"alice": {}, "bob": {}}
	rooms := map[string]*lksdk.Room{}
	for who := range heard {
		rooms[who] = join(t, roomName, who, onTrack(func(name string, _ *webrtc.TrackRemote, packet *rtp.Packet) {
			if string(packet.Payload) == name {
				heard[who].Store(name, true)
			} else if len(packet.Payload) > 3 {
				wrong.Add(1)
			}
		}), options...)
	}
	other := map[string]string{"alice": "bob", "bob": "alice"}
	var working sync.WaitGroup
	for who, room := range rooms {
		working.Add(1)
		go func() {
			defer working.Done()
			random := rand.New(rand.NewSource(int64(len(who))))
			var up []*lksdk.LocalTrackPublication
			for n := 0; n < each || len(up) < each; n++ {
				name := fmt.Sprintf("%s-%d", who, n)
				track, err := lksdk.NewLocalTrack(opus)
				if err != nil {
					t.Error(err)
					return
				}
				publication, err := room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: name})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				writeUntilDone(t, track, []byte(name), 100*time.Millisecond)
				up = append(up, publication)
				// Every third time one of those that are up ends.
				if n%3 == 2 {
					at := random.Intn(len(up))
					if err := room.LocalParticipant.UnpublishTrack(up[at].SID()); err != nil {
						t.Errorf("unpublish: %v", err)
					}
					up = append(up[:at], up[at+1:]...)
				}
			}
			eventually(t, "all of "+who, func() bool {
				for _, publication := range up {
					if _, there := heard[other[who]].Load(publication.Name()); !there {
						return false
					}
				}
				return true
			})
		}()
	}
	working.Wait()
	if wrong.Load() > 0 {
		t.Errorf("%d packets came by another track than theirs", wrong.Load())
	}
	for who, room := range rooms {
		eventually(t, who+" knows what is left", func() bool {
			return len(room.GetParticipantByIdentity(other[who]).TrackPublications()) == each
		})
	}
}

func TestTracksOfTheJoinAreThereAtOnce(t *testing.T) {
	var heard sync.Map
	join(t, "go-join", "bob", onTrack(func(name string, _ *webrtc.TrackRemote, _ *rtp.Packet) { heard.Store(name, true) }))
	sound, picture := newTrack(t, opus), newTrack(t, vp8)
	join(t, "go-join", "alice", lksdk.NewRoomCallback(), lksdk.WithSinglePeerConnection(),
		lksdk.WithTrack(sound, &lksdk.TrackPublicationOptions{Name: "sound"}),
		lksdk.WithTrack(picture, &lksdk.TrackPublicationOptions{Name: "picture"}))
	writeUntilDone(t, sound, []byte{0xF8, 0xFF, 0xFE}, 20*time.Millisecond)
	writeUntilDone(t, picture, []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00}, 50*time.Millisecond)
	eventually(t, "both", func() bool {
		_, first := heard.Load("sound")
		_, second := heard.Load("picture")
		return first && second
	})
}
