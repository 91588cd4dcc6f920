package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// envSpin makes this binary burn a processor for a while and exit.
const envSpin = "FHRPD_E2E_SPIN"

func TestMain(m *testing.M) {
	if os.Getenv(envSpin) != "" {
		spin()
	}
	fhrptest.AtOnce(12)
	fhrptest.Main(m)
}

// spin keeps a processor busy, but never for longer than a benchmark lasts.
func spin() {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
	}
	os.Exit(0)
}
