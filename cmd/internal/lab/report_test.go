package lab

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReports(t *testing.T) {
	failed := sample("kill")
	failed.after.port = nodeGW1
	for name, r := range map[string]record{"kill.txt": sample("kill"), "link.txt": lossy(), "failed.txt": failed} {
		golden(t, name, text(r.plan, story(r), judge(r), ink{}))
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
		"rect.page": 1, "rect.loss": 1, "line.fault": 1, "path.garp": 4, "text.good": 1,
		"rect.gw1": 2, "rect.gw2": 2, "rect.wait": 1, // a lane's bar and the traffic's
		"line.hello": 5 + 8,
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
