package sim

import (
	"bufio"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan is one history: who is there and what is done to them. Its text form is
// what a failure prints and what a scenario file holds.
type Plan struct {
	Seed    uint64 // of the chance within the history: loss, delay, jitter
	Routers []Router
	Faults  []Fault
	Length  time.Duration // faults happen before this; then everything is mended
}

// Router is one gateway of a Plan.
type Router struct {
	Protocol     string // hsrp1, hsrp2, hsrp6, vrrp2, vrrp3 or vrrp6, or several joined by +
	Priority     int
	Preempt      bool
	PreemptDelay time.Duration
	Hello, Hold  time.Duration // VRRP: Hello is the advertisement interval

	// PreActive is how long the pre_active command of every group takes, 0 for
	// none, and Deadline how long it may.
	PreActive, Deadline time.Duration

	Lease time.Duration // 0: as long as the others wait

	// Forwards is how long after the router's link is up again its switch port
	// begins to forward, and Delay for how long its groups are silent then.
	Forwards, Delay time.Duration

	// Rolls is when the router's second key takes over from the first, 0 for no
	// keys, and Clock how far its clock is ahead.
	Rolls, Clock time.Duration

	// Checks is how long after each start of its process the router learns that an object
	// is down which its groups depend on, 0 for none.
	Checks time.Duration

	// Tied adds to each group one on a second segment that follows it.
	Tied bool
}

// Fault is one thing done to the segment at a time, undone after For.
type Fault struct {
	At   time.Duration
	Kind FaultKind
	A, B int // routers; B only for oneway and partition
	For  time.Duration
	N    int // loss and dup in percent, delay in milliseconds, priority
}

// FaultKind is what a fault does to the segment.
type FaultKind string

// The kinds of fault.
const (
	Loss      FaultKind = "loss"      // N percent of all frames
	Dup       FaultKind = "dup"       // N percent of all frames come twice
	Delay     FaultKind = "delay"     // up to N milliseconds more for each frame
	OneWay    FaultKind = "oneway"    // nothing from A to B
	Partition FaultKind = "partition" // nothing between A and B
	Link      FaultKind = "link"      // A's interface is down
	Stall     FaultKind = "stall"     // A's process is not scheduled
	Crash     FaultKind = "crash"     // A's process is killed, and starts again afterwards
	Stop      FaultKind = "stop"      // A's process is stopped cleanly, and starts again afterwards
	Priority  FaultKind = "priority"  // A's priority is N
	Refuse    FaultKind = "refuse"    // A's kernel prepares no group and opens no gate
	Bare      FaultKind = "bare"      // A's interface has no address
	Reload    FaultKind = "reload"    // A is given another file: see reloads
	Upgrade   FaultKind = "upgrade"   // another process takes A's place, or dies at some step: see upgrades
	Handover  FaultKind = "handover"  // A hands its roles over; meanwhile, with N 1, the neighbour delivers to A alone
	Away      FaultKind = "away"      // A is in maintenance: see aways
	Link2     FaultKind = "link2"     // A's interface on the second segment is down
)

var kinds = []FaultKind{Loss, Dup, Delay, OneWay, Partition, Link, Stall, Crash, Stop, Priority, Refuse, Bare, Reload, Upgrade, Handover, Handover, Away}

// mixes are the protocols that a segment may speak, side by side.
var mixes = []string{
	"hsrp1", "hsrp2", "hsrp2", "hsrp6", "vrrp2", "vrrp3", "vrrp3", "vrrp6",
	"hsrp2+hsrp6", "vrrp3+vrrp6", "vrrp2+vrrp3", "hsrp1+hsrp2+vrrp2+vrrp3+vrrp6",
}

// timers are hello and hold; those below a second need a protocol that can.
var timers = [][2]time.Duration{
	{time.Second, 3 * time.Second}, {3 * time.Second, 10 * time.Second},
	{100 * time.Millisecond, 350 * time.Millisecond}, {250 * time.Millisecond, 800 * time.Millisecond},
}

// Random draws a plan.
func Random(seed uint64) Plan {
	r := rand.New(rand.NewPCG(seed, 0x706c616e))
	p := Plan{Seed: seed, Length: 40 * time.Second}
	proto := mixes[r.IntN(len(mixes))]
	t := timers[r.IntN(2)]
	if !strings.Contains(proto, "hsrp1") && !strings.Contains(proto, "vrrp2") {
		t = timers[r.IntN(len(timers))]
	}
	if strings.Contains(proto, "vrrp") && t[0] > time.Second {
		t[0] = time.Second
	}
	for range 2 + r.IntN(2) {
		g := Router{Protocol: proto, Priority: 90 + 10*r.IntN(3), Preempt: r.IntN(2) == 0, Hello: t[0], Hold: t[1]}
		if g.Preempt && r.IntN(4) == 0 {
			g.PreemptDelay = time.Duration(1+r.IntN(5)) * time.Second
		}
		p.Routers = append(p.Routers, g)
	}
	for range r.IntN(7) {
		p.Faults = append(p.Faults, randomFault(r, &p))
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return int(a.At - b.At) })
	for i := range p.Routers {
		if r.IntN(4) == 0 { // half of the commands are too slow
			p.Routers[i].Deadline = time.Duration(10+r.IntN(2000)) * time.Millisecond
			p.Routers[i].PreActive = max(time.Duration(2*r.Float64()*float64(p.Routers[i].Deadline)).Round(time.Millisecond), time.Millisecond)
		}
		if r.IntN(4) == 0 { // some are shorter than a hello time
			p.Routers[i].Lease = time.Duration(500+r.IntN(3500)) * time.Millisecond
		}
	}
	for i := range p.Routers {
		if r.IntN(4) == 0 { // half of the delays are too short
			p.Routers[i].Forwards = time.Duration(1+r.IntN(8000)) * time.Millisecond
			p.Routers[i].Delay = time.Duration(2 * r.Float64() * float64(p.Routers[i].Forwards)).Round(time.Millisecond)
		}
	}
	if r.IntN(3) == 0 { // and the clocks differ by less than the window
		rolls := time.Duration(r.Int64N(int64(p.Length))).Round(time.Millisecond)
		for i := range p.Routers {
			p.Routers[i].Rolls, p.Routers[i].Clock = rolls, time.Duration(r.IntN(2000)-1000)*time.Millisecond
		}
	}
	if r.IntN(4) == 0 {
		p.tie(r)
	}
	for i := range p.Routers {
		if r.IntN(4) == 0 { // half of the results are too late
			p.Routers[i].Checks = time.Duration(1+r.Int64N(int64(2*firstResult/time.Millisecond))) * time.Millisecond
		}
	}
	return p
}

