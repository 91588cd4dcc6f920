package daemon

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// TestPair compares what two routers tell of one change with the files in
// testdata/outside/pair: what a person reads on either of them at night.
func TestPair(t *testing.T) {
	made := map[string]*bytes.Buffer{"explain.json": new(bytes.Buffer)}
	for _, tt := range []struct {
		name   string
		change []string // in the second router's file
		play   func(p *pair)
	}{
		{"uplink lost, decrement", nil, func(p *pair) {
			p.started().first.link("lanB", false)
			p.run(8 * time.Second)
		}},
		{"uplink lost, shutdown", nil, func(p *pair) {
			p.started().first.track("flag", false, "no such file")
			p.run(8 * time.Second)
		}},
		{"set priority", nil, func(p *pair) {
			p.started().first.setPriority("users", 90)
			p.first.setPriority("lan", 90)
			p.run(8 * time.Second)
		}},
		{"killed", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.first.gone = true
			p.run(8 * time.Second)
		}},
		{"stopped", nil, func(p *pair) {
			p.started().first.do(func(time.Time) { p.first.stop() })
			p.run(8 * time.Second)
			p.first.gone = true
		}},
		{"frozen", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.first.frozen = true
			p.run(5 * time.Second)
			p.first.frozen = false
			p.run(3 * time.Second)
		}},
		{"busy host", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.first.frozen = true
			p.first.hungry = func() (time.Duration, bool) { return 4900 * time.Millisecond, true }
			p.run(5 * time.Second)
			p.first.frozen = false
			p.run(8 * time.Second)
		}},
		{"host asleep", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.first.frozen = true // for the monotonic clock no time passes meanwhile
			p.run(5 * time.Second)
			p.first.frozen, p.first.slept = false, time.Hour
			p.run(8 * time.Second)
		}},
		{"tracked object back", nil, func(p *pair) {
			p.started().first.track("flag", false, "no such file")
			p.run(8 * time.Second)
			p.first.track("flag", true, "exists")
			p.run(40 * time.Second)
		}},
		{"own link lost", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.cut = true
			p.first.link("lanA", false, p.first.self.ip+"/24", p.first.self.ip6+"/64")
			p.run(8 * time.Second)
		}},
		{"own address lost", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.first.link("lanA", true)
			p.run(8 * time.Second)
		}},
		{"link between lost and back", nil, func(p *pair) {
			p.started().run(300 * time.Millisecond)
			p.cut = true
			p.run(6 * time.Second)
			p.cut = false
			p.run(5 * time.Second)
		}},
		{"other keys and versions", []string{"secret of the segment", "another secret", "version = 3", "version = 2"}, func(p *pair) {
			p.started().run(time.Second)
		}},
		{"other groups", []string{"group = 10", "group = 11", "vrid = 20", "vrid = 21"}, func(p *pair) {
			p.started().run(time.Second)
		}},
		{"better router comes", []string{"priority = 100", "priority = 150"}, func(p *pair) {
			p.first.up()
			p.run(15 * time.Second)
			p.second.up()
			p.run(8 * time.Second)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, tt.change...)
				tt.play(p)
				p.tell(tt.name)
				p.end()
				made[tt.name+".txt"] = p.files[tt.name+".txt"]
				made["explain.json"].Write(p.files["explain.json"].Bytes())
			})
		})
	}
	if !t.Failed() {
		compare(t, "testdata/outside/pair", made)
	}
}
