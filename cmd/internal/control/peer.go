package control

import (
	"context"
	"net"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
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

func peerOf(c net.Conn) unix.Ucred { return credentialsOf(c).Ucred }

type rightsKey struct{}

// withRights remembers in ctx what the peer of c may do.
func withRights(ctx context.Context, c net.Conn) context.Context {
	class := serve.PartyOf(c).Class
	for r, p := range parties {
		if p.Class == class {
			ctx = context.WithValue(ctx, rightsKey{}, r)
		}
	}
	return ctx
}

// rightsFrom returns none where nobody has said.
func rightsFrom(ctx context.Context) rights {
	r, _ := ctx.Value(rightsKey{}).(rights)
	return r
}
