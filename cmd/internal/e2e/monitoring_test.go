package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// What the repository has for Prometheus and Grafana.
const (
	alertsFile     = "../../../packaging/prometheus/fhrpd.rules.yml"
	alertTestsFile = "../../../packaging/prometheus/fhrpd.rules.test.yml"
	boardFile      = "../../../packaging/grafana/fhrpd.json"
)

// monitored shows every kind of metric: group 11 has another text on the other
// router, and group 12 exists there alone.
const monitored = `[daemon]
metrics = "127.0.0.1:9650"

[[track]]
name = "uplink"
interface = "eth1"

[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.168.1.1"]
neighbors = ["192.168.1.10"]
priority = PRIORITY
hello = "200ms"
hold = "700ms"
track = [{ object = "uplink", decrement = 5 }]

[[hsrp]]
interface = "eth0"
group = 11
virtual_ips = ["192.168.1.2"]
priority = PRIORITY
auth = { text = "PRIORITY" }

[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["192.168.1.3"]
priority = PRIORITY
`

const monitoredMore = `
[[hsrp]]
interface = "eth0"
group = 12
virtual_ips = ["192.168.1.4"]
`

// Every metric and label that an alert, its test or the board uses is one that a
// daemon shows.
func TestAlertsAndBoardAskForWhatIsShown(t *testing.T) {
	board := readBoard(t)
	queries := append(board.queries(), alerts(t)...)
	if len(queries) < 30 {
		t.Fatalf("%d queries found", len(queries))
	}
	scenario(t, func(t testing.TB, l *lan) {
		l.a.StartAs(monitored, 110)
		l.b.StartAs(monitored+monitoredMore, 100)
		l.a.WaitState("hsrp:eth0:10", "Active")
		// Some metrics are shown after the first proof or the first rejected packet.
		var missing []string
		if err := netlab.Eventually(t.Context(), patience, func() bool {
			now := scrape(t, l.a)
			missing = nil
			for _, q := range queries {
				missing = append(missing, now.lacks(q)...)
			}
			return len(missing) == 0
		}); err != nil {
			t.Errorf("%v\n%s\n%s", err, strings.Join(missing, "\n"), l.a.Tail())
		}
	})
}

// exposition has the labels of each metric.
type exposition map[string]map[string]bool

var sampleLine = regexp.MustCompile(`^(fhrp_\w+)(?:\{(.*)\})? \S+$`)

// scrape asks a daemon as Prometheus does.
func scrape(t testing.TB, g *gateway) exposition {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return metricsOf(ctx, g) },
	}}
	resp, err := client.Get("http://router/metrics")
	must(t, err)
	defer resp.Body.Close()
	list := exposition{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		m := sampleLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if list[m[1]] == nil {
			list[m[1]] = map[string]bool{"job": true, "instance": true, "site": true} // labels of the target
		}
		for _, l := range matchers.FindAllStringSubmatch(m[2], -1) {
			list[m[1]][l[1]] = true
		}
	}
	return list
}

