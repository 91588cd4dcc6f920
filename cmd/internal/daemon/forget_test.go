package daemon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/fsm/hsrp"
	"github.com/fhrpd/fhrpd/garp"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/vip"
)

func TestForgetStart(t *testing.T) {
	const garbage = 32 << 10 // KiB
	b := make([]byte, garbage<<10)
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	runtime.KeepAlive(b)
	anon, file := resident(t, "RssAnon:"), resident(t, "RssFile:")
	if err := forgetStart(); err != nil {
		t.Fatal(err)
	}
	if after := resident(t, "RssFile:"); after >= file {
		t.Errorf("%d KiB of files are in memory, before %d KiB", after, file)
	}
	if after := resident(t, "RssAnon:"); after > anon-garbage/2 {
		t.Errorf("%d KiB are in memory, before %d KiB", after, anon)
	}
}

// Memory that is locked before a thousand groups have found their roles holds their
// garbage for ever.
func TestStartIsOverWhenNothingHappens(t *testing.T) {
	for name, tt := range map[string]struct {
		age    time.Duration
		lately uint64
		want   bool
	}{
		"quiet":                      {startLasts, 0, true},
		"groups change":              {startLasts, 1, false},
		"groups change all the time": {startMost, 1, true},
	} {
		if got := startOver(tt.age, tt.lately); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A change of role runs code that may not have run before, and must not wait for a disk.
func TestCodeOfAChangeOfRoleStays(t *testing.T) {
	if err := forgetStart(); errors.Is(err, unix.EINVAL) {
		t.Skip("this kernel cannot bring code in by itself (before 5.14)")
	} else if err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]any{
		"election": hsrp.New, "engine": (*engine.Engine).Frame, "gate": (*vip.Interface).Gate, "announcement": garp.Claim, "hello": hello.AppendHSRP,
	} {
		if !mapped(t, reflect.ValueOf(code).Pointer()) {
			t.Errorf("%s: not in memory", name)
		}
	}
}

// mapped reports whether this process has the page of an address in memory.
func mapped(t *testing.T, address uintptr) bool {
	t.Helper()
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var entry [8]byte
	if _, err := f.ReadAt(entry[:], int64(address)/int64(os.Getpagesize())*int64(len(entry))); err != nil {
		t.Fatal(err)
	}
	const present = 1 << 63
	return binary.NativeEndian.Uint64(entry[:])&present != 0
}

// resident returns how much of a kind this process has in memory, in KiB.
func resident(t *testing.T, kind string) (n int) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), kind)
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Skip("the kernel does not tell what is in memory (before 4.5)")
	}
	return n
}

func TestCodeOf(t *testing.T) {
	const smaps = `00400000-00c37000 r-xp 00000000 fd:00 42                                 /usr/sbin/fhrpd
Size:               8412 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00c37000-014fb000 r--p 00837000 fd:00 42                                 /usr/sbin/fhrpd
Rss:                6992 kB
Anonymous:             0 kB
014fb000-014ff000 r--p 010fb000 fd:00 42                                 /usr/sbin/fhrpd
Rss:                  16 kB
Anonymous:             4 kB
014ff000-0156b000 rw-p 010ff000 fd:00 42                                 /usr/sbin/fhrpd
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0 
Anonymous:             0 kB
7f0000000000-7f0000001000 r-xp 00000000 fd:00 43                         /lib/other/usr/sbin/fhrpd
Anonymous:             0 kB
7ffc0000-7ffc1000 r-xp 00000000 00:00 0                                  [vdso]
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0xc37000}, {0xc37000, 0x14fb000}}
	if d := cmp.Diff(want, codeOf("/usr/sbin/fhrpd", strings.NewReader(smaps)), cmp.AllowUnexported(mapping{})); d != "" {
		t.Error(d)
	}
}
