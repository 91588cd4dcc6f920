package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// confirmed is slowly with questions about overdue hellos.
func (v virtual) confirmed() string {
	return strings.ReplaceAll(v.slowly(), "\ninterface = ", "\nconfirm = true\ninterface = ")
}

// cause is that of b's last transition, of its first group.
func (l *lan) cause() fsm.Cause { return fsm.Cause(l.b.Report().Groups[0].LastTransition.Cause) }

// A router that dies behind another switch, which keeps the carrier up: nothing tells of
// it but its silence, and the hold time of 3 s is not waited for.
func TestSilentDeathIsConfirmed(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		began := time.Now()
		l.startInTurn(v.confirmed())
		l.mustPing(v.host)
		l.a.Sends("an answer for its own address", began, l.answersForItself)
		began = time.Now()
		l.Partition(true)
		l.b.WaitAll("Active")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("taken over after %v", took)
		}
		if cause := l.cause(); cause != fsm.CauseUnanswered {
			t.Errorf("cause %s", cause)
		}
		if out, _ := l.b.Command("explain"); !strings.Contains(out, "(active-unanswered)") {
			t.Errorf("explain says\n%s", out)
		}
	})
}

// answersForItself reports whether a frame is an answer of a's kernel for a's own address, to b.
func (l *lan) answersForItself(f netlab.Frame) bool {
	if f.Source() != l.a.MAC || hello.MAC(f.Data[:6]) != l.b.MAC {
		return false
	}
	if _, a, err := garp.ParseARP(f.Data); err == nil {
		return a.Op == garp.OpReply && a.SenderIP == l.a.IP
	}
	_, n, err := garp.ParseND(f.Data)
	return err == nil && n.Type == garp.NeighborAdvertisement && n.Target == l.a.LinkLocal
}

// A daemon that dies leaves a kernel that answers and forwards until its lease ends: the
// hold time decides.
func TestDeadDaemonOnALivingHostIsGivenTheHoldTime(t *testing.T) {
	eachVirtual(t, func(t testing.TB, l *lan, v virtual) {
		l.startInTurn(v.confirmed())
		l.a.Signal(unix.SIGKILL)
		l.b.WaitAll("Active")
		if cause := l.cause(); cause != fsm.CauseActiveTimer {
			t.Errorf("cause %s", cause)
		}
	})
}

// BenchmarkSilentDeath measures a router of 1 s hellos and 3 s hold time that is cut off
// behind another switch just after a hello: from the cut to the first word of the other
// one, by the hold time and by questions.
func BenchmarkSilentDeath(b *testing.B) {
	for name, confirm := range map[string]string{"hold": "", "confirm": "confirm = true"} {
		b.Run(name, func(b *testing.B) {
			l := newLAN(b)
			began := time.Now()
			l.start(hsrpTable(2, address4, `hello = "1s"`, `hold = "3s"`, confirm))
			var took []time.Duration
			for b.Loop() {
				l.a.Sends("an answer for its own address", began, l.answersForItself)
				said := l.a.Says("virtual: hello Active", time.Now(), mac2)
				l.Partition(true)
				claim := l.b.Says("virtual: hello Active", said.At, mac2)
				took = append(took, claim.At.Sub(said.At))
				began = time.Now()
				l.Partition(false)
				l.Settled(l.a, l.b)
			}
			slices.Sort(took)
			b.ReportMetric(float64(fhrptest.Quantile(took, 0.5).Milliseconds()), "ms-death→claim")
		})
	}
}
