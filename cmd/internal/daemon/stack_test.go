package daemon

import (
	"runtime"
	"sync"
	"testing"
)

// The collector leaves stacks with room alone, and halves others again and again.
func TestStackRoomKeepsStacksLarge(t *testing.T) {
	const many = 64
	ready, end := make(chan struct{}), make(chan struct{})
	var gone sync.WaitGroup
	for range many {
		gone.Go(func() {
			var room stackRoom
			ready <- struct{}{}
			<-end
			room.keep()
		})
	}
	for range many {
		<-ready
	}
	for range 5 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	close(end)
	gone.Wait()
	if want := uint64(many * 2 * len(stackRoom{})); m.StackInuse < want {
		t.Errorf("%d bytes of stacks, want %d", m.StackInuse, want)
	}
}
