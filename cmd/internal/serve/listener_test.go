package serve

import (
	"net"
	"strings"
	"testing"
	"time"
)

// pipes is a listener whose peers are named by the test.
type pipes struct{ net.Listener }

// opened admits a connection of a source, written as class/name, and returns both ends.
func opened(t *testing.T, l *listener, source string) (server, client net.Conn) {
	t.Helper()
	client, under := net.Pipe()
	t.Cleanup(func() { client.Close() })
	return l.admit(named{under, source}), client
}

type named struct {
	net.Conn
	source string
}

func limited(most map[string]int) *listener {
	return Limit(pipes{}, func(c net.Conn) Party {
		class, _, _ := strings.Cut(c.(named).source, "/")
		return Party{Class: class, Most: most[class], Source: c.(named).source}
	}).(*listener)
}

// closed reports whether the server has closed a client's connection.
func closed(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	ne, ok := err.(net.Error)
	return err != nil && (!ok || !ne.Timeout())
}

func TestTheGreediestLosesItsOldest(t *testing.T) {
	l := limited(map[string]int{"root": 3})
	_, script := opened(t, l, "root/script")
	_, greedy1 := opened(t, l, "root/greedy")
	_, greedy2 := opened(t, l, "root/greedy")
	_, late := opened(t, l, "root/late")
	for _, tt := range []struct {
		name string
		c    net.Conn
		want bool
	}{{"the older script's", script, false}, {"the greedy one's oldest", greedy1, true}, {"its other", greedy2, false}, {"the new", late, false}} {
		if got := closed(tt.c); got != tt.want {
			t.Errorf("%s connection closed: %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestClassesDoNotNoticeEachOther(t *testing.T) {
	l := limited(map[string]int{"root": 1, "reader": 2})
	_, root := opened(t, l, "root/1")
	for range 50 {
		opened(t, l, "reader/1")
	}
	if closed(root) {
		t.Error("readers cost root its connection")
	}
	if n := len(l.open["reader"]); n != 2 {
		t.Errorf("%d readers are in, want 2", n)
	}
}

func TestOneThatLeavesMakesRoom(t *testing.T) {
	l := limited(map[string]int{"root": 2})
	first, _ := opened(t, l, "root/1")
	_, second := opened(t, l, "root/2")
	first.Close()
	opened(t, l, "root/3")
	if closed(second) || len(l.open["root"]) != 2 {
		t.Error("a connection was closed though there was room")
	}
}
