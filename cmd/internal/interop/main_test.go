package interop

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

var update = flag.Bool("update", false, "write the results into docs/interop-results.md")

func TestMain(m *testing.M) {
	fhrptest.AtOnce(10)
	fhrptest.Main(run{m})
}

// run is the tests with what comes before and after them.
type run struct{ m *testing.M }

func (r run) Run() int {
	status := r.m.Run()
	if err := results.finish(status == 0 && everything()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// everything reports whether no test was left out by a flag.
func everything() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" &&
		flag.Lookup("test.list").Value.String() == ""
}

// need skips the test, or fails it where FHRPD_NETLAB_REQUIRED is set, unless
// it can build networks, is root of the machine, which the peers ask for, and
// finds the programs.
func need(t testing.TB, programs ...string) {
	t.Helper()
	if !netlab.Inside() {
		results.incomplete()
	}
	netlab.Need(t)
	why := ""
	if len(programs) > 0 {
		programs = append(programs, "chrt")
	}
	if len(programs) > 0 && !rootOfTheMachine() {
		why = "not root of this machine, which the other routers ask for"
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			why = fmt.Sprintf("%s is not installed: %v", filepath.Base(p), err)
		}
	}
	if why != "" {
		results.incomplete()
		skip.Because(t, why)
	}
}

// rootOfTheMachine tells root from the root of a user namespace.
func rootOfTheMachine() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && os.Geteuid() == 0 && strings.Join(strings.Fields(string(b)), " ") == "0 0 4294967295"
}
