package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/hooks"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/vip"
)

const testConfig = `
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.0.2.1"]
`

// plug is a daemon whose interface is opened by a fake; its loop is run by
// hand.
type plug struct {
	*Daemon
	port   *port
	opens  []int  // indexes
	table  uint32 // of the VRF that eth0 is in
	wires  int    // open now
	refuse error  // to open it
	denied error  // to prepare the group there
}

// fakeWire is a cable that leads nowhere. It floods its reader if flood is set,
// and otherwise has the batches that wait.
type fakeWire struct {
	fd    int
	open  *int
	sent  int
	reads int
	flood []byte
	wait  [][][]byte
}

func (w *fakeWire) FD() int                             { return w.fd }
func (w *fakeWire) Send(frames [][]byte) ([]int, error) { w.sent += len(frames); return nil, nil }
func (w *fakeWire) Full() bool                          { return false }
func (w *fakeWire) Close() error                        { *w.open--; return nil }
func (w *fakeWire) Receive(fn func([]byte, bool)) (int, error) {
	w.reads++
	if len(w.wait) > 0 {
		batch := w.wait[0]
		w.wait = w.wait[1:]
		for _, frame := range batch {
			fn(frame, true)
		}
		return len(batch), nil
	}
	if w.flood == nil {
		return 0, nil
	}
	for range 64 {
		fn(w.flood, true)
	}
	return 64, nil
}

func newPlug(t *testing.T) *plug {
	t.Helper()
	c, err := configs.Parse("test", []byte(testConfig))
	if err != nil {
		t.Fatal(err)
	}
	groups := setup.Groups(c)
	config, log := setup.Engine(c), slog.New(slog.DiscardHandler)
	p := &plug{Daemon: &Daemon{
		opts: Options{Config: c}, log: log, loop: mustLoop(t), ports: map[string]*port{}, byFD: map[int]*port{},
		virtual: virtualAddresses(config.Groups), hooks: hooks.New(groups, log, command.Run),
	}}
	p.current.Store(c)
	p.port = newPort("eth0", nil, vip.Options{Log: log}, p.addressed)
	p.ports["eth0"] = p.port
	p.port.open = func(index int, _ []netip.Addr, routers map[engine.ID]engine.Virtual) (*opened, error) {
		p.opens = append(p.opens, index)
		if p.refuse != nil {
			return nil, p.refuse
		}
		p.wires++
		refused := map[engine.ID]error{}
		if p.denied != nil {
			refused[1] = p.denied
		}
		return &opened{refused: refused, index: index, table: p.table, socket: &fakeWire{fd: 100 + index, open: &p.wires}, routers: routers}, nil
	}
	if p.engine, err = engine.New(config, engine.Options{
		Ports:   map[string]engine.Port{"eth0": p.port},
		Observe: func(ev engine.Event) { logEvent(p.log, status.EventOf(ev)) },
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.engine.Prepare(); err != nil {
		t.Fatal(err)
	}
	return p
}

// event is what the watcher says of eth0; index 0 is its absence.
func (p *plug) event(index int) {
	a := netip.MustParseAddr("192.0.2.10")
	l := vip.Link{Name: "eth0", Index: index, Up: index != 0, Table: p.table}
	if index != 0 {
		l.MAC, l.Addr4, l.Addrs = [6]byte{2, 1}, a, []netip.Prefix{netip.PrefixFrom(a, 24)}
	}
	p.linkEvent(vip.Event{Link: l})
}

// settle lets the worker and the loop do what they have.
func (p *plug) settle() {
	for range 5 {
		synctest.Wait()
		p.loop.drain()
	}
}

func (p *plug) state() string { return p.engine.Status(time.Now()).Groups[0].Machine.State }

func (p *plug) want(t *testing.T, state string, fds ...int) {
	t.Helper()
	if got := p.state(); got != state {
		t.Errorf("the group is in %s, want %s", got, state)
	}
	if diff := cmp.Diff(append([]int{}, fds...), append([]int{}, p.fds...)); diff != "" {
		t.Errorf("descriptors (-want +got):\n%s", diff)
	}
}

func TestPortFollowsItsInterface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		p.event(0)
		p.settle()
		p.want(t, "Init")

		p.event(7)
		p.want(t, "Init") // until the port is open
		p.settle()
		p.want(t, "Listen", 107)

		p.event(9) // deleted and made again between two looks
		p.want(t, "Init")
		p.settle()
		p.want(t, "Listen", 109)

		p.table = 1001 // joined a VRF
		p.event(9)
		p.want(t, "Init")
		p.settle()
		p.want(t, "Listen", 109)

		p.event(0)
		p.settle()
		p.want(t, "Init")
		if diff := cmp.Diff([]int{7, 9, 9}, p.opens); diff != "" {
			t.Errorf("opened (-want +got):\n%s", diff)
		}
		p.stop()
		if p.wires != 0 {
			t.Errorf("%d sockets were left open", p.wires)
		}
	})
}

