package census

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// busy is a segment with all protocols and a VLAN beside it.
func busy(t *testing.T) Report {
	w := newWorld()
	key := must(hello.MD5Auth("secret", 0))
	two := with(vrrpRouter(7, 120), func(r *router) { r.v.Version, r.v.VRID, r.text = 2, 40, "geheim" })
	two.v.VirtualIPs[0] = ip("192.0.2.40")
	six := router{addr: "fe80::2", mac: mac(2), auth: &key}
	six.h = hello.HSRP{Version: 2, State: hello.Active, Family: hello.IPv6, Group: 60, Identifier: mac(2), Priority: 100,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second, VirtualIP: ip("fe80::5:73ff:fea0:3c")}
	for range 3 {
		w.rounds(1, 0, hsrpRouter(2, hello.Active, 110), hsrpRouter(3, hello.Standby, 100), vrrpRouter(5, 200), six, two)
		w.hear(carpFrame(9, 50, 100))
		w.hear(glbpFrame(4, 30, 0x20, 110, nil))
		w.pass(time.Second)
	}
	w.segment = Segment{Interface: "eth\x1b1", VLAN: "7"}
	w.rounds(1, 0, hsrpRouter(8, hello.Standby, 90), with(hsrpRouter(9, hello.Active, 100), func(r *router) { r.ttl = 9 }))
	return w.Report(time.Time{})
}

func TestText(t *testing.T) { golden(t, "busy.txt", busy(t).String()) }

func TestJSON(t *testing.T) {
	b, err := json.MarshalIndent(busy(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "busy.json", string(b)+"\n")
}

func TestNobody(t *testing.T) {
	r := New().Report(time.Time{})
	golden(t, "nobody.txt", r.String())
	b, err := json.Marshal(r)
	if err != nil || string(b[:36]) != `{"speakers":[],"faults":[],"notes":[` {
		t.Errorf("%s, %v", b, err)
	}
}
