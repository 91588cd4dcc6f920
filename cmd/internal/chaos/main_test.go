package chaos

import (
	"flag"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

var (
	lasts = flag.Duration("chaos", 10*time.Second, "break daemons for so long")
	count = flag.Int("faults", 0, "break them so often instead, and then to the end of the round")
	load  = flag.Int("load", 0, "processes that take all the time they get meanwhile")
	seed  = flag.Uint64("seed", 3, "of the faults; 0 = another one each time")
)

func TestMain(m *testing.M) { fhrptest.Main(m) }
