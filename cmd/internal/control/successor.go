package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

// The paths about another process in the place of the daemon.
const (
	pathUpgrade = "/v1/upgrade"
	pathSucceed = "/v1/succeed" // turns the connection into one of package succession
)

// The names of those commands.
const (
	CommandUpgrade = engine.CommandUpgrade
	CommandSucceed = "succeed"
)

// Predecessor is a Backend that another process may take the place of.
type Predecessor interface {
	// Succeed talks to a process that wants to, until one of the two goes on. It owns
	// the connection.
	Succeed(c *net.UnixConn, who unix.Ucred)
}

// succession adds what is about another process.
func (s *server) succession(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathUpgrade, s.command(CommandUpgrade, func(ctx context.Context, _ request) (any, error) {
		return s.backend.Upgrade(ctx)
	}))
	if p, ok := s.backend.(Predecessor); ok {
		mux.HandleFunc("POST "+pathSucceed, func(w http.ResponseWriter, r *http.Request) { succeed(p, w, r) })
	}
}

// succeed hands the connection over to p.
func succeed(p Predecessor, w http.ResponseWriter, r *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		answer(w)(nil, err)
		return
	}
	u, ok := serve.Under(c).(*net.UnixConn)
	if !ok {
		c.Close()
		return
	}
	_ = u.SetDeadline(time.Time{})
	if _, err := u.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fhrpd-succession\r\n\r\n")); err != nil {
		c.Close()
		return
	}
	p.Succeed(u, Caller(r.Context()))
	c.Close()
}

// upgradeTimeout bounds an upgrade: the new program starts, checks the file, and
// waits for a quiet moment.
const upgradeTimeout = 60 * time.Second

// Upgrade implements Backend.
func (c *Client) Upgrade(ctx context.Context) (*status.Succession, error) {
	return command[*status.Succession](ctx, c, pathUpgrade, upgradeTimeout, request{})
}

// Succeed asks the daemon on the socket at path to be succeeded by this process, and
// returns the connection on which that is talked about. It returns nil without an
// error when no daemon listens there.
func Succeed(path string) (*net.UnixConn, error) {
	c, err := net.DialTimeout("unix", path, probeTimeout)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("control socket %s: another daemon answers there, and this user may not take its place", path)
	case err != nil:
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	if err := requestSuccession(c, path); err != nil {
		c.Close()
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return c.(*net.UnixConn), nil
}

// requestSuccession reads the answer, after which the daemon says nothing unasked.
func requestSuccession(c net.Conn, path string) error {
	_ = c.SetDeadline(time.Now().Add(answerTimeout))
	defer c.SetDeadline(time.Time{})
	req, err := http.NewRequest(http.MethodPost, "http://fhrpd"+pathSucceed, nil)
	if err != nil {
		return err
	}
	if err := req.Write(c); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), req)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errStuck(path, answerTimeout)
	case err != nil:
		return err
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil
	case resp.StatusCode == http.StatusNotFound:
		return errors.New("another daemon answers there, of a version that nobody can take over from: stop it first, or choose another with --control")
	}
	defer resp.Body.Close()
	return readFailure(resp)
}

// Handed returns the descriptor of a listener of Listen, for Resume in another
// process. It stays the listener's.
func Handed(l net.Listener) (fd int, err error) {
	raw, err := l.(*listener).SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(n uintptr) { fd = int(n) })
	return fd, err
}

// Resume returns the listener on the socket at path that another process has handed
// over. Who connects meanwhile waits in it. The descriptor is the listener's.
func Resume(path string, fd int) (net.Listener, error) {
	f := os.NewFile(uintptr(fd), path)
	defer f.Close() // of which the listener has a copy
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	u, ok := l.(*net.UnixListener)
	ours, err := os.Lstat(path)
	if err != nil || !ok {
		l.Close()
		return nil, fmt.Errorf("control socket %s: was removed, or is none: %w", path, err)
	}
	u.SetUnlinkOnClose(false)
	return &listener{UnixListener: u, path: path, ours: ours}, nil
}

// Leave has Close leave the socket where it is: another process listens on it.
func Leave(l net.Listener) { l.(*listener).remove.Do(func() {}) }
