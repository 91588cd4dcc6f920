package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

const (
	proofTime  = 200 * time.Millisecond // of datagrams that all have to arrive
	proofLimit = 10 * time.Second       // for that to happen
)

// proof is what became of the datagrams of one attempt.
type proof struct {
	sent, arrived, astray int // astray came through the other router
}

// holds reports whether every datagram arrived through the active router.
func (p proof) holds() bool { return p.sent > 0 && p.arrived == p.sent && p.astray == 0 }

// weigh compares what was sent with what arrived through which router.
func weigh(sent int, arrivals []arrival, through string) proof {
	p := proof{sent: sent}
	seen := map[uint64]bool{}
	for _, a := range arrivals {
		if a.seq >= uint64(sent) || seen[a.seq] {
			continue
		}
		seen[a.seq] = true
		p.arrived++
		if a.via != through {
			p.astray++
		}
	}
	return p
}

// prove sends datagrams until for a moment each has reached the host through the
// active router. Before that a fault would be judged by what is not its doing. The
// stream of the experiment has numbers and captures of its own.
func (r *rig) prove(ctx context.Context, limit time.Duration) error {
	// The client learns the real addresses as well.
	if _, err := r.pings(); err != nil {
		return err
	}
	first := r.plan.fault.first
	var last proof
	for begin := time.Now(); ; {
		p, err := r.attempt(ctx)
		if err != nil {
			return err
		}
		if p.holds() {
			r.progress("the path works: %d of %d datagrams reached the host, all through %s", p.arrived, p.sent, first)
			return nil
		}
		if last = p; time.Since(begin) > limit {
			break
		}
	}
	table, err := r.clientTable()
	if err != nil {
		return err
	}
	at := "at no MAC"
	if mac, ok := table[r.plan.vip()]; ok {
		at = "at " + mac.String()
	}
	return fmt.Errorf("no experiment, because the path did not work before any fault: in %v of trying never all datagrams reached the host through %s; "+
		"in the end %d of %d arrived, %d of these through %s, and the client has %s %s\n%s",
		limit, first, last.arrived, last.sent, last.astray, other(first), r.plan.vip(), at, r.gw[first].tail())
}

// attempt sends for the time of a proof and waits until everything has arrived, or
// cannot be expected any more.
func (r *rig) attempt(ctx context.Context) (proof, error) {
	recv, err := startReceiver(r.net[nodeHost], 2*int(proofTime/r.plan.rate)+1<<16)
	if err != nil {
		return proof{}, err
	}
	defer recv.close()
	stop, err := startSender(ctx, r.net[nodeClient], hostAt.addr(r.plan.family), r.plan.rate)
	if err != nil {
		return proof{}, err
	}
	err = pause(ctx, max(proofTime, 5*r.plan.rate))
	sent := len(stop())
	if err != nil {
		return proof{}, err
	}
	var p proof
	err = netlab.Eventually(ctx, drain, func() bool {
		p = weigh(sent, recv.arrivals(), r.plan.fault.first)
		return p.arrived == p.sent
	})
	if errors.Is(err, netlab.ErrTimeout) {
		err = nil
	}
	return p, err
}
