package netlab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if r := os.Getenv(role); r != "" {
		playRole(r)
	}
	Main(m)
}

func newNS(t *testing.T) *NS {
	t.Helper()
	Need(t)
	return ForTest(t)
}

// patience is for what happens at once unless the machine is busy.
const patience = 15 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if err := Eventually(t.Context(), patience, cond); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

var (
	macA = hello.MAC{2, 0, 0, 0, 0, 0xa}
	macB = hello.MAC{2, 0, 0, 0, 0, 0xb}
)

// lan is two hosts on one switch.
func lan(t *testing.T) (a, b, sw *NS) {
	t.Helper()
	a, b, sw = newNS(t), newNS(t), newNS(t)
	must(t, Veth(End{a, "eth0", macA}, End{NS: sw, Name: "pa"}))
	must(t, Veth(End{b, "eth0", macB}, End{NS: sw, Name: "pb"}))
	must(t, sw.Bridge("br0", "pa", "pb"))
	must(t, a.AddAddr("eth0", netip.MustParsePrefix("192.0.2.1/24")))
	must(t, b.AddAddr("eth0", netip.MustParsePrefix("192.0.2.2/24")))
	must(t, a.AddAddr("eth0", netip.MustParsePrefix("2001:db8::1/64")))
	must(t, b.AddAddr("eth0", netip.MustParsePrefix("2001:db8::2/64")))
	return a, b, sw
}

// send sends one datagram from a to an address of b and reports whether it came.
func send(t *testing.T, a, b *NS, to string, wait time.Duration) bool {
	t.Helper()
	in, err := b.ListenPacket("udp", net.JoinHostPort(to, "9"))
	must(t, err)
	defer in.Close()
	out, err := a.Dial(t.Context(), "udp", net.JoinHostPort(to, "9"))
	must(t, err)
	defer out.Close()
	_, err = out.Write([]byte("over"))
	must(t, err)
	must(t, in.SetReadDeadline(time.Now().Add(wait)))
	buf := make([]byte, 16)
	n, _, err := in.ReadFrom(buf)
	return err == nil && string(buf[:n]) == "over"
}

func TestHostsOnASwitchReachEachOtherAtOnce(t *testing.T) {
	a, b, sw := lan(t)
	for _, to := range []string{"192.0.2.2", "2001:db8::2"} {
		if !send(t, a, b, to, patience) {
			t.Fatalf("no datagram arrived at %s", to)
		}
		mac, ok, err := a.ARPEntry("eth0", netip.MustParseAddr(to))
		if err != nil || !ok || mac != macB {
			t.Errorf("neighbour entry for %s = %v %v %v, want %v", to, mac, ok, err, macB)
		}
	}
	for mac, want := range map[hello.MAC]string{macA: "pa", macB: "pb"} {
		port, ok, err := sw.FDBPort("br0", mac)
		if err != nil || !ok || port != want {
			t.Errorf("port of %v = %q %v %v, want %s", mac, port, ok, err, want)
		}
	}
	if _, ok, err := sw.FDBPort("br0", hello.MAC{2, 9, 9, 9, 9, 9}); ok || err != nil {
		t.Errorf("a MAC nobody has was found: %v %v", ok, err)
	}
}

func TestFlushedNeighborsAreGone(t *testing.T) {
	a, b, _ := lan(t)
	if !send(t, a, b, "192.0.2.2", patience) {
		t.Fatal("no datagram arrived")
	}
	must(t, a.FlushNeighbors("eth0"))
	if mac, ok, err := a.ARPEntry("eth0", netip.MustParseAddr("192.0.2.2")); ok || err != nil {
		t.Errorf("entry after flush: %v %v", mac, err)
	}
}

func TestIsolatedPortsCannotTalk(t *testing.T) {
	a, b, sw := lan(t)
	must(t, errors.Join(sw.Isolate("pa", true), sw.Isolate("pb", true)))
	if send(t, a, b, "192.0.2.2", 100*time.Millisecond) {
		t.Fatal("a datagram crossed two isolated ports")
	}
	must(t, errors.Join(sw.Isolate("pa", false), a.FlushNeighbors("eth0")))
	if !send(t, a, b, "192.0.2.2", patience) {
		t.Fatal("no datagram after the isolation ended")
	}
}

func TestPeerDownTakesTheCarrier(t *testing.T) {
	a, _, sw := lan(t)
	must(t, sw.LinkDown("pa"))
	eventually(t, "carrier lost", func() bool { up, err := a.Carrier("eth0"); return err == nil && !up })
	must(t, sw.LinkUp("pa"))
	eventually(t, "carrier back", func() bool { up, err := a.Carrier("eth0"); return err == nil && up })
}

