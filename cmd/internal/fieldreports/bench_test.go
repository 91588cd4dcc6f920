package fieldreports

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// takeover is one way in which a neighbour is convinced.
type takeover struct {
	family family
	deaf   bool          // the neighbour ignores announcements
	known  bool          // its MAC was heard before
	young  bool          // its entry changed less than a second ago
	target time.Duration // for the median
}

func (c takeover) String() string {
	words := []string{c.family.name, "announcements are taken", "MAC not known", ""}
	if c.deaf {
		words[1] = "announcements are ignored"
	}
	if c.known {
		words[2] = "MAC known"
	}
	if c.young {
		words[3] = "entry is young"
	}
	return strings.TrimSuffix(strings.Join(words, ", "), ", ")
}

func takeovers() []takeover {
	var list []takeover
	for _, f := range families {
		for _, deaf := range []bool{false, true} {
			target := 200 * time.Millisecond
			if deaf {
				target = 1500 * time.Millisecond
			}
			for _, known := range []bool{true, false} {
				list = append(list, takeover{family: f, deaf: deaf, known: known, target: target})
			}
		}
	}
	return append(list, takeover{family: families[0], known: true, young: true, target: 200 * time.Millisecond})
}

// BenchmarkProof measures the time from the first hello of the new active to
// the packet that proves that the neighbour delivers to it, both with the
// kernel's timestamps at the switch.
func BenchmarkProof(b *testing.B) {
	rows := map[string][]time.Duration{}
	for _, c := range takeovers() {
		b.Run(strings.ReplaceAll(c.String(), ", ", "/"), func(b *testing.B) {
			rows[c.String()] = c.measure(b)
		})
	}
	fmt.Print("\n| neighbour | median | worst | takeovers |\n|---|---|---|---|\n")
	for _, c := range takeovers() {
		if took := rows[c.String()]; len(took) > 0 {
			fmt.Printf("| %s | %s | %s | %d |\n", c, milliseconds(took[len(took)/2]), milliseconds(took[len(took)-1]), len(took))
		}
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

// measure returns the sorted times of b.N takeovers.
func (c takeover) measure(b *testing.B) []time.Duration {
	s := newSegment(b)
	if c.deaf {
		must(b, s.r.Sysctl(c.family.deaf, "1"))
	}
	s.start(c.config())
	var took []time.Duration
	for b.Loop() {
		c.prepare(s)
		took = append(took, s.takeOver(c.family))
	}
	slices.Sort(took)
	median := took[len(took)/2]
	b.ReportMetric(float64(median.Microseconds())/1000, "ms/proof")
	b.ReportMetric(0, "ns/op")
	if median > c.target {
		b.Errorf("the median is %v, want less than %v", median, c.target)
	}
	return took
}

func (c takeover) config() string {
	return strings.NewReplacer(`"250ms"`, `"150ms"`, `"1s"`, `"600ms"`).Replace(c.family.config(true))
}

// prepare makes r deliver to g1, and g2 know about r what it should know.
func (c takeover) prepare(s *segment) {
	s.t.Helper()
	if !c.known {
		s.g2.Stop()
		s.g2.StartAs(c.config(), 100)
		s.g2.WaitAll("Standby")
	} else {
		question, err := garp.Nudge(c.family.rIP, rMAC, s.g2.own(c.family), hello.MAC{})
		must(s.t, err)
		must(s.t, s.r.Send(dev, question))
	}
	if c.young {
		s.keep(s.r, c.family.vip, hello.MAC{2, 0, 0, 0, 9, 9}, unix.NUD_REACHABLE)
	}
	s.keep(s.r, c.family.vip, s.g1.mac, unix.NUD_REACHABLE)
	if !c.young {
		s.waitOut(1200 * time.Millisecond)
	}
}

// takeOver lets g2 take the role and g1 take it back.
func (s *segment) takeOver(f family) time.Duration {
	s.t.Helper()
	began := time.Now()
	must(s.t, s.g1.SetPriority(s.t.Context(), "snat", 85))
	claim := s.g2.passed(s.t, "claim", began, claims)
	answer := s.g2.passed(s.t, "answer", claim.At, answers(f.vip))
	s.g2.WaitAll("Active")
	must(s.t, s.g1.SetPriority(s.t.Context(), "snat", control.FilePriority))
	s.g1.WaitAll("Active")
	s.g2.WaitAll("Standby")
	return answer.At.Sub(claim.At)
}
