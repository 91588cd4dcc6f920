package metrics

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

type fixed struct {
	st  *status.Status
	err error
}

func (f fixed) Status(context.Context) (*status.Status, error) { return f.st, f.err }

func serve(t *testing.T, f fixed) (get func(path string) (int, string)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, f, func(*status.Status) string { return "a page" }) }()
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

func TestMetrics(t *testing.T) {
	get := serve(t, fixed{st: &status.Status{
		Version: "v1", UptimeMS: 1500,
		Groups: []status.Group{{
			Protocol: "hsrp", Family: 4, Interface: "eth1", ID: 10, Name: "users", State: "Active", Priority: 110, Transitions: 4,
			Counters: status.Counters{Sent: 7, Received: 5, Rejected: map[string]uint64{"auth": 2}},
			Takeover: []status.Takeover{{Address: "192.0.2.254", Proven: true, MS: 12.5}, {Address: "192.0.2.253"}},
		}},
		Tracks:     []status.Track{{Name: "uplink", Kind: "interface", Up: true, Changes: 3}},
		Interfaces: []status.Interface{{Name: "eth1", Up: true, SendErrors: 1, Rejected: map[string]uint64{"group": 9}}},
	}})
	code, body := get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	const g = `{family="4",group="10",interface="eth1",name="users",protocol="hsrp"`
	for _, want := range []string{
		"fhrp_group_state" + g + "} 6\n",
		"fhrp_group_active" + g + "} 1\n",
		"fhrp_group_messages_sent_total" + g + "} 7\n",
		`fhrp_group_rejected_total` + g + `,reason="auth"} 2` + "\n",
		`fhrp_takeover_proven{family="4",group="10",interface="eth1",name="users",neighbor="192.0.2.253",protocol="hsrp"} 0` + "\n",
		`neighbor="192.0.2.254",protocol="hsrp"} 0.0125` + "\n",
		`fhrp_track_up{kind="interface",object="uplink"} 1` + "\n",
		`fhrp_interface_rejected_total{interface="eth1",reason="group"} 9` + "\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if strings.Contains(body, `state="`) {
		t.Error("a state is a label; it must be a value")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "fhrp_") {
			t.Errorf("metric without the prefix: %s", line)
		}
	}
	if _, page := get("/"); page != "a page" {
		t.Errorf("page %q", page)
	}
}

func TestDaemonThatDoesNotAnswer(t *testing.T) {
	get := serve(t, fixed{err: errors.New("busy")})
	if code, _ := get("/metrics"); code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", code)
	}
	if code, body := get("/"); code != http.StatusServiceUnavailable || !strings.Contains(body, "busy") {
		t.Errorf("status %d %q", code, body)
	}
}
