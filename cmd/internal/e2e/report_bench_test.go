package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// proofCase is one way in which a neighbour is convinced.
type proofCase struct {
	family family
	deaf   bool          // the neighbour ignores announcements
	known  bool          // its MAC was heard before
	young  bool          // its entry changed less than a second ago
	target time.Duration // for the median
}

func (c proofCase) String() string {
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

func proofs() []proofCase {
	var list []proofCase
	for _, f := range families {
		for _, deaf := range []bool{false, true} {
			target := 200 * time.Millisecond
			if deaf {
				target = 1500 * time.Millisecond
			}
			for _, known := range []bool{true, false} {
				list = append(list, proofCase{family: f, deaf: deaf, known: known, target: target})
			}
		}
	}
	return append(list, proofCase{family: families[0], known: true, young: true, target: 200 * time.Millisecond})
}

// BenchmarkProof measures the time from the first hello of the new active to
// the packet that proves that the neighbour delivers to it, both with the
// kernel's timestamps at the switch.
func BenchmarkProof(b *testing.B) {
	rows := map[string][]time.Duration{}
	for _, c := range proofs() {
		b.Run(strings.ReplaceAll(c.String(), ", ", "/"), func(b *testing.B) {
			rows[c.String()] = c.measure(b)
		})
	}
	fmt.Print("\n| neighbour | median | worst | takeovers |\n|---|---|---|---|\n")
	for _, c := range proofs() {
		if took := rows[c.String()]; len(took) > 0 {
			fmt.Printf("| %s | %s | %s | %d |\n", c, milliseconds(took[len(took)/2]), milliseconds(took[len(took)-1]), len(took))
		}
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

// measure returns the sorted times of b.N takeovers.
func (c proofCase) measure(b *testing.B) []time.Duration {
	l := newSegment(b)
	if c.deaf {
		must(b, l.Client.Sysctl(c.family.deaf, "1"))
	}
	l.start(c.config())
	var took []time.Duration
	for b.Loop() {
		c.prepare(l)
		took = append(took, l.takeOver(c.family))
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

func (c proofCase) config() string {
	return cluster(c.family.addresses, c.family.named(), `hello = "150ms"`, `hold = "600ms"`)
}

// prepare makes the client deliver to a, and b know about it what it should.
func (c proofCase) prepare(l *lan) {
	l.t.Helper()
	if !c.known {
		l.b.Stop()
		l.b.StartAs(c.config(), 100)
		l.b.WaitAll("Standby")
	} else {
		question, err := garp.Nudge(c.family.router, fhrptest.ClientMAC, c.family.own(l.b), hello.MAC{})
		must(l.t, err)
		must(l.t, l.Client.Send(lanDev, question))
	}
	if c.young {
		l.keep(l.Client, c.family.vip, hello.MAC{2, 0, 0, 0, 9, 9}, unix.NUD_REACHABLE)
	}
	l.keep(l.Client, c.family.vip, l.a.MAC, unix.NUD_REACHABLE)
	if !c.young {
		l.waitOut(1200 * time.Millisecond)
	}
}

// takeOver lets b take the role and a take it back, and returns how long the proof
// took.
func (l *lan) takeOver(f family) time.Duration {
	l.t.Helper()
	began := time.Now()
	must(l.t, l.a.SetPriority(l.t.Context(), "cluster", 85))
	took := l.proven(began, f.vip)
	l.b.WaitAll("Active")
	must(l.t, l.a.SetPriority(l.t.Context(), "cluster", control.FilePriority))
	l.a.WaitAll("Active")
	l.b.WaitAll("Standby")
	return took
}
