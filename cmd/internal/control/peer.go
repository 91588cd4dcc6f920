package control

import (
	"context"
	"net"

	"golang.org/x/sys/unix"
)

// Peer is who opened a connection, as the kernel saw it at connect time
// (SO_PEERCRED, unix(7)). PID is 0 when the kernel would not tell.
type Peer struct {
	PID int32
	UID uint32
	GID uint32
}

type peerKey struct{}

// withPeer remembers in ctx who opened c.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, peerOf(c))
}

func peerFrom(ctx context.Context) Peer {
	p, _ := ctx.Value(peerKey{}).(Peer)
	return p
}

func peerOf(c net.Conn) Peer {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return Peer{}
	}
	var cred *unix.Ucred
	raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil || cred == nil {
		return Peer{}
	}
	return Peer{PID: cred.Pid, UID: cred.Uid, GID: cred.Gid}
}
