package main

import (
	"math/rand"
	"net"
	"sync"
	"syscall"
	"time"
)

// lossyProxy stands between the clients and the server's UDP port: it loses datagrams at a rate, in both directions, and
// delivers the others after a delay.
type lossyProxy struct {
	socket *net.UDPConn
	server *net.UDPAddr
	loss   float64
	delay  time.Duration
	mutex  sync.Mutex
	random *rand.Rand
	ways   map[string]*way
}

// way is one client's: a socket that the server sees as the client, and what is on the way to either side.
type way struct {
	socket   *net.UDPConn
	toServer chan delayed
	toClient chan delayed
}

type delayed struct {
	due  time.Time
	data []byte
}

// What is on the way to one side; a datagram more is lost, as in a router's full queue.
const maxOnTheWay = 4096

func startProxy(listen, server string, loss float64, delay time.Duration, seed int64) (*lossyProxy, error) {
	local, err := net.ResolveUDPAddr("udp4", listen)
	if err != nil {
		return nil, err
	}
	remote, err := net.ResolveUDPAddr("udp4", server)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp4", local)
	if err != nil {
		return nil, err
	}
	enlarge(socket)
	proxy := &lossyProxy{socket: socket, server: remote, loss: loss, delay: delay, random: rand.New(rand.NewSource(seed)), ways: map[string]*way{}}
	go proxy.run()
	return proxy, nil
}

// enlarge the buffer of a socket beyond the system's bound, which needs root; else up to it. A burst that it does not hold
// would be a loss that nobody asked for.
func enlarge(socket *net.UDPConn) {
	const size, receiveBufferForce = 8 << 20, 33 // SO_RCVBUFFORCE
	_ = socket.SetReadBuffer(size)
	if raw, err := socket.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, receiveBufferForce, size) })
	}
}

func (p *lossyProxy) lost() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.random.Float64() < p.loss
}

func (p *lossyProxy) pass(queue chan delayed, data []byte) {
	if p.lost() {
		return
	}
	select {
	case queue <- delayed{time.Now().Add(p.delay), append([]byte(nil), data...)}:
	default:
	}
}

func deliver(queue chan delayed, write func([]byte)) {
	for datagram := range queue {
		time.Sleep(time.Until(datagram.due))
		write(datagram.data)
	}
}

func (p *lossyProxy) run() {
	buffer := make([]byte, 65536)
	for {
		size, client, err := p.socket.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		known := p.ways[client.String()]
		if known == nil {
			if known = p.open(client); known == nil {
				continue
			}
			p.ways[client.String()] = known
		}
		p.pass(known.toServer, buffer[:size])
	}
}

func (p *lossyProxy) open(client *net.UDPAddr) *way {
	socket, err := net.DialUDP("udp4", nil, p.server)
	if err != nil {
		return nil
	}
	enlarge(socket)
	opened := &way{socket, make(chan delayed, maxOnTheWay), make(chan delayed, maxOnTheWay)}
	go deliver(opened.toServer, func(data []byte) { _, _ = socket.Write(data) })
	go deliver(opened.toClient, func(data []byte) { _, _ = p.socket.WriteToUDP(data, client) })
	go func() {
		buffer := make([]byte, 65536)
		for {
			size, err := socket.Read(buffer)
			if err != nil {
				return
			}
			p.pass(opened.toClient, buffer[:size])
		}
	}()
	return opened
}
