package daemon

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/show"
)

// pair is two routers on one segment, in the virtual time of synctest.
type pair struct {
	first, second *world
	cut           bool // nothing passes between them
	files         map[string]*bytes.Buffer
}

// newPair returns two routers whose interfaces are still unknown. change is what
// is different in the second one's file: old, new, old, new.
func newPair(t *testing.T, change ...string) *pair {
	p := &pair{files: map[string]*bytes.Buffer{}}
	text := sure(os.ReadFile("testdata/outside/pair-second.toml"))
	other := filepath.Join(t.TempDir(), "second.toml")
	must(os.WriteFile(other, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600))
	p.first, p.second = newWorld(t, "testdata/outside/pair-first.toml"), newWorld(t, other)
	p.second.self = peer
	p.connect(p.first, p.second)
	p.connect(p.second, p.first)
	return p
}

// connect has what one router sends arrive at the other.
func (p *pair) connect(from, to *world) {
	from.port.sends = func(frames [][]byte) {
		for _, f := range frames {
			b := slices.Clone(f)
			if p.cut || from.gone || to.gone {
				continue
			}
			to.loop.Post(func() {
				to.engine.Frame(time.Now(), "lanA", b, true)
				to.engine.Flush(time.Now())
			})
		}
	}
}

// up gives a router its interfaces.
func (w *world) up() *world {
	w.link("lanB", true)
	w.link("lanA", true, w.self.ip+"/24", w.self.ip6+"/64")
	w.track("flag", true, "exists")
	return w
}

// run lets time pass for both.
func (p *pair) run(d time.Duration) {
	for end := time.Now().Add(d); ; {
		idle := glance
		for range 2 { // what the second says may be answered at once
			for _, w := range []*world{p.first, p.second} {
				if !w.gone && !w.frozen {
					w.settle()
					idle = min(idle, max(w.idle(), 0))
				}
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return
		}
		time.Sleep(min(left, max(idle, time.Microsecond)))
	}
}

// started is a pair of which the first router is active.
func (p *pair) started() *pair {
	p.first.up()
	p.second.up()
	p.run(15 * time.Second)
	return p
}

// tell writes down what both routers tell, but for those that are gone.
func (p *pair) tell(name string) {
	b := new(bytes.Buffer)
	p.files[name+".txt"] = b
	for _, w := range []*world{p.first, p.second} {
		if w.gone {
			continue
		}
		for _, group := range []string{"users", "lan"} {
			x := w.explain(group)
			fmt.Fprintf(b, "%s$ fhrpd explain %s\n%s\n", w.self.ip, group, show.Explanation(x))
			if p.files["explain.json"] == nil {
				p.files["explain.json"] = new(bytes.Buffer)
			}
			p.files["explain.json"].WriteString(printed(x))
			if n := len(x.Lines); n < 4 || n > 12 {
				w.t.Errorf("%s: %d lines, want a story of 5 to 12:\n%s", name, n, b)
			}
		}
	}
}

// end stops what still runs.
func (p *pair) end() {
	for _, w := range []*world{p.first, p.second} {
		w.gone = true
		w.do(func(time.Time) { w.stop() })
		w.run(2 * time.Second)
		w.closeEvents(time.Now().Add(time.Second))
		w.closeHooks(time.Now().Add(time.Second))
	}
}
