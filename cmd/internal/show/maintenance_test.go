package show

import (
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestMaintenanceIsToldWithWhoServes(t *testing.T) {
	since := now.Add(-time.Hour)
	for _, tt := range []struct {
		name  string
		leave status.GroupLeave
		line  string // below the first
		one   string // the end of the line after the command
	}{
		{"another router serves", status.GroupLeave{Serves: "192.0.2.11"}, "    Served by 192.0.2.11\n", "; 192.0.2.11 serves"},
		{"nobody does", status.GroupLeave{UnservedSince: new(ago(time.Minute))}, "    NOBODY SERVES for 00:01:00\n", "; NOBODY SERVES for 00:01:00"},
		{"it leaves", status.GroupLeave{Departing: true}, "    Leaves, and serves until another router does\n", "; no other router has been heard to serve yet"},
		{"nobody knows yet", status.GroupLeave{}, "", "; no other router has been heard to serve yet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, g := range []status.Group{hsrpInit(), vrrpInit()} {
				l := tt.leave
				l.Since, l.By = since, "root, uid 0"
				g.Maintenance, g.Leave = true, &l
				want := "  In maintenance since 2026-03-01 11:00:00 UTC, by root, uid 0\n" + tt.line
				for form, text := range map[string]string{"detail": detailed(g), "show status": Status(&status.Status{Groups: []status.Group{g}}, now)} {
					if !strings.Contains(text, want) {
						t.Errorf("%s lacks %q:\n%s", form, want, text)
					}
				}
				if strings.Contains(short(g), "In maintenance") {
					t.Errorf("the plain form has a line that IOS has not:\n%s", short(g))
				}
				if got := strings.Contains(short(g), "NOBODY SERVES"); got != (l.UnservedSince != nil) {
					t.Errorf("the state's line says that nobody serves: %t\n%s", got, short(g))
				}
				if got := MaintenanceOf(&g, now); !strings.HasSuffix(got, "by root, uid 0"+tt.one) {
					t.Errorf("after the command: %q, want %q at its end", got, tt.one)
				}
			}
		})
	}
}

func TestStatusSaysThatEveryGroupIsInMaintenance(t *testing.T) {
	for want, st := range map[string]*status.Status{
		"in maintenance since 2026-03-01 11:00:00 UTC, by root, uid 0: every group\n": {Maintenance: true, Leave: &status.Leave{Since: ago(time.Hour), By: "root, uid 0"}},
		"\nin maintenance: every group\n":                                             {Maintenance: true},
	} {
		if got := Status(st, now); !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
}
