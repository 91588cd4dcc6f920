package sock

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
)

const testMark = 0xf48d

// vm runs the filter without its first test, for the VLAN tag, which only the
// kernel can do.
func vm(t *testing.T) *bpf.VM {
	t.Helper()
	raw, err := assembleFilter(testMark)
	if err != nil {
		t.Fatal(err)
	}
	var ins []bpf.Instruction
	for _, r := range raw[2:] {
		ins = append(ins, r.Disassemble())
	}
	v, err := bpf.NewVM(ins)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// frame is 120 bytes of Ethernet and IP with values set by offset.
func frame(etherType uint16, values map[int]uint16, bytes map[int]byte) []byte {
	b := make([]byte, 120)
	binary.BigEndian.PutUint16(b[12:], etherType)
	if etherType == etherIPv4 {
		b[14] = 0x45
	}
	for at, v := range values {
		binary.BigEndian.PutUint16(b[at:], v)
	}
	for at, v := range bytes {
		b[at] = v
	}
	return b
}

func TestFilter(t *testing.T) {
	type v = map[int]uint16
	type o = map[int]byte
	for _, tc := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"arp", frame(etherARP, nil, nil), true},
		{"other ethertype", frame(0x88cc, nil, nil), false},
		{"hsrp", frame(etherIPv4, v{36: 1985}, o{23: protoUDP}), true},
		{"hsrp behind ip options", frame(etherIPv4, v{40: 1985}, o{14: 0x46, 23: protoUDP}), true},
		{"other udp", frame(etherIPv4, v{36: 1986}, o{23: protoUDP}), false},
		{"later fragment", frame(etherIPv4, v{20: 0x0010, 36: 1985}, o{23: protoUDP}), false},
		{"vrrp", frame(etherIPv4, nil, o{23: protoVRRP}), true},
		{"echo reply to a proof", frame(etherIPv4, v{38: testMark}, o{23: protoICMP, 34: 0}), true},
		{"somebody else's echo reply", frame(etherIPv4, v{38: 7}, o{23: protoICMP, 34: 0}), false},
		{"echo request", frame(etherIPv4, v{38: testMark}, o{23: protoICMP, 34: 8}), false},
		{"refusal of a proof", frame(etherIPv4, v{62: testMark}, o{23: protoICMP, 34: 3}), true},
		{"another refusal", frame(etherIPv4, v{62: 53}, o{23: protoICMP, 34: 3}), false},
		{"tcp answer", frame(etherIPv4, v{36: testMark}, o{23: protoTCP}), true},
		{"other tcp", frame(etherIPv4, v{36: 443}, o{23: protoTCP}), false},
		{"hsrp6", frame(etherIPv6, v{56: 2029}, o{20: protoUDP}), true},
		{"other udp6", frame(etherIPv6, v{56: 1985}, o{20: protoUDP}), false},
		{"vrrp6", frame(etherIPv6, nil, o{20: protoVRRP}), true},
		{"solicitation", frame(etherIPv6, nil, o{20: protoICMPv6, 54: typeNS}), true},
		{"advertisement", frame(etherIPv6, nil, o{20: protoICMPv6, 54: typeNA}), true},
		{"router solicitation", frame(etherIPv6, nil, o{20: protoICMPv6, 54: typeRS}), true},
		{"router advertisement", frame(etherIPv6, nil, o{20: protoICMPv6, 54: 134}), false},
		{"echo reply 6", frame(etherIPv6, v{58: testMark}, o{20: protoICMPv6, 54: 129}), true},
		{"refusal 6", frame(etherIPv6, v{102: testMark}, o{20: protoICMPv6, 54: 1}), true},
		{"tcp answer 6", frame(etherIPv6, v{56: testMark}, o{20: protoTCP}), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := vm(t).Run(tc.b)
			if err != nil {
				t.Fatal(err)
			}
			if got := n > 0; got != tc.want {
				t.Errorf("accepted %t, want %t", got, tc.want)
			}
		})
	}
}
