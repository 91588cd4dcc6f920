package interop

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
)

// confirms gives fhrpd's group the key confirm, and waits until the active router has been
// asked whether it answers.
func (u *understudy) confirms(began time.Time) {
	u.t.Helper()
	text := strings.Replace(u.ours.File("fhrpd.toml"), "\ninterface = ", "\nconfirm = true\ninterface = ", 1)
	must(u.t, os.WriteFile(u.ours.Path("fhrpd.toml"), []byte(text), 0o600))
	if out, exit := u.ours.Command("reload"); exit != 0 || !strings.Contains(out, "confirm: false -> true") {
		u.t.Fatalf("reload: exit %d: %s", exit, out)
	}
	theirs, of := u.Gateway(them), netip.MustParseAddr(u.group().Active.Address)
	theirs.Sends("an answer for its own address", began, func(f netlab.Frame) bool {
		if hello.MAC(f.Data[:6]) != u.Gateway(us).MAC {
			return false
		}
		if _, a, err := garp.ParseARP(f.Data); err == nil {
			return a.Op == garp.OpReply && a.SenderIP == of
		}
		_, n, err := garp.ParseND(f.Data)
		return err == nil && n.Type == garp.NeighborAdvertisement && n.Target == of
	})
	// Who else answers is waited for half a second.
	theirs.Sends("a hello", time.Now().Add(500*time.Millisecond), func(f netlab.Frame) bool { return f.Source() == u.mac })
}

// An active router of another kind dies behind another switch, which keeps the carrier up:
// its silence is confirmed long before the hold time of three hellos is over.
func TestSilentDeathOfStrangerIsConfirmed(t *testing.T) {
	began := time.Now()
	eachLead(t, func(t testing.TB, u *understudy) {
		u.confirms(began)
		u.Partition(true)
		u.ours.WaitAll("Active")
		if last := u.group().LastTransition; last.Cause != string(fsm.CauseUnanswered) {
			t.Errorf("cause %s: %s\n%s", last.Cause, last.Detail, u.ours.Tails())
		}
	})
}
