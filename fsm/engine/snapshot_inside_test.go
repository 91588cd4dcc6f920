package engine

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/state"
)

// Whatever is not in this list is carried to a successor. Whoever adds a field that
// stays behind finds it here, and thinks about it once more.
func TestWhatASnapshotLeavesBehind(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, vrrpGroup(1, time.Second))
	got := state.Left(e.carried(start, &queues{}))
	if diff := cmp.Diff(leftBehind, got); diff != "" {
		t.Error(diff)
	}
}

var leftBehind = []string{
	"engine.Engine.router: a root of its own",
	"engine.group.Group: the caller has it",
	"engine.group.choreTask: filed again",
	"engine.group.machineTask: filed again",
	"engine.hsrpCodec.auth: of the configuration",
	"engine.hsrpCodec.ring: of the configuration",
	"engine.iface.env: of one frame",
	"engine.iface.hsrp: of one frame",
	"engine.iface.out: empty between two turns",
	"engine.iface.port: of this process",
	"engine.iface.received: of one frame",
	"engine.iface.vrrp: of one frame",
	"engine.journal.observe: a func",
	"engine.router.chores: filed again",
	"engine.router.mark: a func",
	"engine.router.preActive: a func",
	"engine.router.random: a func",
	"engine.router.returned: a func",
	"engine.router.silent: filed again",
	"engine.router.speaking: filed again",
	"engine.router.starved: a func",
	"engine.router.wall: a func",
	"engine.vrrpCodec.check: a func",
	"engine.wait.cancel: a func",
	"follow.Follower.actions: of one step",
	"garp.Schedule.Align: a func",
	"garp.Schedule.Rand: a func",
	"hsrp.Config.Align: a func",
	"hsrp.Config.Company: a func",
	"hsrp.Config.Jitter: a func",
	"hsrp.Group.last: made again",
	"hsrp.Group.out: of one step",
	"prove.Prover.Random: a func",
	"trailer.Signer.keys: of the configuration",
	"trailer.Verifier.keys: of the configuration",
	"vrrp.Config.Align: a func",
	"vrrp.Config.Jitter: a func",
	"vrrp.Router.actions: of one step",
	"vrrp.Router.last: made again",
}

// tracked are a leader, one that follows it, and an object that counts.
func tracked() Config {
	leader := vrrpGroup(1, time.Second)
	leader.Name, leader.Tracks = "lan", []TrackUse{{Object: "uplink", Decrement: 20}}
	follower := vrrpGroup(2, time.Second)
	follower.Follow, follower.VirtualIPs = "lan", nil
	follower.VirtualIPs = append(follower.VirtualIPs, shared4.Next())
	return Config{Groups: []Group{leader, follower}, Tracks: []Track{{Name: "uplink"}}}
}

func surroundings() Options {
	return Options{
		Ports: map[string]Port{"eth0": &gatekeeper{}}, Now: start,
		Random: func() float64 { return 0 }, Mark: func() uint64 { return 1 },
	}
}

func TestRestoredEngineGoesOn(t *testing.T) {
	c := tracked()
	e, err := New(c, surroundings())
	if err != nil {
		t.Fatal(err)
	}
	e.LinkChanged(start, "eth0", Link{Name: "eth0", Index: 1, MAC: hello.MAC{2, 1}, Up: true, Addr4: self4})
	e.TrackChanged(start, "uplink", false, "no answer")
	now := start.Add(10 * time.Second)
	e.Tick(now)
	if err := e.SetPriority(now, Caller{Known: true, UID: 7}, "lan", 42); err != nil {
		t.Fatal(err)
	}
	e.Flush(now)
	was := e.Status(now)
	if was.Groups[0].Machine.State != "Active" || was.Groups[1].Machine.State != "Active" {
		t.Fatalf("not active: %+v", was.Groups)
	}
	snapshot, err := e.Snapshot(now)
	if err != nil {
		t.Fatal(err)
	}
	o := surroundings()
	o.Now = now
	after, lost, err := Restore(c, o, snapshot)
	if err != nil || lost != nil {
		t.Fatal(lost, err)
	}
	if is := after.Status(now); !reflect.DeepEqual(was, is) {
		t.Errorf("the status was %+v\nand is %+v", was, is)
	}
	if was, is := e.Changes(0), after.Changes(0); !reflect.DeepEqual(was, is) {
		t.Errorf("the changes were %+v\nand are %+v", was, is)
	}
	after.TrackChanged(now, "uplink", true, "answers again")
	if st := after.Status(now).Groups[0]; len(st.DownTracks) != 0 {
		t.Errorf("the object of the restored group is another one: %+v", st)
	}
}

func TestNoSnapshotOfWhatIsUnderWay(t *testing.T) {
	g := vrrpGroup(1, time.Second)
	g.PreActive, g.VirtualIPs = time.Minute, []netip.Addr{shared4}
	e := newEngine(t, &gatekeeper{}, func(PreActive) func(error) { return func(error) {} }, g)
	now := start.Add(10 * time.Second)
	e.Wake(now, 0)
	e.Tick(now)
	if _, err := e.Snapshot(now); err == nil || !strings.Contains(err.Error(), "waits for its pre_active command") {
		t.Errorf("%v", err)
	}
	e.Stop(now)
	if _, err := e.Snapshot(now); err == nil || !strings.Contains(err.Error(), "stops") {
		t.Errorf("%v", err)
	}
}

func TestAnotherConfigurationIsNotRestored(t *testing.T) {
	e := newEngine(t, &gatekeeper{}, nil, vrrpGroup(1, time.Second))
	snapshot, err := e.Snapshot(start)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Restore(Config{Groups: []Group{vrrpGroup(2, time.Second)}}, surroundings(), snapshot); err == nil || !strings.Contains(err.Error(), "group vrrp:eth0:1") {
		t.Errorf("%v", err)
	}
}
