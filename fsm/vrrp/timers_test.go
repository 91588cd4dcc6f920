package vrrp

import (
	"strconv"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
)

// TestActiveDownInterval proves RFC 9568 section 6.1 and RFC 3768 section 6.1:
// seconds to six digits, worked out by hand from the formulas.
func TestActiveDownInterval(t *testing.T) {
	columns := []struct {
		name    string
		version uint8
		every   time.Duration
	}{
		{"v3 100 cs", 3, time.Second},
		{"v2 1 s", 2, time.Second},
		{"v3 1000 cs", 3, 10 * time.Second},
		{"v2 10 s", 2, 10 * time.Second},
		{"v3 1 cs", 3, 10 * ms},
	}
	rows := []struct {
		priority uint8
		want     [5]string
	}{
		{1, [5]string{"3.99609", "3.99609", "39.9609", "30.9961", "0.0399609"}},
		{100, [5]string{"3.60938", "3.60938", "36.0938", "30.6094", "0.0360938"}},
		{150, [5]string{"3.41406", "3.41406", "34.1406", "30.4141", "0.0341406"}},
		{200, [5]string{"3.21875", "3.21875", "32.1875", "30.2188", "0.0321875"}},
		{254, [5]string{"3.00781", "3.00781", "30.0781", "30.0078", "0.0300781"}},
	}
	for _, row := range rows {
		for i, col := range columns {
			c := v3(priority(row.priority), interval(col.every))
			c.Version = col.version
			got := strconv.FormatFloat(New(c).activeDownInterval().Seconds(), 'g', 6, 64)
			if got != row.want[i] {
				t.Errorf("priority %d, %s: Active_Down_Interval %s s, want %s", row.priority, col.name, got, row.want[i])
			}
		}
	}
}

func TestSkewTimeIsExact(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		want time.Duration
	}{
		{"no truncation to a centisecond", v3(), 609375 * time.Microsecond},
		{"scaled with the interval in version 3", v3(interval(10 * time.Second)), 6093750 * time.Microsecond},
		{"not scaled in version 2", v3(version2, interval(10*time.Second)), 609375 * time.Microsecond},
		{"smallest interval", v3(interval(10 * ms)), 6093750 * time.Nanosecond},
		{"longest interval, lowest priority", v3(interval(40950*ms), priority(1)), 40790039062 * time.Nanosecond},
		{"longest interval of version 2", v3(version2, interval(255*time.Second), priority(1)), 996093750 * time.Nanosecond},
		{"owner", v3(owner), 3906250 * time.Nanosecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := New(tc.cfg).skewTime(); got != tc.want {
				t.Errorf("Skew_Time %v, want %v", got, tc.want)
			}
		})
	}
}

func TestRoutersThatBecomeActiveTogetherDoNotKeepInStep(t *testing.T) {
	c := v3()
	c.Jitter = func() float64 { return 0.5 }
	c.Align = func(at time.Time, interval time.Duration) time.Time { return at.Add(-interval / 100) }
	r := New(c)
	r.Step(t0, up())
	r.Step(t0.Add(down3), fsm.Tick{})
	first, _ := r.Deadline()
	if got, want := first.Sub(t0.Add(down3)), 740*time.Millisecond; got != want {
		t.Errorf("the first interval is %v, want %v: a quarter less, and aligned", got, want)
	}
	r.Step(first, fsm.Tick{})
	second, _ := r.Deadline()
	if got, want := second.Sub(first), 990*time.Millisecond; got != want {
		t.Errorf("the second interval is %v, want %v: whole, and aligned", got, want)
	}
}
