package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// How long a client waits for an answer. A verification asks every neighbour
// in turn.
const (
	answerTimeout = 5 * time.Second
	verifyTimeout = 60 * time.Second
)

// ErrNoDaemon is wrapped by the errors of a Client that does not reach a daemon.
var ErrNoDaemon = errors.New("no daemon")

// Client talks to the daemon behind a control socket. Its methods are those of
// Backend, with the same errors, ErrNoDaemon when nobody answers, and ErrForbidden
// when the daemon is for others.
type Client struct {
	path string
	http *http.Client
}

var _ Backend = (*Client)(nil)

// Dial returns a client for the socket at path. It connects with the first
// request, which fails when there is no daemon.
func Dial(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status implements Backend.
func (c *Client) Status(ctx context.Context) (*status.Status, error) {
	return ask[*status.Status](ctx, c, pathStatus)
}

// History implements Backend.
func (c *Client) History(ctx context.Context) ([]status.Past, error) {
	return ask[[]status.Past](ctx, c, pathHistory)
}

// Explain implements Backend.
func (c *Client) Explain(ctx context.Context, q status.Question) (*status.Explanation, error) {
	v := url.Values{"group": {q.Group}}
	if q.All {
		v.Set("all", "true")
	}
	if q.Since > 0 {
		v.Set("since", q.Since.String())
	}
	return ask[*status.Explanation](ctx, c, pathExplain+"?"+v.Encode())
}

// SetPriority implements Backend.
func (c *Client) SetPriority(ctx context.Context, group string, priority int) error {
	_, err := command[struct{}](ctx, c, pathPriority, answerTimeout, request{Group: group, Priority: &priority})
	return err
}

// Announce implements Backend.
func (c *Client) Announce(ctx context.Context, group string) error {
	_, err := command[struct{}](ctx, c, pathAnnounce, answerTimeout, request{Group: group})
	return err
}

// Verify implements Backend.
func (c *Client) Verify(ctx context.Context, group string) ([]status.Takeover, error) {
	return command[[]status.Takeover](ctx, c, pathVerify, verifyTimeout, request{Group: group})
}

// ask sends a question and reads a T.
func ask[T any](ctx context.Context, c *Client, path string) (T, error) {
	return call[T](ctx, c, http.MethodGet, path, answerTimeout, nil)
}

// command sends a command and reads a T.
func command[T any](ctx context.Context, c *Client, path string, timeout time.Duration, q request) (T, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return *new(T), err
	}
	return call[T](ctx, c, http.MethodPost, path, timeout, b)
}

func call[T any](ctx context.Context, c *Client, method, path string, timeout time.Duration, body []byte) (T, error) {
	var v T
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errStuck(c.path, timeout))
	defer cancel()
	resp, err := c.do(ctx, method, path, body)
	if errors.Is(err, ErrReplaced) {
		c.http.CloseIdleConnections()
		resp, err = c.do(ctx, method, path, body)
	}
	if err != nil {
		return v, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		return v, c.explain(ctx, err)
	}
	return v, nil
}

// do sends one request and turns every answer but 200 into an error.
func (c *Client) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://fhrpd"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, readFailure(resp)
}

func readFailure(resp *http.Response) error {
	var f failure
	err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&f)
	if err != nil || f.Kind == "" {
		return fmt.Errorf("the daemon answered %s: is it of another version?", resp.Status)
	}
	return f.err()
}

// explain adds to a failed exchange what to do.
func (c *Client) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return noDaemon(c.path, err, "start it with \"systemctl start fhrpd\" or \"fhrpd run\", or name its socket with --control")
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("control socket %s: %w: it is closed to this user, and whether a daemon runs there is not told; run this as root, or have root name a group of yours in [daemon] readers", c.path, ErrForbidden)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return noDaemon(c.path, err, "it went away while it was asked, or had too many connections of this program")
	}
	return fmt.Errorf("control socket %s: %w", c.path, err)
}

// noDaemon names the path once and the bare reason; the layers between add
// only their own names.
func noDaemon(path string, err error, cure string) error {
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		err = no
	}
	return fmt.Errorf("%w on %s: %w; %s", ErrNoDaemon, path, err, cure)
}

func errStuck(path string, after time.Duration) error {
	return fmt.Errorf("%w answers on %s within %v: it is stopped or stuck", ErrNoDaemon, path, after)
}