var (
	selector = regexp.MustCompile(`\b(fhrp_\w+)(?:\{([^}]*)\})?`)
	matchers = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"`)
	lists    = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	legend   = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}`)
	values   = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

// query is an expression, with the text that shows the labels of its result.
type query struct{ where, expr, legend string }

// lacks returns what a query names that no metric of it has.
func (s exposition) lacks(q query) (missing []string) {
	all := map[string]bool{"job": true, "instance": true, "alertname": true, "alertstate": true, "severity": true}
	expr := q.expr
	if m := values.FindStringSubmatch(expr); m != nil {
		expr = m[1]
		q.legend += "{{" + m[2] + "}}"
	}
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		labels, ok := s[m[1]]
		if !ok {
			missing = append(missing, fmt.Sprintf("%s: no metric %s is shown: %s", q.where, m[1], q.expr))
		}
		maps.Copy(all, labels)
		for _, l := range matchers.FindAllStringSubmatch(m[2], -1) {
			if ok && !labels[l[1]] {
				missing = append(missing, fmt.Sprintf("%s: %s has no label %s: %s", q.where, m[1], l[1], q.expr))
			}
		}
	}
	var named []string
	for _, m := range lists.FindAllStringSubmatch(expr, -1) {
		named = append(named, strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	for _, m := range legend.FindAllStringSubmatch(q.legend, -1) {
		named = append(named, m[1])
	}
	for _, n := range named {
		if !all[n] {
			missing = append(missing, fmt.Sprintf("%s: no metric has the label %s: %s %s", q.where, n, q.expr, q.legend))
		}
	}
	return missing
}

// The query of a metric that does not exist is found.
func TestLackOfAMetricIsSeen(t *testing.T) {
	s := exposition{"fhrp_a": {"group": true, "instance": true}}
	for _, q := range []query{
		{expr: `fhrp_b > 0`}, {expr: `fhrp_a{grp="1"}`}, {expr: `sum by (grp) (fhrp_a)`},
		{expr: `fhrp_a`, legend: "{{grp}}"}, {expr: `label_values(fhrp_a, grp)`}, {expr: `fhrp_a`, legend: "{{ $labels.grp }}"},
	} {
		if len(s.lacks(q)) != 1 {
			t.Errorf("%v: %q", q, s.lacks(q))
		}
	}
	if m := s.lacks(query{expr: `sum by (instance, group) (fhrp_a{group=~"1"})`, legend: "{{group}}"}); len(m) > 0 {
		t.Error(m)
	}
}

// board is a dashboard of Grafana, as far as it asks for something.
type board struct {
	Title  string
	Panels []struct {
		Type, Title, Description string
		Targets                  []struct{ Expr, LegendFormat string }
	}
	Annotations struct {
		List []struct{ Name, Expr, TitleFormat, TextFormat string }
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

func readBoard(t *testing.T) (b board) {
	t.Helper()
	text, err := os.ReadFile(boardFile)
	must(t, err)
	must(t, json.Unmarshal(text, &b))
	return b
}

func (b *board) queries() (list []query) {
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			list = append(list, query{"board, panel " + p.Title, target.Expr, target.LegendFormat})
		}
	}
	for _, a := range b.Annotations.List {
		list = append(list, query{"board, annotation " + a.Name, a.Expr, a.TitleFormat + a.TextFormat})
	}
	for _, v := range b.Templating.List {
		if v.Type == "query" {
			list = append(list, query{"board, variable " + v.Name, v.Definition, ""})
		}
	}
	return list
}

// Each panel has words for who does not know it, and every variable exists.
func TestBoardExplainsItself(t *testing.T) {
	b := readBoard(t)
	known := map[string]bool{"$__rate_interval": true}
	for _, v := range b.Templating.List {
		known["$"+v.Name] = true
	}
	for _, p := range b.Panels {
		if p.Type != "row" && p.Description == "" {
			t.Errorf("panel %q has no description", p.Title)
		}
	}
	for _, q := range b.queries() {
		for _, v := range regexp.MustCompile(`\$\w+`).FindAllString(q.expr, -1) {
			if !known[v] {
				t.Errorf("%s: no variable %s", q.where, v)
			}
		}
	}
}

// alerts takes the expressions and the series out of the rules and their tests. In
// both each of them begins on a line of its own.
func alerts(t *testing.T) (list []query) {
	t.Helper()
	for _, file := range []string{alertsFile, alertTestsFile} {
		text, err := os.ReadFile(file)
		must(t, err)
		for block := range strings.SplitSeq(string(text), "\n      - ") {
			list = append(list, query{filepath.Base(file), block, block})
		}
	}
	return list
}

// promtool runs it, in the folder of the rules.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	program := skip.Without(t, "promtool")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = filepath.Dir(alertsFile)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}

func TestAlertsFire(t *testing.T) {
	promtool(t, "check", "rules", filepath.Base(alertsFile))
	promtool(t, "test", "rules", filepath.Base(alertTestsFile))
	rules, err := os.ReadFile(alertsFile)
	must(t, err)
	tests, err := os.ReadFile(alertTestsFile)
	must(t, err)
	page, err := os.ReadFile("../../../docs/monitoring.md")
	must(t, err)
	list := regexp.MustCompile(`(?s)- alert: (\w+).*?severity: (\w+)`).FindAllStringSubmatch(string(rules), -1)
	for _, m := range list {
		if !strings.Contains(string(tests), m[1]) {
			t.Errorf("no test of %s", m[1])
		}
		if row := fmt.Sprintf("| `%s` | %s |", m[1], m[2]); !strings.Contains(string(page), row) {
			t.Errorf("docs/monitoring.md has no row %s", row)
		}
	}
	if rows := strings.Count(string(page), "| `Fhrp"); rows != len(list) {
		t.Errorf("docs/monitoring.md has %d alerts, and there are %d", rows, len(list))
	}
}

// Prometheus understands every query of the board.
func TestBoardAsksInPromQL(t *testing.T) {
	var b strings.Builder
	b.WriteString("groups:\n- name: board\n  rules:\n")
	board := readBoard(t)
	for n, q := range board.queries() {
		if !strings.HasPrefix(q.expr, "label_values") {
			fmt.Fprintf(&b, "  - record: q%d\n    expr: %q\n", n, strings.ReplaceAll(q.expr, "$__rate_interval", "5m"))
		}
	}
	file := filepath.Join(t.TempDir(), "board.yml")
	must(t, os.WriteFile(file, []byte(b.String()), 0o644))
	promtool(t, "check", "rules", file)
}
