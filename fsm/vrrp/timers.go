package vrrp

import (
	"strconv"
	"time"
)

// skewTime returns Skew_Time. In version 3 it is (256 - priority) 256ths of the
// Active_Adver_Interval (RFC 9568 section 6.1), in version 2 of a second,
// however long the interval is (RFC 3768 section 6.1).
func (r *Router) skewTime() time.Duration {
	unit := time.Second
	if r.cfg.Version == 3 {
		unit = r.activeAdverInterval
	}
	return time.Duration(256-int(r.priority)) * unit / 256
}

// activeDownInterval returns Active_Down_Interval: three intervals and the
// skew. RFC 3768 calls it Master_Down_Interval.
func (r *Router) activeDownInterval() time.Duration {
	return 3*r.activeAdverInterval + r.skewTime()
}

// tick fires the one timer of the state if it is due.
func (r *Router) tick(now time.Time) {
	at, armed := r.Deadline()
	if !armed || now.Before(at) {
		return
	}
	switch r.state {
	case Backup:
		r.takeOver(now)
	case Active:
		r.advertise(now)
	}
}

// seconds returns d for people, to the millisecond: 3.609s.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) + "s"
}
