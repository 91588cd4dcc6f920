package show

import (
	"fmt"
	"strconv"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/hello"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
	year = 365 * day
)

// Age returns how long ago since was, in the forms of IOS: 00:01:02, 5d11h,
// 27w0d, 3y37w.
func Age(since, now time.Time) string {
	if since.IsZero() {
		return "never"
	}
	d := max(0, now.Sub(since))
	switch {
	case d < day:
		return fmt.Sprintf("%02d:%02d:%02d", d/time.Hour, d/time.Minute%60, d/time.Second%60)
	case d < week:
		return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
	case d < year:
		return fmt.Sprintf("%dw%dd", d/week, d%week/day)
	}
	return fmt.Sprintf("%dy%dw", d/year, d%year/week)
}

// period returns a period in whole seconds, or in milliseconds when it is not:
// "3 sec", "250 msec".
func period(ms int64) string {
	if ms%1000 == 0 {
		return fmt.Sprintf("%d sec", ms/1000)
	}
	return fmt.Sprintf("%d msec", ms)
}

// seconds returns milliseconds as N.NNN.
func seconds(ms int64) string {
	return strconv.FormatFloat(float64(max(0, ms))/1000, 'f', 3, 64)
}

// mac returns a MAC of the status object in the dotted form of IOS.
func mac(s string) string {
	m, err := hello.ParseMAC(s)
	if err != nil || m.IsZero() {
		return "unknown"
	}
	return m.Cisco()
}

// upDown returns the state of a tracked object.
func upDown(up bool) string {
	if up {
		return "Up"
	}
	return "Down"
}

// plural returns "1 thing" or "n things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// local reports whether p is this router.
func local(p *status.Peer) bool { return p != nil && p.Address == "local" }

// address returns who is in a role, in one word.
func address(p *status.Peer) string {
	if p == nil {
		return "unknown"
	}
	return p.Address
}
