// LiveKit's Go SDK, unchanged, against the server: a second WebRTC stack (pion), which opens SCTP before anything else.
package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
)

const (
	apiKey    = "devkey"
	apiSecret = "secret"
	deadline  = 20 * time.Second
)

var serverURL string

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	binary := os.Getenv("TURMS_BINARY")
	if binary == "" {
		binary, _ = filepath.Abs("../../../build/release/turms")
	}
	data, err := os.MkdirTemp("", "turms-go-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(data)
	arguments := []string{"serve", "--dev", "--data", data}
	for _, setting := range []string{
		"http.port=0", "turms.gateway.websocket.port=0", "turms.gateway.tcp.port=0", "admin.port=0", "livekit.rtc.udp_port=0",
	} {
		arguments = append(arguments, "--set", setting)
	}
	server := exec.Command(binary, arguments...)
	server.Stderr = os.Stderr
	output, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}()
	ready := make(chan int, 1)
	go func() {
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			var line struct {
				Event string `json:"event"`
				HTTP  int    `json:"http"`
			}
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Event == "ready" {
				ready <- line.HTTP
			}
		}
	}()
	select {
	case port := <-ready:
		serverURL = fmt.Sprintf("ws://127.0.0.1:%d", port)
	case <-time.After(deadline):
		fmt.Println("the server did not get ready")
		return 1
	}
	return m.Run()
}

func join(t *testing.T, room, identity string, callback *lksdk.RoomCallback, options ...lksdk.ConnectOption) *lksdk.Room {
	t.Helper()
	info := lksdk.ConnectInfo{APIKey: apiKey, APISecret: apiSecret, RoomName: room, ParticipantIdentity: identity}
	joined, err := lksdk.ConnectToRoom(serverURL, info, callback, options...)
	if err != nil {
		t.Fatalf("%s does not get in: %v", identity, err)
	}
	t.Cleanup(joined.Disconnect)
	return joined
}

// eventually waits for a condition, and fails when it does not come true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

func sees(t *testing.T, room *lksdk.Room, identity string) {
	t.Helper()
	eventually(t, identity, func() bool { return room.GetParticipantByIdentity(identity) != nil })
}
