package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/hooks"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/internal/state"
	"github.com/fhrpd/fhrpd/vip"
)

// memory is what a daemon knows beside its engine, its ports and the kernel.
type memory struct {
	Config  *configs.Config
	Started time.Time
	Level   slog.Level    // of the log, which may have been set at run time
	Reloads bool          // the successor reads the file at once
	Told    control.Mark  // the last event
	By      engine.Caller // who wants a successor
}

// estate is the text of a succession. Its descriptors are, in this order: the control
// socket, the one for metrics if there is one, those of the packet sockets of the
// open interfaces in the order of their names, and the kernel's.
type estate struct {
	Monotonic time.Duration `json:"monotonic"` // when everything stood still
	Ports     []string      `json:"ports"`     // by name
	Open      []string      `json:"open"`      // those of them that are open, by name
	Metrics   bool          `json:"metrics"`   // there is a socket for them
	Sizes     [4]int        `json:"sizes"`     // of the texts that follow

	daemon     []byte // the configuration is in it
	interfaces []byte // what is open
	engine     []byte
	kernel     []byte
}

// texts are what follows the estate itself, in this order.
func (e *estate) texts() [4]*[]byte {
	return [...]*[]byte{&e.daemon, &e.interfaces, &e.engine, &e.kernel}
}

// pack returns the estate as one text. The texts in it are long, and are not looked
// at twice while nobody acts.
func (e *estate) pack() ([]byte, error) {
	for n, text := range e.texts() {
		e.Sizes[n] = len(*text)
	}
	b, err := json.Marshal(e)
	b = append(b, '\n')
	for _, text := range e.texts() {
		b = append(b, *text...)
	}
	return b, err
}

// unpack undoes pack. The texts are parts of b.
func (e *estate) unpack(b []byte) error {
	head, rest, _ := bytes.Cut(b, []byte{'\n'})
	if err := json.Unmarshal(head, e); err != nil {
		return err
	}
	for n, text := range e.texts() {
		size := e.Sizes[n]
		if size < 0 || size > len(rest) {
			return errors.New("it is cut short")
		}
		*text, rest = rest[:size], rest[size:]
	}
	return nil
}

// carriedMemory says what is carried of the daemon itself.
func carriedMemory(now time.Time, m *memory, c *baselines, h *hooks.Runner) state.Options {
	return state.Options{
		Now:    now,
		Roots:  []state.Root{{Key: "daemon", At: m}, {Key: "cleared", At: c}, {Key: "hooks", At: h.Memory()}},
		Strict: []any{configs.Config{}},
	}
}

// carriedPorts says what is carried of the ports.
func carriedPorts(ports map[string]*port) (o state.Options) {
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		o.Roots = append(o.Roots, state.Root{Key: "port " + name, At: ports[name]})
	}
	return o
}

// leave returns what a successor needs, as text and descriptors. It runs on the loop,
// while nobody works on the ports.
func (d *Daemon) leave(now time.Time, h *heir) (body []byte, fds []int, err error) {
	var e estate
	e.Monotonic = clock(unix.CLOCK_MONOTONIC) - time.Since(now)
	m := memory{Config: d.config(), Started: d.started, Level: d.opts.Form.level.Level(), Reloads: h.reloads, Told: d.told, By: h.by}
	d.cleared.mu.Lock()
	defer d.cleared.mu.Unlock()
	var errs [3]error
	e.daemon, errs[0] = d.hooks.Remember(func() ([]byte, error) { return state.Encode(carriedMemory(now, &m, &d.cleared, d.hooks)) })
	e.interfaces, errs[1] = state.Encode(carriedPorts(d.ports))
	e.engine, errs[2] = d.engine.Snapshot(now)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, nil, err
	}
	if fds, err = d.listeners(&e); err != nil {
		return nil, nil, err
	}
	var ifaces []*vip.Interface
	for _, name := range slices.Sorted(maps.Keys(d.ports)) {
		e.Ports = append(e.Ports, name)
		if o := d.ports[name].opened; o != nil {
			e.Open = append(e.Open, name)
			ifaces = append(ifaces, o.iface)
			fds = append(fds, o.socket.FD())
		}
	}
	var kernel []int
	if e.kernel, kernel, err = d.owner.Hand(ifaces); err != nil {
		return nil, nil, err
	}
	body, err = e.pack()
	return body, append(fds, kernel...), err
}

