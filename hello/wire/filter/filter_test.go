package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/fhrpd/fhrpd/hello/wire"
	"github.com/fhrpd/fhrpd/hello/wire/filter"
)

// run returns how many bytes of the packet the program lets through.
func run(tb testing.TB, raw []bpf.RawInstruction, packet []byte) int {
	tb.Helper()
	var ins []bpf.Instruction
	for _, r := range raw {
		ins = append(ins, r.Disassemble())
	}
	vm, err := bpf.NewVM(ins)
	if err != nil {
		tb.Fatal(err)
	}
	n, err := vm.Run(packet)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestProgram(t *testing.T) {
	for _, tt := range []struct {
		name   string
		build  func(p *filter.Program)
		accept string // first bytes that are accepted; of 0 to 4
	}{
		{"nothing asked", func(*filter.Program) {}, "01234"},
		{"when", func(p *filter.Program) { p.When(1, filter.Refuse); p.When(3, filter.Refuse) }, "024"},
		{"unless", func(p *filter.Program) { p.Unless(2, filter.Refuse) }, "2"},
		{"only", func(p *filter.Program) { p.Only(4) }, "4"},
		{"a branch that ends", func(p *filter.Program) {
			p.When(1, "second")
			p.When(2, "second")
			p.Only(3)
			p.Label("second")
			p.Load(1, 1)
			p.Only(9)
		}, "13"},
		{"behind the end", func(p *filter.Program) { p.Load(8, 4) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p filter.Program
			p.Load(0, 1)
			tt.build(&p)
			raw := p.Assemble(7)
			for first := range byte(5) {
				second := byte(9)
				if first == 2 {
					second = 8
				}
				want := 0
				if strings.ContainsRune(tt.accept, rune('0'+first)) {
					want = 7
				}
				if got := run(t, raw, []byte{first, second, 0, 0, 0, 0, 0, 0}); got != want {
					t.Errorf("%d: %d bytes, want %d", first, got, want)
				}
			}
		})
	}
}

func TestAssemblePanics(t *testing.T) {
	for name, build := range map[string]func(p *filter.Program){
		"without the label": func(p *filter.Program) { p.When(1, "nowhere") },
		"backwards":         func(p *filter.Program) { p.Label("back"); p.Load(0, 1); p.When(1, "back") },
		"beyond 255 instructions": func(p *filter.Program) {
			p.When(1, filter.Refuse)
			for range 256 {
				p.Load(0, 1)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a program came out")
				}
			}()
			var p filter.Program
			build(&p)
			p.Assemble(1)
		})
	}
}

// VRRP over IPv4, and everything over IPv6.
func Example() {
	var p filter.Program
	p.Load(wire.EtherTypeAt, 2)
	p.When(wire.EtherTypeIPv6, filter.Accept)
	p.Unless(wire.EtherTypeIPv4, filter.Refuse)
	p.Load(wire.EthernetHeader+wire.IPv4ProtoAt, 1)
	p.Only(112)
	for _, in := range p.Assemble(256) {
		fmt.Println(in.Disassemble())
	}
	// Output:
	// ldh [12]
	// jeq #34525,3
	// jneq #2048,3
	// ldb [23]
	// jneq #112,1
	// ret #256
	// ret #0
}
