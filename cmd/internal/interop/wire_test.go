package interop

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// isEcho reports whether a frame is an answer to the client's probes, of which
// there are too many to keep.
func isEcho(b []byte) bool {
	const etherType, protocol4, type4, nextHeader6, type6 = 12, 14 + 9, 14 + 20, 14 + 6, 14 + 40
	switch {
	case len(b) <= type4:
		return false
	case b[etherType] == 0x08 && b[etherType+1] == 0:
		return b[protocol4] == 1 && b[type4] == 0
	case b[etherType] == 0x86 && len(b) > type6:
		return b[nextHeader6] == 58 && b[type6] == 129
	}
	return false
}

// advert returns the VRRP advertisement in a frame.
func advert(b []byte) (hello.VRRP, hello.Checksum, bool) {
	var env hello.Envelope
	payload, err := hello.ParseFrame(b, &env, true)
	if err != nil || env.Protocol != hello.ProtocolVRRP {
		return hello.VRRP{}, 0, false
	}
	var p hello.VRRPPacket
	if p.Parse(payload, env.Src, env.Dst) != nil {
		return hello.VRRP{}, 0, false
	}
	return p.VRRP, p.Form, true
}

// answer is who told the client where the virtual address is.
type answer struct {
	port string
	mac  hello.MAC
}

// answers returns the distinct answers for ip to the client's question among
// the frames that arrived from a port.
func answers(name string, frames []netlab.Frame, ip netip.Addr) map[answer]int {
	list := map[answer]int{}
	for _, f := range frames {
		if a, ok := fhrptest.ReadAnswer(f); ok && a.For == ip && (ip.Is4() || a.Solicited) {
			list[answer{name, a.MAC}]++
		}
	}
	return list
}

// suspicious is what tshark has to say against a packet: broken structure, bad
// checksums, or a warning of its own. Its warnings about ARP are about several
// MACs for one address, which is what routers of HSRP announce.
const suspicious = "_ws.malformed || ip.checksum.status==0 || vrrp.checksum.status==0 || udp.checksum.status==0 ||" +
	" icmpv6.checksum.status==0 || (_ws.expert.severity>=0x600000 && !arp)"

// judge lets tshark read every frame that our router sent. VRRPv3 over IPv4 is
// read in the checksum form that each advertisement claims to have.
func (s *segment) judge() {
	s.t.Helper()
	var groups [2][]netlab.Frame
	spoken := 0
	for _, f := range s.Gateway(us).Port.Frames() {
		m, form, ok := advert(f.Data)
		if ok {
			spoken++
		}
		alone := ok && m.Version == 3 && m.Family == hello.IPv4 && form == hello.MessageOnly
		i := 0
		if alone {
			i = 1
		}
		groups[i] = append(groups[i], f)
	}
	if spoken == 0 {
		s.t.Error("no advertisement of ours to look at")
	}
	for i, messageOnly := range []bool{false, true} {
		for _, f := range faults(s.t, groups[i], messageOnly) {
			s.t.Errorf("tshark finds fault with what we sent: %v", f)
		}
	}
}

// faults returns the frames that tshark finds fault with.
func faults(t testing.TB, frames []netlab.Frame, messageOnly bool) []map[string]string {
	t.Helper()
	form := "vrrp.v3_checksum_as_in_v2:" + strings.ToUpper(strconv.FormatBool(messageOnly))
	options := []string{"-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", form}
	return fhrptest.Tshark(t, frames, suspicious, options, "frame.number", "_ws.col.Protocol", "_ws.col.Info")
}

// The judge must be able to find somebody guilty.
func TestTsharkSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	good := forged{m: strong3}.bytes(theirIP) // RFC 9568's form
	bad := forged{m: strong3, mangle: set(7, 0x5a)}.bytes(theirIP)
	short := forged{m: strong3, mangle: set(3, 9), seal: true}.bytes(theirIP)
	for _, tt := range []struct {
		name        string
		frame       []byte
		messageOnly bool
		guilty      bool
	}{
		{"good", good, true, false},
		{"good, read in the other form", good, false, true},
		{"bad checksum", bad, true, true},
		{"count above the addresses", short, true, true},
	} {
		out := faults(t, []netlab.Frame{{At: time.Now(), Iface: "x", Data: tt.frame}}, tt.messageOnly)
		if (len(out) > 0) != tt.guilty {
			t.Errorf("%s: tshark says %v", tt.name, out)
		}
	}
}
