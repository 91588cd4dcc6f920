package netlab

import (
	"fmt"

	"github.com/google/nftables"
)

// Missing is a feature that this machine lacks and why.
type Missing struct {
	Feature string
	Reason  error
}

// String returns the feature with its reason.
func (m Missing) String() string { return fmt.Sprintf("%s: %v", m.Feature, m.Reason) }

// Probe tries out, in throw-away namespaces, what networks of this package and
// the flat data plane need, and returns what does not work. It returns nil when
// everything does.
func Probe() []Missing {
	a, err := New()
	if err != nil {
		return []Missing{{"network namespaces", err}}
	}
	defer a.Close()
	var missing []Missing
	try := func(feature string, fn func() error) {
		if err := fn(); err != nil {
			missing = append(missing, Missing{feature, err})
		}
	}
	try("veth pairs", func() error { return Veth(End{NS: a, Name: "p0"}, End{NS: a, Name: "p1"}) })
	try("bridges", func() error { return a.Bridge("b0", "p1") })
	try("isolated bridge ports", func() error { return a.Isolate("p1", true) })
	try("packet sockets", func() error { return probeCapture(a) })
	try("nftables netdev ingress", func() error { return probeHook(a, nftables.ChainHookIngress) })
	try("nftables netdev egress", func() error { return probeHook(a, nftables.ChainHookEgress) })
	return missing
}

func probeCapture(n *NS) error {
	c, err := n.Capture("lo", CaptureOptions{})
	if err != nil {
		return err
	}
	return c.Close()
}

func probeHook(n *NS, hook *nftables.ChainHook) error {
	conn, err := nftables.New(nftables.WithNetNSFd(int(n.file.Fd())))
	if err != nil {
		return err
	}
	t := conn.AddTable(&nftables.Table{Name: fmt.Sprintf("probe%d", *hook), Family: nftables.TableFamilyNetdev})
	conn.AddChain(&nftables.Chain{
		Name: "c", Table: t, Type: nftables.ChainTypeFilter, Device: "lo",
		Hooknum: hook, Priority: nftables.ChainPriorityFilter,
	})
	return conn.Flush()
}
