package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// oldest is the first commit that reads and writes the state in the form of today.
const oldest = "f83dd64cd56493b940018bfd14b2fee936f12c2e"

// olderProgram builds the program of the oldest commit, with the libraries of today,
// which this test was built with: the older ones may not be there, nor the way to them.
// It skips the test where the history is not there.
func olderProgram(t testing.TB) string {
	t.Helper()
	git := func(args ...string) *exec.Cmd {
		return exec.Command("git", append([]string{"-C", "../../..", "-c", "safe.directory=*"}, args...)...)
	}
	skip.Without(t, "git")
	if git("cat-file", "-e", oldest+"^{commit}").Run() != nil {
		skip.Regardless(t, "the history of this copy does not have the older program")
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "older.tar")
	program := filepath.Join(dir, "older")
	source := filepath.Join(dir, "source")
	must(t, os.Mkdir(source, 0o755))
	libraries, err := filepath.Abs("../../../go.mod")
	must(t, err)
	build := exec.Command("go", "build", "-modfile="+libraries, "-trimpath", "-buildvcs=false", "-o", program, "./cmd/fhrpd")
	build.Dir = source
	for _, c := range []*exec.Cmd{git("archive", "-o", archive, oldest), exec.Command("tar", "-x", "-f", archive, "-C", source), build} {
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", c.Args, err, out)
		}
	}
	return program
}

// withoutNewKeys gives a running a the values that the older program goes by where it
// does not know a key, and a file without the keys.
func (l *lan) withoutNewKeys(groups string) {
	l.t.Helper()
	file := strings.ReplaceAll(groups, "PRIORITY", "110")
	reload(l.a, strings.ReplaceAll(groups, "name = \"users\"\n", "name = \"users\"\nunderstudy = false\n"), 110)
	must(l.t, os.WriteFile(l.a.Path("fhrpd.toml"), []byte(file), 0o600))
}

// downgrade has the program of the oldest commit take a's place, and the present one
// after it.
func (l *lan) downgrade(put func(program string), older string) {
	l.t.Helper()
	for _, program := range []string{older, fhrptest.Program()} {
		put(program)
		s := upgrade(l.a)
		l.t.Logf("from %s to %s in %d ms", s.From.Version, s.To.Version, s.PausedMS)
	}
}

// A program that is really older takes over and is taken over: no role moves, no
// datagram is lost or doubled, and no hello is late. A key that is in use and that it does
// not have, such as one that is true by default, is a reason for it not to.
func TestAnOlderProgramTakesOverAndBack(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another program")
	}
	older := olderProgram(t)
	scenario(t, func(t testing.TB, l *lan) {
		put := l.replaceable()
		l.startInTurn(reloadable)
		l.mustPing(fhrptest.HostIP)
		if out, exit := l.a.Command("set", "priority", "users", "123"); exit != 0 {
			t.Fatal(out)
		}
		put(older)
		l.untouched("a key that it does not have", func() {
			if out, exit := l.a.Command("upgrade"); exit != 1 || !strings.Contains(out, "this version has no configs.Group.Understudy, which is in use") {
				t.Errorf("exit %d: %s", exit, out)
			}
		})
		put(fhrptest.Program())
		l.withoutNewKeys(reloadable)
		was, began := l.a.Report(), time.Now()
		stop := l.numbers()
		l.downgrade(put, older)
		sent, lost, doubled := stop()
		longest, late := longestHelloGap(l.a.Sent(began)), l.Witness.Late(began)
		t.Logf("%d datagrams, %d lost, %d doubled, at most %v between two hellos, the machine was late by %v", sent, len(lost), len(doubled), longest, late)
		if len(lost)+len(doubled) > 0 && late < 100*time.Millisecond {
			t.Errorf("lost %v, doubled %v", lost, doubled)
		}
		if hold := 700 * time.Millisecond; longest > hold/3+late {
			t.Errorf("%v between two hellos, want a third of %v at most", longest, hold)
		}
		for n, now := range l.a.Report().Groups {
			if before := was.Groups[n]; now.Transitions != before.Transitions || now.State != before.State || now.Priority != before.Priority || now.Counters.Sent <= before.Counters.Sent {
				t.Errorf("%+v\nwas %+v", now, before)
			}
		}
	})
}