func randomFault(r *rand.Rand, p *Plan) Fault {
	n := len(p.Routers)
	f := Fault{
		At:   (time.Duration(r.Int64N(int64(p.Length)))).Round(time.Millisecond),
		Kind: kinds[r.IntN(len(kinds))],
		A:    r.IntN(n), For: time.Duration(1+r.IntN(8000)) * time.Millisecond,
	}
	f.B = (f.A + 1 + r.IntN(n-1)) % n
	switch f.Kind {
	case Loss, Dup:
		f.N = 5 + r.IntN(60)
	case Delay:
		f.N = 1 + r.IntN(50)
	case Reload:
		f.N = r.IntN(len(reloads))
	case Upgrade:
		f.N = r.IntN(upgrades)
	case Handover:
		f.N = r.IntN(2)
	case Away:
		f.N = r.IntN(aways)
	case Priority:
		f.N = 60 + 10*r.IntN(10)
	case Bare:
		if r.IntN(2) == 0 { // as network managers do it
			f.For = time.Duration(50+r.IntN(60)) * time.Millisecond
		}
	case Stall:
		if r.IntN(2) == 0 {
			f.For = awkward(r, &p.Routers[f.A])
		}
	}
	return f
}

// awkward is a stall after which the others have just taken over, while the
// kernel still forwards: a moment longer than a hold time, counted from the last
// hello, which was up to a hello time before.
func awkward(r *rand.Rand, g *Router) time.Duration {
	hold := g.Hold
	if strings.Contains(g.Protocol, "vrrp") {
		hold = max(hold, 4*g.Hello)
	}
	return (hold + time.Duration((1.1*r.Float64()-0.1)*float64(g.Hello))).Round(time.Millisecond)
}

