package interop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/census"
	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// The census of a capture with both of us in it finds every router that tshark finds,
// and nothing wrong.
func TestCensusOfACaptureSeesWhatTsharkSees(t *testing.T) {
	t.Parallel()
	fhrptest.Steady(t, fhrptest.Stall, func(t testing.TB) {
		need(t, "keepalived", "tshark")
		s := newSegment(t, us, them)
		ours := &daemon{s.Gateway(us), mixed}
		peer := &keepalived{g: s.Gateway(them), config: mixedKeepalived}
		ours.start(above)
		s.Eventually("we have every role", func() bool { return ours.All("Active") })
		ours.Kill()
		peer.start(theirs)
		ours.start(below)
		s.Eventually("VRRP is keepalived's", func() bool { return shared(ours.Report()) })

		var frames []netlab.Frame
		for _, g := range s.Gateways {
			frames = append(frames, slices.DeleteFunc(g.Port.Frames(), func(f netlab.Frame) bool { return f.Sent })...)
		}
		slices.SortStableFunc(frames, func(a, b netlab.Frame) int { return a.At.Compare(b.At) })
		r := readCensus(t, frames)
		if len(r.Faults) > 0 || r.Ignored+r.Cut > 0 {
			t.Errorf("the census finds something wrong:\n%s", r)
		}
		var got []string
		for _, x := range r.Speakers {
			got = append(got, fmt.Sprintf("%s %d %s", x.Protocol, x.ID, x.Address))
		}
		slices.Sort(got)
		if diff := cmp.Diff(tsharkSpeakers(t, frames), slices.Compact(got)); diff != "" {
			t.Errorf("speakers (-tshark +census):\n%s", diff)
		}
	})
}

func readCensus(t testing.TB, frames []netlab.Frame) census.Report {
	t.Helper()
	var b bytes.Buffer
	must(t, netlab.WritePcapng(&b, frames))
	path := filepath.Join(t.TempDir(), "segment.pcapng")
	must(t, os.WriteFile(path, b.Bytes(), 0o600))
	r, err := census.Read(path)
	must(t, err)
	return r
}

// tsharkSpeakers lists protocol, number and address of every router.
func tsharkSpeakers(t testing.TB, frames []netlab.Frame) []string {
	t.Helper()
	fields := []string{"hsrp.group", "hsrp2.group", "vrrp.virt_rtr_id", "ip.src", "ipv6.src"}
	var list []string
	for _, m := range fhrptest.Tshark(t, frames, "hsrp or vrrp", nil, fields...) {
		protocol, id := "hsrp", m["hsrp.group"]+m["hsrp2.group"]
		if id == "" {
			protocol, id = "vrrp", m["vrrp.virt_rtr_id"]
		}
		list = append(list, strings.Join([]string{protocol, id, m["ip.src"] + m["ipv6.src"]}, " "))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
