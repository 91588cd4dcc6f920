package track

import (
	"context"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

const (
	// slack is how much longer than its timeout a check may take to say why it
	// failed before it counts as hung.
	slack = 200 * time.Millisecond
	// spacing keeps a storm of route changes from becoming a storm of checks.
	spacing = 100 * time.Millisecond
	// detailEvery is how often the details of a state that lasts are refreshed.
	detailEvery = 10 * time.Second
	// drain is how long the end of Run waits for a check that is under way, so
	// that programs are killed and reaped.
	drain = 300 * time.Millisecond
)

type result struct {
	detail string
	err    error
}

// object is one tracked object. Except for wake, only its own goroutine uses it.
type object struct {
	cfg    configs.Track
	judge  *judge
	check  check
	report func(up bool, detail string)
	wake   chan struct{} // capacity 1: something may have changed, check now

	results chan result // capacity 1, so that a late check can end
	running bool
	hung    bool      // the running check has already been counted
	began   time.Time // of the last check
	due     time.Time // of the next check
	late    time.Time // when the running check counts as bad, again and again
	sent    time.Time // when the last report was
	detail  string    // last seen
}

func newObject(c configs.Track, check check, report func(bool, string)) *object {
	return &object{
		cfg: c, judge: newJudge(c), check: check, report: report,
		wake: make(chan struct{}, 1), results: make(chan result, 1),
	}
}

// nudge makes the object check soon. It may be called from any goroutine.
func (o *object) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *object) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			if o.running {
				select {
				case <-o.results:
				case <-time.After(drain):
				}
			}
			return
		case r := <-o.results:
			o.finished(time.Now(), r)
		case <-o.wake:
			o.due = o.began.Add(max(spacing, time.Since(o.began)))
		case <-timer.C:
		}
		now := time.Now()
		o.step(ctx, now)
		timer.Reset(o.deadline().Sub(now))
	}
}

// step does what is due.
func (o *object) step(ctx context.Context, now time.Time) {
	if o.judge.tick(now) {
		o.send(now, o.detail)
	}
	if o.running && !now.Before(o.late) {
		o.hung = true
		o.late = now.Add(o.cfg.Interval)
		o.judged(now, false, fmt.Sprintf("no result for %v; the check hangs", now.Sub(o.began).Round(time.Millisecond)))
	}
	if !o.running && !now.Before(o.due) {
		o.start(ctx, now)
	}
}

func (o *object) start(ctx context.Context, now time.Time) {
	o.running, o.hung, o.began = true, false, now
	o.late = now.Add(o.cfg.Timeout + slack)
	if o.due = o.due.Add(o.cfg.Interval); !o.due.After(now) {
		o.due = now.Add(o.cfg.Interval)
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, o.cfg.Timeout)
		defer cancel()
		detail, err := o.check(ctx)
		o.results <- result{detail, err}
	}()
}

// finished handles the result of the running check. It is too old when the check
// has already been counted as hung.
func (o *object) finished(now time.Time, r result) {
	o.running = false
	if r.err != nil {
		r.detail = r.err.Error()
	}
	if !o.hung {
		o.judged(now, r.err == nil, r.detail)
	}
}

func (o *object) judged(now time.Time, ok bool, detail string) {
	before, of, against := o.judge.streak, o.judge.needed(), ok != o.judge.up
	changed := o.judge.result(now, ok)
	n := o.judge.streak
	moving := n > 0 || before > 0
	if against && changed {
		n = of
	}
	o.detail = detail
	if n > 0 && of > 1 {
		o.detail = fmt.Sprintf("%s (%d of %d)", detail, n, of)
	}
	if changed || o.judge.known && (moving || now.Sub(o.sent) >= detailEvery) {
		o.send(now, o.detail+o.delayed(now))
	}
}

// delayed is the end of the details of a state that changes when its delay is
// over.
func (o *object) delayed(now time.Time) string {
	if o.judge.due.IsZero() {
		return ""
	}
	next := "up"
	if o.judge.up {
		next = "down"
	}
	return fmt.Sprintf("; %s in %v", next, o.judge.due.Sub(now).Round(time.Second))
}

func (o *object) send(now time.Time, detail string) {
	o.sent = now
	o.report(o.judge.up, detail)
}

// deadline is when step has something to do next.
func (o *object) deadline() time.Time {
	next := o.due
	if o.running {
		next = o.late
	}
	if due := o.judge.due; !due.IsZero() && due.Before(next) {
		next = due
	}
	return next
}
