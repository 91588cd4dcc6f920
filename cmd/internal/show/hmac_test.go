package show

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestAuthenticationByKeychain(t *testing.T) {
	g := hsrpActive()
	g.Keychain = "lan"
	if out := Standby([]status.Group{g}, now); !strings.Contains(out, "  Authentication MD5, key-chain \"lan\"\n") {
		t.Errorf("HSRP:\n%s", out)
	}
	g = vrrpBackup()
	if out := VRRP([]status.Group{g}, now); strings.Contains(out, "HMAC") {
		t.Errorf("IOS has no such line:\n%s", out)
	}
	for _, tt := range []struct {
		hmac status.HMAC
		want string
	}{
		{status.HMAC{Mode: "receive-only", Replay: "time", WindowMS: 6000}, `mode receive-only, sends no trailer, window 6 sec`},
		{status.HMAC{Mode: "enforce", Replay: "monotonic", KeyID: 1, KeyDue: true}, `mode enforce, signs with key 1, monotonic`},
		{status.HMAC{Mode: "enforce", Replay: "monotonic", KeyID: 1}, `mode enforce, signs with key 1, which is not due now, monotonic`},
		{status.HMAC{Mode: "enforce", Replay: "monotonic", KeyID: 1, Peers: []status.HMACPeer{
			{Address: "fe80::2", Heard: ago(time.Second), LastGood: new(ago(time.Second)), KeyID: 9, SkewMS: 1250, Enforce: true},
			{Address: "fe80::3", Heard: ago(time.Second), LastGood: new(ago(time.Hour)), LastBad: new(ago(time.Second)), Reason: "auth-stale"},
		}}, "\n    fe80::2: signed with key 9, clock 1.250 sec ahead, 00:00:01 ago; enforce does work" +
			"\n    fe80::3: auth-stale, 00:00:01 ago; enforce does not work\n"},
	} {
		g.HMAC = &tt.hmac
		if out := VRRPDetail([]status.Group{g}, now); !strings.Contains(out, tt.want) {
			t.Errorf("no %q in\n%s", tt.want, out)
		}
	}
}
