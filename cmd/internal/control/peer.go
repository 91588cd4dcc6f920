package control

import (
	"context"
	"net"

	"golang.org/x/sys/unix"
)

type peerKey struct{}

// withPeer remembers in ctx who opened c.
func withPeer(ctx context.Context, c net.Conn) context.Context { return WithCaller(ctx, peerOf(c)) }

// WithCaller returns a context for which Caller returns who.
func WithCaller(ctx context.Context, who unix.Ucred) context.Context {
	return context.WithValue(ctx, peerKey{}, who)
}

// Caller returns who has sent the request that a method of a Backend answers: the
// process that opened the connection, as the kernel saw it then. It is zero when
// the kernel did not say.
func Caller(ctx context.Context) unix.Ucred {
	peer, _ := ctx.Value(peerKey{}).(unix.Ucred)
	return peer
}

func peerOf(c net.Conn) (peer unix.Ucred) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return peer
	}
	if raw, err := u.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
				peer = *cred
			}
		})
	}
	return peer
}
