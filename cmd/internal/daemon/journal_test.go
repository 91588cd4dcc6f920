package daemon

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

// "journalctl -p warning" goes by what stands in front of each line.
func TestJournalIsToldTheLevelOfEachLine(t *testing.T) {
	var b bytes.Buffer
	log, err := NewLog(&b, &configs.Daemon{Log: "debug"}, new(LogForm), true)
	if err != nil {
		t.Fatal(err)
	}
	child := log.With("interface", "eth1").WithGroup("kernel")
	log.Debug("d")
	child.Info("i", "a", "x")
	log.Warn("w\nsecond line")
	child.Error("e")
	want := `<7>level=DEBUG msg=d
<6>level=INFO msg=i interface=eth1 kernel.a=x
<4>level=WARN msg="w\nsecond line"
<3>level=ERROR msg=e interface=eth1
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
