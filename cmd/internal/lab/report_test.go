package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/chart"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestReports(t *testing.T) {
	failed := sample("kill")
	failed.after.port = nodeGW1
	for name, r := range map[string]record{"kill.txt": sample("kill"), "link.txt": lossy(), "failed.txt": failed} {
		golden(t, name, text(r.plan, story(r), judge(r), ink{}))
	}
}

func TestNobodyTookOverWhereNobodyShould(t *testing.T) {
	for name, want := range map[string]string{
		"flush": "none, as it should be",
		"kill":  "none by gw2 of 1 of 1 groups",
	} {
		r := sample(name)
		r.sightings = slices.DeleteFunc(r.sightings, func(s sighting) bool { return s.Node == nodeGW2 && s.Kind == seenActive })
		said := text(r.plan, story(r), judge(r), ink{})
		if !strings.Contains(said, "takeover          "+want+"\n") {
			t.Errorf("%s: %s\nwant %q", name, said, want)
		}
	}
}

func TestStoryTellsWhoForwardsForASilentRouter(t *testing.T) {
	r := lossy()
	r.understudies = map[string][]status.Record{nodeGW2: {{At: at(4.5), Peer: "192.168.1.100"}, {At: at(-5000), Peer: "192.168.1.100"}}}
	said := text(r.plan, story(r), judge(r), ink{})
	want := "gw2    forwards for 192.168.1.100, whose frames are flooded and who does not answer"
	if strings.Count(said, want) != 1 || !strings.Contains(said, "+4.5") {
		t.Errorf("%s\nwant once, at +4.5 ms: %q", said, want)
	}
}

func TestColourIsOnlyWhereAskedFor(t *testing.T) {
	r := sample("kill")
	plain, colour := text(r.plan, story(r), judge(r), ink{}), text(r.plan, story(r), judge(r), ink{true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(colour, "\x1b[1;32mPASSED\x1b[0m") {
		t.Errorf("plain:\n%s\ncolour:\n%s", plain, colour)
	}
	var b bytes.Buffer
	if terminal(&b) {
		t.Error("a buffer passes for a terminal")
	}
}

func TestJSONEndsWithTheVerdict(t *testing.T) {
	r := sample("kill")
	var out bytes.Buffer
	must(t, report(Options{JSON: true}, r, judge(r), &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(story(r))+1 {
		t.Errorf("%d lines for %d events", len(lines), len(story(r)))
	}
	var e event
	must(t, json.Unmarshal([]byte(lines[0]), &e))
	var v Verdict
	must(t, json.Unmarshal([]byte(lines[len(lines)-1]), &v))
	if !v.Passed || v.Fault != "kill" || e.MS != -1000 {
		t.Errorf("first %+v, last %+v", e, v)
	}
}

// elements returns how often each class occurs in an XML document.
func elements(t *testing.T, doc []byte) map[string]int {
	t.Helper()
	count := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		must(t, err)
		if e, ok := tok.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					count[e.Name.Local+"."+a.Value]++
				}
			}
		}
	}
}

func TestPictureShowsWhatHappened(t *testing.T) {
	r := lossy()
	r.plan.fault.text = `a < b & "c"`
	got := elements(t, picture(r, story(r), judge(r)))
	for class, want := range map[string]int{
		// One each is the legend's.
		"rect.page": 1, "rect.loss": 1 + 1, "line.fault": 1 + 1, "path.garp": 4 + 1, "text.good": 1,
		"rect.gw1": 2 + 2, "rect.gw2": 2 + 1, "rect.wait": 1 + 1, // a lane's bar and the traffic's
		"line.hello": 5 + 6 + 1, // up to a second, five hellos, after the last event
	} {
		if got[class] != want {
			t.Errorf("%d × %s, want %d", got[class], class, want)
		}
	}
}

func TestPictureWithoutLossHasNoBand(t *testing.T) {
	r := sample("kill")
	if got := elements(t, picture(r, story(r), judge(r))); got["rect.loss"] != 0 {
		t.Errorf("%d bands", got["rect.loss"])
	}
}

