package daemon

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/hooks"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/internal/state"
)

// Whatever is not in this list goes to a successor. Whoever adds a field that stays
// behind finds it here, and thinks about it once more.
func TestWhatADaemonLeavesBehind(t *testing.T) {
	got := state.Left(carriedMemory(time.Now(), &memory{}, &baselines{}, hooks.New(nil, nil, nil)))
	got = append(got, state.Left(carriedPorts(map[string]*port{"eth0": {}}))...)
	if diff := cmp.Diff(leftBehind, got); diff != "" {
		t.Error(diff)
	}
}

var leftBehind = []string{
	"daemon.baselines.mu: nobody works on it",
	"atomic.Pointer[github.com/fhrpd/fhrpd/cmd/internal/daemon.opened].v: a unsafe.Pointer",
	"daemon.opened.iface: a root of package vip",
	"daemon.opened.members: joined again, before the other process leaves",
	"daemon.opened.socket: goes as a descriptor",
	"daemon.opened.tap: opened again",
	"daemon.port.addressed: a func",
	"daemon.port.log: of this process",
	"daemon.port.open: a func",
	"daemon.port.recorder: of this process: a successor begins a tape of its own",
	"daemon.port.release: a func",
	"daemon.port.routed: a func",
	"daemon.port.work: of this process, idle",
}

// The configuration in force is carried to the last secret, and one with a key that
// the reader does not have is refused where that key is in use.
func TestConfigurationIsCarried(t *testing.T) {
	was, err := configs.Parse("fhrpd.toml", []byte(`
[daemon]
lease = "5s"
[[track]]
name = "flag"
file = "/run/flag"
[[keychain]]
name = "lan"
keys = [{ id = 1, secret = "0123456789abcdef0123456789abcdef" }]
[[hsrp]]
interface = "eth0"
group = 10
virtual_ips = ["192.0.2.1"]
auth = { md5 = "secret" }
track = [{ object = "flag", decrement = 20 }]
[[vrrp]]
interface = "eth0"
vrid = 20
virtual_ips = ["192.0.2.2"]
auth = { keychain = "lan" }
`))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	text, err := state.Encode(carriedMemory(now, &memory{Config: was, Started: now}, &baselines{}, hooks.New(nil, nil, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var is memory
	if _, err := state.Decode(text, carriedMemory(now, &is, &baselines{}, hooks.New(nil, nil, nil))); err != nil {
		t.Fatal(err)
	}
	print := func(c *configs.Config) string {
		var b bytes.Buffer
		if err := configs.Print(&b, c); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if diff := cmp.Diff(print(was), print(is.Config)); diff != "" {
		t.Error(diff)
	}
	newer := bytes.Replace(text, []byte(`"Realtime":true`), []byte(`"Realtime":true,"Wormholes":7`), 1)
	if _, err := state.Decode(newer, carriedMemory(now, &memory{}, &baselines{}, hooks.New(nil, nil, nil))); err == nil || !strings.Contains(err.Error(), "Daemon.Wormholes, which is in use") {
		t.Errorf("a key that this version does not have: %v", err)
	}
}

func TestEstateIsUnpackedAsItWasPacked(t *testing.T) {
	was := estate{Ports: []string{"eth0"}, Metrics: true, daemon: []byte("a\nb"), interfaces: []byte{}, engine: []byte("{}"), kernel: []byte("k")}
	b, err := was.pack()
	if err != nil {
		t.Fatal(err)
	}
	var is estate
	if err := is.unpack(b); err != nil || !cmp.Equal(was, is, cmp.AllowUnexported(estate{})) {
		t.Errorf("%v: %+v, want %+v", err, is, was)
	}
	if err := new(estate).unpack(b[:len(b)-1]); err == nil {
		t.Error("a text that is cut short is taken")
	}
}

// What another version takes another snapshot of is not compared with what it read.
func TestSameState(t *testing.T) {
	text := func(roots, types string) []byte {
		b, _ := json.Marshal(map[string]json.RawMessage{"roots": json.RawMessage(roots), "shared": json.RawMessage("[]"), "types": json.RawMessage(types)})
		return b
	}
	for _, c := range []struct {
		a, b []byte
		same bool
	}{
		{text(`{"a":1}`, `{}`), text(`{"a":1}`, `{}`), true},
		{text(`{"a":1}`, `{}`), text(`{"a":2}`, `{}`), false},
		{text(`{"a":1}`, `{}`), text(`{"a":2}`, `{"t":["a"]}`), true},
		{[]byte("x"), text(`{}`, `{}`), false},
	} {
		if got := sameState(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}
