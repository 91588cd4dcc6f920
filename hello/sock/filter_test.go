package sock

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
)

const testMark = 0xf48d

// vm runs the filter without its first test, for the VLAN tag, which only the
// kernel can do.
func vm(t *testing.T, program []bpf.RawInstruction) *bpf.VM {
	t.Helper()
	var ins []bpf.Instruction
	for _, r := range program[2:] {
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
	if etherType == 0x0800 {
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
		{"arp", frame(0x0806, nil, nil), true},
		{"agreement", frame(0x88b5, nil, nil), true},
		{"other ethertype", frame(0x88cc, nil, nil), false},
		{"hsrp", frame(0x0800, v{36: 1985}, o{23: 17}), true},
		{"hsrp behind ip options", frame(0x0800, v{40: 1985}, o{14: 0x46, 23: 17}), true},
		{"other udp", frame(0x0800, v{36: 1986}, o{23: 17}), false},
		{"later fragment", frame(0x0800, v{20: 0x0010, 36: 1985}, o{23: 17}), false},
		{"vrrp", frame(0x0800, nil, o{23: 112}), true},
		{"echo reply to a proof", frame(0x0800, v{38: testMark}, o{23: 1, 34: 0}), true},
		{"somebody else's echo reply", frame(0x0800, v{38: 7}, o{23: 1, 34: 0}), false},
		{"echo request", frame(0x0800, v{38: testMark}, o{23: 1, 34: 8}), false},
		{"refusal of a proof", frame(0x0800, v{62: testMark}, o{23: 1, 34: 3}), true},
		{"another refusal", frame(0x0800, v{62: 53}, o{23: 1, 34: 3}), false},
		{"tcp answer", frame(0x0800, v{36: testMark}, o{23: 6}), true},
		{"other tcp", frame(0x0800, v{36: 443}, o{23: 6}), false},
		{"hsrp6", frame(0x86dd, v{56: 2029}, o{20: 17}), true},
		{"other udp6", frame(0x86dd, v{56: 1985}, o{20: 17}), false},
		{"vrrp6", frame(0x86dd, nil, o{20: 112}), true},
		{"solicitation", frame(0x86dd, nil, o{20: 58, 54: 135}), true},
		{"advertisement", frame(0x86dd, nil, o{20: 58, 54: 136}), true},
		{"router solicitation", frame(0x86dd, nil, o{20: 58, 54: 133}), true},
		{"router advertisement", frame(0x86dd, nil, o{20: 58, 54: 134}), false},
		{"echo reply 6", frame(0x86dd, v{58: testMark}, o{20: 58, 54: 129}), true},
		{"refusal 6", frame(0x86dd, v{102: testMark}, o{20: 58, 54: 1}), true},
		{"tcp answer 6", frame(0x86dd, v{56: testMark}, o{20: 6}), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := vm(t, assembleFilter(testMark)).Run(tc.b)
			if err != nil {
				t.Fatal(err)
			}
			if got := n > 0; got != tc.want {
				t.Errorf("accepted %t, want %t", got, tc.want)
			}
		})
	}
}

func TestWatchFilter(t *testing.T) {
	type v = map[int]uint16
	type o = map[int]byte
	for _, tc := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"arp", frame(0x0806, nil, nil), true},
		{"other ethertype", frame(0x88cc, nil, nil), false},
		{"hsrp", frame(0x0800, v{36: 1985}, o{23: 17}), true},
		{"glbp behind ip options", frame(0x0800, v{40: 3222}, o{14: 0x46, 23: 17}), true},
		{"other udp", frame(0x0800, v{36: 53}, o{23: 17}), false},
		{"later fragment", frame(0x0800, v{20: 0x0010, 36: 1985}, o{23: 17}), false},
		{"vrrp and carp", frame(0x0800, nil, o{23: 112}), true},
		{"tcp", frame(0x0800, v{36: 1985}, o{23: 6}), false},
		{"hsrp6", frame(0x86dd, v{56: 2029}, o{20: 17}), true},
		{"glbp6", frame(0x86dd, v{56: 3222}, o{20: 17}), true},
		{"other udp6", frame(0x86dd, v{56: 1985}, o{20: 17}), false},
		{"vrrp6", frame(0x86dd, nil, o{20: 112}), true},
		{"solicitation", frame(0x86dd, nil, o{20: 58, 54: 135}), true},
		{"advertisement", frame(0x86dd, nil, o{20: 58, 54: 136}), true},
		{"echo reply 6", frame(0x86dd, nil, o{20: 58, 54: 129}), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := vm(t, watchFilter()).Run(tc.b)
			if err != nil {
				t.Fatal(err)
			}
			if got := n > 0; got != tc.want {
				t.Errorf("accepted %t, want %t", got, tc.want)
			}
		})
	}
}
