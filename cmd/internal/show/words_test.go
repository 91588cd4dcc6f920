package show

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestAgeForms(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want string
	}{
		{-time.Second, "00:00:00"},
		{0, "00:00:00"},
		{62 * time.Second, "00:01:02"},
		{day - time.Second, "23:59:59"},
		{day, "1d00h"},
		{5*day + 11*time.Hour, "5d11h"},
		{week - time.Second, "6d23h"},
		{week, "1w0d"},
		{27 * week, "27w0d"},
		{year - time.Second, "52w0d"},
		{year, "1y0w"},
		{3*year + 37*week + day, "3y37w"},
	}
	for _, tt := range tests {
		if got := Age(ago(tt.d), now); got != tt.want {
			t.Errorf("age of %v is %q, want %q", tt.d, got, tt.want)
		}
	}
	if got := Age(time.Time{}, now); got != "never" {
		t.Errorf("age of nothing is %q, want never", got)
	}
}

func TestPeriodIsInSecondsWhenItIsWhole(t *testing.T) {
	for ms, want := range map[int64]string{3000: "3 sec", 250: "250 msec", 1500: "1500 msec", 255000: "255 sec"} {
		if got := period(ms); got != want {
			t.Errorf("period(%d) = %q, want %q", ms, got, want)
		}
	}
}

func TestMACMarksUseByThisRouter(t *testing.T) {
	g := hsrpActive()
	tests := []struct {
		active *status.Peer
		want   string
	}{
		{&status.Peer{Address: "local"}, "  Active virtual MAC address is 0000.0c9f.f00a (MAC In Use)\n"},
		{&status.Peer{Address: "192.168.1.3"}, "  Active virtual MAC address is 0000.0c9f.f00a (MAC Not In Use)\n"},
		{nil, "  Active virtual MAC address is unknown (MAC Not In Use)\n"},
	}
	for _, tt := range tests {
		var b block
		g.Active = tt.active
		b.standbyMAC(&g)
		want := tt.want + "    Local virtual MAC address is 0000.0c9f.f00a (v2 default)\n"
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("active %v (-want +got):\n%s", tt.active, diff)
		}
	}
}

func TestTrackWords(t *testing.T) {
	tests := []struct{ kind, target, what, measure string }{
		{"interface", "eth0", "Interface eth0 line-protocol", "Line protocol"},
		{"route", "10.1.2.0/23", "IP route 10.1.2.0 255.255.254.0 reachability", "Reachability"},
		{"route", "10.1.2.3/32", "IP route 10.1.2.3 255.255.255.255 reachability", "Reachability"},
		{"route", "::/0", "IPv6 route ::/0 reachability", "Reachability"},
		{"ping", "192.0.2.1", "PING 192.0.2.1 reachability", "Reachability"},
		{"http", "http://a/", "HTTP http://a/ reachability", "Reachability"},
		{"file", "/run/x", "File /run/x", "Existence"},
		{"command", "/bin/check a", "Command /bin/check a", "Exit status"},
	}
	for _, tt := range tests {
		what, measure := trackWords(&status.Track{Kind: tt.kind, Target: tt.target})
		if what != tt.what || measure != tt.measure {
			t.Errorf("%s %s: %q, %q; want %q, %q", tt.kind, tt.target, what, measure, tt.what, tt.measure)
		}
	}
}

func TestFilter(t *testing.T) {
	tests := []struct {
		name, protocol, words string
		want                  []string
		err                   string
	}{
		{name: "protocol", protocol: "vrrp", want: []string{"vrrp:eth2:20", "vrrp6:enp129s0f0.100:255", "vrrp:eth3:1"}},
		{name: "interface gives both families", protocol: "hsrp", words: "eth1", want: []string{"hsrp:eth1:10", "hsrp6:eth1:10"}},
		{name: "so does a group on it", protocol: "hsrp", words: "eth1 10", want: []string{"hsrp:eth1:10", "hsrp6:eth1:10"}},
		{name: "and in the short form", protocol: "hsrp", words: "eth1:10", want: []string{"hsrp:eth1:10", "hsrp6:eth1:10"}},
		{name: "group", protocol: "hsrp", words: "eth2 4095", want: []string{"hsrp:eth2:4095"}},
		{name: "full form", protocol: "hsrp", words: "hsrp6:eth1:10", want: []string{"hsrp6:eth1:10"}},
		{name: "name", protocol: "vrrp", words: "lan6", want: []string{"vrrp6:enp129s0f0.100:255"}},
		{name: "default name, as it is shown", protocol: "hsrp", words: "hsrp-enp129s0f0.100-255", want: []string{"hsrp:enp129s0f0.100:255"}},
		{name: "group 0 is a group", protocol: "hsrp", words: "eth1 0",
			err: "no HSRP group 0 on eth1: there is hsrp:eth1:10, hsrp6:eth1:10"},
		{name: "no part of a name", protocol: "hsrp", words: "eth",
			err: `"eth" is neither an interface with HSRP groups nor a group: there is hsrp:eth1:10, hsrp:enp129s0f0.100:255, hsrp:eth2:4095, hsrp6:eth1:10`},
		{name: "no interface of that name", protocol: "vrrp", words: "eth1 20",
			err: "no VRRP router on eth1: there is vrrp:eth2:20, vrrp6:enp129s0f0.100:255, vrrp:eth3:1"},
		{name: "the other protocol's", protocol: "hsrp", words: "vrrp:eth2:20",
			err: `vrrp:eth2:20 speaks VRRP: try "fhrpd show vrrp vrrp:eth2:20"`},
		{name: "the other protocol's name", protocol: "vrrp", words: "users",
			err: `users speaks HSRP: try "fhrpd show standby users"`},
		{name: "no number", protocol: "hsrp", words: "eth1 ten", err: `group "ten": want a number`},
		{name: "too much", protocol: "hsrp", words: "eth1 10 20", err: "too many arguments: eth1 10 20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			f, err := ParseFilter(tt.protocol, strings.Fields(tt.words))
			if err == nil {
				var groups []status.Group
				groups, err = f.Groups(sample().Groups)
				for _, g := range groups {
					got = append(got, g.Ref())
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if (tt.err != "" || err != nil) && (err == nil || err.Error() != tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestFilterWithoutGroupsSaysSo(t *testing.T) {
	f, _ := ParseFilter("vrrp", []string{"eth1"})
	if _, err := f.Groups(nil); err == nil || !strings.HasSuffix(err.Error(), ": none is configured") {
		t.Errorf("error %v", err)
	}
}

func TestEventForms(t *testing.T) {
	ts := transitions()
	tests := []struct {
		name string
		ev   status.Event
		want string
	}{
		{"transition", status.Event{At: ts[0].At, Kind: "transition", Group: "hsrp:eth1:10", Transition: &ts[0]},
			"2026-03-01T11:58:40.000Z %HSRP-5-STATECHANGE: eth1 Grp 10 state Speak -> Standby (standby-timer-expired)"},
		{"of a group", status.Event{At: now, Kind: "announce", Group: "hsrp:eth1:10", Message: "3 frames"},
			"2026-03-01T12:00:00.000Z announce: hsrp:eth1:10 3 frames"},
		{"of the daemon", status.Event{At: now, Kind: "gap", Message: "7 events lost"},
			"2026-03-01T12:00:00.000Z gap: 7 events lost"},
	}
	for _, tt := range tests {
		if got := Event(&tt.ev); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestExplanationIsItsLines(t *testing.T) {
	x := &status.Explanation{Lines: []string{"one.", "two."}}
	if got := Explanation(x); got != "one.\ntwo.\n" {
		t.Errorf("got %q", got)
	}
}
