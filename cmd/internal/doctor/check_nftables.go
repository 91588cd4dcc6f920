package doctor

import (
	"fmt"
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
	}
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
