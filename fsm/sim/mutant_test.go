package sim

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// mutant stands between an engine and its port and does what an engine with a
// fault would do.
type mutant struct {
	engine.Port
	twice     bool   // opens every gate once more
	keepGates bool   // forgets to shut gates
	keepAddrs bool   // forgets to give addresses back
	noAddrs   bool   // forgets to take them
	endless   bool   // opens gates without a lease
	noRenewal bool   // forgets to renew
	talks     bool   // announces again what it announced as the owner
	said      []byte // the last announcement
	hasty     bool   // shuts all gates as soon as the role is given up
	ids       []engine.ID
}

func (m *mutant) Add(id engine.ID, v engine.Virtual) error {
	m.ids = append(m.ids, id)
	return m.Port.Add(id, v)
}

func (m *mutant) Gate(open []engine.Claim, shut []engine.ID) ([]engine.ID, error) {
	open = slices.Clone(open)
	if m.keepGates {
		shut = nil
	}
	if m.endless {
		for i := range open {
			open[i].Lease = 0
		}
	}
	lost, err := m.Port.Gate(open, shut)
	if m.twice {
		_, _ = m.Port.Gate(open, nil)
	}
	return lost, err
}

func (m *mutant) Renew() ([]engine.ID, error) {
	if m.noRenewal {
		return nil, nil
	}
	return m.Port.Renew()
}

func (m *mutant) Address(round engine.Round, add, remove []engine.ID) {
	if m.keepAddrs {
		remove = nil
	}
	if m.noAddrs {
		add = nil
	}
	m.Port.Address(round, add, remove)
}

func (m *mutant) Transmit(frames [][]byte) ([]int, error) {
	for _, f := range frames {
		if binary.BigEndian.Uint16(f[12:]) == 0x0806 && f[6] == 0 { // from a virtual MAC
			m.said = slices.Clone(f)
		}
	}
	if m.talks && m.said != nil {
		frames = append(slices.Clone(frames), m.said)
	}
	unsent, err := m.Port.Transmit(frames)
	if m.hasty && slices.ContainsFunc(frames, givesUp) {
		_, _ = m.Port.Gate(nil, m.ids)
		m.Port.Address(0, nil, m.ids)
	}
	return unsent, err
}

// engineFaults are faults of an engine, each with the words of the rule that finds it.
var engineFaults = map[string]struct {
	fault mutant
	want  string // in what is broken
}{
	"a gate is opened twice":             {mutant{twice: true}, "which is open"},
	"a release is forgotten":             {mutant{keepGates: true, keepAddrs: true}, "not shut its gate"},
	"a release of the gate is forgotten": {mutant{keepGates: true}, "not taken its addresses"},
	"a release of addresses is forgotten": {mutant{keepAddrs: true},
		"shut the gate of group 1 and kept its addresses"},
	"addresses are not taken":                 {mutant{noAddrs: true}, "not taken its addresses"},
	"a lease is not renewed":                  {mutant{noRenewal: true}, "a claim of the role from the virtual MAC with its gate shut"},
	"a gate is opened without a lease":        {mutant{endless: true}, "has owners"},
	"who hands over does not serve on":        {mutant{hasty: true}, "nobody owns"},
	"an announcement comes without ownership": {mutant{talks: true}, "an ARP frame from the virtual MAC"},
}

// The simulator finds the faults that it is there for, each by the words of its
// own rule. Without a fault the same plans break nothing (TestSeeds).
func TestCheckerFindsFaultsOfTheEngine(t *testing.T) {
	for name, tt := range engineFaults {
		t.Run(name, func(t *testing.T) {
			var found []string
			for seed := uint64(1); seed <= 1000; seed++ {
				res, err := run(Random(seed), func(p engine.Port) engine.Port {
					m := tt.fault
					m.Port = p
					return &m
				})
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, res.Broken...)
				if slices.ContainsFunc(res.Broken, func(s string) bool { return strings.Contains(s, tt.want) }) {
					return
				}
			}
			t.Errorf("1000 seeds did not find it by %q, but by %q", tt.want, found[:min(len(found), 5)])
		})
	}
}
