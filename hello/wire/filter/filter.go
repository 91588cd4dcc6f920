// Package filter assembles classic BPF programs whose jumps name their targets.
// Skips that are counted by hand are wrong after the first change.
package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// The two ends of a program. A packet that reaches the last instruction is
// accepted.
const (
	Accept = "accept"
	Refuse = "refuse"
)

// Program is a program in the making. The zero value is an empty one, which
// accepts everything.
type Program struct {
	ins    []bpf.Instruction
	jumps  []jump
	labels map[string]int
}

// jump is an instruction that compares and goes to one of two labels further on.
// An empty label is the next instruction.
type jump struct {
	at       int
	yes, not string
}

// Add appends instructions that do not jump.
func (p *Program) Add(ins ...bpf.Instruction) { p.ins = append(p.ins, ins...) }

// Load appends the load of size bytes (1, 2 or 4) at an offset, in network order.
// A packet that ends before them is refused.
func (p *Program) Load(at uint32, size int) { p.Add(bpf.LoadAbsolute{Off: at, Size: size}) }

// Untagged refuses frames with a VLAN tag: they belong to a VLAN interface
// above, and with tag offload would look like the interface's own.
func (p *Program) Untagged() {
	p.Add(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	p.Unless(0, Refuse)
}

// When goes to a label if the loaded value is val.
func (p *Program) When(val uint32, label string) { p.compare(val, label, "") }

// Unless goes to a label if the loaded value is not val.
func (p *Program) Unless(val uint32, label string) { p.compare(val, "", label) }

// Only ends a branch: it accepts if the loaded value is val, and refuses
// otherwise.
func (p *Program) Only(val uint32) { p.compare(val, Accept, Refuse) }

func (p *Program) compare(val uint32, yes, not string) {
	p.jumps = append(p.jumps, jump{len(p.ins), yes, not})
	p.Add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: val})
}

// Label names the next instruction.
func (p *Program) Label(name string) {
	if p.labels == nil {
		p.labels = map[string]int{}
	}
	p.labels[name] = len(p.ins)
}

// Assemble ends the program and returns it. Of an accepted packet the socket gets
// the first length bytes. Programs do not depend on input, so Assemble panics when
// a label is missing, before its jump, or more than 255 instructions away.
func (p *Program) Assemble(length uint32) []bpf.RawInstruction {
	p.Label(Accept)
	p.Add(bpf.RetConstant{Val: length})
	p.Label(Refuse)
	p.Add(bpf.RetConstant{})
	for _, j := range p.jumps {
		in := p.ins[j.at].(bpf.JumpIf)
		in.SkipTrue, in.SkipFalse = p.skip(j.at, j.yes), p.skip(j.at, j.not)
		p.ins[j.at] = in
	}
	raw, err := bpf.Assemble(p.ins)
	if err != nil {
		panic(fmt.Sprintf("assemble packet filter: %v", err))
	}
	return raw
}

// skip returns how many instructions are between a jump and its target.
func (p *Program) skip(at int, label string) uint8 {
	if label == "" {
		return 0
	}
	target, ok := p.labels[label]
	skip := target - at - 1
	if !ok || skip < 0 || skip > 255 {
		panic(fmt.Sprintf("assemble packet filter: jump from %d to %q is out of reach", at, label))
	}
	return uint8(skip)
}