func TestPictureExplainsItsSigns(t *testing.T) {
	r := lossy()
	got := string(picture(r, story(r), judge(r)))
	for _, want := range []string{"gw1 active", "gw2 active", ">standby<", ">Hello Active<", ">announcement<", ">lost<", ">fault<"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%d × %q", strings.Count(got, want), want)
		}
	}
	c := &canvas{Canvas: chart.Canvas{From: r.start, To: r.end, Left: laneLeft, Right: laneRight}}
	c.legend(r, append(story(r), event{Role: roleServes}), 0)
	for _, at := range regexp.MustCompile(`x="([0-9.]+)"[^>]*>[^<]+<`).FindAllStringSubmatch(c.String(), -1) {
		if x, _ := strconv.ParseFloat(at[1], 64); x > svgWidth-60 {
			t.Errorf("a sign at %.0f of %d px", x, svgWidth)
		}
	}
	if r = sample("kill"); strings.Contains(got, ">forwards on<") || !strings.Contains(string(picture(r, story(r), judge(r))), ">forwards on<") {
		t.Error("the legend does not have exactly the signs that occur")
	}
}

func TestAFailedPictureSaysWhy(t *testing.T) {
	r := sample("kill")
	r.after.port, r.notes = nodeGW1, []string{"the daemon of gw1 did not end\ncleanly: " + strings.Repeat("x", 200)}
	v := judge(r)
	got := string(picture(r, story(r), v))
	for _, want := range []string{">failed<", "behind port &#34;gw1&#34;: want gw2<", "did not end cleanly: xxx", "xx…<"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := elements(t, []byte(got))["text.bad"]; n != 1+len(v.Reasons) {
		t.Errorf("%d lines in red for %d reasons", n, len(v.Reasons))
	}
}

// fast is the sample played twenty times as fast, in the middle of a run as long.
func fast() record {
	o := Defaults()
	o.Hello = 10 * time.Millisecond
	r := sample("kill")
	r.plan = o.plan()
	quick := func(t time.Time) time.Time { return zero.Add(t.Sub(zero) / 20) }
	for i := range r.sightings {
		r.sightings[i].At = quick(r.sightings[i].At)
	}
	for i := range r.learned {
		r.learned[i].At = quick(r.learned[i].At)
	}
	r.transitions[nodeGW2][0].At = quick(r.transitions[nodeGW2][0].At)
	for ms := -60.0; ms > -1000; ms -= 10 {
		r.see(claim(nodeGW1, ms))
	}
	for i := range r.arrivals {
		if r.arrivals[i].at.After(at(28)) {
			r.arrivals[i].via = nodeGW2
		}
	}
	return r
}

func TestPictureIsReadableAtTenMilliseconds(t *testing.T) {
	r := fast()
	d := xml.NewDecoder(bytes.NewReader(picture(r, story(r), judge(r))))
	var ticks, hellos []float64
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		e, _ := tok.(xml.StartElement)
		attr := map[string]string{}
		for _, a := range e.Attr {
			attr[a.Name.Local] = a.Value
		}
		x, _ := strconv.ParseFloat(cmp.Or(attr["x1"], attr["x"]), 64)
		switch attr["class"] {
		case "hello":
			hellos = append(hellos, x)
		case "soft num":
			if attr["text-anchor"] == "middle" {
				ticks = append(ticks, x)
			}
		}
	}
	if len(ticks) < 6 || len(hellos) < 8 {
		t.Fatalf("%d ticks, %d hellos", len(ticks), len(hellos))
	}
	for i := range ticks[1:] {
		if gap := ticks[i+1] - ticks[i]; gap < 40 {
			t.Errorf("labels %.0f px from one another", gap)
		}
	}
	for i := range hellos[1:] {
		if gap := math.Abs(hellos[i+1] - hellos[i]); gap < 10 {
			t.Errorf("hellos %.1f px from one another", gap)
		}
	}
}

func TestDenseHellosAreThin(t *testing.T) {
	c := &canvas{Canvas: chart.Canvas{From: at(0), To: at(3000), Left: laneLeft, Right: laneRight}}
	if w := c.helloWidth(10 * time.Millisecond); w > 1 || w <= 0 {
		t.Errorf("lines of %.2f px, 2.7 px from one another", w)
	}
	if w := c.helloWidth(200 * time.Millisecond); w != 1.5 {
		t.Errorf("lines of %.2f px, 53 px from one another", w)
	}
}