// listeners returns the descriptors of the sockets on which others connect.
func (d *Daemon) listeners(e *estate) (fds []int, err error) {
	fd, err := control.Handed(d.listener)
	if err != nil {
		return nil, fmt.Errorf("hand over the control socket: %w", err)
	}
	fds = append(fds, fd)
	l, ok := d.scrapes.listener().(*net.TCPListener)
	if !ok {
		return fds, nil
	}
	raw, err := l.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fds = append(fds, int(n)) })
	}
	if err != nil {
		return nil, fmt.Errorf("hand over the socket for metrics: %w", err)
	}
	e.Metrics = true
	return fds, nil
}

// inherit makes a daemon that goes on where the one of an estate stands still. It
// changes nothing in the kernel, and sends nothing. The descriptors are its own, also
// after an error: the process ends then.
func inherit(o Options, body []byte, fds []int) (d *Daemon, scrapes net.Listener, m *memory, err error) {
	var e estate
	if err := e.unpack(body); err != nil {
		return nil, nil, nil, fmt.Errorf("read what the daemon has left: %w", err)
	}
	at := time.Now().Add(e.Monotonic - clock(unix.CLOCK_MONOTONIC))
	if len(fds) < 1+len(e.Open) {
		return nil, nil, nil, fmt.Errorf("the daemon has left %d descriptors for %d interfaces", len(fds), len(e.Open))
	}
	listener, err := control.Resume(o.ControlPath, fds[0])
	if err != nil {
		return nil, nil, nil, err
	}
	fds = fds[1:]
	if e.Metrics {
		f := os.NewFile(uintptr(fds[0]), "metrics")
		scrapes, err = net.FileListener(f)
		f.Close()
		if fds = fds[1:]; err != nil {
			return nil, nil, nil, fmt.Errorf("take over the socket for metrics: %w", err)
		}
	}
	m = &memory{}
	var cleared baselines
	past := hooks.New(nil, o.Log, nil)
	if _, err := state.Decode(e.daemon, carriedMemory(at, m, &cleared, past)); err != nil {
		return nil, nil, nil, fmt.Errorf("the configuration in force: %w", err)
	}
	if m.Config == nil {
		return nil, nil, nil, errors.New("the daemon has left no configuration")
	}
	sockets, kernel := fds[:len(e.Open)], fds[len(e.Open):]
	owner, ifaces, err := vip.Succeed(e.Open, e.kernel, kernel, o.saysOfItself(), o.Log)
	if err != nil {
		return nil, nil, nil, err
	}
	o.Config = m.Config
	d, err = newDaemon(o, owner, func(c engine.Config, eo engine.Options) (*engine.Engine, error) {
		eo.Now = at
		restored, lost, err := engine.Restore(c, eo, e.engine)
		if len(lost) > 0 {
			o.Log.Warn("this version does not know all that the last one knew", "fields", lost)
		}
		return restored, err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	d.listener, d.ifaces, d.started = listener, ifaces, m.Started
	d.goesOn(m.Told)
	d.cleared.groups, d.cleared.ifaces = cleared.groups, cleared.ifaces
	d.hooks.Recall(past)
	d.opts.Form.level.Set(m.Level)
	d.opts.Form.json.Store(m.Config.Daemon.Format == "json")
	return d, scrapes, m, d.inheritPorts(&e, sockets, at)
}

// inheritPorts opens the ports with the sockets that are open already, and compares
// what this process knows with what it was told.
func (d *Daemon) inheritPorts(e *estate, sockets []int, at time.Time) error {
	if known := slices.Sorted(maps.Keys(d.ports)); !slices.Equal(known, e.Ports) {
		return fmt.Errorf("the daemon has left the interfaces %v, and its configuration needs %v", e.Ports, known)
	}
	if _, err := state.Decode(e.interfaces, carriedPorts(d.ports)); err != nil {
		return err
	}
	for n, name := range e.Open {
		p := d.ports[name]
		if p == nil || p.opened == nil {
			return fmt.Errorf("interface %s is not open after all", name)
		}
		if err := p.resume(sockets[n], d.ifaces[name]); err != nil {
			return err
		}
	}
	d.listDescriptors()
	d.places.set(placesOf(d.ports))
	again, err := d.engine.Snapshot(at)
	if err == nil && !sameState(again, e.engine) {
		err = errors.New("this program does not understand all that it was told: what it would go on with is something else")
	}
	return err
}

// sameState compares two snapshots. One of another version lists other fields.
func sameState(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var is, was struct {
		Roots, Shared, Types json.RawMessage
	}
	if json.Unmarshal(a, &is) != nil || json.Unmarshal(b, &was) != nil {
		return false
	}
	if string(is.Types) != string(was.Types) {
		return true // which Decode has judged
	}
	return string(is.Roots) == string(was.Roots) && string(is.Shared) == string(was.Shared)
}
