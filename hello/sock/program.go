package sock

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// The two ends of a filter program.
const (
	accept = "accept"
	refuse = "refuse"
)

// program is a BPF program whose jumps name their targets: counting skips by
// hand goes wrong with the first change.
type program struct {
	ins    []bpf.Instruction
	jumps  []jump
	labels map[string]int
}

// jump is an instruction whose target is a label further on.
type jump struct {
	at     int
	target string
}

func (p *program) add(ins ...bpf.Instruction) { p.ins = append(p.ins, ins...) }

func (p *program) label(name string) {
	if p.labels == nil {
		p.labels = map[string]int{}
	}
	p.labels[name] = len(p.ins)
}

func (p *program) to(target string, in bpf.Instruction) {
	p.jumps = append(p.jumps, jump{len(p.ins), target})
	p.add(in)
}

// when goes to target if the accumulator is val, unless if it is not, bits if
// it has one of the bits of val.
func (p *program) when(val uint32, target string) {
	p.to(target, bpf.JumpIf{Cond: bpf.JumpEqual, Val: val})
}

func (p *program) unless(val uint32, target string) {
	p.to(target, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: val})
}

func (p *program) bits(val uint32, target string) {
	p.to(target, bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: val})
}

func (p *program) jump(target string) { p.to(target, bpf.Jump{}) }

// assemble fills in the distances. It returns an error for a target that does
// not exist or lies too far.
func (p *program) assemble() ([]bpf.RawInstruction, error) {
	for _, j := range p.jumps {
		at, ok := p.labels[j.target]
		skip := at - j.at - 1
		if !ok || skip < 0 || skip > 255 {
			return nil, fmt.Errorf("jump from %d to %q: out of reach", j.at, j.target)
		}
		switch in := p.ins[j.at].(type) {
		case bpf.Jump:
			p.ins[j.at] = bpf.Jump{Skip: uint32(skip)}
		case bpf.JumpIf:
			in.SkipTrue = uint8(skip)
			p.ins[j.at] = in
		}
	}
	return bpf.Assemble(p.ins)
}
