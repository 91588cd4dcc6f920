package sock

import (
	"testing"

	"golang.org/x/net/bpf"

	"github.com/fhrpd/fhrpd/hello"
)

// A tap's filter finds every MAC that it was told, and no other, with few of them and
// with as many as it takes.
func TestTapFilter(t *testing.T) {
	mac := func(n int) hello.MAC { return hello.MAC{0, 0, 0x5e, 0, byte(n >> 8), byte(n)} }
	for _, size := range []int{0, 1, 15, 16, 17, 100, 1000, MaxTapMACs} {
		var macs []hello.MAC
		for n := range size {
			macs = append(macs, mac(2*n+1))
		}
		program := tapFilter(macs)
		if _, err := bpf.Assemble(program); err != nil {
			t.Fatal(err)
		}
		if len(program) > 4096 {
			t.Errorf("%d MACs: %d instructions, the kernel takes 4096", size, len(program))
		}
		vm, err := bpf.NewVM(program[6:]) // behind the tests that only the kernel can do
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2*size + 3 {
			m := mac(n)
			frame := append(m[:], make([]byte, 60)...)
			got, err := vm.Run(frame)
			if err != nil {
				t.Fatal(err)
			}
			if want := n%2 == 1 && n < 2*size; (got > 0) != want {
				t.Fatalf("%d MACs: frame to %s accepted: %t, want %t", size, m, got > 0, want)
			}
		}
	}
}
