package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// drain is how long Serve lets running requests finish. It is well inside the
// two seconds a clean stop of the daemon may take.
const drain = 500 * time.Millisecond

// What a client may cost.
const (
	sendWithin = 5 * time.Second // for a request
	keepFor    = 2 * time.Minute // between two requests
	mostHeader = 8 << 10
	shareFor   = 250 * time.Millisecond // the age of what readers see, so that they cannot keep the loop busy
)

// Change is a command that came over the socket, and its result.
type Change struct {
	Peer     unix.Ucred // as the kernel saw it at connect time; zero when the kernel did not say
	Command  string     // CommandSetPriority, CommandAnnounce, CommandVerify, CommandHandover, CommandClear or CommandSetLog
	Group    string     // as the client wrote it
	Protocol string     // CommandClear only
	Level    string     // CommandSetLog only
	Priority int        // CommandSetPriority only; FilePriority for the file's
	Err      error
}

// Serve answers on l until ctx is done, then closes l, ends event streams at
// once, gives other requests half a second, and returns nil. Each of the hooks
// is called after every command, from the goroutine of its request.
func Serve(ctx context.Context, l net.Listener, b Backend, hooks ...func(Change)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler:     guarded((&server{backend: b, hooks: hooks}).routes()),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return withRights(withPeer(ctx, c), c)
		},
		ReadHeaderTimeout: sendWithin,
		WriteTimeout:      max(verifyTimeout, maintenanceTimeout, engine.MaxHandoverTimeout+handoverSlack) + serve.WriteTimeout,
		IdleTimeout:       keepFor,
		MaxHeaderBytes:    mostHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients do wrong is their affair
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(serve.Limit(l, doorman(l))) }()
	select {
	case err := <-done:
		return fmt.Errorf("control socket %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stop, release := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer release()
	if srv.Shutdown(stop) != nil {
		srv.Close()
	}
	<-done
	return nil
}

// server answers requests from a backend.
type server struct {
	backend Backend
	hooks   []func(Change)
	explain sync.Mutex // each explanation takes a whole status
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathStatus, shared(func(ctx context.Context) (any, error) { return s.backend.Status(ctx) }))
	mux.HandleFunc("GET "+pathHistory, shared(func(ctx context.Context) (any, error) { return s.backend.History(ctx) }))
	mux.HandleFunc("GET "+pathExplain, func(w http.ResponseWriter, r *http.Request) {
		q, err := readQuestion(r.URL.Query())
		if err != nil {
			answer(w)(nil, err)
			return
		}
		answer(w)(s.explained(r.Context(), q))
	})
	mux.HandleFunc("GET "+pathEvents, s.events)
	mux.HandleFunc("POST "+pathPriority, s.command(CommandSetPriority, func(ctx context.Context, q request) (any, error) {
		if q.Priority == nil {
			return nil, fmt.Errorf("%w: priority is missing", ErrInvalid)
		}
		return struct{}{}, s.backend.SetPriority(ctx, q.Group, *q.Priority)
	}))
	mux.HandleFunc("POST "+pathAnnounce, s.command(CommandAnnounce, func(ctx context.Context, q request) (any, error) {
		return struct{}{}, s.backend.Announce(ctx, q.Group)
	}))
	mux.HandleFunc("POST "+pathVerify, s.command(CommandVerify, func(ctx context.Context, q request) (any, error) {
		return s.backend.Verify(ctx, q.Group)
	}))
	s.operate(mux)
	s.succession(mux)
	s.maintain(mux)
	s.handover(mux)
	s.recording(mux)
	return mux
}

// explained makes one explanation at a time.
func (s *server) explained(ctx context.Context, q status.Question) (any, error) {
	s.explain.Lock()
	defer s.explain.Unlock()
	return s.backend.Explain(ctx, q)
}

// shared returns the handler of a question to which there is one answer.
func shared(ask func(context.Context) (any, error)) http.HandlerFunc {
	a := &serve.Answer{
		Type: "application/json",
		Make: func(ctx context.Context, w io.Writer) error {
			v, err := ask(ctx)
			if err != nil {
				return err
			}
			return json.NewEncoder(w).Encode(v)
		},
		Fail: func(w http.ResponseWriter, err error) { answer(w)(nil, err) },
	}
	return func(w http.ResponseWriter, r *http.Request) {
		age := time.Duration(0) // who commands sees what became of it
		if rightsFrom(r.Context()) != all {
			age = shareFor
		}
		a.Serve(w, r, age)
	}
}

// command returns the handler of a command. It reads the request, does it, calls
// the hooks, and answers.
func (s *server) command(name string, do func(context.Context, request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := readRequest(w, r)
		if err != nil {
			answer(w)(nil, err)
			return
		}
		v, err := do(r.Context(), q)
		c := Change{Peer: Caller(r.Context()), Command: name, Group: q.about(), Protocol: q.Protocol, Level: q.Level, Err: err}
		if q.Priority != nil {
			c.Priority = *q.Priority
		}
		for _, h := range s.hooks {
			h(c)
		}
		answer(w)(v, err)
	}
}

// readQuestion reads what is to be explained.
func readQuestion(v url.Values) (q status.Question, err error) {
	q.Group, q.All = v.Get("group"), v.Get("all") == "true"
	if since := v.Get("since"); since != "" {
		if q.Since, err = time.ParseDuration(since); err != nil || q.Since <= 0 {
			return q, fmt.Errorf("%w: since %q: want a time above 0, as in 90m", ErrInvalid, since)
		}
	}
	return q, nil
}

func readRequest(w http.ResponseWriter, r *http.Request) (request, error) {
	var q request
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(sendWithin))
	defer rc.SetReadDeadline(time.Time{})
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return q, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if q.Group == "" && needsGroup(r.URL.Path) {
		return q, fmt.Errorf("%w: group is missing", ErrInvalid)
	}
	return q, nil
}

// answer returns a function that writes a value or an error.
func answer(w http.ResponseWriter) func(any, error) {
	return func(v any, err error) {
		code := http.StatusOK
		if err != nil {
			code, v = encode(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(v)
	}
}
