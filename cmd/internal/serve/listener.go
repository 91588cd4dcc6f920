// Package serve bounds what those who ask the daemon can cost it: how many of
// their connections are open, and what an answer takes that nobody reads.
package serve

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Party is on the other side of a connection.
type Party struct {
	Class  string // those who share a number of connections
	Most   int    // how many, at least 1
	Source string // one who may have more than a fair share of them
}

// Limit returns l with a bound on open connections. A class that has its number
// of them loses one to the next that comes: the oldest of the source that has
// most. So whoever comes is served, and another class does not notice.
func Limit(l net.Listener, who func(net.Conn) Party) net.Listener {
	return &listener{Listener: l, who: who, open: map[string][]*conn{}}
}

type listener struct {
	net.Listener
	who  func(net.Conn) Party
	mu   sync.Mutex
	open map[string][]*conn // by class, oldest first
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	spare(c)
	return l.admit(c), nil
}

func (l *listener) admit(c net.Conn) *conn {
	p := l.who(c)
	in := &conn{Conn: c, of: l, party: p}
	l.mu.Lock()
	list := append(l.open[p.Class], in)
	var out *conn
	if len(list) > p.Most {
		i := excess(list)
		out = list[i]
		list = slices.Delete(list, i, i+1)
	}
	l.open[p.Class] = list
	l.mu.Unlock()
	if out != nil {
		out.abort()
	}
	return in
}

// excess returns the index of the oldest connection of the source that has most.
// Of sources that have as many, the one whose connection is oldest gives it up.
func excess(list []*conn) int {
	count := map[string]int{}
	for _, c := range list {
		count[c.party.Source]++
	}
	worst := 0
	for i, c := range list {
		if count[c.party.Source] > count[list[worst].party.Source] {
			worst = i
		}
	}
	return worst
}

func (l *listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.open[c.party.Class]
	if i := slices.Index(list, c); i >= 0 {
		l.open[c.party.Class] = slices.Delete(list, i, i+1)
	}
}

// conn leaves its listener's list when it is closed.
type conn struct {
	net.Conn
	of     *listener
	party  Party
	unread sync.Once // what is done once for a peer that did not take what it was sent
}

// PartyOf returns the party of a connection from Limit's listener, and the zero
// value for any other.
func PartyOf(c net.Conn) Party {
	if c, ok := c.(*conn); ok {
		return c.party
	}
	return Party{}
}

// Under returns the connection that Limit wrapped, or c.
func Under(c net.Conn) net.Conn {
	if c, ok := c.(*conn); ok {
		return c.Conn
	}
	return c
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.unread.Do(c.drop)
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.of.forget(c)
	return c.Conn.Close()
}

// abort closes a connection in favour of another.
func (c *conn) abort() {
	c.unread.Do(c.drop)
	c.Conn.Close()
}

// drop has the kernel forget what it still holds for the peer when the connection
// is closed. It would keep that for minutes otherwise.
func (c *conn) drop() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// What the kernel holds for one connection that is not read, and for how long. It
// may grow a buffer to megabytes where it is not told.
const (
	unreadBytes = 64 << 10
	unreadFor   = 20 * time.Second
)

// spare bounds what the kernel keeps for c, as far as it can be told.
func spare(c net.Conn) {
	if s, ok := c.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = s.SetWriteBuffer(unreadBytes)
	}
	t, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := t.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unreadFor.Milliseconds()))
		})
	}
}
