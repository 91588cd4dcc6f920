package watch

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// terminal is a pseudo terminal with an emulator behind it, which is what a person
// sees.
type terminal struct {
	t    *testing.T
	keys *os.File // its far end
	tty  *os.File // where the program reads and paints

	mu      sync.Mutex
	screen  *vt.Emulator
	painted int // bytes
	changed chan struct{}
}

func openTerminal(t *testing.T, width, height int) *terminal {
	t.Helper()
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(ptmx.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ptmx.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, keys: ptmx, tty: tty, screen: vt.NewEmulator(width, height), changed: make(chan struct{}, 1)}
	size := &unix.Winsize{Row: uint16(height), Col: uint16(width)}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ptmx.Close(); tty.Close() })
	go x.emulate()
	go x.answer()
	return x
}

// emulate shows what the program paints.
func (x *terminal) emulate() {
	b := make([]byte, 4096)
	for {
		n, err := x.keys.Read(b)
		if err != nil {
			return
		}
		x.mu.Lock()
		_, _ = x.screen.Write(b[:n])
		x.painted += n
		x.mu.Unlock()
		select {
		case x.changed <- struct{}{}:
		default:
		}
	}
}

// answer passes on what a terminal says when it is asked for its kind.
func (x *terminal) answer() {
	b := make([]byte, 256)
	for {
		n, err := x.screen.Read(b)
		if err != nil {
			return
		}
		if _, err := x.keys.Write(b[:n]); err != nil {
			return
		}
	}
}

func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.String()
}

// sees waits until the screen fulfils a condition.
func (x *terminal) sees(what string, ok func(string) bool) {
	x.t.Helper()
	late := time.After(10 * time.Second)
	for !ok(x.text()) {
		select {
		case <-x.changed:
		case <-late:
			x.t.Fatalf("no %s on the screen:\n%s", what, x.text())
		}
	}
}

func (x *terminal) shows(text string) {
	x.t.Helper()
	x.sees(text, func(s string) bool { return strings.Contains(s, text) })
}

func (x *terminal) press(keys string) {
	if _, err := x.keys.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// start runs the view, and returns what waits for its end.
func (x *terminal) start(o Options) (ended func() error) {
	o.Names, o.In, o.Environ = [2]string{"this router", o.Names[1]}, x.tty, []string{"TERM=xterm-256color"}
	if o.Now == nil {
		o.Now = clock
	}
	if o.Interval == 0 {
		o.Interval = time.Hour
	}
	ctx, cancel := context.WithCancel(x.t.Context())
	end := make(chan error, 1)
	go func() { end <- Interactive(ctx, x.tty, o) }()
	return func() error {
		select {
		case err := <-end:
			cancel()
			return err
		case <-time.After(10 * time.Second):
			cancel()
			return fmt.Errorf("the view did not end; screen:\n%s", x.text())
		}
	}
}

func TestTerminal(t *testing.T) {
	x := openTerminal(t, 120, 24)
	src := &source{st: router(7, group(1, "Active"), group(2, "Active")), events: make(chan status.Event)}
	ended := x.start(Options{Sources: [2]Source{src}})
	x.shows("hsrp:eth1:2  lan-2")
	x.shows("2 groups, 2 Active")

	src.set(func(s *source) { s.st = router(7, group(1, "Standby"), group(2, "Active")) })
	src.events <- status.Event{Kind: "transition"}
	x.shows("1 Active, 1 Standby")

	x.press("j\r")
	x.shows("eth1 - Group 2 (version 2)")
	x.press("\x1b")
	x.shows("LAST TRANSITIONS")
	x.press("/lan-1\r")
	x.sees("filtered table", func(s string) bool { return strings.Contains(s, "lan-1") && !strings.Contains(s, "lan-2") })
	x.press("q")
	if err := ended(); err != nil {
		t.Error(err)
	}
	x.sees("screen as it was before", func(s string) bool { return !strings.Contains(s, "lan-1") })
}

// The screen of hundreds of groups is not painted again for one that changed.
func TestOneChangePaintsLittle(t *testing.T) {
	x := openTerminal(t, 160, 50)
	groups := make([]status.Group, 300)
	for n := range groups {
		groups[n] = group(n, "Active")
	}
	groups[200] = group(200, "Standby")
	src := &source{st: router(7, groups...), events: make(chan status.Event)}
	ended := x.start(Options{Sources: [2]Source{src}})
	x.shows("q quit") // the last line of a whole screen
	x.mu.Lock()
	whole := x.painted
	x.mu.Unlock()

	changed := append([]status.Group(nil), groups...)
	changed[3] = group(3, "Standby")
	src.set(func(s *source) { s.st = router(7, changed...) })
	src.events <- status.Event{Kind: "transition"}
	x.shows("2 Standby")
	x.mu.Lock()
	more := x.painted - whole
	x.mu.Unlock()
	if more > whole/8 {
		t.Errorf("%d bytes for one change, %d for the whole screen", more, whole)
	}
	x.press("q")
	if err := ended(); err != nil {
		t.Error(err)
	}
}

func TestNoDaemonLeavesTheTerminalAlone(t *testing.T) {
	x := openTerminal(t, 80, 24)
	ended := x.start(Options{Sources: [2]Source{&source{err: os.ErrNotExist}}})
	if err := ended(); err != os.ErrNotExist {
		t.Errorf("got %v", err)
	}
	if x.painted != 0 {
		t.Errorf("%d bytes were painted", x.painted)
	}
}

func TestDaemonThatGoesAwayAndComesBack(t *testing.T) {
	x := openTerminal(t, 120, 24)
	src := &source{st: router(7, group(1, "Active"))}
	ended := x.start(Options{Sources: [2]Source{src}, Interval: 20 * time.Millisecond})
	x.shows("pid 7")
	src.set(func(s *source) { s.err = fmt.Errorf("no daemon on /x") })
	x.shows("no daemon on /x")
	x.shows("lan-1")
	src.set(func(s *source) { s.err, s.st = nil, router(8, group(1, "Active")) })
	x.shows("pid 8")
	x.press("\x03")
	if err := ended(); err != nil {
		t.Error(err)
	}
}
