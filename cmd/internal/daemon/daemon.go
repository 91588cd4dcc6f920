// Package daemon runs the engine on real interfaces: it opens ports, feeds the
// engine with packets, time and link changes from one real-time thread, serves
// the control socket, and puts everything back at the end.
package daemon

import (
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/hooks"
	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/sock"
	"github.com/fhrpd/fhrpd/vip"
)

// Options tell Run what to run.
type Options struct {
	Config      *configs.Config
	Load        func() (*configs.Config, error) // reads the file again; errors as of configs.Load
	Hangups     <-chan os.Signal                // each asks for a reload
	ControlPath string                          // Unix socket; the journals are in the same folder
	Doubt       string                          // why Config is not the file's; "" = it is
	Keep        func(*configs.Config) error     // stores what runs, if not nil
	StateDir    string                          // for what outlives a boot; "" = there is none
	Version     string
	Log         *slog.Logger
	Form        *LogForm // of Log; see NewLog
	Program     Program  // the successor's; without a path there is none
}

// vipOptions returns how interfaces are opened. A router that crashed is started
// again long before the others miss it, and until then nobody else forwards.
func (d *Daemon) vipOptions() vip.Options {
	return vip.Options{StateDir: filepath.Dir(d.opts.ControlPath), Log: d.log, Adopt: true, Owner: d.owner}
}

// saysOfItself is what a second daemon reads about this one.
func (o Options) saysOfItself() string {
	path, err := filepath.Abs(o.ControlPath)
	if err != nil {
		path = o.ControlPath
	}
	return "control socket " + path
}

// Daemon is one running fhrpd.
type Daemon struct {
	opts    Options
	owner   *vip.Owner // holds the interfaces
	log     *slog.Logger
	started time.Time
	hub     control.Hub

	loop     *loop
	engine   *engine.Engine
	ports    map[string]*port
	places   places
	byFD     map[int]*port
	byTap    map[int]*port // of the taps that are looked at in this turn
	fds      []int
	waited   []int // those and the taps
	sleeping sleepClock
	starved  starvation
	garbage  garbage
	leaving  bool // the engine was told to stop
	stopped  bool
	virtual  map[netip.Addr]bool
	roles    roles
	troubles troubles
	kept     *kept
	nameOf   func(engine.Caller) string
	hooks    *hooks.Runner
	cleared  baselines
	recorder *recorder.Recorder // of the loop
	looked   time.Time          // when the loop looked around last
	read     time.Time          // when it looked at the journals last

	routeLinks []string // interfaces that routes of groups go through
	routesDue  bool     // they are looked at soon

	current    atomic.Pointer[configs.Config]
	reloading  sync.Mutex
	reloads    atomic.Bool                   // whoever takes over reads the file then
	asker      atomic.Pointer[engine.Caller] // of the successor that this process starts; nil: none is asked for
	upgrading  sync.Mutex
	succeeding sync.Mutex
	heirs      chan succeededBy
	heir       *heir                     // that waits for a quiet moment; of the loop
	successor  int                       // its process, when it has this one's place
	replaced   bool                      // another process has this one's place: it never acts again
	listener   net.Listener              // of the control socket
	ifaces     map[string]*vip.Interface // of the last process
	watcher    *vip.Watcher
	links      map[string]vip.Link // as last reported, of all that are watched; of the loop
	closing    []*port             // without groups, while their workers put the kernel back
	tracks     *trackers
	scrapes    *scrapers
	events     *worker      // publishes them in order
	told       control.Mark // the last one that it was given
	recordings *recordings  // of changes that nobody ordered
	fail       func(error)  // ends the daemon: it can never do its work
}

// newDaemon makes a daemon whose engine build makes.
func newDaemon(o Options, owner *vip.Owner, build func(engine.Config, engine.Options) (*engine.Engine, error)) (*Daemon, error) {
	d := &Daemon{
		opts: o, owner: owner, log: o.Log, started: time.Now(), ports: map[string]*port{}, byFD: map[int]*port{}, byTap: map[int]*port{}, links: map[string]vip.Link{},
		places: newPlaces(), events: newWorker(), nameOf: nameOf, heirs: make(chan succeededBy, 1),
	}
	d.reloads.Store(true)
	d.told.Lineage = strconv.FormatUint(rand.Uint64(), 36)
	d.hub.Begin(d.told)
	d.current.Store(o.Config)
	d.tracks, d.scrapes, d.recordings = newTrackers(d), newScrapers(d), newRecordings(d)
	config := setup.Engine(o.Config)
	d.recorder = recorder.New(d.started)
	d.recorder.Open(d.started, groupsOn(config.Groups))
	d.routeLinks = routeInterfaces(config.Groups)
	d.hooks, d.virtual = hooks.New(setup.Groups(o.Config), o.Log, command.Run), virtualAddresses(config.Groups)
	var err error
	if d.loop, err = newLoop(); err != nil {
		return nil, err
	}
	d.kept = newKept(o.StateDir, o.ControlPath)
	maintenance, err := d.kept.load()
	if err != nil {
		d.log.Error("maintenance", "error", err)
	}
	ports := map[string]engine.Port{}
	for name, groups := range memberships(config.Groups) {
		p := d.newPort(name, groups)
		d.ports[name], ports[name] = p, p
	}
	d.places.set(placesOf(d.ports))
	d.engine, err = build(config, engine.Options{
		Ports: ports, Random: rand.Float64, Mark: newMarks(), Observe: d.observe, PreActive: d.preActive, Starved: d.starved.since, Now: d.started,
		Maintenance: maintenance, Returned: d.returned,
	})
	if err != nil {
		return nil, err
	}
	d.roles.init(d.engine.Status(d.started).Groups)
	d.roles.away(awayText(maintenance))
	d.tellUnconfigured(nil, d.engine.Unconfigured())
	return d, nil
}

