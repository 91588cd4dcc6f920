package e2e6

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// envProgram names the daemon's program to those who test it.
const envProgram = "FHRPD_E2E_PROGRAM"

func TestMain(m *testing.M) {
	if netlab.Inside() {
		flag.Parse()
		// What takes time is waiting for other routers to be silent.
		_ = flag.Set("test.parallel", "6")
		os.Exit(m.Run())
	}
	os.Exit(outside(m))
}

// outside builds the program while the module cache and the compiler are still
// as the caller left them, and runs the tests inside.
func outside(m *testing.M) int {
	if os.Getenv(envProgram) == "" {
		dir, err := os.MkdirTemp("", "fhrpd-e2e6-")
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
