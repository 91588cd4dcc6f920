package lab

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileThatCannotBeWrittenIsNoticedBeforeTheRun(t *testing.T) {
	dir := t.TempDir()
	for flag, o := range map[string]Options{
		"--svg":  {SVG: filepath.Join(dir, "none", "lab.svg")},
		"--pcap": {SVG: filepath.Join(dir, "lab.svg"), Pcap: dir},
	} {
		all := Defaults()
		all.SVG, all.Pcap = o.SVG, o.Pcap
		started := false
		_, err := Run(t.Context(), all, io.Discard, writerFunc(func([]byte) { started = true }))
		if err == nil || !strings.Contains(err.Error(), flag+" cannot be written") || started {
			t.Errorf("%s: error %v, started %v", flag, err, started)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("a run that did not begin left %v", left)
	}
}

func TestAFileIsReplacedByAVerdictOnly(t *testing.T) {
	dir := t.TempDir()
	o := Options{SVG: filepath.Join(dir, "lab.svg"), Pcap: filepath.Join(dir, "lab.pcapng")}
	old := strings.Repeat("of the run before ", 4000)
	must(t, os.WriteFile(o.SVG, []byte(old), 0o644))
	f, err := openOutputs(o)
	must(t, err)
	f.close()
	if b, err := os.ReadFile(o.SVG); err != nil || string(b) != old {
		t.Errorf("without a verdict: %d bytes, %v", len(b), err)
	}
	if _, err := os.Stat(o.Pcap); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a verdict there is a capture: %v", err)
	}
	f, err = openOutputs(o)
	must(t, err)
	r := sample("kill")
	must(t, f.save(r, judge(r), nil))
	f.close()
	b, err := os.ReadFile(o.SVG)
	if err != nil || !strings.HasPrefix(string(b), "<svg") || !strings.HasSuffix(string(b), "</svg>\n") {
		t.Errorf("with one: %.40q, %v", b, err)
	}
	if st, err := os.Stat(o.Pcap); err != nil || st.Size() == 0 {
		t.Errorf("capture: %v %v", st, err)
	}
}
