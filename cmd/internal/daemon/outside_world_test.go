package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/hooks"
	"github.com/fhrpd/fhrpd/cmd/internal/metrics"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/cmd/internal/statuspage"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

// world is a daemon in the virtual time of synctest, whose loop is run by hand.
type world struct {
	*Daemon
	t      *testing.T
	port   fakePort // of all interfaces
	self   station
	frozen bool // its loop does not turn
	hungry func() (time.Duration, bool)
	slept  time.Duration // the host itself did, while it was frozen
	gone   bool          // it was killed, or has ended
	told   <-chan status.Event
	events []status.Event
	files  map[string]*bytes.Buffer
}

// newWorld returns the daemon of a configuration. All its interfaces are still
// unknown.
func newWorld(t *testing.T, file string) *world {
	cfg := sure(configs.Load(file))
	groups := setup.Groups(cfg)
	config := setup.Engine(cfg)
	w := &world{t: t, self: own, files: map[string]*bytes.Buffer{}}
	log := slog.New(slog.NewMultiHandler(
		sure(NewLog(w.file("log.txt"), &configs.Daemon{Log: "debug"}, new(LogForm), false)).Handler(),
		sure(NewLog(w.file("log.jsonl"), &configs.Daemon{Log: "debug", Format: "json"}, new(LogForm), false)).Handler()))
	w.Daemon = &Daemon{
		opts: Options{Config: cfg, Version: "v1.2.3", Form: new(LogForm)}, log: log, started: time.Now(), loop: mustLoop(t),
		virtual: virtualAddresses(config.Groups), events: newWorker(), hooks: hooks.New(groups, log, w.program),
	}
	w.current.Store(cfg)
	w.kept, w.nameOf = newKept(t.TempDir(), "/run/fhrpd/control.sock"), func(c engine.Caller) string { return fmt.Sprintf("operator, uid %d", c.UID) }
	w.port.addressed = w.addressed
	ports := map[string]engine.Port{}
	for name := range memberships(config.Groups) {
		ports[name] = &w.port
	}
	w.engine = sure(engine.New(config, engine.Options{
		Ports: ports, Random: func() float64 { return 0.5 }, Mark: func() uint64 { return proofNumber }, Observe: w.observe, PreActive: w.preActive, Starved: w.starvation, Now: w.started, Returned: w.returned,
	}))
	must(w.engine.Prepare())
	w.told = sure(w.Subscribe(t.Context()))
	return w
}

// starvation is not known, if the story does not say something else.
func (w *world) starvation() (time.Duration, bool) {
	if w.hungry == nil {
		return 0, false
	}
	return w.hungry()
}

// do has the loop do something, and everything that follows from it at once.
func (w *world) do(what func(now time.Time)) {
	w.loop.Post(func() { what(time.Now()) })
	w.settle()
}

// settle runs the loop until it would sleep.
func (w *world) settle() {
	for {
		synctest.Wait()
		for len(w.told) > 0 {
			w.events = append(w.events, <-w.told)
		}
		w.loop.mu.Lock()
		posted := len(w.loop.posts) > 0
		w.loop.mu.Unlock()
		if !posted && w.idle() > 0 {
			return
		}
		w.engine.Wake(time.Now(), w.slept)
		w.slept = 0
		w.loop.drain()
		w.Tick(time.Now())
	}
}

// glance is how often the loop looks whether somebody has posted something.
const glance = time.Millisecond

// idle is how long the loop may sleep now.
func (w *world) idle() time.Duration {
	if at, armed := w.engine.Deadline(); armed {
		return min(time.Until(at), glance)
	}
	return glance
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	for end := time.Now().Add(d); ; {
		w.settle()
		left := time.Until(end)
		if left <= 0 {
			return
		}
		time.Sleep(min(left, w.idle()))
	}
}

// repeat does something every second.
func (w *world) repeat(times int, what func()) {
	for range times {
		what()
		w.run(time.Second)
	}
}

// ask asks the daemon something as its clients do, from outside of the loop.
func ask[T any](w *world, question func(context.Context) (T, error)) (answer T, err error) {
	done := make(chan struct{})
	go func() {
		answer, err = question(w.t.Context())
		close(done)
	}()
	for {
		w.settle()
		select {
		case <-done:
			return answer, err
		default:
			w.run(glance)
		}
	}
}

// status is what "fhrpd show status --json" prints, but for the process ID.
func (w *world) status() *status.Status {
	st := sure(ask(w, w.Status))
	if st.PID != os.Getpid() {
		w.t.Errorf("process ID %d, want %d", st.PID, os.Getpid())
	}
	st.PID = 4242
	return st
}

func (w *world) explain(ref string) *status.Explanation {
	return sure(ask(w, func(ctx context.Context) (*status.Explanation, error) {
		return w.Explain(ctx, status.Question{Group: ref})
	}))
}

// command has the daemon do something, and writes down what it logs and answers.
func (w *world) command(c control.Change, typed string, do func(context.Context) (string, error)) {
	peer := unix.Ucred{Pid: 4343, Uid: 1000}
	answer, err := ask(w, func(ctx context.Context) (string, error) { return do(control.WithCaller(ctx, peer)) })
	if err != nil {
		answer = err.Error() + "\n"
	}
	c.Peer, c.Err = peer, err
	w.logChange(c)
	w.typed("commands.txt", typed, answer)
}

func (w *world) setPriority(group string, n int) {
	w.command(control.Change{Command: control.CommandSetPriority, Group: group, Priority: n},
		fmt.Sprintf("set priority %s %s", group, priorityText(n)),
		func(ctx context.Context) (string, error) { return "", w.SetPriority(ctx, group, n) })
}

