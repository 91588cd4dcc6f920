package hooks

import "github.com/fhrpd/fhrpd/cmd/internal/status"

// Memory returns a pointer to what a Runner remembers of the past, for package state.
// It is used within Remember, or of a Runner that nobody uses yet.
func (r *Runner) Memory() any { return &r.last }

// Remember calls fn while nothing is added to the memory.
func (r *Runner) Remember(fn func() ([]byte, error)) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fn()
}

// Recall takes over what another Runner remembers.
func (r *Runner) Recall(past *Runner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last = past.last; r.last == nil {
		r.last = map[key]status.Hook{}
	}
}
