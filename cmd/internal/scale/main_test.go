package scale

import (
	"flag"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

// steady is how long groups are watched that have nothing to do but to stay.
var steady = flag.Duration("steady", 5*time.Second, "watch undisturbed groups for so long")

func TestMain(m *testing.M) { fhrptest.Main(m) }
