package serve

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience bounds how long one answer may take to be made.
const patience = 5 * time.Second

// WriteTimeout is how long a client may take to read an answer.
const WriteTimeout = 10 * time.Second

// Answer is one text for all who ask for it. It is made by one goroutine at a
// time, however many ask, and kept compressed: what a hundred clients do not read
// costs as much as what one does not read. Its methods may be called from any
// goroutine.
type Answer struct {
	Type string // Content-Type
	// Make writes the text.
	Make func(ctx context.Context, w io.Writer) error
	// Fail answers where there is none. It gets the error of Make, or of the
	// request's context.
	Fail func(w http.ResponseWriter, err error)

	mu   sync.Mutex
	last *version // the newest, which may still be in the making
}

// version is the text as it was at a time.
type version struct {
	began time.Time
	done  chan struct{} // closed when what follows is set
	text  []byte        // compressed
	err   error
}

// Serve sends the text as it was at most age ago; with 0, as it is after the
// request came.
func (a *Answer) Serve(w http.ResponseWriter, r *http.Request, age time.Duration) {
	v, err := a.since(r.Context(), time.Now().Add(-age))
	if err != nil {
		a.Fail(w, err)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(WriteTimeout))
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Vary", "Accept-Encoding")
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(v.text)))
		_, _ = w.Write(v.text)
		return
	}
	if z, err := gzip.NewReader(bytes.NewReader(v.text)); err == nil {
		_, _ = io.CopyBuffer(w, z, make([]byte, 4<<10))
	}
}

// since returns a version that began no earlier than oldest.
func (a *Answer) since(ctx context.Context, oldest time.Time) (*version, error) {
	for {
		v := a.newest(oldest)
		select {
		case <-v.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !v.began.Before(oldest) {
			return v, v.err
		}
	}
}

// newest returns the version in the making, or one that began no earlier than
// oldest, or one that begins now.
func (a *Answer) newest(oldest time.Time) *version {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last != nil && (!a.last.ended() || !a.last.began.Before(oldest)) {
		return a.last
	}
	a.last = &version{began: time.Now(), done: make(chan struct{})}
	go a.make(a.last)
	return a.last
}

func (v *version) ended() bool {
	select {
	case <-v.done:
		return true
	default:
		return false
	}
}

// make does not end with the request that asked first: others wait for it too.
func (a *Answer) make(v *version) {
	defer close(v.done)
	defer func() {
		if p := recover(); p != nil {
			v.err = fmt.Errorf("make an answer: %v", p) // as net/http does: the daemon goes on
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if v.err = a.Make(ctx, z); v.err == nil {
		v.err = z.Close()
	}
	v.text = bytes.Clone(b.Bytes())
}

// takesGzip reports whether the client reads gzip (RFC 9110 section 12.5.3).
func takesGzip(r *http.Request) bool {
	for c := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(c, ";")
		if strings.TrimSpace(name) == "gzip" && strings.Trim(q, " q=0.") != "" || strings.TrimSpace(c) == "gzip" {
			return true
		}
	}
	return false
}
