package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// TestTrafficTakesTheRouterThatHasTheAddress needs no daemon: the virtual
// address is put on one router by hand.
func TestTrafficTakesTheRouterThatHasTheAddress(t *testing.T) {
	netlab.Need(t)
	for _, ipv6 := range []bool{false, true} {
		p := planOf("hsrp2", ipv6)
		n, err := build(p)
		must(t, err)
		defer n.Close()
		must(t, n[nodeGW2].AddAddr(lanDev, netip.PrefixFrom(p.vip(), p.lanBits())))
		// Datagrams that wait for a neighbour's MAC are dropped when there are many.
		for _, to := range []struct {
			from *netlab.NS
			ip   netip.Addr
		}{{n[nodeClient], p.vip()}, {n[nodeGW2], hostAt.addr(p.family)}} {
			if ok, err := to.from.Ping(to.ip, echo); !ok || err != nil {
				t.Fatalf("IPv6 %v: %s does not answer: %v", ipv6, to.ip, err)
			}
		}
		recv, err := startReceiver(n[nodeHost], 1<<16)
		must(t, err)
		defer recv.close()
		stop, err := startSender(t.Context(), n[nodeClient], hostAt.addr(p.family), p.rate)
		must(t, err)
		must(t, netlab.Eventually(t.Context(), patient, func() bool { return len(recv.arrivals()) >= 100 }))
		sent := stop()
		must(t, netlab.Eventually(t.Context(), patient, func() bool { return len(recv.arrivals()) >= len(sent) }))
		got := recv.arrivals()
		a := newAccount(sent, got, p.rate)
		if a.Lost != 0 || a.Duplicated != 0 || !a.Healthy || got[0].via != nodeGW2 {
			t.Errorf("IPv6 %v: %+v, through %s", ipv6, a, got[0].via)
		}
		for name, g := range gateways {
			if ok, err := n[nodeClient].Ping(g.addr(p.family), echo); !ok || err != nil {
				t.Errorf("IPv6 %v: %s does not answer: %v", ipv6, name, err)
			}
		}
		few := netlab.Echo{Tries: 3, Wait: 200 * time.Millisecond}
		if ok, err := n[nodeClient].Ping(hostAt.addr(p.family), few); ok || err != nil {
			t.Errorf("IPv6 %v: the host answers without a way back: %v", ipv6, err)
		}
	}
}

func TestObserverSeesTheGatewaysAndTheTables(t *testing.T) {
	netlab.Need(t)
	p := planOf("hsrp2", false)
	n, err := build(p)
	must(t, err)
	defer n.Close()
	o, err := observe(t.Context(), n, 1000)
	must(t, err)
	defer o.stop()
	ok, err := n[nodeClient].Ping(gateways[nodeGW1].v4, echo)
	if !ok || err != nil {
		t.Fatalf("gw1 does not answer: %v", err)
	}
	arrived := func(port string) func() bool {
		return func() bool { return len(o.ports[port].Frames()) > 0 }
	}
	must(t, netlab.Eventually(t.Context(), patient, arrived(nodeGW1)))
	must(t, netlab.Eventually(t.Context(), patient, arrived(nodeClient)))
	// A MAC that the switch cannot have learned before it was watched.
	news := hello.MAC{0x02, 0, 0, 0, 0x99, 0x99}
	must(t, n[nodeClient].Send("eth0", slices.Concat(hello.Broadcast[:], news[:], []byte{0x88, 0xb5}, make([]byte, 46))))
	learnt := func(node string) func() bool {
		return func() bool {
			o.mu.Lock()
			defer o.mu.Unlock()
			return slices.ContainsFunc(o.learned, func(l tableChange) bool {
				return l.node == node && (node != nodeSwitch || l.MAC == news)
			})
		}
	}
	must(t, netlab.Eventually(t.Context(), patient, learnt(nodeClient)))
	must(t, netlab.Eventually(t.Context(), patient, learnt(nodeSwitch)))
	if missed := o.missed(); missed != 0 {
		t.Errorf("missed %d frames", missed)
	}
	o.stop()
	for i, f := range o.frames() {
		if f.Sent || i > 0 && f.At.Before(o.frames()[i-1].At) {
			t.Errorf("frame %d: %+v", i, f)
		}
	}
}

// patient is how long a condition may take on a busy machine.
const patient = 20 * time.Second

func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "daemon")
	must(t, fhrptest.WriteProgram(path, []byte("#!/bin/sh\n"+body)))
	return path
}

func TestADaemonThatEndsIsReportedWithItsLog(t *testing.T) {
	netlab.Need(t)
	o := Defaults()
	o.Program = script(t, "echo no such option >&2; exit 2\n")
	_, err := Run(t.Context(), o, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "daemon of gw1 ended: exit status 2") || !strings.Contains(err.Error(), "no such option") {
		t.Errorf("error = %v", err)
	}
}

func TestCancelledRunLeavesNothingBehind(t *testing.T) {
	netlab.Need(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	o := Defaults()
	o.Program = script(t, "exec sleep 60\n")
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	progress := writerFunc(func(b []byte) {
		if bytes.Contains(b, []byte("waiting")) {
			cancel(why)
		}
	})
	if _, err := Run(ctx, o, io.Discard, progress); !errors.Is(err, why) {
		t.Errorf("error = %v, want %v", err, why)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "fhrpd-lab-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestInvalidOptionsBuildNothing(t *testing.T) {
	if _, err := Run(t.Context(), Options{}, io.Discard, io.Discard); err == nil {
		t.Error("accepted")
	}
}

// TestAFrozenDaemonLeavesTheRoleWhereItWent is the fault with two halves: who wakes
// within its lease has to find out by itself that it was succeeded.
func TestAFrozenDaemonLeavesTheRoleWhereItWent(t *testing.T) {
	netlab.Need(t)
	if testing.Short() {
		t.Skip("builds the program and runs for 5 s")
	}
	o := Defaults()
	o.Protocol, o.Fault, o.Program = "vrrp3", "freeze", filepath.Join(t.TempDir(), "fhrpd")
	must(t, fhrptest.Build(o.Program))
	var out bytes.Buffer
	v, err := Run(t.Context(), o, &out, t.Output())
	must(t, err)
	if !v.Passed || v.Active != nodeGW2 {
		t.Errorf("active %s:\n%s", v.Active, out.String())
	}
}

// TestAKilledDaemonCostsNoTraffic runs the whole lab on the program itself.
func TestAKilledDaemonCostsNoTraffic(t *testing.T) {
	netlab.Need(t)
	if testing.Short() {
		t.Skip("builds the program and runs for 6 s")
	}
	dir := t.TempDir()
	o := Defaults()
	o.Program, o.JSON = filepath.Join(dir, "fhrpd"), true
	o.SVG, o.Pcap = filepath.Join(dir, "lab.svg"), filepath.Join(dir, "lab.pcapng")
	must(t, fhrptest.Build(o.Program))
	var out bytes.Buffer
	v, err := Run(t.Context(), o, &out, t.Output())
	must(t, err)
	if !v.Passed {
		t.Errorf("verdict:\n%s", out.String())
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	var printed Verdict
	must(t, json.Unmarshal(lines[len(lines)-1], &printed))
	if printed.Sent != v.Sent || printed.Active != nodeGW2 {
		t.Errorf("printed %+v, returned %+v", printed, v)
	}
	for _, file := range []string{o.SVG, o.Pcap} {
		if st, err := os.Stat(file); err != nil || st.Size() < 4096 {
			t.Errorf("%s: %v %v", file, st, err)
		}
	}
}
