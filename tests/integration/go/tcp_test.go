package integration

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"google.golang.org/protobuf/proto"
)

// tcpClient is a client of its own that knows the way over TCP only, which the SDK cannot be told: pion dials the
// server's passive candidates (RFC 6544).
type tcpClient struct {
	t         *testing.T
	socket    *websocket.Conn
	writing   sync.Mutex
	publisher *webrtc.PeerConnection
	receiver  *webrtc.PeerConnection
	published chan string
	received  chan string
}

func newTCPClient(t *testing.T, room, identity string) *tcpClient {
	t.Helper()
	token, err := auth.NewAccessToken(apiKey, apiSecret).SetIdentity(identity).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: room}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{"access_token": {token}, "protocol": {"17"}, "sdk": {"go"}, "auto_subscribe": {"1"}}
	socket, _, err := websocket.DefaultDialer.Dial(serverURL+"/rtc?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &tcpClient{t: t, socket: socket, published: make(chan string, 8), received: make(chan string, 8)}
	client.publisher = client.connection(livekit.SignalTarget_PUBLISHER)
	client.receiver = client.connection(livekit.SignalTarget_SUBSCRIBER)
	client.receiver.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if packet, _, err := track.ReadRTP(); err == nil {
			client.received <- string(packet.Payload)
		}
	})
	go client.listen()
	t.Cleanup(func() {
		_ = client.publisher.Close()
		_ = client.receiver.Close()
		_ = socket.Close()
	})
	return client
}

func (c *tcpClient) connection(target livekit.SignalTarget) *webrtc.PeerConnection {
	c.t.Helper()
	settings := webrtc.SettingEngine{}
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	settings.SetIncludeLoopbackCandidate(true)
	connection, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			return
		}
		text, _ := json.Marshal(candidate.ToJSON())
		c.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
			Trickle: &livekit.TrickleRequest{CandidateInit: string(text), Target: target},
		}})
	})
	return connection
}

func (c *tcpClient) say(request *livekit.SignalRequest) {
	bytes, _ := proto.Marshal(request)
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.socket.WriteMessage(websocket.BinaryMessage, bytes)
}

func (c *tcpClient) listen() {
	for {
		_, bytes, err := c.socket.ReadMessage()
		if err != nil {
			return
		}
		response := &livekit.SignalResponse{}
		if proto.Unmarshal(bytes, response) != nil {
			return
		}
		switch message := response.Message.(type) {
		case *livekit.SignalResponse_Answer:
			_ = c.publisher.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: message.Answer.Sdp})
		case *livekit.SignalResponse_Offer:
			c.answer(message.Offer)
		case *livekit.SignalResponse_TrackPublished:
			c.published <- message.TrackPublished.Track.Sid
		case *livekit.SignalResponse_Trickle:
			var candidate webrtc.ICECandidateInit
			if json.Unmarshal([]byte(message.Trickle.CandidateInit), &candidate) != nil {
				continue
			}
			if message.Trickle.Target == livekit.SignalTarget_PUBLISHER {
				_ = c.publisher.AddICECandidate(candidate)
			} else {
				_ = c.receiver.AddICECandidate(candidate)
			}
		}
	}
}

func (c *tcpClient) answer(offer *livekit.SessionDescription) {
	err := c.receiver.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.Sdp})
	if err != nil {
		return
	}
	answer, err := c.receiver.CreateAnswer(nil)
	if err != nil || c.receiver.SetLocalDescription(answer) != nil {
		return
	}
	c.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: "answer", Sdp: answer.SDP, Id: offer.Id},
	}})
}

// publish sends what it is told again and again.
func (c *tcpClient) publish(payload string) {
	c.t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(opus, "sound", "stream")
	if err == nil {
		_, err = c.publisher.AddTrack(track)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{
		AddTrack: &livekit.AddTrackRequest{Cid: "sound", Type: livekit.TrackType_AUDIO},
	}})
	select {
	case <-c.published:
	case <-time.After(deadline):
		c.t.Fatal("not published")
	}
	offer, err := c.publisher.CreateOffer(nil)
	if err == nil {
		err = c.publisher.SetLocalDescription(offer)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: offer.SDP, Id: 1},
	}})
	done := make(chan struct{})
	c.t.Cleanup(func() { close(done) })
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				_ = track.WriteSample(media.Sample{Data: []byte(payload), Duration: 20 * time.Millisecond})
			}
		}
	}()
}

func overTCP(connection *webrtc.PeerConnection) bool {
	for _, each := range connection.GetStats() {
		pair, ok := each.(webrtc.ICECandidatePairStats)
		if !ok || pair.State != webrtc.StatsICECandidatePairStateSucceeded {
			continue
		}
		remote, ok := connection.GetStats()[pair.RemoteCandidateID].(webrtc.ICECandidateStats)
		if ok && strings.HasPrefix(remote.Protocol, "tcp") {
			return true
		}
	}
	return false
}

func TestWithoutUDPPionSendsAndReceivesOverTCP(t *testing.T) {
	alice, bob := newTCPClient(t, "go-tcp", "alice"), newTCPClient(t, "go-tcp", "bob")
	alice.publish("of alice")
	bob.publish("of bob")
	for client, want := range map[*tcpClient]string{alice: "of bob", bob: "of alice"} {
		select {
		case got := <-client.received:
			if got != want {
				t.Fatalf("received %q in place of %q", got, want)
			}
		case <-time.After(deadline):
			t.Fatalf("not received: %q", want)
		}
		if !overTCP(client.publisher) || !overTCP(client.receiver) {
			t.Fatal("it does not go over TCP")
		}
	}
}
