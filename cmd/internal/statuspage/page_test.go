package statuspage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// router is a daemon whose status a test changes.
type router struct {
	control.Hub
	mu    sync.Mutex
	st    *status.Status
	past  []status.Past
	err   error
	asked int
	later time.Duration // what the clock is ahead of at
}

func (r *router) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return at.Add(r.later)
}

func (r *router) Status(context.Context) (*status.Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	return r.st, r.err
}

func (r *router) History(context.Context) ([]status.Past, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.past, r.err
}

func (r *router) Explain(context.Context, status.Question) (*status.Explanation, error) {
	return &status.Explanation{Lines: []string{"192.0.2.253 took over from this router.", "  It was silent for 3 s."}}, r.err
}

func (r *router) Subscribe(ctx context.Context) (<-chan status.Event, error) {
	return r.Hub.Subscribe(ctx), r.err
}

func group(n int, state string) status.Group {
	return status.Group{
		Protocol: "hsrp", Version: 2, Family: 4, Interface: "eth1", ID: n, Name: fmt.Sprintf("lan-%d", n), State: state,
		Since: at.Add(-time.Minute), Priority: 110, ConfiguredPriority: 110, Preempt: true, VirtualIPs: []string{"192.0.2.1"},
		AuthText: "cisco", Auth: "text",
		Active: &status.Peer{Address: "local"}, Standby: &status.Peer{Address: "192.0.2.253", Priority: 100, ExpiresMS: 2500},
	}
}

func moved(when time.Time, n int, from, to, cause string) status.Past {
	return status.Past{Transition: status.Transition{Protocol: "hsrp", Interface: "eth1", Group: n, Family: 4, From: from, To: to, At: when, Cause: cause}}
}

func sample() *router {
	return &router{
		st: &status.Status{Version: "v1.2.3", PID: 42, UptimeMS: 60_000, Groups: []status.Group{group(10, "Active"), group(11, "Standby")},
			Tracks: []status.Track{{Name: "uplink", Kind: "interface", Target: "eth0", Known: true, Since: at.Add(-time.Hour)}}},
		past: []status.Past{
			moved(at.Add(-90*time.Second), 10, "Speak", "Standby", "standby-timer-expired"),
			moved(at.Add(-time.Minute), 10, "Standby", "Active", "active-timer-expired"),
		},
	}
}

func startServer(t *testing.T, r *router) *httptest.Server {
	t.Helper()
	h, err := Handler(r, "gw1", r.clock)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections() // streams have no end of their own
		s.Close()
	})
	return s
}

func get(t *testing.T, url, accept string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestBrowserGetsThePageAndCurlTheText(t *testing.T) {
	s := startServer(t, sample())
	resp, page := get(t, s.URL, "text/html,*/*;q=0.8")
	for _, want := range []string{"<title>fhrpd on gw1</title>", "hsrp:eth1:10", "2 groups: 1 Active, 1 Standby. Nothing to look at.", "192.0.2.253", `data-left="2500"`,
		"took over from this router", "active-timer-expired", "down for 01:00:00", "<svg"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	csp := resp.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if strings.Contains(page, "http://") && strings.Contains(strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""), "http://") || strings.Contains(page, "https://") {
		t.Error("the page needs something from elsewhere")
	}
	if _, text := get(t, s.URL, "*/*"); !strings.HasPrefix(text, "fhrpd v1.2.3, pid 42") {
		t.Errorf("curl got %q", text)
	}
}

func TestJSONIsThatOfShowWithoutTheKey(t *testing.T) {
	r := sample()
	s := startServer(t, r)
	_, st := get(t, s.URL+"/status.json", "")
	if !strings.Contains(st, `"version":"v1.2.3"`) || strings.Contains(st, "cisco") {
		t.Errorf("status %s", st)
	}
	if r.st.Groups[0].AuthText != "cisco" {
		t.Error("the daemon's own copy lost its text")
	}
	if _, past := get(t, s.URL+"/history.json", ""); !strings.Contains(past, `"cause":"active-timer-expired"`) {
		t.Errorf("history %s", past)
	}
}

func TestNothingCanBeChanged(t *testing.T) {
	s := startServer(t, sample())
	for _, path := range []string{"/", "/live", "/status.json", "/history.json"} {
		resp, err := http.Post(s.URL+path, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %s", path, resp.Status)
		}
	}
	if _, page := get(t, s.URL, "text/html"); strings.Contains(page, "<form") || strings.Contains(page, "<button") || strings.Contains(page, "<a ") {
		t.Error("there is something to click")
	}
}

func TestDaemonThatDoesNotAnswer(t *testing.T) {
	r := sample()
	r.err = errors.New("busy")
	s := startServer(t, r)
	for _, path := range []string{"/", "/live", "/status.json", "/history.json"} {
		if resp, body := get(t, s.URL+path, "text/html"); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "busy") {
			t.Errorf("%s: %s %q", path, resp.Status, body)
		}
	}
}

