package vrrp

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm/internal/scenario"
	"github.com/fhrpd/fhrpd/hello"
)

// TestScenarios plays the stories in testdata. The first line of one is
//
//	group [version=2] [prio=N] [every=D] [delay=D] [nopreempt]
//
// and an advertisement is "recv prio=N [every=D] [version=2] from ADDR".
func TestScenarios(t *testing.T) {
	scenario.Run(t, "testdata/*.txt", scenario.Protocol{New: groupLine, Message: advertLine, Format: format})
}

func groupLine(l scenario.Line) (scenario.Machine, error) {
	c := v3()
	for _, word := range l.Words {
		if word != "nopreempt" {
			return nil, fmt.Errorf("group: unknown word %q", word)
		}
		c.Preempt = false
	}
	if err := l.Only("version", "prio", "every", "delay"); err != nil {
		return nil, err
	}
	err := options(l, &c.Version, &c.Priority, &c.AdverInterval)
	if s, ok := l.Options["delay"]; ok && err == nil {
		c.PreemptDelay, err = time.ParseDuration(s)
	}
	return New(c), err
}

func advertLine(l scenario.Line) (hello.Message, error) {
	m := &hello.VRRP{
		Version: 3, VRID: 51, Family: hello.IPv4, Priority: 100,
		AdverInterval: time.Second, VirtualIPs: []netip.Addr{vip},
	}
	if err := l.Only("version", "prio", "every"); err != nil {
		return nil, err
	}
	return m, options(l, &m.Version, &m.Priority, &m.AdverInterval)
}

// options reads what a group and an advertisement have in common.
func options(l scenario.Line, version, prio *uint8, every *time.Duration) error {
	for key, to := range map[string]*uint8{"version": version, "prio": prio} {
		if s, ok := l.Options[key]; ok {
			n, err := strconv.ParseUint(s, 10, 8)
			if err != nil {
				return err
			}
			*to = uint8(n)
		}
	}
	if s, ok := l.Options["every"]; ok {
		d, err := time.ParseDuration(s)
		if err != nil {
			return err
		}
		*every = d
	}
	return nil
}

func format(m hello.Message) string {
	v := m.(*hello.VRRP)
	return fmt.Sprintf("advert v%d prio=%d every=%s", v.Version, v.Priority, v.AdverInterval)
}