// With timers of minutes the loop would sleep through what others change.
func TestLoopWakesToLookAtTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		soon := func() bool {
			at, armed := p.Deadline()
			return armed && time.Until(at) <= 2*time.Second
		}
		if soon() {
			t.Error("it wakes for a port that is not open")
		}
		p.event(7)
		p.settle()
		at, _ := p.engine.Deadline()
		for time.Until(at) <= 2*time.Second { // virtual
			time.Sleep(time.Until(at))
			p.Tick(time.Now())
			at, _ = p.engine.Deadline()
		}
		if !soon() {
			t.Errorf("it sleeps until the engine's deadline, %v from now", time.Until(at))
		}
		p.stop()
	})
}

func TestPortThatChangesWhileItIsOpenedIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		p.event(7)
		p.event(8)
		p.settle()
		p.want(t, "Listen", 108)
		p.stop()
		if p.wires != 0 {
			t.Errorf("%d sockets were left open", p.wires)
		}
	})
}

func TestPortThatCannotBeOpenedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		p.refuse = errors.New("in use by a live process")
		p.event(7)
		p.settle()
		p.want(t, "Init")
		p.refuse = nil
		time.Sleep(openAgain) // virtual
		p.settle()
		p.want(t, "Listen", 107)
		p.stop()
		if p.wires != 0 {
			t.Errorf("%d sockets were left open", p.wires)
		}
	})
}

// What one incarnation of an interface refuses, the next one may not.
func TestGroupThatIsRefusedWaitsAsLongAsItsInterface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		var b bytes.Buffer
		p.log = slog.New(slog.NewTextHandler(&b, nil))
		p.denied = errors.New("the kernel said no")
		p.event(7)
		p.settle()
		p.event(7)
		p.settle()
		p.want(t, "Init", 107)
		if told := strings.Count(b.String(), "the kernel said no"); told != 1 {
			t.Errorf("told %d times:\n%s", told, &b)
		}
		p.event(0)
		p.settle()
		time.Sleep(time.Hour) // virtual; asked again, the closed port has no objection
		p.Tick(time.Now())
		p.event(8)
		p.settle()
		p.want(t, "Init", 108)
		p.denied = nil
		p.event(9)
		p.settle()
		p.want(t, "Listen", 109)
		p.stop()
	})
}

func TestPostsAfterStopDoNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		p.event(7)
		synctest.Wait() // opened, and not yet adopted
		p.stop()
		p.event(9)
		p.addressed(1, []engine.ID{1}, errors.New("too late"))
		p.settle()
		if diff := cmp.Diff([]int{7}, p.opens); diff != "" {
			t.Errorf("opened (-want +got):\n%s", diff)
		}
		if p.wires != 0 {
			t.Errorf("%d sockets were left open", p.wires)
		}
	})
}