func TestLinkLocalComesWithoutWaiting(t *testing.T) {
	a, _, _ := lan(t)
	eventually(t, "link-local address", func() bool {
		ip, ok, err := a.LinkLocal("eth0")
		return err == nil && ok && ip == netip.MustParseAddr("fe80::ff:fe00:a")
	})
	l, err := a.Netlink().LinkByName("eth0")
	must(t, err)
	// The kernel marks every address for a moment; what must not be is the
	// second of duplicate address detection.
	eventually(t, "an address that may be used", func() bool {
		list, err := a.Netlink().AddrList(l, netlink.FAMILY_V6)
		return err == nil && !slices.ContainsFunc(list, func(addr netlink.Addr) bool { return addr.Flags&unix.IFA_F_TENTATIVE != 0 })
	})
	if dad, err := a.ReadSysctl("net/ipv6/conf/eth0/accept_dad"); err != nil || strings.TrimSpace(dad) != "0" {
		t.Errorf("accept_dad = %q, %v: new addresses wait for a second", dad, err)
	}
}

func TestMACIsTheOneAskedFor(t *testing.T) {
	a, _, _ := lan(t)
	if mac, err := a.MAC("eth0"); err != nil || mac != macA {
		t.Errorf("MAC = %v %v, want %v", mac, err, macA)
	}
}

func TestRoutesLeadThroughARouter(t *testing.T) {
	a, r, _ := lan(t)
	far := newNS(t)
	must(t, Veth(End{NS: r, Name: "eth1"}, End{NS: far, Name: "eth0"}))
	must(t, r.AddAddr("eth1", netip.MustParsePrefix("198.51.100.1/24")))
	must(t, far.AddAddr("eth0", netip.MustParsePrefix("198.51.100.9/24")))
	must(t, r.Sysctl("net/ipv4/ip_forward", "1"))
	must(t, a.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("192.0.2.2"), ""))
	if v, err := r.ReadSysctl("net/ipv4/ip_forward"); err != nil || v != "1" {
		t.Errorf("ip_forward = %q %v", v, err)
	}
	if !send(t, a, far, "198.51.100.9", patience) {
		t.Fatal("no datagram came through the router")
	}
}

func TestStartedProcessIsInside(t *testing.T) {
	a, _, _ := lan(t)
	var out bytes.Buffer
	cmd := exec.Command("cat", "/proc/net/dev")
	cmd.Stdout = &out
	must(t, a.Start(cmd))
	must(t, cmd.Wait())
	if !strings.Contains(out.String(), "eth0:") {
		t.Errorf("process does not see eth0:\n%s", out.String())
	}
}

func TestDoComesBackAndPassesErrors(t *testing.T) {
	a := newNS(t)
	before, err := netnsInode()
	must(t, err)
	var inside string
	boom := errors.New("boom")
	err = a.Do(func() (err error) {
		inside, err = netnsInode()
		return errors.Join(err, boom)
	})
	if !errors.Is(err, boom) {
		t.Errorf("error = %v", err)
	}
	after, err := netnsInode()
	must(t, err)
	if inside == before || after != before {
		t.Errorf("inode before %s, inside %s, after %s", before, inside, after)
	}
}

func TestDoReportsAFunctionThatLeaves(t *testing.T) {
	a := newNS(t)
	if err := a.Do(func() error { runtime.Goexit(); return nil }); !errors.Is(err, errLeft) {
		t.Errorf("error = %v, want %v", err, errLeft)
	}
}

func TestInsideTheUserIsRootAndAlone(t *testing.T) {
	Need(t)
	if os.Geteuid() != 0 {
		t.Error("not root inside")
	}
	ifs, err := net.Interfaces()
	must(t, err)
	if len(ifs) != 1 || ifs[0].Name != "lo" {
		t.Errorf("interfaces inside = %v, want lo alone", ifs)
	}
}

