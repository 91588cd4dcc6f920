package skip

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What a test tells the go test that it starts.
const (
	envSample = "FHRPD_SKIP_SAMPLE" // TestSample is to skip, for this reason
	envInside = "FHRPD_SKIP_INSIDE" // in a user namespace of its own
)

func TestMain(m *testing.M) {
	if os.Getenv(envInside) == "" {
		os.Exit(Run(m))
	}
	os.Unsetenv(envInside)
	HandDown()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = inUserNamespace()
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func inUserNamespace() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
}

func TestSample(t *testing.T) {
	if why := os.Getenv(envSample); why != "" {
		Because(t, why)
	}
}

func TestSkipsAreCountedByReason(t *testing.T) {
	var s tally
	if got := s.String(); got != "" {
		t.Errorf("nothing skipped: %q", got)
	}
	s.note("tshark is not installed")
	s.note("keepalived is not installed")
	s.note("tshark is not installed")
	const want = "skipped 3 tests: keepalived is not installed (1); tshark is not installed (2)"
	if got := s.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The line is told once, whether go test shows what passing packages print or
// not, and whatever its output is.
func TestClosingLineIsSeenOnce(t *testing.T) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not at hand: these tests were built elsewhere")
	}
	const line = "skipped 1 test: no sample (1)"
	places := map[string]string{"here": ""}
	probe := exec.Command("/proc/self/exe", "-test.run=^$")
	if probe.SysProcAttr = inUserNamespace(); probe.Run() == nil {
		places["in a user namespace"] = "1"
	}
	for name, args := range map[string][]string{
		"one package":      {"."},
		"several packages": {".", "./testdata/other"},
		"several, verbose": {"-v", ".", "./testdata/other"},
	} {
		for kind, output := range map[string]func(*testing.T, *exec.Cmd) string{"pipe": throughPipe, "file": throughFile} {
			for place, inside := range places {
				t.Run(name+"/"+kind+"/"+place, func(t *testing.T) {
					cmd := exec.CommandContext(t.Context(), goCommand, append([]string{"test", "-count=1", "-run", "^TestSample$"}, args...)...)
					cmd.Env = append(os.Environ(), envSample+"=no sample", envInside+"="+inside, required+"=", "GOFLAGS=")
					checkTold(t, output(t, cmd), line)
				})
			}
		}
	}
}

func checkTold(t *testing.T, out, line string) {
	t.Helper()
	if n := strings.Count(out, line); n != 1 {
		t.Errorf("%d times %q in\n%s", n, line, out)
	}
	if !strings.Contains(out, "ok  \tgithub.com/fhrpd/fhrpd/internal/skip") {
		t.Errorf("what go test itself prints is damaged:\n%s", out)
	}
}

// fakeTB notes how a test was ended.
type fakeTB struct {
	TB
	skipped, failed bool
}

func (f *fakeTB) Helper()      {}
func (f *fakeTB) Skip(...any)  { f.skipped = true }
func (f *fakeTB) Fatal(...any) { f.failed = true; panic("ended") }

func TestMissingProgramSkipsUnlessRequired(t *testing.T) {
	defer func() { skips = tally{} }() // nothing of this is worth a closing line
	for _, need := range []bool{false, true} {
		t.Setenv(required, map[bool]string{true: "1"}[need])
		f := &fakeTB{}
		func() {
			defer func() { _ = recover() }()
			Without(f, "there-is-no-such-program")
		}()
		if f.skipped == need || f.failed != need {
			t.Errorf("required %v: skipped %v, failed %v", need, f.skipped, f.failed)
		}
	}
	if path := Without(&fakeTB{}, "sh"); path == "" {
		t.Error("no path of a program that is there")
	}
}

func TestWhatNothingCuresIsSkippedAnyway(t *testing.T) {
	defer func() { skips = tally{} }()
	t.Setenv(required, "1")
	f := &fakeTB{}
	if Regardless(f, "no VLANs"); !f.skipped || f.failed || skips.String() == "" {
		t.Errorf("skipped %v, failed %v, told %q", f.skipped, f.failed, &skips)
	}
}

func throughPipe(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &b)
	}
	return b.String()
}

func throughFile(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	err = cmd.Run()
	out, rerr := os.ReadFile(f.Name())
	if err != nil || rerr != nil {
		t.Fatalf("%v: %v %v\n%s", cmd, err, rerr, out)
	}
	return string(out)
}
