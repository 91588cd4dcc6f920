package e2e6

import (
	"flag"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// envProgram names the daemon's program to those who test it.
const envProgram = fhrptest.EnvProgram

func TestMain(m *testing.M) {
	if netlab.Inside() {
		flag.Parse()
		// What takes time is waiting for other routers to be silent.
		_ = flag.Set("test.parallel", "6")
	}
	fhrptest.Main(m)
}