func TestForeignTextIsHarmless(t *testing.T) {
	r := sample()
	g := &r.st.Groups[0]
	g.Name, g.Obstacle, g.VirtualIPs = "\x1b[2J<script>alert(1)</script>", "a\xffb<img src=x onerror=alert(1)>", []string{"<b>"}
	r.past[0].Interface, r.past[1].Detail = "<i>\u009b", "<u>\x1b"
	r.st.Tracks[0].Detail, r.st.Version = "<s>", "<v>"
	s := startServer(t, r)
	for _, accept := range []string{"text/html", "*/*"} {
		_, body := get(t, s.URL, accept)
		if strings.ContainsAny(body, "\x1b\u009b") || !utf8.ValidString(body) {
			t.Errorf("%s: %q", accept, body)
		}
		if accept == "text/html" {
			for _, tag := range []string{"<script>alert", "<img", "<i>", "<u>", "<s>", "<v>", "[\"<b>"} {
				if strings.Contains(body, tag) {
					t.Errorf("%s is a tag", tag)
				}
			}
		}
	}
}

// follow opens the stream of events and returns what reads the next one.
func follow(t *testing.T, url string) (next func() string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, %v", resp.Status, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return func() string {
		var b strings.Builder
		for lines.Scan() {
			text, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok && lines.Text() != "" {
				t.Fatalf("a line of an event is %q", lines.Text())
			}
			if lines.Text() == "" {
				return b.String()
			}
			b.WriteString(text + "\n")
		}
		t.Fatal(lines.Err())
		return ""
	}
}

func TestEventsAreFollowed(t *testing.T) {
	r := sample()
	next := follow(t, startServer(t, r).URL)
	if got := next(); !strings.Contains(got, "1 Active, 1 Standby") {
		t.Errorf("at once: %s", got)
	}
	r.mu.Lock()
	r.st = &status.Status{Groups: []status.Group{group(10, "Standby"), group(11, "Standby")}}
	r.later = time.Minute
	r.mu.Unlock()
	r.Publish(status.Event{Kind: "transition"})
	if got := next(); !strings.Contains(got, "2 Standby") {
		t.Errorf("after the event: %s", got)
	}
}

func TestManyBrowsersShareOneRendering(t *testing.T) {
	r := sample()
	s := startServer(t, r) // its clock stands still
	for range 20 {
		follow(t, s.URL)()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked != 1 {
		t.Errorf("20 browsers asked the daemon %d times", r.asked)
	}
}

func TestThousandsOfGroupsAreBounded(t *testing.T) {
	r := sample()
	for n := range 2000 {
		r.st.Groups = append(r.st.Groups, group(n+100, "Active"))
	}
	r.st.Groups[1999].Obstacle = "link is down"
	_, page := get(t, startServer(t, r).URL, "text/html")
	if n := strings.Count(page, "<tr class="); n != mostRows {
		t.Errorf("%d rows", n)
	}
	if !strings.Contains(page, "link is down") || !strings.Contains(page, "1802 more groups") {
		t.Error("what is wrong is left out, or what is left out is not said")
	}
}

func TestPictureHasALaneForEachGroupThatChanged(t *testing.T) {
	r := sample()
	for n := range 20 {
		r.past = append(r.past, moved(at.Add(-time.Duration(40-n)*time.Second), 100+n, "Speak", "Standby", "standby-timer-expired"))
	}
	r.past = append(r.past, moved(at.Add(-time.Second), 10, "Active", "Speak", "coup-received"), status.Past{Command: &status.Command{Name: "announce"}})
	got := picture(r.past, at)
	if n := strings.Count(got, `text-anchor="start"`); n != mostLanes {
		t.Errorf("%d lanes", n)
	}
	if !strings.Contains(got, ">hsrp:eth1:10<") || strings.Count(got, `class="gw1"`) != 1 || !strings.Contains(got, "coup-received") {
		t.Errorf("the group that changed last is not drawn as it was:\n%s", got)
	}
	for _, tick := range regexp.MustCompile(`<line x1="([0-9.]+)" y1="[0-9.]+" x2="[0-9.]+" y2="[0-9.]+" class="line"/>\n<text`).FindAllStringSubmatch(got, -1) {
		if tick[1] == fmt.Sprintf("%.1f", float64(laneLeft)) {
			t.Error("a tick for a time before the picture stands at its left edge")
		}
	}
	if picture(nil, at) != "" || picture([]status.Past{moved(at.Add(-48*time.Hour), 10, "Speak", "Standby", "x")}, at) != "" {
		t.Error("a picture of nothing")
	}
}
