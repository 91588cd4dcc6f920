package daemon

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The start, with the interfaces opened, the groups active and the announcements
// sent, is over in startLasts where the machine is quick and the groups are few. Else it
// is over when no event was told for a while, and after startMost in any case.
const (
	startLasts = 10 * time.Second
	startMost  = time.Minute
	startQuiet = 3 * time.Second
)

// outlastStart calls stayInMemory when the start is over. It may be called from any
// goroutine.
func (d *Daemon) outlastStart() {
	time.AfterFunc(startLasts-startQuiet, func() { d.loop.Post(func() { d.waitForQuiet(d.told.Number) }) })
}

// waitForQuiet looks again until no event was told meanwhile. told is the number of the
// last one.
func (d *Daemon) waitForQuiet(told uint64) {
	time.AfterFunc(startQuiet, func() {
		d.loop.Post(func() {
			if now := d.told.Number; !startOver(time.Since(d.started), now-told) {
				d.waitForQuiet(now)
				return
			}
			go d.stayInMemory() // the kernel may take its time
		})
	})
}

// startOver reports whether the start is over, so long after its begin and with so many
// events lately.
func startOver(age time.Duration, lately uint64) bool { return lately == 0 || age >= startMost }

// stayInMemory gives back what was for the start alone and locks the rest.
func (d *Daemon) stayInMemory() {
	if err := forgetStart(); err != nil {
		d.log.Debug("the memory of the start", "error", err)
	}
	if err := lockMemory(); err != nil {
		d.log.Debug("memory is not locked", "error", err)
	}
}

// forgetStart gives back the memory that was for the start alone, which comes before
// memory is locked: locked memory stays for ever, garbage too. Of the program's own code
// it keeps what a change of role runs. The rest comes back from the page cache, or from a
// disk, which may be slow or broken by then.
func forgetStart() error {
	code, err := programCode()
	if err != nil {
		return err
	}
	var keep []mapping // found before anything is given back: the search itself needs memory
	for _, m := range code {
		keep = append(keep, neededIn(m)...)
	}
	debug.FreeOSMemory()
	if err := advise(code, unix.MADV_DONTNEED); err != nil {
		return fmt.Errorf("give back code: %w", err)
	}
	if err := advise(keep, unix.MADV_POPULATE_READ); err != nil {
		return fmt.Errorf("keep code: %w (Linux 5.14 can)", err)
	}
	return nil
}

// programCode lists the mappings of the program's own file.
func programCode() ([]mapping, error) {
	path, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil, fmt.Errorf("list mappings: %w", err)
	}
	defer f.Close()
	return codeOf(path, f), nil
}

func advise(list []mapping, advice uintptr) error {
	for _, m := range list {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, advice); errno != 0 {
			return fmt.Errorf("at %#x: %w", m.from, errno)
		}
	}
	return nil
}

// mapping is a range of addresses.
type mapping struct{ from, to uintptr }

// codeOf returns the mappings of a file that are as the file is, from what
// /proc/PID/smaps says. One that nobody may write to was written to all the same where
// the loader has relocated what is in it: to give that back would lose it.
func codeOf(path string, smaps io.Reader) (list []mapping) {
	var m mapping
	in := bufio.NewScanner(smaps)
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch {
		case len(words) < 2:
		case !strings.HasSuffix(words[0], ":"):
			m = mapping{}
			if !strings.Contains(words[1], "w") && strings.HasSuffix(in.Text(), " "+path) {
				_, _ = fmt.Sscanf(words[0], "%x-%x", &m.from, &m.to)
			}
		case words[0] == "Anonymous:" && words[1] == "0" && m.to > m.from:
			list = append(list, m)
		}
	}
	return list
}
