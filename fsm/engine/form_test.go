package engine_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
)

// formPort keeps the checksum forms of the advertisements that leave.
type formPort struct{ forms []string }

func (*formPort) Add(engine.ID, engine.Virtual) error                   { return nil }
func (*formPort) Remove(engine.ID)                                      {}
func (*formPort) Gate([]engine.Claim, []engine.ID) ([]engine.ID, error) { return nil, nil }
func (*formPort) Unicast(src, dst netip.Addr, payload []byte) error     { return nil }
func (*formPort) LookOut([]hello.MAC)                                   {}
func (*formPort) Flooded() uint64                                       { return 0 }
func (*formPort) Address(round engine.Round, add, remove []engine.ID)   {}
func (*formPort) Renew() ([]engine.ID, error)                           { return nil, nil }
func (p *formPort) Transmit(frames [][]byte) ([]int, error) {
	for _, f := range frames {
		var env hello.Envelope
		var packet hello.VRRPPacket
		if payload, err := hello.ParseFrame(f, &env, true); err == nil && packet.Parse(payload, env.Src, env.Dst) == nil {
			p.forms = append(p.forms, packet.Form.String())
		}
	}
	return nil, nil
}

// activeRouter returns an engine whose one router has just become Active.
func activeRouter(t *testing.T, checksum string) (*engine.Engine, *formPort, time.Time) {
	t.Helper()
	c := parsed(t, `[[vrrp]]
interface = "eth0"
vrid = 51
priority = 200
virtual_ips = ["192.0.2.254"]
checksum = "`+checksum+`"`)
	port := &formPort{}
	e, err := engine.New(c, engine.Options{Ports: map[string]engine.Port{"eth0": port}, Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	e.LinkChanged(now, "eth0", engine.Link{
		Name: "eth0", Index: 2, MAC: hello.MAC{2, 0, 0, 0, 0, 1}, Up: true, Addr4: netip.MustParseAddr("192.0.2.1"),
		Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")},
	})
	now = now.Add(3*time.Second + 219*time.Millisecond)
	e.Tick(now)
	return e, port, now
}

// rival is the advertisement of a router that loses.
func rival(form hello.Checksum) []byte { return claim(100, form) }

func claim(priority uint8, form hello.Checksum) []byte {
	src := netip.MustParseAddr("192.0.2.2")
	env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, src, hello.MAC{2, 0, 0, 0, 0, 2})
	m := hello.VRRP{
		Version: 3, VRID: 51, Priority: priority, Family: hello.IPv4, AdverInterval: time.Second,
		VirtualIPs: []netip.Addr{netip.MustParseAddr("192.0.2.254")},
	}
	return hello.AppendFrame(nil, &env, hello.AppendVRRP(nil, &m, "", form, src, env.Dst))
}

func TestActiveSpeaksAtOnceInTheFormJustHeard(t *testing.T) {
	const ours, theirs = "rfc9568", "pseudo-header"
	for _, tt := range []struct {
		rule     string
		checksum string
		after    time.Duration // since the last advertisement
		form     hello.Checksum
		want     []string // answered
	}{
		{"another form, within the gap that answers keep", "auto", time.Millisecond, hello.PseudoHeader, []string{theirs}},
		{"another form, answered by the machine already", "auto", 100 * time.Millisecond, hello.PseudoHeader, []string{theirs}},
		{"the same form within the gap was understood", "auto", time.Millisecond, hello.MessageOnly, nil},
		{"a fixed form is not changed", ours, time.Millisecond, hello.PseudoHeader, nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			e, port, now := activeRouter(t, tt.checksum)
			if diff := cmp.Diff([]string{ours}, port.forms); diff != "" {
				t.Fatalf("first advertisement (-want +got):\n%s", diff)
			}
			port.forms = nil
			now = now.Add(tt.after)
			e.Frame(now, "eth0", rival(tt.form), true)
			e.Flush(now)
			if diff := cmp.Diff(tt.want, port.forms); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// Advertisements of version 3 can be forged by anybody on the segment: however
// many come, and in whatever form, they cause no more than the gap between
// answers allows.
func TestForgedClaimsAreAnsweredAtALimitedRate(t *testing.T) {
	const forged, every = 1000, time.Millisecond
	for name, form := range map[string]func(int) hello.Checksum{
		"one form":   func(int) hello.Checksum { return hello.MessageOnly },
		"both forms": func(i int) hello.Checksum { return hello.Checksum(1 + i%2) },
	} {
		for _, priority := range []uint8{0, 100} {
			t.Run(fmt.Sprintf("%s, priority %d", name, priority), func(t *testing.T) {
				e, port, now := activeRouter(t, "auto")
				port.forms = nil
				for i := range forged {
					now = now.Add(every)
					e.Frame(now, "eth0", claim(priority, form(i)), true)
					e.Flush(now)
					if at, ok := e.Deadline(); ok && !at.After(now) {
						e.Tick(now)
					}
				}
				if got, limit := len(port.forms), 2*int(forged*every/hello.MinAdverIntervalV3); got > limit || got < 10 {
					t.Errorf("%d advertisements for %d forged ones in %v, want at most %d", got, forged, forged*every, limit)
				}
			})
		}
	}
}
