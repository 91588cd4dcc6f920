package sock

import "golang.org/x/net/bpf"

const (
	etherARP  = 0x0806
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd

	protoUDP    = 17
	protoICMPv6 = 58
	protoVRRP   = 112

	portHSRP4 = 1985
	portHSRP6 = 2029

	typeNS = 135
	typeNA = 136
)

// assembleFilter builds the classic BPF program of the socket. Frames with a
// VLAN tag belong to a VLAN interface above this one and are left out: with
// tag offload they would look like our own.
func assembleFilter() ([]bpf.RawInstruction, error) {
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtVLANTagPresent},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: 24},
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherARP, SkipTrue: 23},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherIPv6, SkipTrue: 9},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherIPv4, SkipTrue: 20},

		bpf.LoadAbsolute{Off: 23, Size: 1}, // IPv4 protocol
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoVRRP, SkipTrue: 19},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protoUDP, SkipTrue: 17},
		bpf.LoadAbsolute{Off: 20, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x1fff, SkipTrue: 15}, // a later fragment has no port
		bpf.LoadMemShift{Off: 14},
		bpf.LoadIndirect{Off: 16, Size: 2}, // UDP destination port
		bpf.Jump{Skip: 10},

		bpf.LoadAbsolute{Off: 20, Size: 1}, // IPv6 next header
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoVRRP, SkipTrue: 11},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoICMPv6, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protoUDP, SkipTrue: 8},
		bpf.LoadAbsolute{Off: 56, Size: 2}, // UDP destination port
		bpf.Jump{Skip: 5},

		bpf.LoadAbsolute{Off: 54, Size: 1}, // ICMPv6 type
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeNS, SkipTrue: 5},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeNA, SkipTrue: 4},
		bpf.Jump{Skip: 2},

		bpf.JumpIf{Cond: bpf.JumpEqual, Val: portHSRP4, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: portHSRP6, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 1 << 16},
	})
}
