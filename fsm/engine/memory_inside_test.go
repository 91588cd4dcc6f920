package engine

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// mostPerGroup bounds the memory of an active group, in bytes, with what it remembers of
// its start. It is a quarter more than a group takes: whoever needs more thinks of the
// thousand that a router may have.
const mostPerGroup = 6800

func TestMemoryOfAThousandGroups(t *testing.T) {
	const groups = 1000
	for _, p := range []hello.Protocol{hello.ProtocolHSRP, hello.ProtocolVRRP} {
		list := make([]Group, groups)
		for n := range list {
			list[n] = vrrpGroup(uint16(n+1), time.Second)
			list[n].Interface = fmt.Sprintf("eth%d", n/250)
			if list[n].Protocol = p; p == hello.ProtocolHSRP {
				list[n].Version, list[n].HoldTime = 2, 3*time.Second
			} else {
				list[n].Number = uint16(n%250 + 1)
			}
		}
		before := live()
		ports := map[string]Port{}
		for n := range groups / 250 {
			ports[fmt.Sprintf("eth%d", n)] = &mute{}
		}
		e, err := New(Config{Groups: list}, Options{Ports: ports, Random: func() float64 { return 0 }, Now: start})
		if err != nil {
			t.Fatal(err)
		}
		for name := range ports {
			e.LinkChanged(start, name, Link{Name: name, Index: 2, MAC: hello.MAC{2, 1}, Up: true, Addr4: self4})
		}
		for now := start; now.Before(start.Add(20 * time.Second)); now = now.Add(50 * time.Millisecond) {
			e.Wake(now, 0)
			e.Tick(now)
		}
		per := (live() - before) / groups
		t.Logf("%s: %d bytes a group", p, per)
		if per > mostPerGroup {
			t.Errorf("%s: a group takes %d bytes, %d at most", p, per, mostPerGroup)
		}
		for _, g := range e.groups {
			if !g.tenure.hasAddress() {
				t.Fatalf("%s does not serve", g.Ref)
			}
		}
	}
}

// mute is a port of which nothing is kept.
type mute struct{ gatekeeper }

func (*mute) Gate([]Claim, []ID) ([]ID, error) { return nil, nil }
func (*mute) Address(Round, []ID, []ID)        {}

// live returns how many bytes are in use.
func live() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
