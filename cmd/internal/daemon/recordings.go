package daemon

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/recorder"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

const (
	// aftermath is how long a recording goes on after somebody has lost the role:
	// the announcements and the proofs of the next one are in it.
	aftermath = 5 * time.Second

	// recordEvery is the least time between two recordings. What happens meanwhile is
	// in the next one, as the rings hold more than that.
	recordEvery = time.Minute
)

// recordings writes what the recorder has to the folder of the configuration after
// each change of who serves that nobody ordered.
type recordings struct {
	folder  func() string                                                          // "" for none
	changes func(_ context.Context, _ onLoop, after int) ([]*engine.Change, error) // as Engine.Changes does
	record  func(context.Context, onLoop) ([]byte, error)
	save    func(folder string, at time.Time, content []byte)
	loop    onLoop

	moved nudge         // something has changed its state
	known int           // ID of the last change that was looked at; of whoever runs
	due   atomic.Bool   // a change may be waiting for its recording
	ended chan struct{} // closed when run has
}

// onLoop runs what needs the loop to itself, and waits for it.
type onLoop func(context.Context, func()) error

// directly is for when the loop has ended.
func directly(_ context.Context, fn func()) error {
	fn()
	return nil
}

func newRecordings(d *Daemon) *recordings {
	return &recordings{
		folder: func() string { return d.config().Daemon.Record },
		changes: func(ctx context.Context, do onLoop, after int) (list []*engine.Change, err error) {
			err = do(ctx, func() { list = d.engine.Changes(after) })
			return list, err
		},
		record: d.record, save: d.saveRecording,
		loop:  func(ctx context.Context, fn func()) error { return d.loop.Do(ctx, fn) },
		moved: newNudge(), ended: make(chan struct{}),
	}
}

// note tells of an event. It never waits.
func (r *recordings) note(ev *engine.Event) {
	if r == nil || ev.Kind != engine.KindTransition {
		return
	}
	r.moved.give()
}

// run goes on until ctx is done. before is the last change that is none of its affair.
func (r *recordings) run(ctx context.Context, before int) {
	defer close(r.ended)
	r.known = before
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.moved:
		}
		r.due.Store(true)
		if !pause(ctx, aftermath) {
			return
		}
		wrote, err := r.write(ctx, r.loop)
		if err != nil {
			return
		}
		r.due.Store(false)
		if wrote && !pause(ctx, recordEvery) {
			return
		}
	}
}

// finish writes what is still to be written when the daemon ends. The loop has ended,
// and so has the context of run.
func (r *recordings) finish() {
	if !r.due.Load() && len(r.moved) == 0 {
		return
	}
	<-r.ended
	_, _ = r.write(context.Background(), directly) // which cannot fail
}

// pause reports false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// write writes a recording if it is due, and reports whether it was.
// The error says that the daemon ends.
func (r *recordings) write(ctx context.Context, do onLoop) (wrote bool, err error) {
	list, err := r.changes(ctx, do, r.known)
	if err != nil {
		return false, err
	}
	var last *engine.Change
	for _, c := range list {
		if recorder.Unplanned(c) {
			last = c
		}
	}
	folder := r.folder()
	if last == nil || folder == "" {
		r.looked(list)
		return false, nil
	}
	content, err := r.record(ctx, do)
	if err != nil {
		return false, err
	}
	r.looked(list)
	r.save(folder, last.At, content)
	return true, nil
}

func (r *recordings) looked(list []*engine.Change) {
	if n := len(list); n > 0 {
		r.known = list[n-1].ID
	}
}

// saveRecording writes a file. What is in the way is said once.
func (d *Daemon) saveRecording(folder string, at time.Time, content []byte) {
	path, err := recorder.Folder(folder).Save(at, content)
	if err == nil {
		d.troubled(troubleRecord, "")
		d.log.Info("recording of a change that nobody ordered", "file", path, "bytes", len(content))
		return
	}
	text := "no recordings: " + err.Error()
	if d.troubles.of(troubleRecord) != text {
		d.log.Error("no recordings; make room or another folder, or take [daemon] record out", "error", err)
	}
	d.troubled(troubleRecord, text)
}

// keepRecordings writes recordings until ctx is done.
func (d *Daemon) keepRecordings(ctx context.Context) {
	before := 0
	switch list, err := d.recordings.changes(ctx, d.recordings.loop, 0); {
	case err != nil: // the daemon ends, and it is not known since when it runs
		before = math.MaxInt
	case len(list) > 0:
		before = list[len(list)-1].ID
	}
	d.recordings.run(ctx, before)
}

// finishRecordings gives the last recording, if one is due, until a deadline: a disk
// may hang.
func (d *Daemon) finishRecordings(deadline time.Time) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if d.recordings != nil {
			d.recordings.finish()
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Until(deadline)):
	}
}
