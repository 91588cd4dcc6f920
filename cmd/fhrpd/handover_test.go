package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func (f *fake) Handover(_ context.Context, group string, timeout time.Duration) (*status.Handover, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("handover "+timeout.String(), group); err != nil {
		return nil, err
	}
	if h := f.handover; h != nil {
		return h, nil
	}
	return &status.Handover{State: "done", To: "192.0.2.3", Began: at, TookMS: 12, Text: "handed over to 192.0.2.3 in 12ms"}, nil
}

func TestHandover(t *testing.T) {
	back := &status.Handover{State: "rolled-back", Began: at, Reason: "nobody has taken the role", Text: "rolled back: nobody has taken the role"}
	for _, tt := range []struct {
		name     string
		args     []string
		answer   *status.Handover
		code     int
		want     string
		commands string
	}{
		{"one", []string{"users"}, nil, 0, "hsrp:eth1:10: handed over to 192.0.2.3 in 12ms\n", "handover 3s hsrp:eth1:10"},
		{"as show writes it", []string{"eth1", "-", "Group", "10"}, nil, 0, "hsrp:eth1:10: handed over to 192.0.2.3 in 12ms\n", "handover 3s hsrp:eth1:10"},
		{"all", []string{"--all", "--timeout", "1s", "--rate", "100/s"}, nil, 0, "hsrp:eth1:10: handed over to 192.0.2.3 in 12ms\n", "handover 1s hsrp:eth1:10"},
		{"one that is refused", []string{"guests", "users"}, nil, 1, "hsrp:eth2:10: not handed over: state is Standby\nhsrp:eth1:10: handed over to 192.0.2.3 in 12ms\n", "handover 3s hsrp:eth1:10"},
		{"one that is not there", []string{"none"}, nil, 1, "none: not handed over: group \"none\": no such group", ""},
		{"rolled back", []string{"users"}, back, 1, "hsrp:eth1:10: rolled back: nobody has taken the role\n", "handover 3s hsrp:eth1:10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.handover = tt.answer
			path, _ := serve(t, f)
			got := fhrpd(t.Context(), append([]string{"handover", "--control", path}, tt.args...)...)
			if got.code != tt.code || !strings.HasPrefix(got.stdout, tt.want) || got.stderr != "" {
				t.Errorf("%+v, want %d %q", got, tt.code, tt.want)
			}
			if did := strings.Join(f.commands, ","); did != tt.commands {
				t.Errorf("did %q, want %q", did, tt.commands)
			}
		})
	}
}

func TestHandoverJSON(t *testing.T) {
	path, _ := serve(t, newFake())
	got := fhrpd(t.Context(), "handover", "--json", "--control", path, "users", "guests")
	var list []struct{ Group, State, Reason string }
	if err := json.Unmarshal([]byte(got.stdout), &list); err != nil || got.code != 1 || len(list) != 2 ||
		list[0].State != "done" || list[1].State != "refused" || list[1].Group != "hsrp:eth2:10" {
		t.Errorf("%+v: %+v, %v", got, list, err)
	}
}

func TestHandoverOfNothing(t *testing.T) {
	f := newFake()
	f.st.Groups = f.st.Groups[1:]
	path, _ := serve(t, f)
	if got := fhrpd(t.Context(), "handover", "--all", "--control", path); got.code != 0 || got.stdout != "no group is active here\n" {
		t.Errorf("%+v", got)
	}
}

func TestHandoverNeedsToKnowWhat(t *testing.T) {
	for _, args := range [][]string{{}, {"--all", "users"}, {"users", "--rate", "0"}, {"users", "--rate", "much"}, {"users", "--timeout", "2m"}, {"users", "--timeout", "0s"}} {
		if got := fhrpd(t.Context(), append([]string{"handover"}, args...)...); got.code != 2 || !strings.Contains(got.stderr, "usage: fhrpd handover") {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got := fhrpd(t.Context(), "handover", "users", "--control", t.TempDir()+"/none"); got.code != 3 {
		t.Errorf("without a daemon: %+v", got)
	}
}

// With --rate each group is stored and leaves for itself, and all at last, so that those
// that are yet to come belong to it as well.
func TestMaintenanceAtARate(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"on"}, 0, "maintenance true "},
		{[]string{"on", "--rate", "500/s"}, 0, "maintenance true |maintenance true hsrp:eth1:10|maintenance true hsrp:eth2:10|maintenance true vrrp6:eth1:20"},
		{[]string{"on", "--rate", "500/s", "users", "guests"}, 0, "maintenance true guests|maintenance true users"},
		{[]string{"off", "--rate", "500/s"}, 0, "maintenance false "},
		{[]string{"on", "--rate", "none"}, 2, ""},
	} {
		f := newFake()
		path, _ := serve(t, f)
		got := fhrpd(t.Context(), append([]string{"maintenance", "--control", path}, tt.args...)...)
		if len(tt.args) == 3 && tt.code == 0 && f.commands[len(f.commands)-1] != "maintenance "+fmt.Sprint(tt.args[0] == "on")+" " {
			t.Errorf("%q: the gateway is not the last: %q", tt.args, f.commands)
		}
		slices.Sort(f.commands) // which are under way at a time
		if did := strings.Join(f.commands, "|"); got.code != tt.code || did != tt.want {
			t.Errorf("%q: %+v did\n%q, want\n%q", tt.args, got, did, tt.want)
		}
	}
}