func TestCaptureSeesBothDirectionsWithTimes(t *testing.T) {
	a, b, sw := lan(t)
	start := time.Now()
	cap, err := sw.Capture("pb", CaptureOptions{Keep: func(f Frame) bool { return isUDP(f.Data) }})
	must(t, err)
	defer cap.Close()
	if !send(t, a, b, "192.0.2.2", patience) || !send(t, b, a, "192.0.2.1", patience) {
		t.Fatal("datagrams lost")
	}
	for _, sent := range []bool{true, false} {
		f, err := cap.WaitFor(func(f Frame) bool { return f.Sent == sent }, patience)
		must(t, err)
		if age := f.At.Sub(start); age < 0 || age > time.Minute || f.Iface != "pb" {
			t.Errorf("frame %+v is %v old", f, age)
		}
	}
	if n, d := len(cap.Frames()), cap.Dropped(); n != 2 || d != 0 {
		t.Errorf("%d frames, %d dropped; want 2 and 0", n, d)
	}
}

func TestCaptureTimesAreTheKernels(t *testing.T) {
	a, b, sw := lan(t)
	// The kernel begins to stamp frames a moment after the first capture has
	// asked for it, and goes on while one is open.
	first, err := sw.Capture("pb", CaptureOptions{})
	must(t, err)
	defer first.Close()
	var late time.Duration
	for range 50 {
		if late = stampedAfterReading(t, a, b, sw); late < 0 {
			return
		}
	}
	t.Errorf("frames have the time of their reading, the last one %v after", late)
}

// stampedAfterReading captures a frame with a reader that is late, and returns
// how long after the start of its reading the frame claims to have come.
func stampedAfterReading(t *testing.T, a, b, sw *NS) time.Duration {
	t.Helper()
	release := make(chan struct{})
	cap, err := sw.Capture("pb", CaptureOptions{Keep: func(f Frame) bool {
		<-release
		return isUDP(f.Data) && f.Sent
	}})
	must(t, err)
	defer cap.Close()
	sent := true
	for range 2 {
		sent = send(t, a, b, "192.0.2.2", patience) && sent
	}
	released := time.Now()
	close(release)
	if !sent {
		t.Fatal("datagrams lost")
	}
	eventually(t, "two frames", func() bool { return len(cap.Frames()) == 2 })
	return cap.Frames()[1].At.Sub(released)
}

func isUDP(b []byte) bool {
	return len(b) > 23 && b[12] == 8 && b[13] == 0 && b[23] == unix.IPPROTO_UDP
}

func TestCaptureDropsTheOldestBeyondItsLimit(t *testing.T) {
	a, b, sw := lan(t)
	cap, err := sw.Capture("pb", CaptureOptions{Limit: 1, Keep: func(f Frame) bool { return isUDP(f.Data) }})
	must(t, err)
	defer cap.Close()
	for range 3 {
		send(t, a, b, "192.0.2.2", patience)
	}
	eventually(t, "two dropped", func() bool { return cap.Dropped() == 2 })
	if n := len(cap.Frames()); n != 1 {
		t.Errorf("%d frames stored, want 1", n)
	}
	for n, want := range map[int]int{0: 1, 2: 1, 3: 0} {
		if frames, next := cap.Since(n); len(frames) != want || next != 3 {
			t.Errorf("since %d: %d frames, next %d; want %d and 3", n, len(frames), next, want)
		}
	}
}

func TestCaptureSurvivesALinkFlap(t *testing.T) {
	a, b, sw := lan(t)
	cap, err := sw.Capture("pb", CaptureOptions{Keep: func(f Frame) bool { return isUDP(f.Data) }})
	must(t, err)
	defer cap.Close()
	must(t, errors.Join(sw.LinkDown("pb"), sw.LinkUp("pb")))
	for dev, ns := range map[string]*NS{"eth0": b, "pb": sw} {
		eventually(t, "carrier back", func() bool { up, err := ns.Carrier(dev); return err == nil && up })
	}
	must(t, a.FlushNeighbors("eth0"))
	if !send(t, a, b, "192.0.2.2", patience) {
		t.Fatal("no datagram after the flap")
	}
	_, err = cap.WaitFor(func(f Frame) bool { return f.Sent }, patience)
	must(t, err)
}

func TestWaitForGivesUp(t *testing.T) {
	a := newNS(t)
	cap, err := a.Capture("lo", CaptureOptions{})
	must(t, err)
	defer cap.Close()
	if _, err := cap.WaitFor(func(Frame) bool { return true }, 10*time.Millisecond); !errors.Is(err, ErrTimeout) {
		t.Errorf("error = %v, want %v", err, ErrTimeout)
	}
}

