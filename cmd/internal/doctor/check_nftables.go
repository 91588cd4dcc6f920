package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

func checkNftables(e *exam) {
	switch {
	case e.Nftables == "":
		e.fine("nftables", "nf_tables", "a netdev table with an ingress chain can be made")
		e.flushable()
	case e.Untried:
		e.wrong("nftables-untried", "nf_tables", e.Nftables)
	default:
		e.wrong("nftables", "nf_tables", e.Nftables)
	}
}

// flushable looks at what is left of a gate when somebody flushes the ruleset.
func (e *exam) flushable() {
	if e.Flushable {
		e.wrong("flushable", "nf_tables", "tables do not persist on this kernel")
	} else {
		e.fine("flushable", "nf_tables", "tables persist: nobody else can flush them while the daemon lives")
	}
}

// gatePriority is that of the daemon's own chain. Of two chains with one priority
// the younger sees a packet first.
const gatePriority = -300

func checkChains(e *exam) {
	for _, dev := range e.devices() {
		macs := e.virtualMACs(dev)
		for _, c := range e.Chains {
			if len(macs) > 0 && !c.ours() && c.Priority <= gatePriority && c.sees(dev) {
				e.wrong("before-gate", dev, fmt.Sprintf("chain %s has priority %d", c, c.Priority),
					"INTERFACE", dev, "CHAIN", c.String(), "VMACS", macList(macs))
			}
		}
		e.chainsBelow(dev)
	}
}

// chainsBelow looks for chains on the interfaces below one with groups. What they drop
// never comes to the daemon's own.
func (e *exam) chainsBelow(dev string) {
	below := e.below(dev)
	for _, c := range e.Chains {
		i := slices.IndexFunc(below, func(l Interface) bool { return !c.ours() && c.sees(l.Name) })
		if i < 0 {
			continue
		}
		if macs := e.foreignMACs(dev, below[i]); len(macs) > 0 {
			e.wrong("below-gate", dev, fmt.Sprintf("chain %s is on %s, which is below", c, below[i].Name),
				"INTERFACE", dev, "CHAIN", c.String(), "VMACS", macList(macs))
		}
	}
}

// foreignMACs returns the MACs of an interface with groups that are not that of an
// interface below: there the kernel takes their frames for those of another host.
func (e *exam) foreignMACs(dev string, below Interface) []hello.MAC {
	macs := e.virtualMACs(dev)
	if i, _ := e.byName(dev); i.MAC != below.MAC {
		macs = append(macs, i.MAC)
	}
	return slices.DeleteFunc(macs, func(m hello.MAC) bool { return m == below.MAC })
}

// onTop are the kinds of interface whose frames arrive on their parent with the same
// destination. Those of a tunnel have another one there.
var onTop = []string{"vlan", "macvlan", "macsec"}

// below returns the interfaces that the frames of an interface pass first.
func (e *exam) below(dev string) []Interface {
	i, ok := e.byName(dev)
	if !ok {
		return nil
	}
	list := []Interface{i}
	for n := 0; n < len(list); n++ {
		for _, l := range e.Interfaces {
			parent := slices.Contains(onTop, list[n].Kind) && l.Index == list[n].Parent
			port := list[n].TakesFrames() && l.Master == list[n].Index
			seen := slices.ContainsFunc(list, func(i Interface) bool { return i.Index == l.Index })
			if (parent || port) && !seen {
				list = append(list, l)
			}
		}
	}
	return list[1:]
}

// macList writes MACs as an element list of nft, and no more than a line of them.
func macList(macs []hello.MAC) string {
	const most = 4
	var list []string
	for _, m := range macs[:min(most, len(macs))] {
		list = append(list, m.String())
	}
	if len(macs) > most {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}

func checkSavedTables(e *exam) {
	for _, r := range e.Saved {
		e.wrong("saved-table", r.File, "has table netdev "+strings.Join(r.Tables, ", "), "FILE", r.File)
	}
}
