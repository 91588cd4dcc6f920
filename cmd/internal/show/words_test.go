package show

import (
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
		if got := age(ago(tt.d), now); got != tt.want {
			t.Errorf("age of %v is %q, want %q", tt.d, got, tt.want)
		}
	}
	if got := age(time.Time{}, now); got != "never" {
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
		{nil, "  Active virtual MAC address is unknown\n"},
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

func TestTextAuthenticationIsShownOnlyWhereItIsKnown(t *testing.T) {
	for text, want := range map[string]string{"": "  Authentication text\n", "s3cret": "  Authentication text, string \"s3cret\"\n"} {
		var b block
		b.standbyAuth(&status.Group{Auth: "text", AuthText: text})
		if got := b.String(); got != want {
			t.Errorf("text %q gives %q, want %q", text, got, want)
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
		name string
		f    Filter
		want []string
	}{
		{"protocol", Filter{Protocol: "vrrp", ID: AnyID}, []string{"vrrp:eth2:20", "vrrp6:enp129s0f0.100:255", "vrrp:eth3:1"}},
		{"interface gives both families", Filter{Protocol: "hsrp", Interface: "eth1", ID: AnyID}, []string{"hsrp:eth1:10", "hsrp6:eth1:10"}},
		{"group", Filter{Protocol: "hsrp", Interface: "eth2", ID: 4095}, []string{"hsrp:eth2:4095"}},
		{"group 0 is a group", Filter{Protocol: "hsrp", Interface: "eth1", ID: 0}, nil},
		{"no part of a name", Filter{Protocol: "hsrp", Interface: "eth", ID: AnyID}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, g := range tt.f.Groups(sample().Groups) {
				got = append(got, g.Ref())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
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
