package daemon

// stackRoom on the stack of a goroutine keeps that large: the collector halves a stack of
// which less than a quarter is used, and a change of role, which calls deeper than anything
// before it, would wait until it has grown again and all on it has been moved.
type stackRoom [16 << 10]byte

//go:noinline
func (r *stackRoom) keep() { r[0]++ }
