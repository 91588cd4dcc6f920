package daemon

import (
	"slices"
	"testing"
	"testing/synctest"
)

func TestBlockedWorkerHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker()
		release := make(chan struct{})
		var did []int
		w.do(func() { <-release })
		const n = 100_000 // more than any channel would hold
		for i := range n {
			w.do(func() { did = append(did, i) })
		}
		w.end()
		w.do(func() { t.Error("a job came after the end") })
		synctest.Wait()
		select {
		case <-w.done:
			t.Fatal("the worker has ended with work left")
		default:
		}
		close(release)
		<-w.done
		if len(did) != n || !slices.IsSorted(did) {
			t.Errorf("%d jobs done, in order: %v; want %d", len(did), slices.IsSorted(did), n)
		}
	})
}

func TestWorkerSleepsBetweenJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker()
		for range 3 {
			done := false
			w.do(func() { done = true })
			synctest.Wait()
			if !done {
				t.Error("a job was not done")
			}
		}
		w.end()
		<-w.done
	})
}
