package status

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/trailer"
	"github.com/fhrpd/fhrpd/hello"
)

func TestKeychainsInTheShapeOfScripts(t *testing.T) {
	chain := hello.Keychain{Name: "lan", Keys: []hello.Key{{ID: 4}}}
	g := users()
	g.Keychain = chain
	if out := of(moved, g); out.Auth != "md5" || out.Keychain != "lan" || out.HMAC != nil {
		t.Errorf("HSRP: %q of %q, %+v", out.Auth, out.Keychain, out.HMAC)
	}
	early, late := moved.Add(-10*time.Second), moved.Add(-time.Second)
	g.Protocol, g.Trailer = hello.ProtocolVRRP, trailer.Rules{Mode: trailer.Permissive, Window: 7 * time.Second}
	g.Machine.HoldTime = 3 * time.Second
	g.Signed = &engine.SignedStatus{KeyID: 4, InTime: true, Peers: []trailer.Peer{
		{Addr: peer4, Heard: late, Good: late, KeyID: 3, Skew: -1500 * time.Millisecond, Failed: early, Why: hello.RejectKey},
		{Addr: netip.MustParseAddr("192.0.2.12"), Heard: late, Good: early, KeyID: 3, Failed: late, Why: hello.RejectMissing},
	}}
	want := &HMAC{Mode: "permissive", Replay: "time", WindowMS: 7000, KeyID: 4, KeyDue: true, Peers: []HMACPeer{
		{Address: "192.0.2.11", Heard: late, LastGood: &late, KeyID: 3, SkewMS: -1500, LastBad: &early, Reason: "auth-unknown-key", Enforce: true},
		{Address: "192.0.2.12", Heard: late, LastGood: &early, KeyID: 3, LastBad: &late, Reason: "auth-missing"},
	}}
	out := of(moved, g)
	if diff := cmp.Diff(want, out.HMAC); diff != "" || out.Auth != "hmac" || out.Keychain != "lan" {
		t.Errorf("%q of %q (-want +got):\n%s", out.Auth, out.Keychain, diff)
	}
	g.Trailer, g.Signed.Peers = trailer.Rules{Mode: trailer.ReceiveOnly, Window: time.Second, Monotonic: true}, nil
	want = &HMAC{Mode: "receive-only", Replay: "monotonic", WindowMS: 1000, Peers: []HMACPeer{}}
	if diff := cmp.Diff(want, of(moved, g).HMAC); diff != "" {
		t.Errorf("receive-only (-want +got):\n%s", diff)
	}
}
