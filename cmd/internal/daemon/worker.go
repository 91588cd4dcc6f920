package daemon

import "sync"

// worker does slow work in order, on a goroutine of its own. Giving it work
// never waits, however much there is already: a kernel that hangs must not
// delay the sender of hellos.
type worker struct {
	mu    sync.Mutex
	wake  sync.Cond
	jobs  []func()
	ended bool
	busy  bool          // some of them are being done
	done  chan struct{} // closed when everything is done after end
}

func newWorker() *worker {
	w := &worker{done: make(chan struct{})}
	w.wake.L = &w.mu
	go w.run()
	return w
}

// do adds a job. After end it is dropped.
func (w *worker) do(job func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.jobs = append(w.jobs, job)
		w.wake.Signal()
	}
}

// idle reports whether everything is done.
func (w *worker) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.jobs) == 0 && !w.busy
}

// end makes the worker stop after the jobs it has; done tells when.
func (w *worker) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.wake.Signal()
}

func (w *worker) run() {
	defer close(w.done)
	for {
		jobs := w.await()
		if len(jobs) == 0 {
			return
		}
		for _, job := range jobs {
			job()
		}
	}
}

// await waits for jobs and removes them from the worker. There are none at the
// end.
func (w *worker) await() (jobs []func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	for len(w.jobs) == 0 && !w.ended {
		w.wake.Wait()
	}
	jobs, w.jobs = w.jobs, nil
	w.busy = len(jobs) > 0
	return jobs
}
