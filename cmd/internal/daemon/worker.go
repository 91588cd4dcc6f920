package daemon

import "sync"

// worker does slow work in order, on a goroutine of its own. Giving it work
// never waits, however much is waiting already: a kernel that hangs must not
// hold up whoever has hellos to send.
type worker struct {
	mu    sync.Mutex
	jobs  []func()
	ended bool
	wake  chan struct{} // capacity 1
	done  chan struct{} // closed when everything is done after end
}

func newWorker() *worker {
	w := &worker{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// do adds a job. After end it is dropped.
func (w *worker) do(job func()) {
	w.mu.Lock()
	if !w.ended {
		w.jobs = append(w.jobs, job)
	}
	w.mu.Unlock()
	w.signal()
}

// end makes the worker stop after the jobs it has; done tells when.
func (w *worker) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.signal()
}

func (w *worker) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) run() {
	defer close(w.done)
	for range w.wake {
		for {
			w.mu.Lock()
			jobs, ended := w.jobs, w.ended
			w.jobs = nil
			w.mu.Unlock()
			for _, job := range jobs {
				job()
			}
			if len(jobs) == 0 && ended {
				return
			}
			if len(jobs) == 0 {
				break
			}
		}
	}
}