// config returns the configuration in force. It may be called from any goroutine.
func (d *Daemon) config() *configs.Config { return d.current.Load() }

// memberships lists the hello groups to join, by interface: those of all versions,
// so that a router of another one is noticed.
func memberships(groups []engine.Group) map[string][]netip.Addr {
	out := map[string][]netip.Addr{}
	for _, g := range groups {
		for version := range uint8(3) {
			a := hello.GroupAddr(g.Protocol, version+1, g.Family)
			if !slices.Contains(out[g.Interface], a) {
				out[g.Interface] = append(out[g.Interface], a)
			}
		}
	}
	return out
}

// virtualAddresses lists the addresses of groups. True says that this router does
// not own the address, which then must not pass for one of its own.
func virtualAddresses(groups []engine.Group) map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	for _, g := range groups {
		for _, a := range g.VirtualIPs {
			out[a] = !g.OwnsAddress()
		}
	}
	return out
}

// interfaces are the names to watch: those with groups, those tracked, and those that routes
// of groups go through.
func (d *Daemon) interfaces() []string {
	names := slices.Collect(maps.Keys(d.ports))
	for _, t := range d.config().Tracks {
		if t.Kind == configs.TrackInterface && !slices.Contains(names, t.Target) {
			names = append(names, t.Target)
		}
	}
	for _, name := range d.routeLinks {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// followLinks brings link changes to the loop.
func (d *Daemon) followLinks(w *vip.Watcher) {
	for ev := range w.Events() {
		d.loop.Post(func() { d.reported(ev) })
	}
}

// reported remembers the state of an interface for what a reload has on it, to which
// the watcher would not report it again.
func (d *Daemon) reported(ev vip.Event) {
	if ev.Link.Name != "" {
		d.links[ev.Link.Name] = ev.Link
	}
	d.linkEvent(ev)
}

func (d *Daemon) listDescriptors() {
	clear(d.byFD)
	d.fds = d.fds[:0]
	for _, p := range d.ports {
		if p.opened != nil {
			fd := p.opened.socket.FD()
			d.byFD[fd] = p
			d.fds = append(d.fds, fd)
		}
	}
}

// engineLink leaves out the virtual addresses: they are not this router's own.
func (d *Daemon) engineLink(l vip.Link) engine.Link {
	l = l.Except(func(a netip.Addr) bool { return d.virtual[a] })
	return engine.Link{
		Name: l.Name, Index: l.Index, MAC: l.MAC, Up: l.Up, PortOf: l.PortOf,
		Addr4: l.Addr4, LinkLocal: l.LinkLocal, Addrs: l.Addrs, Checked: l.Checked, MTU: l.MTU,
		Off4: l.Off4, Off6: l.Off6,
		Kind: l.Kind, Passthru: l.Passthru,
	}
}

func (d *Daemon) addressed(round engine.Round, groups []engine.ID, err error) {
	d.loop.Post(func() { d.engine.Addressed(time.Now(), round, groups, err) })
}

// Descriptors implements driven.
func (d *Daemon) Descriptors() []int {
	d.listTaps(time.Now())
	d.waited = append(d.waited[:0], d.fds...)
	for fd := range d.byTap {
		d.waited = append(d.waited, fd)
	}
	return d.waited
}

// Deadline implements driven.
func (d *Daemon) Deadline() (time.Time, bool) {
	at, armed := d.engine.Deadline()
	if d.heir != nil {
		if soon := time.Now().Add(heirPoll); !armed || soon.Before(at) {
			at, armed = soon, true
		}
	}
	if tap := d.nextTap(time.Now()); !tap.IsZero() && (!armed || tap.Before(at)) {
		at, armed = tap, true
	}
	if look, due := d.nextLook(); due && (!armed || look.Before(at)) {
		return look, true
	}
	return at, armed
}

// Woken implements driven.
func (d *Daemon) Woken(now time.Time) {
	d.engine.Wake(now, d.sleeping.since(d.sleeping.aheadOfMonotonic()))
	var deaf []string
	for n := 0; d.engine.Behind() && n < catchUps; n++ {
		deaf = append(deaf, d.catchUp(now)...)
		d.engine.CaughtUp(time.Now(), deaf...)
	}
}

// turnBatches bounds how many batches of one socket are read in a turn. A turn
// ends earlier when a timer is due: a thousand groups that resign at once must
// not delay the hello of another one.
const turnBatches = 64

// Readable implements driven.
func (d *Daemon) Readable(now time.Time, fd int) {
	if p := d.byTap[fd]; p != nil && p.tapped() != nil {
		d.hearTap(now, p)
		return
	}
	p := d.byFD[fd]
	if p == nil || p.opened == nil {
		return
	}
	for range turnBatches {
		n, err := p.opened.socket.Receive(func(b []byte, ready bool) { d.hear(now, p, b, ready) })
		if err != nil && !errors.Is(err, unix.ENETDOWN) {
			d.log.Debug("receive", "interface", p.name, "error", err)
		}
		d.engine.Flush(now)
		now = time.Now()
		if n < sock.ReceiveBatch || d.engine.Urgent(now) {
			return
		}
		d.Woken(now)
	}
}

// Tick implements driven. The process may have been stopped since the wait.
func (d *Daemon) Tick(now time.Time) {
	d.Woken(now)
	d.engine.Tick(now)
	d.closeVacant()
	if n := d.engine.Groups(); n != d.roles.len() {
		d.roles.reset(d.engine.Status(now).Groups)
	}
	d.endIfStopped()
	d.lookAround(now)
	d.starved.keep(now)
	d.hand(now)
}
