// data: what data channels cost a LiveKit server. Joins RECEIVERS participants and a sender by LiveKit's Go SDK, sends
// messages of 1 KB to all, and prints one line of JSON: CPU of the server per message and receiver, and round trips. With
// -goodput: how fast one reliable channel is over a way that loses datagrams.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

var (
	url       = flag.String("url", "ws://127.0.0.1:7880", "server")
	key       = flag.String("key", "devkey", "API key")
	secret    = flag.String("secret", "secret", "API secret")
	pid       = flag.Int("pid", 0, "process of the server")
	receivers = flag.Int("receivers", 50, "participants that receive")
	messages  = flag.Int("messages", 1000, "messages to send")
	rate      = flag.Int("rate", 100, "messages per second")
	reliable  = flag.Bool("reliable", true, "by the reliable channel")
	size      = flag.Int("size", 1024, "bytes per message")
	trips     = flag.Int("trips", 300, "round trips to time")

	runGoodput  = flag.Bool("goodput", false, "measure goodput")
	proxyListen = flag.String("proxy", "127.0.0.2:7882", "goodput: address that the server tells clients")
	proxyServer = flag.String("proxied", "127.0.0.1:7882", "goodput: where it is")
	loss        = flag.Float64("loss", 0, "goodput: share of datagrams lost, each way")
	delay       = flag.Duration("delay", 10*time.Millisecond, "goodput: each way")
	seed        = flag.Int64("seed", 1, "goodput: of the losses")
	duration    = flag.Duration("duration", 6*time.Second, "goodput: how long to measure")
)

// cpuTime of all threads of a process, from /proc: the kernel counts in hundredths of a second, so it is taken of the
// scheduler's nanoseconds instead.
func cpuTime(process int) time.Duration {
	var total int64
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", process))
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		spent, _ := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		total += spent
	}
	return time.Duration(total)
}

func join(identity string, callback *lksdk.RoomCallback) *lksdk.Room {
	info := lksdk.ConnectInfo{APIKey: *key, APISecret: *secret, RoomName: "bench", ParticipantIdentity: identity}
	room, err := lksdk.ConnectToRoom(*url, info, callback)
	if err != nil {
		fmt.Fprintln(os.Stderr, identity, err)
		os.Exit(1)
	}
	return room
}

func onData(handle func(payload []byte, from string)) *lksdk.RoomCallback {
	return &lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{
		OnDataPacket: func(data lksdk.DataPacket, params lksdk.DataReceiveParams) {
			if user, ok := data.(*lksdk.UserDataPacket); ok {
				handle(user.Payload, params.SenderIdentity)
			}
		},
	}}
}

func percentile(times []time.Duration, share float64) float64 {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
}

func main() {
	flag.Parse()
	lksdk.SetLogger(logger.GetDiscardLogger())
	if *runGoodput {
		goodput()
		return
	}
	var got atomic.Int64
	echoes := make(chan struct{}, 16)
	sender := join("sender", onData(func([]byte, string) { echoes <- struct{}{} }))
	var first *lksdk.Room
	for i := 0; i < *receivers; i++ {
		number := i
		var room *lksdk.Room
		room = join(fmt.Sprintf("receiver-%d", i), onData(func(payload []byte, _ string) {
			if len(payload) == 1 {
				if number == 0 {
					_ = room.LocalParticipant.PublishDataPacket(lksdk.UserData(payload), lksdk.WithDataPublishReliable(true),
						lksdk.WithDataPublishDestination([]string{"sender"}))
				}
				return
			}
			got.Add(1)
		}))
		if first == nil {
			first = room
		}
	}
	_ = first.RegisterRpcMethod("echo", func(data lksdk.RpcInvocationData) (string, error) { return data.Payload, nil })
	send := func(payload []byte, options ...lksdk.DataPublishOption) {
		if err := sender.LocalParticipant.PublishDataPacket(lksdk.UserData(payload), options...); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	// Until everybody hears.
	payload := make([]byte, *size)
	for got.Load() < int64(*receivers) {
		got.Store(0)
		send(payload, lksdk.WithDataPublishReliable(true))
		time.Sleep(time.Second)
	}
	time.Sleep(2 * time.Second)

	idle := cpuTime(*pid)
	time.Sleep(2 * time.Second)
	idlePerSecond := (cpuTime(*pid) - idle) / 2

	got.Store(0)
	before, start := cpuTime(*pid), time.Now()
	tick := time.NewTicker(time.Second / time.Duration(*rate))
	for i := 0; i < *messages; i++ {
		<-tick.C
		send(payload, lksdk.WithDataPublishReliable(*reliable))
	}
	expected := int64(*messages) * int64(*receivers)
	for end := time.Now().Add(20 * time.Second); got.Load() < expected && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
		if !*reliable && time.Since(start) > time.Duration(*messages)*time.Second/time.Duration(*rate)+time.Second {
			break
		}
	}
	spent := cpuTime(*pid) - before - idlePerSecond*time.Duration(time.Since(start).Milliseconds())/1000

	var data, rpc []time.Duration
	for i := 0; i < *trips; i++ {
		at := time.Now()
		send([]byte{1}, lksdk.WithDataPublishReliable(true), lksdk.WithDataPublishDestination([]string{"receiver-0"}))
		select {
		case <-echoes:
			data = append(data, time.Since(at))
		case <-time.After(5 * time.Second):
		}
	}
	for i := 0; i < *trips; i++ {
		at := time.Now()
		_, err := sender.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{DestinationIdentity: "receiver-0", Method: "echo", Payload: "x"})
		if err == nil {
			rpc = append(rpc, time.Since(at))
		}
	}
	out := map[string]any{
		"received":       got.Load(),
		"expected":       expected,
		"cpu_us_message": float64(spent.Microseconds()) / float64(got.Load()),
	}
	if len(data) > 0 && len(rpc) > 0 {
		out["data_ms_p50"], out["data_ms_p99"] = percentile(data, 0.5), percentile(data, 0.99)
		out["rpc_ms_p50"], out["rpc_ms_p99"] = percentile(rpc, 0.5), percentile(rpc, 0.99)
	}
	text, _ := json.Marshal(out)
	fmt.Println(string(text))
}
