package control

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWhoMayDoWhat(t *testing.T) {
	const owner, group = 998, 500
	readers := uint32(group)
	peer := func(uid, gid uint32, groups ...uint32) credentials {
		return credentials{Ucred: unix.Ucred{Uid: uid, Gid: gid}, groups: groups, known: true}
	}
	for _, tt := range []struct {
		name    string
		peer    credentials
		readers *uint32
		want    rights
	}{
		{"root commands", peer(0, 0), &readers, all},
		{"the daemon's own user commands", peer(owner, owner), &readers, all},
		{"a member by the first group looks", peer(1000, group), &readers, look},
		{"a member by another group looks", peer(1000, 1000, 4, group), &readers, look},
		{"another group is a stranger's", peer(1000, 1000, 4), &readers, none},
		{"without readers nobody looks", peer(1000, group, group), nil, none},
		{"the group of root is no name for nobody's", peer(1000, 0), nil, none},
		{"who the kernel does not name is not root", credentials{}, &readers, none},
	} {
		if got := judge(tt.peer, owner, tt.readers); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// The kernel tells the groups of this very process.
func TestPeerGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := credentialsOf(s)
	mine, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	var want []uint32
	for _, g := range mine {
		want = append(want, uint32(g))
	}
	slices.Sort(want)
	slices.Sort(got.groups)
	if !got.known || got.Uid != uint32(os.Getuid()) || got.Pid != int32(os.Getpid()) || !slices.Equal(got.groups, want) {
		t.Errorf("the peer is %+v, want user %d with groups %v", got, os.Getuid(), want)
	}
}
