package configs

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrintBriefParsesToTheSame(t *testing.T) {
	for name, text := range map[string]string{"reference": reference, "minimal": minimal, "empty": ""} {
		c, err := Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := PrintBrief(&b, c); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(name, b.Bytes())
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b.String())
		}
		if diff := cmp.Diff(c, again, sameConfig); diff != "" {
			t.Errorf("%s differs (-first +again):\n%s", name, diff)
		}
	}
}

func TestPrintBriefLeavesOutDefaults(t *testing.T) {
	c := &Config{Daemon: NewDaemon()}
	h, v := NewHSRP(), NewVRRP()
	h.Interface, v.Interface, v.VRID = "eth0", "eth1", 7
	v.Announce.Count = 5
	c.HSRP, c.VRRP = []HSRP{h}, []VRRP{v}
	var b bytes.Buffer
	if err := PrintBrief(&b, c); err != nil {
		t.Fatal(err)
	}
	want := `
[[hsrp]]
interface = "eth0"
group = 0
version = 2

[[vrrp]]
interface = "eth1"
vrid = 7
version = 3

[vrrp.announce]
count = 5
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
