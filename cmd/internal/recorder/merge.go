package recorder

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/fhrpd/fhrpd/hello/wire"
)

// window is how far apart two routers may record one frame when their clocks agree:
// a frame is under way for microseconds, and waits for a busy host.
const window = 20 * time.Millisecond

// mostPairs bounds the pairs of frames that are compared.
const mostPairs = 1 << 21

// Labelled is a tape with the name of the router that made it.
type Labelled struct {
	Name string
	*Tape
}

// Alignment says how far the clock of a router is ahead of that of the first one,
// and what this rests on.
type Alignment struct {
	Name   string        `json:"name"`
	Ahead  time.Duration `json:"ahead_ns"`  // negative: it is behind
	Common int           `json:"common"`    // frames that both have recorded
	Within time.Duration `json:"within_ns"` // half of them are no further from that
}

// String words the alignment.
func (a Alignment) String() string {
	return fmt.Sprintf("%s: its clock was %v ahead of that of the first file and its times were moved by as much: the median of %d frames that both routers recorded, half of them within %v",
		a.Name, a.Ahead, a.Common, a.Within)
}

// errNothingCommon says that two tapes cannot be compared.
var errNothingCommon = errors.New("no frame is in both: were they recorded on one segment, at one time?")

// Merge puts tapes together on the clock of the first one. Each frame is there as
// often as it was recorded, on an interface that is named after its tape, as in
// "left:eth1". The error names the tape that has nothing in common with the first.
func Merge(first Labelled, others ...Labelled) (*Tape, []Alignment, error) {
	out := &Tape{Comments: slices.Clone(first.Comments)}
	out.take(first, 0)
	var list []Alignment
	for _, o := range others {
		a, ok := align(first.Tape, o.Tape)
		if !ok {
			return nil, nil, fmt.Errorf("%s and %s: %w", first.Name, o.Name, errNothingCommon)
		}
		a.Name = o.Name
		list = append(list, a)
		out.Comments = append(append(out.Comments, o.Comments...), a.String())
		out.take(o, -a.Ahead)
	}
	out.sort()
	return out, list, nil
}

func (t *Tape) take(from Labelled, move time.Duration) {
	for _, r := range from.Records {
		r.At, r.Interface = r.At.Add(move), from.Name+":"+cmp.Or(r.Interface, nowhere)
		t.Records = append(t.Records, r)
	}
}

// pair is a frame that may be the same one on both tapes.
type pair struct {
	ahead  time.Duration
	weight float64
}

// align compares the clocks of two tapes by the frames on both. Hellos repeat
// themselves, so that one alone fits many times: what counts is the difference that
// fits most frames, and of several the smallest, for most clocks are nearly right.
// Frames that are rare count for more.
func align(a, b *Tape) (Alignment, bool) {
	pairs := pairsOf(times(a), times(b))
	if len(pairs) == 0 {
		return Alignment{}, false
	}
	slices.SortFunc(pairs, func(x, y pair) int { return cmp.Compare(x.ahead, y.ahead) })
	best := densest(pairs)
	middle := best[len(best)/2].ahead
	far := make([]time.Duration, len(best))
	for i, p := range best {
		far[i] = (p.ahead - middle).Abs()
	}
	slices.Sort(far)
	return Alignment{Ahead: middle, Common: len(best), Within: far[len(far)/2]}, true
}

// densest returns those pairs within a window that weigh most together.
func densest(sorted []pair) []pair {
	from, to, heaviest, sum, first := 0, 0, 0.0, 0.0, 0
	for i, p := range sorted {
		sum += p.weight
		for p.ahead-sorted[first].ahead > window {
			sum -= sorted[first].weight
			first++
		}
		// Sums in another order differ in their last digits.
		tie := math.Abs(sum-heaviest) < 1e-6
		if !tie && sum > heaviest || tie && p.ahead.Abs() < sorted[from].ahead.Abs() {
			from, to, heaviest = first, i+1, sum
		}
	}
	return sorted[from:to]
}

// pairsOf returns how much later b has each frame than a, for every frame of b that
// could be one of a. All the pairs of one frame weigh 1 together: where the tapes
// overlap in part only, hellos fit another difference better than the true one.
func pairsOf(a, b map[string][]time.Time) (list []pair) {
	shared := 0
	for k := range b {
		if len(a[k]) > 0 {
			shared++
		}
	}
	most := int(math.Sqrt(float64(mostPairs) / float64(max(shared, 1))))
	for k, inB := range b {
		inA := a[k]
		inA, inB = inA[max(0, len(inA)-most):], inB[max(0, len(inB)-most):]
		for _, x := range inA {
			for _, y := range inB {
				list = append(list, pair{y.Sub(x), 1 / float64(len(inA)*len(inB))})
			}
		}
	}
	return list
}

// times lists when each frame was recorded, by what is in it.
func times(t *Tape) map[string][]time.Time {
	out := map[string][]time.Time{}
	for _, r := range t.Records {
		if r.Frame != nil && !r.At.IsZero() {
			k := string(unpadded(r.Frame))
			out[k] = append(out[k], r.At)
		}
	}
	return out
}

// unpadded cuts off what fills a short frame up: the sender does not record that.
func unpadded(frame []byte) []byte {
	size := len(frame)
	switch wire.EtherType(frame) {
	case wire.EtherTypeARP:
		size = wire.EthernetHeader + 28
	case wire.EtherTypeIPv4, wire.EtherTypeIPv6:
		var p wire.Packet
		if p.Parse(frame) && p.Size >= 0 {
			size = wire.EthernetHeader + len(p.IP) + p.Size
		}
	}
	return frame[:min(size, len(frame))]
}
