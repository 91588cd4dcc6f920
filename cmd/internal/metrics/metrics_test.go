package metrics

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

type fixed struct {
	st  *status.Status
	err error
}

func (f fixed) Status(context.Context) (*status.Status, error) { return f.st, f.err }

// pages is what stands beside the metrics.
var pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a page") })

func start(t *testing.T, f fixed) (get func(path string) (int, string)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, f, pages) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return func(path string) (int, string) {
		resp, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
}

var update = flag.Bool("update", false, "write the golden file anew")

// sample has a number of its own for whatever is counted.
func sample() *status.Status {
	refreshed := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &status.Status{
		Version: "v1", UptimeMS: 1500, Maintenance: true,
		Groups: []status.Group{{
			Protocol: "hsrp", Family: 4, Interface: "eth1", ID: 10, Name: "users", State: "Active", Priority: 110, Transitions: 4,
			Counters: status.Counters{
				Sent: 7, Received: 5, Rejected: map[string]uint64{"auth": 2, "checksum": 3}, Announced: 21, Answered: 22, Conflicts: 23,
				Handovers: map[string]uint64{"done": 41, "refused": 42},
			},
			// What an operator has cleared for himself, Prometheus goes on counting.
			Cleared:  &status.Cleared{Counters: status.Counters{Sent: 7, Received: 5, Rejected: map[string]uint64{"auth": 2}, Announced: 21, Answered: 22, Conflicts: 23}},
			Announce: status.Announce{LastRefresh: &refreshed, Refreshes: 24},
			Takeover: []status.Takeover{{Address: "192.0.2.254", Proven: true, MS: 12.5}, {Address: "192.0.2.253"}},
		}, {
			Protocol: "vrrp", Family: 6, Interface: "eth2", ID: 20, Name: "lan", State: "Backup", Priority: 100, ForwardingOff: "net/ipv6/conf/all/forwarding",
			Maintenance: true, Leave: &status.GroupLeave{UnservedSince: &refreshed},
			Takeover: []status.Takeover{{Address: "2001:db8::9", Idle: true}}, // no fault, and no metric
		}},
		Tracks: []status.Track{{Name: "uplink", Kind: "interface", Up: true, Changes: 3}, {Name: "web", Kind: "tcp"}},
		Interfaces: []status.Interface{{
			Name: "eth1", Up: true, SendErrors: 1, Advertises: 8, Rejected: map[string]uint64{"group": 9},
			Restored: status.Restored{Addresses: 31, Settings: 32, Filter: 33},
		}, {Name: "eth2"}},
	}
}

func TestMetrics(t *testing.T) {
	get := start(t, fixed{st: sample()})
	code, body := get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	const golden = "testdata/metrics.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), body); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
	if _, page := get("/"); page != "a page" {
		t.Errorf("page %q", page)
	}
}

// Dashboards have the numbers of the MIBs.
func TestStatesAreNumbers(t *testing.T) {
	for protocol, names := range map[string][]string{
		"hsrp": {"Init", "Learn", "Listen", "Speak", "Standby", "Active"},
		"vrrp": {"Initialize", "Backup", "Active"},
	} {
		for i, name := range names {
			st := &status.Status{Groups: []status.Group{{Protocol: protocol, State: name}}}
			_, body := start(t, fixed{st: st})("/metrics")
			want := fmt.Sprintf("fhrp_group_state{family=\"0\",group=\"0\",interface=\"\",name=\"\",protocol=%q} %d\n", protocol, i+1)
			if !strings.Contains(body, want) {
				t.Errorf("%s %s: no %q in\n%s", protocol, name, want, body)
			}
		}
	}
}

func TestDaemonThatDoesNotAnswer(t *testing.T) {
	get := start(t, fixed{err: errors.New("busy")})
	if code, _ := get("/metrics"); code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", code)
	}
}

// The text format has no form for what a terminal acts on, and Prometheus refuses
// what is not UTF-8.
func TestForeignNamesAreHarmless(t *testing.T) {
	st := sample()
	st.Groups[0].Interface, st.Groups[0].Name, st.Tracks[0].Name = "\x1b[2J", "a\xffb", "\u009b"
	code, body := start(t, fixed{st: st})("/metrics")
	if code != http.StatusOK || strings.ContainsAny(body, "\x1b\u009b") || !utf8.ValidString(body) {
		t.Errorf("%d %q", code, body)
	}
}
