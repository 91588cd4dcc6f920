package sim

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// crashing is a plan in which a process dies and is started again about when the others
// take over, or long before, and something else happens meanwhile.
func crashing(seed uint64) Plan {
	p := Random(seed)
	a := int(seed) % len(p.Routers)
	crash := Fault{At: 20e9, Kind: Crash, A: a, For: time.Duration(1+seed*seed%997) * 5 * time.Millisecond}
	other := Fault{At: 20e9 - 1e6*time.Duration(seed%3000), For: 6e9, A: int(seed/2) % len(p.Routers)}
	other.Kind, other.N = []FaultKind{Loss, OneWay, Partition, Link, Crash, Reload, Priority}[seed%7], 30
	if other.Kind == Reload {
		other.N = int(seed/7) % len(reloads)
	}
	other.B = (other.A + 1) % len(p.Routers)
	p.Faults = []Fault{crash, other}
	if seed%2 == 0 {
		p.Faults = p.Faults[:1]
	}
	return p
}

func isResumed(line string) bool { return strings.Contains(line, "(resumed: ") }

// Processes that died take their role up again where nobody else has it, and leave it
// to whoever has.
func TestCrashesAreResumed(t *testing.T) {
	seeds := uint64(800)
	if testing.Short() {
		seeds /= 10
	}
	resumed, left := 0, 0
	for seed := uint64(1); seed <= seeds; seed++ {
		p := crashing(seed)
		res, err := Run(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Broken) > 0 {
			t.Fatalf("seed %d:\n%s\nplan:\n%s\nstory:\n%s", seed, strings.Join(res.Broken, "\n"), p, strings.Join(res.Story, "\n"))
		}
		if slices.ContainsFunc(res.Story, isResumed) {
			resumed++
		}
		if slices.ContainsFunc(res.Story, func(s string) bool { return strings.Contains(s, "is not resumed: ") }) {
			left++
		}
	}
	t.Logf("of %d plans %d resumed a role, %d did not", seeds, resumed, left)
	if resumed < int(seeds)/20 || left < int(seeds)/100 {
		t.Errorf("of %d plans %d resumed a role, %d did not", seeds, resumed, left)
	}
}

// mute does not let questions out.
type mute struct{ engine.Port }

func (m mute) Transmit(frames [][]byte) ([]int, error) {
	var rest [][]byte
	for _, f := range frames {
		asks := binary.BigEndian.Uint16(f[12:]) == 0x0806 && f[21] == 1 && slices.Max(f[28:32]) == 0 || binary.BigEndian.Uint16(f[12:]) == 0x86dd && len(f) > 54 && f[54] == 135
		if !asks {
			rest = append(rest, f)
		}
	}
	_, err := m.Port.Transmit(rest)
	return nil, err
}

// Who does not ask, and resumes all the same, is found.
func TestCheckerFindsARoleThatIsResumedUnasked(t *testing.T) {
	for seed := uint64(1); seed <= 2000; seed++ {
		res, err := run(crashing(seed), func(p engine.Port) engine.Port { return mute{p} })
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(res.Broken, func(s string) bool { return strings.Contains(s, "has resumed the role of group") }) {
			return
		}
	}
	t.Error("2000 seeds did not find it")
}
