package scale

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// envSpin makes this binary burn a processor for a while and exit.
const envSpin = "FHRPD_SCALE_SPIN"

// steady is how long groups are watched that have nothing to do but to stay.
var steady = flag.Duration("steady", 5*time.Second, "watch undisturbed groups for so long")

func TestMain(m *testing.M) {
	if os.Getenv(envSpin) != "" {
		spin()
	}
	fhrptest.Main(m)
}

// spin keeps a processor busy, but never for longer than a benchmark lasts.
func spin() {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
	}
	os.Exit(0)
}
