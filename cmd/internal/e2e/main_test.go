package e2e

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

const (
	// envProgram names the daemon's program to those who test it.
	envProgram = fhrptest.EnvProgram
	// envSpin makes this binary burn a processor for a while and exit.
	envSpin = "FHRPD_E2E_SPIN"
)

func TestMain(m *testing.M) {
	if os.Getenv(envSpin) != "" {
		spin()
	}
	if netlab.Inside() {
		manyAtOnce()
	}
	fhrptest.Main(m)
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