// String returns the plan as the text that Parse reads.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nlength %v\n", p.Seed, p.Length)
	for _, r := range p.Routers {
		fmt.Fprintf(&b, "router %s priority=%d preempt=%t preempt-delay=%v hello=%v hold=%v", r.Protocol, r.Priority, r.Preempt, r.PreemptDelay, r.Hello, r.Hold)
		if r.PreActive > 0 {
			fmt.Fprintf(&b, " pre-active=%v deadline=%v", r.PreActive, r.Deadline)
		}
		if r.Lease > 0 {
			fmt.Fprintf(&b, " lease=%v", r.Lease)
		}
		if r.Forwards > 0 || r.Delay > 0 {
			fmt.Fprintf(&b, " forwards=%v delay=%v", r.Forwards, r.Delay)
		}
		if r.Tied {
			b.WriteString(" tied=true")
		}
		if r.Checks > 0 {
			fmt.Fprintf(&b, " checks=%v", r.Checks)
		}
		if r.Rolls > 0 {
			fmt.Fprintf(&b, " rolls=%v clock=%v", r.Rolls, r.Clock)
		}
		b.WriteByte('\n')
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&b, "at %v %s a=%d b=%d for=%v n=%d\n", f.At, f.Kind, f.A, f.B, f.For, f.N)
	}
	return b.String()
}

// Parse reads a plan. Empty lines and lines that begin with # say nothing. The
// error names the line.
func Parse(text string) (Plan, error) {
	var p Plan
	sc := bufio.NewScanner(strings.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		words := strings.Fields(sc.Text())
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if err := p.parseLine(words); err != nil {
			return Plan{}, fmt.Errorf("line %d: %q: %w", n, sc.Text(), err)
		}
	}
	return p, p.validate()
}

func (p *Plan) parseLine(words []string) (err error) {
	if len(words) < 2 {
		return fmt.Errorf("want a word and its values")
	}
	switch words[0] {
	case "seed":
		p.Seed, err = strconv.ParseUint(words[1], 10, 64)
	case "length":
		p.Length, err = time.ParseDuration(words[1])
	case "router":
		p.Routers = append(p.Routers, Router{Protocol: words[1]})
		err = setAll(words[2:], p.Routers[len(p.Routers)-1].set)
	case "at":
		if len(words) < 3 {
			return fmt.Errorf("want at TIME KIND")
		}
		f := Fault{Kind: FaultKind(words[2])}
		if f.At, err = time.ParseDuration(words[1]); err == nil {
			err = setAll(words[3:], f.set)
		}
		p.Faults = append(p.Faults, f)
	default:
		return fmt.Errorf("want seed, length, router or at")
	}
	return err
}

func setAll(words []string, set func(key, value string) error) error {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if err := set(key, value); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	return nil
}

func (r *Router) set(key, value string) (err error) {
	switch key {
	case "priority":
		r.Priority, err = strconv.Atoi(value)
		return err
	case "tied":
		r.Tied, err = strconv.ParseBool(value)
		return err
	case "preempt":
		r.Preempt, err = strconv.ParseBool(value)
		return err
	}
	times := map[string]*time.Duration{
		"preempt-delay": &r.PreemptDelay, "hello": &r.Hello, "hold": &r.Hold,
		"pre-active": &r.PreActive, "deadline": &r.Deadline, "lease": &r.Lease,
		"forwards": &r.Forwards, "delay": &r.Delay,
		"checks": &r.Checks, "rolls": &r.Rolls, "clock": &r.Clock,
	}
	d, known := times[key]
	if !known {
		return fmt.Errorf("unknown; want priority, preempt, %s", strings.Join(slices.Sorted(maps.Keys(times)), ", "))
	}
	*d, err = time.ParseDuration(value)
	return err
}

func (f *Fault) set(key, value string) (err error) {
	switch key {
	case "a":
		f.A, err = strconv.Atoi(value)
	case "b":
		f.B, err = strconv.Atoi(value)
	case "for":
		f.For, err = time.ParseDuration(value)
	case "n":
		f.N, err = strconv.Atoi(value)
	default:
		return fmt.Errorf("unknown; want a, b, for or n")
	}
	return err
}

func (p *Plan) validate() error {
	if len(p.Routers) == 0 || len(p.Routers) > 20 {
		return fmt.Errorf("a plan has 1 to 20 routers, this one %d", len(p.Routers))
	}
	for _, f := range p.Faults {
		if !slices.Contains(kinds, f.Kind) && f.Kind != Link2 {
			return fmt.Errorf("unknown fault %q: want one of %v", f.Kind, kinds)
		}
		if f.A < 0 || f.B < 0 || f.A >= len(p.Routers) || f.B >= len(p.Routers) {
			return fmt.Errorf("fault at %v: no router %d or %d", f.At, f.A, f.B)
		}
	}
	return nil
}
