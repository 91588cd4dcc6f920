package census

import (
	"fmt"

	"github.com/fhrpd/fhrpd/hello"
)

// Free is which numbers nobody was seen to use, as ranges: "0-9", "11-255". CARP
// takes VRRP's, whose virtual MACs it has.
type Free struct {
	HSRP1 []string `json:"hsrp1"` // version 1
	HSRP2 []string `json:"hsrp2"` // version 2 over IPv4
	HSRP6 []string `json:"hsrp6"` // version 2 over IPv6
	VRRP  []string `json:"vrrp"`
	VRRP6 []string `json:"vrrp6"`
	GLBP  []string `json:"glbp"`
}

// numbers is a range of virtual MACs.
type numbers struct {
	protocol string
	version  uint8 // HSRP's, 0 for the others
	family   hello.Family
}

// free counts speakers, on whatever segment, and virtual MACs that answered for an
// address.
func (c *Census) free() Free {
	used := map[numbers]map[uint16]bool{}
	use := func(n numbers, id uint16) {
		if used[n] == nil {
			used[n] = map[uint16]bool{}
		}
		used[n][id] = true
	}
	for _, s := range c.speakers {
		use(numbersOf(s.protocol, s.version, s.family), s.id)
	}
	for mac := range c.virtual {
		if r, ok := hello.VirtualRouterOf(mac); ok {
			use(numbersOf(r.Protocol.String(), r.Version, r.Family), r.Group)
		}
	}
	return Free{
		HSRP1: ranges(used[numbers{hsrp, 1, hello.IPv4}], 0, hello.MaxGroupV1),
		HSRP2: ranges(used[numbers{hsrp, 2, hello.IPv4}], 0, hello.MaxGroupV2),
		HSRP6: ranges(used[numbers{hsrp, 2, hello.IPv6}], 0, hello.MaxGroupV2),
		VRRP:  ranges(used[numbers{vrrp, 0, hello.IPv4}], 1, hello.MaxVRID),
		VRRP6: ranges(used[numbers{vrrp, 0, hello.IPv6}], 1, hello.MaxVRID),
		GLBP:  ranges(used[numbers{glbp, 0, hello.IPv4}], 0, glbpGroups-1),
	}
}

func numbersOf(protocol string, version uint8, f hello.Family) numbers {
	switch protocol {
	case carp, vrrp:
		return numbers{vrrp, 0, f}
	case glbp:
		return numbers{glbp, 0, hello.IPv4} // one range of MACs for both families
	}
	return numbers{protocol, version, f}
}

// ranges returns what of first to last is not used.
func ranges(used map[uint16]bool, first, last uint16) []string {
	out := []string{}
	for id := first; id <= last; id++ {
		if used[id] {
			continue
		}
		from := id
		for id < last && !used[id+1] {
			id++
		}
		if from == id {
			out = append(out, fmt.Sprint(id))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", from, id))
		}
	}
	return out
}
