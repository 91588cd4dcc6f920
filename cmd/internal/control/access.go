package control

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
)

// ErrForbidden says that a daemon may well run, and that this user may not ask it,
// or may ask and not command.
var ErrForbidden = errors.New("refused")

// rights are what a peer of the socket may do.
type rights int

const (
	none rights = iota
	look        // ask
	all         // ask and command
)

// How many connections of each kind may be open. What readers and strangers do
// takes nothing from root's.
var parties = map[rights]serve.Party{
	none: {Class: "strangers", Most: 8},
	look: {Class: "readers", Most: 32},
	all:  {Class: "owner", Most: 64},
}

// everybody is the mode of a socket on which the daemon itself tells readers from
// strangers. To give the socket to the group would take CAP_CHOWN.
const everybody = 0o666

// Admit lets members of a group of the system ask on a listener of Listen; they
// may not command. The group is named or a number. The error says what stands in
// the way, which is then the same as before, or harder to find.
func Admit(l net.Listener, group string) error {
	in, ok := l.(*listener)
	if !ok {
		return errors.New("not a control socket")
	}
	gid, err := groupID(group)
	if err != nil {
		return err
	}
	if err := os.Chmod(in.path, everybody); err != nil {
		return fmt.Errorf("open control socket %s to readers: %w", in.path, err)
	}
	in.readers = &gid
	dir := filepath.Dir(in.path)
	if fi, err := os.Stat(dir); err == nil && fi.Mode()&0o001 == 0 {
		return fmt.Errorf("readers do not reach control socket %s: its folder is closed to them (mode %04o); chmod o+x %s", in.path, fi.Mode().Perm(), dir)
	}
	return nil
}

// groupID finds a group of the system.
func groupID(name string) (uint32, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("there is no group %q: root alone may look (cure: groupadd --system %[1]s, and restart the daemon)", name)
	}
	n, err := strconv.ParseUint(g.Gid, 10, 32)
	return uint32(n), err
}

// GroupExists returns nil where Admit would find the group.
func GroupExists(name string) error {
	_, err := groupID(name)
	return err
}

// credentials are what the kernel says of who opened a connection.
type credentials struct {
	unix.Ucred
	groups []uint32 // supplementary ones
	known  bool
}

func credentialsOf(c net.Conn) (cred credentials) {
	u, ok := serve.Under(c).(*net.UnixConn)
	if !ok {
		return cred
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return cred
	}
	_ = raw.Control(func(fd uintptr) {
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			cred = credentials{Ucred: *peer, groups: peerGroups(int(fd)), known: true}
		}
	})
	return cred
}

// peerGroups reads SO_PEERGROUPS (socket(7), Linux 4.13). A peer has up to 65536
// groups, and a buffer that is too small is told the size that it wants.
func peerGroups(fd int) []uint32 {
	buf := make([]byte, 4*64)
	for range 2 {
		n := uint32(len(buf))
		_, _, no := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n)), 0)
		switch {
		case no == unix.ERANGE && int(n) > len(buf):
			buf = make([]byte, n)
			continue
		case no != 0:
			return nil
		}
		groups := make([]uint32, 0, n/4)
		for b := range slices.Chunk(buf[:n], 4) {
			groups = append(groups, binary.NativeEndian.Uint32(b))
		}
		return groups
	}
	return nil
}

// judge says what a peer may do with the daemon of user owner. readers is nil where
// no group may look.
func judge(c credentials, owner uint32, readers *uint32) rights {
	switch {
	case !c.known:
		return none
	case c.Uid == 0, c.Uid == owner:
		return all
	case readers != nil && (c.Gid == *readers || slices.Contains(c.groups, *readers)):
		return look
	}
	return none
}

// doorman tells the peers of l apart.
func doorman(l net.Listener) func(net.Conn) serve.Party {
	var readers *uint32
	if in, ok := l.(*listener); ok {
		readers = in.readers
	}
	owner := uint32(os.Geteuid())
	return func(c net.Conn) serve.Party {
		cred := credentialsOf(c)
		r := judge(cred, owner, readers)
		p := parties[r]
		p.Source = strconv.FormatUint(uint64(cred.Uid), 10)
		if r == all {
			p.Source = "pid " + strconv.Itoa(int(cred.Pid))
		}
		return p
	}
}

// guarded has h answer those who may ask it. Every GET is for readers as well.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch may := rightsFrom(r.Context()); {
		case may == none:
			answer(w)(nil, fmt.Errorf("%w: this user is neither root nor in the group that may look ([daemon] readers)", ErrForbidden))
		case may == look && r.Method != http.MethodGet:
			answer(w)(nil, fmt.Errorf("%w: members of the group in [daemon] readers may look and not change anything: run this as root", ErrForbidden))
		default:
			h.ServeHTTP(w, r)
		}
	})
}
