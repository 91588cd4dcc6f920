package chaos

import (
	"flag"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

var (
	lasts = flag.Duration("chaos", 10*time.Second, "break daemons for so long")
	seed  = flag.Uint64("seed", 3, "of the faults; 0 = another one each time")
)

func TestMain(m *testing.M) { fhrptest.Main(m) }