// TestFloodDoesNotMakeATimerLate reads from a socket that always has more.
func TestFloodDoesNotMakeATimerLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		w := &fakeWire{fd: 5, open: &p.wires, flood: make([]byte, 60)}
		p.port.opened = &opened{index: 7, socket: w}
		p.listDescriptors()
		p.port.link.Index = 7
		a := netip.MustParseAddr("192.0.2.10")
		p.engine.LinkChanged(time.Now().Add(-time.Hour), "eth0", engine.Link{
			Name: "eth0", Up: true, MAC: [6]byte{2, 1}, Addr4: a, Addrs: []netip.Prefix{netip.PrefixFrom(a, 24)},
		})
		if !p.engine.Urgent(time.Now()) {
			t.Fatal("no timer is due, the test proves nothing")
		}
		p.Readable(time.Now(), 5)
		if w.reads != 1 {
			t.Errorf("%d batches were read with a timer due, want 1", w.reads)
		}
		for p.engine.Urgent(time.Now()) {
			p.Tick(time.Now())
		}
		w.reads = 0
		p.Readable(time.Now(), 5)
		if w.reads != turnBatches {
			t.Errorf("%d batches were read with none due, want %d", w.reads, turnBatches)
		}
		w.reads, w.flood = 0, nil
		w.wait = [][][]byte{slices.Repeat([][]byte{make([]byte, 60)}, sock.ReceiveBatch), {make([]byte, 60)}, {make([]byte, 60)}}
		p.Readable(time.Now(), 5)
		if w.reads != 2 {
			t.Errorf("%d batches were read, want 2: one that is not full is the last", w.reads)
		}
		p.stop()
	})
}

func TestVirtualAddressesAreNotTakenForOwn(t *testing.T) {
	p := &Daemon{virtual: map[netip.Addr]bool{netip.MustParseAddr("192.0.2.1"): true}}
	l := vip.Link{Name: "eth0", Addrs: []netip.Prefix{
		netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("192.0.2.10/24"),
		netip.MustParsePrefix("fe80::1/64"),
	}}
	got := p.engineLink(l)
	if got.Addr4 != netip.MustParseAddr("192.0.2.10") || got.LinkLocal != netip.MustParseAddr("fe80::1") {
		t.Errorf("own addresses %s and %s", got.Addr4, got.LinkLocal)
	}
}

func TestOnlyTheOwnerOfVRRPHasItsVirtualAddresses(t *testing.T) {
	c, err := configs.Parse("test", []byte(`
[[hsrp]]
interface = "eth0"
group = 1
priority = 255
virtual_ips = ["192.0.2.1"]

[[vrrp]]
interface = "eth0"
vrid = 2
priority = 255
virtual_ips = ["192.0.2.2"]

[[vrrp]]
interface = "eth0"
vrid = 3
virtual_ips = ["192.0.2.3"]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[netip.Addr]bool{
		netip.MustParseAddr("192.0.2.1"): true, netip.MustParseAddr("192.0.2.2"): false, netip.MustParseAddr("192.0.2.3"): true,
	}
	if got := virtualAddresses(setup.Engine(c).Groups); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMissingInterfaceIsToldOnceEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(t)
		var b bytes.Buffer
		p.log = slog.New(slog.NewTextHandler(&b, nil))
		for i, step := range []struct{ index, told int }{{0, 1}, {0, 1}, {7, 1}, {0, 2}, {0, 2}} {
			p.event(step.index)
			p.settle()
			if told := strings.Count(b.String(), "does not exist"); told != step.told {
				t.Errorf("step %d: told %d times, want %d:\n%s", i, told, step.told, &b)
			}
		}
		p.stop()
	})
}

func TestLogTellsThePriorityThatWasSet(t *testing.T) {
	for n, want := range map[int]string{80: " priority=80", 0: " priority=0", control.FilePriority: " priority=default"} {
		var b bytes.Buffer
		d := &Daemon{log: slog.New(slog.NewTextHandler(&b, nil))}
		d.logChange(control.Change{Command: control.CommandSetPriority, Group: "eth0:10", Priority: n, Err: errors.New("refused")})
		if !strings.Contains(b.String(), want) {
			t.Errorf("priority %d is logged as %q, want %q in it", n, b.String(), want)
		}
	}
}
