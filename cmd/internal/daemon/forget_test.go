package daemon

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
