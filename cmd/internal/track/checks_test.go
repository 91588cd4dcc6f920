package track

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/configs"
)

func TestMain(m *testing.M) { netlab.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// network makes the process's own namespace usable for a test: a loopback that
// works.
func network(t *testing.T) *netlab.NS {
	t.Helper()
	netlab.Need(t)
	here, err := netlab.Current()
	must(t, err)
	t.Cleanup(func() { here.Close() })
	must(t, here.LinkUp("lo"))
	return here
}

// saw runs one check with a generous or a short timeout and compares what it
// says with a pattern; one that begins with "!" is of a failure.
func saw(t *testing.T, c configs.Track, pattern string) {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
	defer cancel()
	began := time.Now()
	detail, err := newCheck(c)(ctx)
	if err != nil {
		detail = "!" + err.Error()
	}
	if !regexp.MustCompile("^" + pattern + "$").MatchString(detail) {
		t.Errorf("saw %q, want %q", detail, pattern)
	}
	if d := time.Since(began); d > c.Timeout+patience {
		t.Errorf("took %v with a timeout of %v", d, c.Timeout)
	}
}

// What is not to come is waited for briefly, and all else for as long as a busy
// machine may take.
const (
	short    = 100 * time.Millisecond
	patience = 15 * time.Second
)

func TestInterfaceObjectsAreLeftToTheEngine(t *testing.T) {
	if newCheck(configs.Track{Kind: configs.TrackInterface, Target: "eth0"}) != nil {
		t.Error("an interface object has a check")
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o644))
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	must(t, unix.Mkfifo(fifo, 0o644))
	tests := []struct{ name, path, want string }{
		{"a file that is there is up", write("text", "hello\n"), "/.*/text exists"},
		{"an empty one too", write("empty", ""), "/.*/empty exists"},
		{"a number other than 0 is up", write("one", " 1\n"), "/.*/one says 1"},
		{"a negative one too", write("minus", "-5"), "/.*/minus says -5"},
		{"0 is down", write("zero", "0\n"), "!/.*/zero says 0"},
		{"0 by any spelling is down", write("zeros", "-000"), "!/.*/zeros says 0"},
		{"a long file is not a number", write("long", strings.Repeat("0", 1<<16)), "/.*/long exists"},
		{"a missing file is down", filepath.Join(dir, "none"), "!/.*/none does not exist"},
		{"a pipe is not waited for", fifo, "/.*/fifo exists"},
		{"a folder exists", dir, "/.* exists"},
		{"below a file there is nothing to look at", write("f", "") + "/x", "!look at /.*/f/x: not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			saw(t, configs.Track{Kind: configs.TrackFile, Target: tt.path}, tt.want)
		})
	}
}

func TestCommand(t *testing.T) {
	sh := func(script string) configs.Track {
		return configs.Track{Kind: configs.TrackCommand, Command: []string{"/bin/sh", "-c", script}}
	}
	hangs := sh("echo trying; sleep 300")
	hangs.Timeout = 5 * time.Second // in which it has to have begun
	tests := []struct {
		name string
		cfg  configs.Track
		want string
	}{
		{"status 0 is up", sh("exit 0"), "exit status 0"},
		{"the first line is the detail", sh("echo 3 routes; echo more"), "3 routes"},
		{"any other status is down", sh("exit 2"), "!exit status 2"},
		{"with what was printed", sh("echo no routes; exit 2"), "!exit status 2: no routes"},
		{"no program is down", configs.Track{Kind: configs.TrackCommand, Command: []string{"/no/such"}}, "!start /no/such: no such file or directory"},
		{"one that hangs is down", hangs, "!/bin/sh did not end within 5s: trying"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { saw(t, tt.cfg, tt.want) })
	}
}

func TestTCP(t *testing.T) {
	network(t)
	open, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer open.Close()
	closed, err := net.Listen("tcp", "[::1]:0")
	must(t, err)
	closed.Close()
	tcp := func(target string) configs.Track { return configs.Track{Kind: configs.TrackTCP, Target: target} }
	saw(t, tcp(open.Addr().String()), `connected to 127\.0\.0\.1:\d+ in [\d.]+(µs|m?s)`)
	saw(t, tcp(closed.Addr().String()), `!connect \[::1\]:\d+: connection refused`)
	saw(t, tcp("203.0.113.1:443"), `!connect 203\.0\.113\.1:443: network is unreachable`)
}

// site is a host that answers /STATUS with that status, and sends people to
// /elsewhere, where nobody must go.
func site(t *testing.T) (address string, hang chan struct{}) {
	t.Helper()
	hang = make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/{status}", func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscan(r.PathValue("status"), &status)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	})
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { <-hang })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 4096)
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	_, host := segment(t)
	l, err := host.Listen("tcp", "192.0.2.2:0")
	must(t, err)
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, hang
}