func TestEventually(t *testing.T) {
	n := 0
	if err := Eventually(t.Context(), time.Minute, func() bool { n++; return n == 3 }); err != nil {
		t.Error(err)
	}
	if err := Eventually(t.Context(), 5*time.Millisecond, func() bool { return false }); !errors.Is(err, ErrTimeout) {
		t.Errorf("error = %v, want %v", err, ErrTimeout)
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := Eventually(ctx, time.Minute, func() bool { return false }); !errors.Is(err, why) {
		t.Errorf("error = %v, want %v", err, why)
	}
}

// The machine may stand still for longer than the time that is left, and find
// on its return that all is as it should be.
func TestTheLastLookIsAtTheEndOfTheTime(t *testing.T) {
	for range 50 { // which of two that are ready comes first is a matter of luck
		synctest.Test(t, func(t *testing.T) {
			looks := 0
			if err := Eventually(t.Context(), time.Second, func() bool {
				if looks++; looks == 1 {
					time.Sleep(time.Hour) // virtual
				}
				return looks > 1
			}); err != nil {
				t.Error(err)
			}
		})
		c := &Capture{opts: CaptureOptions{Limit: 2}}
		c.store(Frame{Data: []byte("first")})
		if _, err := c.WaitFor(func(f Frame) bool {
			if string(f.Data) == "first" {
				c.store(Frame{Data: []byte("second")})
			}
			return string(f.Data) == "second"
		}, 0); err != nil {
			t.Errorf("capture: %v", err)
		}
	}
}

func TestErrorsNameTheObject(t *testing.T) {
	a := newNS(t)
	for name, err := range map[string]error{
		"nosuch":          a.LinkUp("nosuch"),
		"nosuch2":         a.AddAddr("nosuch2", netip.MustParsePrefix("192.0.2.1/24")),
		"net/nosuch":      a.Sysctl("net/nosuch", "1"),
		"198.51.100.0/24": a.AddRoute(netip.MustParsePrefix("198.51.100.0/24"), netip.MustParseAddr("192.0.2.1"), ""),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

func TestWatchTellsWhatTheSwitchAndTheHostLearn(t *testing.T) {
	a, b, sw := lan(t)
	onHost, err := a.WatchNeighbors(t.Context())
	must(t, err)
	onSwitch, err := sw.WatchNeighbors(t.Context())
	must(t, err)
	if !send(t, a, b, "192.0.2.2", patience) {
		t.Fatal("no datagram arrived")
	}
	await(t, onHost, func(l NeighborChange) bool {
		return l.Dev == "eth0" && l.IP == netip.MustParseAddr("192.0.2.2") && l.MAC == macB && !l.Gone
	})
	// A MAC that the switch cannot have learned before it was watched, as it may
	// have learned those of the interfaces when they came up.
	news := hello.MAC{0x02, 0, 0, 0, 0x99, 0x99}
	must(t, a.Send("eth0", slices.Concat(hello.Broadcast[:], news[:], []byte{0x88, 0xb5}, make([]byte, 46))))
	await(t, onSwitch, func(l NeighborChange) bool { return l.Dev == "pa" && !l.IP.IsValid() && l.MAC == news })
	must(t, a.FlushNeighbors("eth0"))
	await(t, onHost, func(l NeighborChange) bool { return l.Gone && l.IP == netip.MustParseAddr("192.0.2.2") })
}

func await(t *testing.T, ch <-chan NeighborChange, match func(NeighborChange) bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case l, ok := <-ch:
			if !ok {
				t.Fatal("watch ended")
			}
			if match(l) {
				return
			}
		case <-limit:
			t.Fatal("not told in time")
		}
	}
}

func TestPrivateProcessHasARunOfItsOwn(t *testing.T) {
	a, _, _ := lan(t)
	var out bytes.Buffer
	file := fmt.Sprintf("/run/netlab-test-%d", os.Getpid())
	defer os.Remove(file)
	cmd := exec.Command("sh", "-c", "ls -A /run; echo here > $0; cat $0 /proc/net/dev", file)
	cmd.Stdout = &out
	p, err := a.StartPrivate(cmd)
	must(t, err)
	must(t, p.Err())
	if s := out.String(); !strings.HasPrefix(s, "here\n") || !strings.Contains(s, "eth0:") {
		t.Errorf("output:\n%s", s)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file is in the /run of everybody")
	}
}

func TestProcessRunsUntilItEnds(t *testing.T) {
	a := newNS(t)
	if (*Process)(nil).Running() {
		t.Error("what was never started runs")
	}
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	must(t, err)
	p, err := a.StartPrivate(cmd)
	must(t, err)
	if !p.Running() {
		t.Error("what waits for its input does not run")
	}
	must(t, stdin.Close())
	must(t, p.Err())
	if p.Running() {
		t.Error("what has ended runs")
	}
}
