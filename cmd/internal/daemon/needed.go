package daemon

import (
	"os"
	"runtime"
	"strings"
)

// needed are the packages that decide on a change of role and carry it out. What only
// tells about it can wait.
var needed = []string{
	"github.com/fhrpd/fhrpd/fsm", "github.com/fhrpd/fhrpd/fsm/hsrp", "github.com/fhrpd/fhrpd/fsm/vrrp", "github.com/fhrpd/fhrpd/fsm/engine",
	"github.com/fhrpd/fhrpd/hello", "github.com/fhrpd/fhrpd/hello/wire", "github.com/fhrpd/fhrpd/hello/sock",
	"github.com/fhrpd/fhrpd/garp", "github.com/fhrpd/fhrpd/vip", "golang.org/x/sys/unix",
}

// lookEvery is how far apart the addresses are at which it is looked whose code is there.
// Few functions are shorter.
const lookEvery = 256

// neededIn lists the parts of a mapping, in whole pages, that hold code of needed packages.
func neededIn(m mapping) (list []mapping) {
	page := uintptr(os.Getpagesize())
	for from := m.from; from < m.to; from += page {
		if !isNeeded(from, page) {
			continue
		}
		if n := len(list); n > 0 && list[n-1].to == from {
			list[n-1].to += page
		} else {
			list = append(list, mapping{from, from + page})
		}
	}
	return list
}

func isNeeded(from, size uintptr) bool {
	for pc := from; pc < from+size; pc += lookEvery {
		f := runtime.FuncForPC(pc)
		if f == nil {
			continue
		}
		for _, name := range needed {
			if rest, ok := strings.CutPrefix(f.Name(), name); ok && strings.HasPrefix(rest, ".") {
				return true
			}
		}
	}
	return false
}
