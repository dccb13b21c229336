package integration

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// received collects what a participant hears, in order.
type received struct {
	lock     sync.Mutex
	messages []string
}

func (r *received) callback() *lksdk.RoomCallback {
	return &lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{
		OnDataPacket: func(data lksdk.DataPacket, params lksdk.DataReceiveParams) {
			if user, ok := data.(*lksdk.UserDataPacket); ok {
				r.add(params.SenderIdentity + " " + string(user.Payload))
			}
		},
	}}
}

func (r *received) add(message string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.messages = append(r.messages, message)
}

func (r *received) all() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return append([]string(nil), r.messages...)
}

func (r *received) has(message string) bool {
	for _, each := range r.all() {
		if each == message {
			return true
		}
	}
	return false
}

func TestReliableDataArrivesInOrderAndWhereItIsSentTo(t *testing.T) {
	var atBob, atCarol received
	alice := join(t, "go-data", "alice", lksdk.NewRoomCallback())
	join(t, "go-data", "bob", atBob.callback())
	join(t, "go-data", "carol", atCarol.callback())
	sees(t, alice, "bob")
	sees(t, alice, "carol")
	const count = 100
	for i := 0; i < count; i++ {
		packet := lksdk.UserData([]byte(fmt.Sprint(i)))
		if err := alice.LocalParticipant.PublishDataPacket(packet, lksdk.WithDataPublishReliable(true)); err != nil {
			t.Fatal(err)
		}
	}
	large := strings.Repeat("x", 40_000)
	err := alice.LocalParticipant.PublishDataPacket(lksdk.UserData([]byte(large)), lksdk.WithDataPublishReliable(true),
		lksdk.WithDataPublishDestination([]string{"carol"}))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "all at carol", func() bool { return len(atCarol.all()) > count })
	eventually(t, "all at bob", func() bool { return len(atBob.all()) >= count })
	for i := 0; i < count; i++ {
		want := fmt.Sprintf("alice %d", i)
		if got := atBob.all()[i]; got != want {
			t.Fatalf("bob got %q in place of %q", got, want)
		}
	}
	if !atCarol.has("alice "+large) || atBob.has("alice "+large) {
		t.Fatal("the one for carol went elsewhere")
	}
}

func TestLossyDataArrives(t *testing.T) {
	var atBob received
	alice := join(t, "go-lossy", "alice", lksdk.NewRoomCallback())
	join(t, "go-lossy", "bob", atBob.callback())
	sees(t, alice, "bob")
	eventually(t, "a lossy message", func() bool {
		_ = alice.LocalParticipant.PublishDataPacket(lksdk.UserData([]byte("hi")), lksdk.WithDataPublishReliable(false))
		return atBob.has("alice hi")
	})
}

func TestWhatComesByAnotherChannelIsAUserMessage(t *testing.T) {
	var atBob received
	alice := join(t, "go-channel", "alice", lksdk.NewRoomCallback())
	join(t, "go-channel", "bob", atBob.callback())
	sees(t, alice, "bob")
	eventually(t, "a channel between them", func() bool {
		_ = alice.LocalParticipant.PublishDataPacket(lksdk.UserData([]byte("hi")), lksdk.WithDataPublishReliable(true))
		return atBob.has("alice hi")
	})
	channel, err := alice.LocalParticipant.GetPublisherPeerConnection().CreateDataChannel("custom", nil)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a bare payload", func() bool {
		_ = channel.SendText("bare")
		return atBob.has("alice bare")
	})
}

func TestCallsAreAnswered(t *testing.T) {
	alice := join(t, "go-rpc", "alice", lksdk.NewRoomCallback())
	bob := join(t, "go-rpc", "bob", lksdk.NewRoomCallback())
	sees(t, alice, "bob")
	sees(t, bob, "alice")
	err := bob.RegisterRpcMethod("greet", func(data lksdk.RpcInvocationData) (string, error) {
		return data.CallerIdentity + ": " + data.Payload, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := alice.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{
		DestinationIdentity: "bob", Method: "greet", Payload: "hello",
	})
	if err != nil || *answer != "alice: hello" {
		t.Fatalf("answered %v, %v", answer, err)
	}
	if _, err = alice.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{DestinationIdentity: "bob", Method: "none"}); err == nil {
		t.Fatal("a method that is not there answered")
	}
}

func TestTextsArriveWhole(t *testing.T) {
	texts := make(chan string, 1)
	alice := join(t, "go-text", "alice", lksdk.NewRoomCallback())
	bob := join(t, "go-text", "bob", lksdk.NewRoomCallback())
	sees(t, alice, "bob")
	err := bob.RegisterTextStreamHandler("chat", func(reader *lksdk.TextStreamReader, identity string) {
		go func() { texts <- identity + " " + reader.ReadAll() }()
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("a long text. ", 8000)
	alice.LocalParticipant.SendText(text, lksdk.StreamTextOptions{Topic: "chat"})
	select {
	case got := <-texts:
		if got != "alice "+text {
			t.Fatalf("%d bytes arrived", len(got))
		}
	case <-time.After(deadline):
		t.Fatal("no text")
	}
}

func TestATrackIsReceived(t *testing.T) {
	packets := make(chan string, 1)
	callback := &lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{
		OnTrackSubscribed: func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, from *lksdk.RemoteParticipant) {
			for i := 0; i < 10; i++ {
				if _, _, err := track.ReadRTP(); err != nil {
					return
				}
			}
			packets <- from.Identity() + " " + track.Codec().MimeType
		},
	}}
	alice := join(t, "go-track", "alice", lksdk.NewRoomCallback())
	join(t, "go-track", "bob", callback)
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = alice.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: "tone"}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				// Three bytes of Opus: 20 ms of silence.
				_ = track.WriteSample(media.Sample{Data: []byte{0xF8, 0xFF, 0xFE}, Duration: 20 * time.Millisecond}, nil)
			}
		}
	}()
	select {
	case got := <-packets:
		if got != "alice "+webrtc.MimeTypeOpus {
			t.Fatalf("received %q", got)
		}
	case <-time.After(deadline):
		t.Fatal("no packets of the track")
	}
}
