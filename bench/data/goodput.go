package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
)

const (
	// So much has been sent and not yet received: more would wait in the sender.
	goodputWindow  = 1 << 20
	goodputMessage = 15_000
	goodputSettle  = 2 * time.Second
)

// goodput: one sender, one receiver, the reliable channel, as fast as it goes over a lossy way to the server.
func goodput() {
	if _, err := startProxy(*proxyListen, *proxyServer, *loss, *delay, *seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var sent, got atomic.Int64
	join("receiver", onData(func(payload []byte, _ string) { got.Add(int64(len(payload))) }))
	sender := join("sender", onData(func([]byte, string) {}))
	payload := make([]byte, goodputMessage)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if sent.Load()-got.Load() > goodputWindow {
				time.Sleep(500 * time.Microsecond)
				continue
			}
			if sender.LocalParticipant.PublishDataPacket(lksdk.UserData(payload), lksdk.WithDataPublishReliable(true)) != nil {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			sent.Add(int64(len(payload)))
		}
	}()
	for end := time.Now().Add(20 * time.Second); got.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, "nothing arrives")
			os.Exit(1)
		}
	}
	time.Sleep(goodputSettle)
	before, cpu, start := got.Load(), cpuTime(*pid), time.Now()
	time.Sleep(*duration)
	bytes, spent, took := got.Load()-before, cpuTime(*pid)-cpu, time.Since(start)
	close(stop)
	text, _ := json.Marshal(map[string]any{
		"megabits_per_second": float64(bytes) * 8 / 1e6 / took.Seconds(),
		"cpu_us_kilobyte":     float64(spent.Microseconds()) / (float64(bytes)/1024 + 1),
	})
	fmt.Println(string(text))
}