func TestHTTP(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // is not to be asked
	address, hang := site(t)
	defer close(hang)
	tests := []struct{ path, want string }{
		{"/200", `http://.*/200 answered 200 OK in [\d.]+(µs|m?s)`},
		{"/204", `http://.*/204 answered 204 No Content in .*`},
		{"/302", `http://.*/302 answered 302 Found in .*`},
		{"/endless", `http://.*/endless answered 200 OK in .*`},
		{"/404", `!get http://.*/404: 404 Not Found`},
		{"/503", `!get http://.*/503: 503 Service Unavailable`},
	}
	for _, tt := range tests {
		saw(t, configs.Track{Kind: configs.TrackHTTP, Target: address + tt.path}, tt.want)
	}
	saw(t, configs.Track{Kind: configs.TrackHTTP, Target: address + "/hang", Timeout: short}, `!no answer from http://.*/hang within 100ms`)
	withKey := strings.Replace(address, "http://", "http://operator:secret@", 1)
	saw(t, configs.Track{Kind: configs.TrackHTTP, Target: withKey + "/404?token=secret"}, `!get http://\*\*\*@[^?]*/404\?\*\*\*: 404 Not Found`)
	saw(t, configs.Track{Kind: configs.TrackHTTP, Target: "http://127.0.0.1:1/"}, `!get http://127.0.0.1:1/: connection refused`)
}

// segment is this process's namespace and a host on one cable.
func segment(t *testing.T) (here, host *netlab.NS) {
	t.Helper()
	here = network(t)
	// No duplicate address detection: addresses are to be used at once.
	must(t, here.Sysctl("net/ipv6/conf/default/accept_dad", "0"))
	host, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { host.Close() })
	must(t, netlab.Veth(netlab.End{NS: here, Name: "eth0"}, netlab.End{NS: host, Name: "eth0"}))
	t.Cleanup(func() {
		if l, err := here.Netlink().LinkByName("eth0"); err == nil {
			must(t, here.Netlink().LinkDel(l))
		}
	})
	for _, a := range []struct {
		ns   *netlab.NS
		addr string
	}{{here, "192.0.2.1/24"}, {host, "192.0.2.2/24"}, {here, "2001:db8::1/64"}, {host, "2001:db8::2/64"}} {
		must(t, a.ns.AddAddr("eth0", netip.MustParsePrefix(a.addr)))
	}
	linkLocal(t, here)
	return here, host
}

// linkLocal waits for the link-local address of eth0, which comes with the
// carrier.
func linkLocal(t *testing.T, ns *netlab.NS) (addr netip.Addr) {
	t.Helper()
	must(t, netlab.Eventually(t.Context(), patience, func() (ok bool) {
		addr, ok, _ = ns.LinkLocal("eth0")
		return ok
	}))
	return addr
}

func TestPing(t *testing.T) {
	for _, tt := range []struct {
		name     string
		datagram bool
	}{{"raw socket", false}, {"datagram socket", true}} {
		t.Run(tt.name, func(t *testing.T) {
			here, host := segment(t)
			if tt.datagram { // a new namespace allows it to no group
				must(t, host.Sysctl("net/ipv4/ping_group_range", "0 0"))
			}
			linkLocal(t, host)
			must(t, host.Do(func() error {
				conn, datagram, err := echo4.listen()
				if err != nil {
					return err
				}
				if datagram != tt.datagram {
					t.Errorf("datagram socket: %t, want %t", datagram, tt.datagram)
				}
				pings(t, linkLocal(t, here))
				return conn.Close()
			}))
		})
	}
}

// pings is inside the namespace of the host.
func pings(t *testing.T, ll netip.Addr) {
	ping := func(addr string) configs.Track {
		return configs.Track{Kind: configs.TrackPing, Addr: netip.MustParseAddr(addr)}
	}
	silent := ping("192.0.2.99")
	silent.Timeout = short
	saw(t, ping("192.0.2.1"), `192\.0\.2\.1 answered in [\d.]+(µs|m?s)`)
	saw(t, ping("2001:db8::1"), `2001:db8::1 answered in [\d.]+(µs|m?s)`)
	saw(t, ping(ll.String()+"%eth0"), `fe80::.*%eth0 answered in [\d.]+(µs|m?s)`)
	saw(t, ping("fe80::1%none0"), `!ping fe80::1%none0: find interface none0: no such network interface`)
	saw(t, ping("127.0.0.1"), `127\.0\.0\.1 answered in [\d.]+(µs|m?s)`)
	saw(t, silent, `!no answer from 192\.0\.2\.99 within 100ms`)
	saw(t, ping("203.0.113.1"), `!ping 203\.0\.113\.1: network is unreachable`)
}

func TestARP(t *testing.T) {
	here, host := segment(t)
	mac, err := host.MAC("eth0")
	must(t, err)
	must(t, here.AddRoute(netip.MustParsePrefix("203.0.113.0/24"), netip.MustParseAddr("192.0.2.2"), ""))
	arp := func(addr string) configs.Track {
		return configs.Track{Kind: configs.TrackARP, Addr: netip.MustParseAddr(addr)}
	}
	silent := arp("192.0.2.99")
	silent.Timeout = short
	saw(t, arp("192.0.2.2"), `192\.0\.2\.2 is at `+mac.String()+`, answered in [\d.]+(µs|m?s)`)
	saw(t, silent, `!no answer from 192\.0\.2\.99 within 100ms`)
	saw(t, arp("192.0.2.1"), `!ask for 192\.0\.2\.1: it is an address of this router`)
	saw(t, arp("203.0.113.1"), `!ask for 203\.0\.113\.1: it is not on a connected network but behind 192\.0\.2\.2 on eth0`)
	saw(t, arp("198.51.100.1"), `!ask for 198\.51\.100\.1: find the way: network is unreachable`)
}