func (w *world) maintenance(on bool, groups ...string) {
	w.command(control.Change{Command: control.CommandMaintenance, Group: strings.Join(groups, " ")},
		fmt.Sprintf("maintenance %s %s", map[bool]string{true: "on", false: "off"}[on], strings.Join(groups, " ")),
		func(ctx context.Context) (string, error) {
			refs, err := w.Maintenance(ctx, on, groups)
			file, _ := os.ReadFile(w.kept.path) // there is none where nobody is in maintenance
			return fmt.Sprintln(refs) + string(file), err
		})
}

func (w *world) announce(group string) {
	w.command(control.Change{Command: control.CommandAnnounce, Group: group}, "announce "+group,
		func(ctx context.Context) (string, error) { return "", w.Announce(ctx, group) })
}

func (w *world) verify(group string) {
	w.command(control.Change{Command: control.CommandVerify, Group: group}, "verify "+group,
		func(ctx context.Context) (string, error) {
			proofs, err := w.Verify(ctx, group)
			return show.Proofs(proofs) + printed(proofs), err
		})
}

func (w *world) clear(protocol, groups string) {
	w.command(control.Change{Command: control.CommandClear, Protocol: protocol, Group: groups}, "clear "+protocol+" counters "+groups,
		func(ctx context.Context) (string, error) {
			n, err := w.ClearCounters(ctx, protocol, groups)
			return fmt.Sprintln(n, "groups"), err
		})
}

func (w *world) link(name string, up bool, addrs ...string) { w.linkOff(name, up, "", addrs...) }

// linkOff is link for an interface that a setting keeps from forwarding IPv4.
func (w *world) linkOff(name string, up bool, off4 string, addrs ...string) {
	l := vip.Link{Name: name, Index: 2, MAC: mac(w.self.mac), Up: up, Off4: off4}
	for _, a := range addrs {
		l.Addrs = append(l.Addrs, netip.MustParsePrefix(a))
	}
	w.do(func(time.Time) { w.linkEvent(vip.Event{Link: l}) })
}

func (w *world) hear(frame []byte) {
	w.do(func(now time.Time) {
		w.engine.Frame(now, "lanA", frame, true)
		w.engine.Flush(now)
	})
}

// later has a frame arrive while something else is going on.
func (w *world) later(d time.Duration, frame []byte) {
	time.AfterFunc(d, func() { w.loop.Post(func() { w.engine.Frame(time.Now(), "lanA", frame, true) }) })
}

func (w *world) track(name string, up bool, detail string) {
	w.do(func(now time.Time) { w.engine.TrackChanged(now, name, up, detail) })
}

// fakePort takes everything, unless it is broken.
type fakePort struct {
	broken    error
	sends     func([][]byte) // to the other router of a pair
	lost      []engine.ID    // whose leases have run out
	addressed func(engine.Round, []engine.ID, error)
}

func (p *fakePort) Add(engine.ID, engine.Virtual) error { return nil }
func (p *fakePort) Remove(engine.ID)                    {}

func (p *fakePort) Address(round engine.Round, add, _ []engine.ID) {
	p.addressed(round, slices.Clone(add), nil)
}

func (p *fakePort) Gate([]engine.Claim, []engine.ID) ([]engine.ID, error) { return nil, nil }
func (p *fakePort) Unicast(netip.Addr, netip.Addr, []byte) error          { return p.broken }
func (*fakePort) LookOut([]hello.MAC)                                     {}
func (*fakePort) Flooded() uint64                                         { return 0 }
func (p *fakePort) Renew() (lost []engine.ID, err error)                  { return p.lost, p.broken }
func (p *fakePort) Transmit(frames [][]byte) (unsent []int, err error) {
	if p.broken != nil {
		for n := range frames {
			unsent = append(unsent, n)
		}
	} else if p.sends != nil {
		p.sends(frames)
	}
	return unsent, p.broken
}

// program is what runs for a command: the first argument says how long, with
// another one it fails. What it reads is written down.
func (w *world) program(ctx context.Context, s command.Spec) command.Result {
	w.file("hooks.jsonl").Write(s.Stdin)
	took, began := sure(time.ParseDuration(s.Args[1])), time.Now()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return command.Result{Exit: -1, Duration: time.Since(began), Err: fmt.Errorf("killed: %w", context.Cause(ctx))}
	}
	r := command.Result{Duration: took, Line: "it took " + s.Args[1]}
	if len(s.Args) > 2 {
		r.Exit, r.Err = 3, errors.New("exit status 3")
	}
	return r
}

// taken is a status that does not change any more.
type taken struct {
	statuspage.Source
	st *status.Status
}

func (s taken) Status(context.Context) (*status.Status, error) { return s.st, nil }

// scrape writes down what Prometheus and a browser get. Time stands still while
// somebody waits for the network.
func (w *world) scrape() {
	l := sure(net.Listen("tcp", "127.0.0.1:0"))
	ctx, cancel := context.WithCancel(w.t.Context())
	ended, st := make(chan error, 1), w.status()
	go func() {
		ended <- metrics.Serve(ctx, l, taken{st: st}, sure(statuspage.Handler(taken{st: st}, "gw1", time.Now)))
	}()
	browser := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, path := range []string{"/metrics", "/"} {
		resp := sure(browser.Get("http://" + l.Addr().String() + path))
		fmt.Fprintf(w.file("http.txt"), "GET %s\n%s\n", path, sure(io.ReadAll(resp.Body)))
		must(resp.Body.Close())
	}
	cancel()
	must(<-ended)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func sure[T any](v T, err error) T {
	must(err)
	return v
}
