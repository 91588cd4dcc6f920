package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

const (
	// envProgram names the daemon's program to those who test it.
	envProgram = "FHRPD_E2E_PROGRAM"
	// envSpin makes this binary burn a processor for a while and exit.
	envSpin = "FHRPD_E2E_SPIN"
)

func TestMain(m *testing.M) {
	if os.Getenv(envSpin) != "" {
		spin()
	}
	if netlab.Inside() {
		manyAtOnce()
		os.Exit(m.Run())
	}
	os.Exit(outside(m))
}

// outside builds the program while the module cache and the compiler are still
// as the caller left them, and runs the tests inside.
func outside(m *testing.M) int {
	if os.Getenv(envProgram) == "" {
		dir, err := os.MkdirTemp("", "fhrpd-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program := filepath.Join(dir, "fhrpd")
		if out, err := exec.Command("go", "build", "-o", program, "github.com/fhrpd/fhrpd/cmd/fhrpd").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the program under test: %v\n%s(or build it elsewhere and name it in %s)\n", err, out, envProgram)
			return 1
		}
		os.Setenv(envProgram, program)
	}
	status, err := netlab.Reexec()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return m.Run()
	}
	return status
}

// manyAtOnce runs four tests at a time unless told otherwise: most of what they
// do is wait for timers.
func manyAtOnce() {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		_ = flag.Set("test.parallel", "4")
	}
}

// spin keeps a processor busy, but never for longer than a benchmark lasts.
func spin() {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
	}
	os.Exit(0)
}
