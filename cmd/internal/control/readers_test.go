package control_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// askAs is set in a process that a test starts to ask as another user.
const askAs = "FHRPD_TEST_ASK"

func TestMain(m *testing.M) {
	if path := os.Getenv(askAs); path != "" {
		askEverything(path)
		return
	}
	os.Exit(skip.Run(m))
}

// askEverything prints what became of each question and command, a line each.
func askEverything(path string) {
	ctx, c := context.Background(), control.Dial(path)
	say := func(what string, err error) {
		switch {
		case err == nil:
			fmt.Println(what, "yes")
		case errors.Is(err, control.ErrForbidden):
			fmt.Println(what, "refused")
		default:
			fmt.Println(what, err)
		}
	}
	_, err := c.Status(ctx)
	say("status", err)
	_, err = c.History(ctx)
	say("history", err)
	_, err = c.Explain(ctx, status.Question{Group: "users"})
	say("explain", err)
	_, err = c.Recording(ctx)
	say("recording", err)
	_, err = c.Subscribe(ctx)
	say("events", err)
	say("priority", c.SetPriority(ctx, "users", 1))
	say("announce", c.Announce(ctx, "users"))
	_, err = c.Verify(ctx, "users")
	say("verify", err)
	_, err = c.Handover(ctx, "users", time.Second)
	say("handover", err)
	_, err = c.Maintenance(ctx, true, []string{"users"})
	say("maintenance", err)
}

// as runs askEverything as another user.
func as(t *testing.T, path string, cred *syscall.Credential) string {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(filepath.Dir(path)), "ask")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = []string{askAs + "=" + path}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func everything(asks, commands string) string {
	return fmt.Sprintf("status %[1]s\nhistory %[1]s\nexplain %[1]s\nrecording %[1]s\nevents %[1]s\npriority %[2]s\nannounce %[2]s\nverify %[2]s\nhandover %[2]s\nmaintenance %[2]s\n", asks, commands)
}

func TestReadersLookAndStrangersAreRefused(t *testing.T) {
	const readers, user = 54321, 54322
	mapped, err := os.ReadFile("/proc/self/uid_map")
	if err != nil || os.Geteuid() != 0 || len(bytes.Fields(mapped)) < 3 || string(bytes.Fields(mapped)[2]) == "1" {
		skip.Because(t, "needs root and other users beside it: go test -exec sudo")
	}
	d := start(t, &fake{})
	if err := os.Chmod(filepath.Dir(filepath.Dir(d.path)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(filepath.Dir(d.path))), 0o755); err != nil {
		t.Fatal(err)
	}
	member := &syscall.Credential{Uid: user, Gid: user, Groups: []uint32{readers}}
	stranger := &syscall.Credential{Uid: user, Gid: user}
	if got, want := as(t, d.path, member), everything("refused", "refused"); got != want {
		t.Errorf("without readers a member got\n%s", got)
	}
	d.admit(t, fmt.Sprint(readers))
	for _, tt := range []struct {
		who  string
		cred *syscall.Credential
		want string
	}{
		{"a member", member, everything("yes", "refused")},
		{"a stranger", stranger, everything("refused", "refused")},
		{"root", &syscall.Credential{}, everything("yes", "yes")},
	} {
		if got := as(t, d.path, tt.cred); got != tt.want {
			t.Errorf("%s got\n%swant\n%s", tt.who, got, tt.want)
		}
	}
	if len(d.done) != 5 {
		t.Errorf("carried out: %v, want root's five commands", d.done)
	}
}

// admit starts the daemon again with readers.
func (d *daemon) admit(t *testing.T, group string) {
	t.Helper()
	d.stop()
	soon(t, d.end, "the end")
	l, err := control.Listen(d.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := control.Admit(l, group); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() { d.end <- control.Serve(ctx, l, d.fake) }()
}

func TestAGroupThatIsNotThereLeavesTheSocketClosed(t *testing.T) {
	path := socketPath(t)
	l := listen(t, path)
	err := control.Admit(l, "no-such-group-here")
	if err == nil || !strings.Contains(err.Error(), `no group "no-such-group-here"`) || !strings.Contains(err.Error(), "groupadd") {
		t.Errorf("Admit = %v, want the group and the cure", err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket has %v, %v; want mode 0600", fi.Mode(), err)
	}
}

func TestAFolderThatIsClosedIsTold(t *testing.T) {
	path := socketPath(t)
	l := listen(t, path)
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := control.Admit(l, "54321"); err == nil || !strings.Contains(err.Error(), "chmod o+x "+filepath.Dir(path)) {
		t.Errorf("Admit = %v, want the cure", err)
	}
}

// alive is the memory in use, in bytes, of the heap and the stacks.
func alive() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// flood opens connections that ask and never read.
func flood(t testing.TB, path string) (end func()) {
	t.Helper()
	var list []net.Conn
	for range 2000 {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // one that was closed is no fault
		fmt.Fprint(c, strings.Repeat("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", 4))
	}
	return func() {
		for _, c := range list {
			c.Close()
		}
	}
}

// crowd is a daemon with a thousand groups.
type crowd struct{ fake }

func (c *crowd) Status(context.Context) (*status.Status, error) {
	st := &status.Status{Version: "v1"}
	for range 1000 {
		st.Groups = append(st.Groups, groups[0])
	}
	return st, nil
}

func crowded(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "control.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- control.Serve(ctx, l, &crowd{}) }()
	t.Cleanup(func() { cancel(); <-end })
	return path
}

func ask(t testing.TB, path string) time.Duration {
	t.Helper()
	began := time.Now()
	c := control.Dial(path)
	defer c.Close()
	st, err := c.Status(context.Background())
	if err != nil || len(st.Groups) != 1000 {
		t.Fatalf("status: %v", err)
	}
	return time.Since(began)
}

func TestConnectionsThatDoNotReadCostLittle(t *testing.T) {
	path := crowded(t)
	ask(t, path)
	before := alive()
	end := flood(t, path)
	defer end()
	ask(t, path)
	const most = 12 << 20
	if after := alive(); after > before+most {
		t.Errorf("2000 connections that do not read took %d KB, want at most %d", (after-before)>>10, most>>10)
	}
}

// Who opens two thousand connections loses his own and nobody else is refused.
func TestAFloodCostsWhoFloods(t *testing.T) {
	d := start(t, &fake{})
	other := exec.Command("/proc/self/exe")
	other.Env = []string{askAs + "=" + d.path}
	ch, err := d.dial(t).Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// This process floods, and another one asks.
	end := flood(t, d.path)
	defer end()
	if out, err := other.CombinedOutput(); err != nil || string(out) != everything("yes", "yes") {
		t.Errorf("another process got %v\n%s", err, out)
	}
	for range ch { // its own stream, the oldest, was the price
	}
}

// BenchmarkFlood prints the figures of the page "What it withstands".
func BenchmarkFlood(b *testing.B) {
	path := crowded(b)
	ask(b, path)
	before := alive()
	end := flood(b, path)
	defer end()
	var worst time.Duration
	for b.Loop() {
		worst = max(worst, ask(b, path))
	}
	b.ReportMetric(float64(int64(alive()-before))/(1<<20), "MB")
	b.ReportMetric(worst.Seconds()*1000, "worst-ms/status")
}
