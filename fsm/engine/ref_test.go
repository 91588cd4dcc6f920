package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

var groups = []Named{
	{Ref{hello.ProtocolHSRP, hello.IPv4, 10, "eth1"}, "users"},
	{Ref{hello.ProtocolHSRP, hello.IPv6, 10, "eth1"}, "users6"},
	{Ref{hello.ProtocolVRRP, hello.IPv4, 10, "eth1"}, "lan"},
	{Ref{hello.ProtocolVRRP, hello.IPv6, 20, "eth1.100"}, "lan"},
	{Ref{hello.ProtocolHSRP, hello.IPv4, 1, "hsrp"}, "eth1:10:old"},
}

func TestFind(t *testing.T) {
	all := []string{"hsrp:eth1:10", "hsrp6:eth1:10", "vrrp:eth1:10", "vrrp6:eth1.100:20", "hsrp:hsrp:1"}
	tests := []struct {
		ref        string
		want       int
		err        error
		candidates []string
	}{
		{ref: "hsrp:eth1:10", want: 0},
		{ref: "hsrp6:eth1:10", want: 1},
		{ref: "vrrp:eth1:10", want: 2},
		{ref: "vrrp6:eth1.100:20", want: 3},
		{ref: "eth1.100:20", want: 3},
		{ref: "users", want: 0},
		{ref: "hsrp:1", want: 4}, // an interface called hsrp
		{ref: "eth1:10:old", want: 4},
		{ref: "hsrp-eth1-10", err: ErrUnknownGroup, candidates: all}, // it has another name
		{ref: "eth1:10", err: ErrAmbiguousGroup, candidates: all[:3]},
		{ref: "lan", err: ErrAmbiguousGroup, candidates: all[2:4]},
		{ref: "eth1", err: ErrUnknownGroup, candidates: all},
		{ref: "eth1:010", err: ErrUnknownGroup, candidates: all},
		{ref: "vrrp6:eth1:10", err: ErrUnknownGroup, candidates: all},
		{ref: "HSRP:eth1:10", err: ErrUnknownGroup, candidates: all},
		{ref: "", err: ErrUnknownGroup, candidates: all},
	}
	for _, tt := range tests {
		i, err := Find(groups, tt.ref)
		if tt.err == nil {
			if i != tt.want || err != nil {
				t.Errorf("Find(%q) = %d, %v; want %d", tt.ref, i, err, tt.want)
			}
			continue
		}
		ge, ok := errors.AsType[*GroupError](err)
		if !ok || !errors.Is(err, tt.err) || i != -1 {
			t.Errorf("Find(%q) = %d, %v; want -1, %v", tt.ref, i, err, tt.err)
			continue
		}
		if diff := cmp.Diff(tt.candidates, ge.Candidates); diff != "" {
			t.Errorf("Find(%q) candidates (-want +got):\n%s", tt.ref, diff)
		}
	}
}

func TestFindNeverTakesAnEmptyReferenceForAnUnnamedGroup(t *testing.T) {
	if i, err := Find([]Named{{Ref: Ref{Protocol: hello.ProtocolHSRP, Interface: "eth1", Number: 1}}}, ""); err == nil {
		t.Errorf("Find = %d", i)
	}
}

func TestFindWithoutGroupsSaysSo(t *testing.T) {
	_, err := Find(nil, "x")
	if err == nil || !strings.Contains(err.Error(), "none is configured") {
		t.Errorf("error %v", err)
	}
}

func TestErrorListsAFewOfManyGroups(t *testing.T) {
	many := make([]Named, 4096)
	for i := range many {
		many[i].Ref = Ref{hello.ProtocolHSRP, hello.IPv4, uint16(i), "e"}
	}
	_, err := Find(many, "x")
	const want = `group "x": no such group; choose one of hsrp:e:0, hsrp:e:1, hsrp:e:2, hsrp:e:3, hsrp:e:4, hsrp:e:5, hsrp:e:6, hsrp:e:7 and 4088 more`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if ge, ok := errors.AsType[*GroupError](err); !ok || len(ge.Candidates) != len(many) {
		t.Errorf("the candidates themselves are all there: %v", ge.Candidates)
	}
}

func TestAGroupIsFoundAsShowAndTheLogWriteIt(t *testing.T) {
	groups := []Named{
		{Ref{hello.ProtocolHSRP, hello.IPv4, 10, "eth1"}, ""},
		{Ref{hello.ProtocolHSRP, hello.IPv6, 11, "eth1"}, "users6"},
		{Ref{hello.ProtocolVRRP, hello.IPv4, 20, "eth2.100"}, ""},
		{Ref{hello.ProtocolVRRP, hello.IPv6, 20, "eth2.100"}, "lan6"},
	}
	const none, many = -1, -2
	for ref, want := range map[string]int{
		"hsrp-eth1-10":                0, // Group name is "hsrp-eth1-10" (default)
		"eth1 - Group 10":             0,
		"eth1 - Group 10 (version 2)": 0,
		"eth1 Grp 10":                 0, // %HSRP-5-STATECHANGE: eth1 Grp 10 state …
		"eth1 10":                     0, // the columns of "show standby brief"
		"eth1  group 11":              1,
		"HSRP eth1 10":                0, // Tracked by:
		"VRRP eth1 10":                none,
		"IPX eth1 10":                 none,
		"eth2.100 - Group 20 - Address-Family IPv4": 2,
		"eth2.100 - Group 20 - Address-Family IPv6": 3,
		"eth2.100 - Group 20":                       many,
		"eth2.100 20 ipv6":                          3,
		"vrrp-eth2.100-20":                          2,
		"eth1 - Group 12":                           none,
		"eth1 - Group":                              none,
		"eth1 - Group 65546":                        none, // 10 in sixteen bits
		"- Group 10":                                none,
		"eth1 -10":                                  none,
	} {
		i, err := Find(groups, ref)
		switch {
		case want >= 0 && (i != want || err != nil), want == none && !errors.Is(err, ErrUnknownGroup), want == many && !errors.Is(err, ErrAmbiguousGroup):
			t.Errorf("Find(%q) = %d, %v; want %d", ref, i, err, want)
		}
	}
}
