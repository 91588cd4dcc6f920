package control

import (
	"context"
	"net"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
)

type peerKey struct{}

// withPeer remembers in ctx who opened c.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, peerOf(c))
}

func peerFrom(ctx context.Context) unix.Ucred {
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
