// LiveKit's Go SDK, unchanged, against the server: a second WebRTC stack (pion), which opens SCTP before anything else.
package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	directory, err := os.MkdirTemp("", "turms-go-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(directory)
	start := startTurms
	if os.Getenv("TURMS_LIVEKIT_BINARY") != "" {
		start = startLiveKit
	}
	server, err := start(directory)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	status := m.Run()
	if againstLiveKit() {
		// It waits long for participants that are gone.
		_ = server.Process.Kill()
	} else {
		_ = server.Process.Signal(syscall.SIGTERM)
	}
	_ = server.Wait()
	return status
}

// againstLiveKit tells whether the cases are held against LiveKit's own server.
func againstLiveKit() bool { return os.Getenv("TURMS_LIVEKIT_BINARY") != "" }

func startTurms(directory string) (*exec.Cmd, error) {
	binary := os.Getenv("TURMS_BINARY")
	if binary == "" {
		binary, _ = filepath.Abs("../../../build/release/turms")
	}
	arguments := []string{"serve", "--dev", "--data", directory}
	for _, setting := range []string{
		"http.port=0", "turms.gateway.websocket.port=0", "turms.gateway.tcp.port=0", "admin.port=0", "livekit.rtc.udp_port=0",
		"livekit.rtc.tcp_port=-1",
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
		return nil, err
	}
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
		return server, nil
	case <-time.After(deadline):
		_ = server.Process.Kill()
		return nil, errors.New("the server did not get ready")
	}
}

func startLiveKit(directory string) (*exec.Cmd, error) {
	http, tcp, udp := freePort(), freePort(), freePort()
	config := filepath.Join(directory, "livekit.yaml")
	text := fmt.Sprintf("port: %d\nbind_addresses: [127.0.0.1]\nrtc: {tcp_port: %d, udp_port: %d, node_ip: 127.0.0.1, enable_loopback_candidate: true}\n"+
		"keys: {%s: %s}\nlogging: {level: error}\n", http, tcp, udp, apiKey, apiSecret)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	server := exec.Command(os.Getenv("TURMS_LIVEKIT_BINARY"), "--dev", "--config", config)
	if err := server.Start(); err != nil {
		return nil, err
	}
	serverURL = fmt.Sprintf("ws://127.0.0.1:%d", http)
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", http)); err == nil {
			return server, connection.Close()
		}
	}
	_ = server.Process.Kill()
	return nil, errors.New("LiveKit did not get ready")
}

// freePort is one that was free a moment ago.
func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
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

func roomService() *lksdk.RoomServiceClient {
	return lksdk.NewRoomServiceClient(strings.Replace(serverURL, "ws", "http", 1), apiKey, apiSecret)
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	limited, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return limited
}
