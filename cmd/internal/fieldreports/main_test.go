package fieldreports

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// labs is how many segments exist at a time. They spend their time waiting for
// timers, so there may be more of them than processors.
const labs = "6"

func TestMain(m *testing.M) {
	if netlab.Inside() {
		flag.Parse()
		if err := flag.Set("test.parallel", labs); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fhrptest.Main(m)
}
