package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

func TestDefaultsAreValidForEveryProtocolAndFault(t *testing.T) {
	for _, protocol := range Protocols {
		for _, f := range faultTable() {
			o := Defaults()
			o.Protocol, o.Fault = protocol, f.name
			if err := o.Validate(); err != nil {
				t.Errorf("%s %s: %v", protocol, f.name, err)
			}
		}
	}
}

func TestValidateNamesWhatIsAllowed(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Options)
		want   []string
	}{
		"unknown protocol":           {func(o *Options) { o.Protocol = "carp" }, []string{`"carp"`, "hsrp1, hsrp2, vrrp2, vrrp3"}},
		"no protocol":                {func(o *Options) { o.Protocol = "" }, []string{`""`, "vrrp3"}},
		"unknown fault":              {func(o *Options) { o.Fault = "flood" }, []string{`"flood"`, "stop, kill, freeze"}},
		"IPv6 in HSRP version 1":     {func(o *Options) { o.Protocol, o.IPv6 = "hsrp1", true }, []string{"hsrp1", "no IPv6"}},
		"IPv6 in VRRP version 2":     {func(o *Options) { o.Protocol, o.IPv6 = "vrrp2", true }, []string{"vrrp2", "no IPv6"}},
		"too many groups":            {func(o *Options) { o.Protocol, o.Groups = "vrrp3", 256 }, []string{"groups 256", "1 to 255"}},
		"no group":                   {func(o *Options) { o.Groups = 0 }, []string{"groups 0", "1 to 4095"}},
		"hold within hello":          {func(o *Options) { o.Hello, o.Hold = time.Second, time.Second }, []string{"hold 1s", "hello 1s"}},
		"hold in VRRP":               {func(o *Options) { o.Protocol, o.Hold = "vrrp3", time.Second }, []string{"hold 1s", "VRRP"}},
		"fraction of a second in v2": {func(o *Options) { o.Protocol, o.Hello = "vrrp2", 1500*time.Millisecond }, []string{"hello 1.5s"}},
		"pace too fast":              {func(o *Options) { o.Rate = time.Microsecond }, []string{"rate 1µs", "100µs to 100ms"}},
		"endless":                    {func(o *Options) { o.Hold = time.Minute }, []string{"1m0s", "30s"}},
		"two faults at once":         {func(o *Options) { o.Groups, o.Rate = 0, 0 }, []string{"groups 0", "rate 0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Defaults()
			tc.change(&o)
			err := o.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestTimersFollowTheProtocol(t *testing.T) {
	for _, tc := range []struct {
		protocol        string
		hello           time.Duration
		detect, resigns time.Duration
	}{
		{"hsrp2", 0, 600 * time.Millisecond, 0},
		{"hsrp1", time.Second, 3 * time.Second, 0},
		// Active_Down_Interval and Skew_Time of priority 100 (RFC 9568 section 6.1).
		{"vrrp3", time.Second, 3609375 * time.Microsecond, 609375 * time.Microsecond},
		{"vrrp3", 0, 721875 * time.Microsecond, 121875 * time.Microsecond},
		// Version 2 does not scale the skew (RFC 3768 section 6.1).
		{"vrrp2", 2 * time.Second, 6609375 * time.Microsecond, 609375 * time.Microsecond},
	} {
		o := Defaults()
		o.Protocol, o.Hello = tc.protocol, tc.hello
		p := o.plan()
		if p.detect() != tc.detect || p.skew() != tc.resigns {
			t.Errorf("%s %v: detect %v, skew %v; want %v and %v", tc.protocol, tc.hello, p.detect(), p.skew(), tc.detect, tc.resigns)
		}
	}
}

func TestConfigurationsAreValid(t *testing.T) {
	for _, tc := range []struct {
		protocol string
		ipv6     bool
		groups   int
		fault    string
	}{
		{"hsrp1", false, 255, "kill"}, {"hsrp2", false, 4095, "kill"}, {"hsrp2", true, 300, "preempt"}, {"vrrp3", false, 10, "handover"},
		{"vrrp2", false, 255, "priority"}, {"vrrp3", false, 1, "kill"}, {"vrrp3", true, 255, "stop"},
	} {
		o := Defaults()
		o.Protocol, o.IPv6, o.Groups, o.Fault = tc.protocol, tc.ipv6, tc.groups, tc.fault
		must(t, o.Validate())
		p := o.plan()
		c, err := configs.Parse("lab.toml", []byte(p.config(priorities[nodeGW1])))
		if err != nil {
			t.Fatalf("%+v: %v", tc, err)
		}
		if n := len(c.HSRP) + len(c.VRRP); n != tc.groups {
			t.Errorf("%+v: %d groups in the configuration", tc, n)
		}
		preempts := tc.fault == "preempt" || tc.fault == "priority" || tc.fault == "handover"
		for _, g := range c.HSRP {
			if g.Preempt != preempts || g.Hello != p.hello || g.Hold != p.hold {
				t.Fatalf("%+v: group %+v", tc, g)
			}
		}
		for _, r := range c.VRRP {
			if r.Preempt != preempts || r.Advertise != p.hello {
				t.Fatalf("%+v: router %+v", tc, r)
			}
		}
	}
}

// What is frozen wakes when its lease, a hold time and a hello from its last
// hello, has not ended, and its successor has.
func TestFrozenRouterWakesWithinItsLease(t *testing.T) {
	for _, hello := range []time.Duration{0, time.Second, 3 * time.Second} {
		for _, protocol := range Protocols {
			o := Defaults()
			o.Protocol, o.Hello, o.Fault = protocol, hello, "freeze"
			p := o.plan()
			if gap := p.gap(); gap < p.hello/4 || gap > p.hello*3/4 {
				t.Errorf("%s, hello %v: wakes %v after the takeover", protocol, p.hello, gap)
			}
		}
	}
	o := Defaults()
	o.Fault = "partition"
	if gap := o.plan().gap(); gap != secondGap {
		t.Errorf("a partition ends %v after the takeover, want %v", gap, secondGap)
	}
}
