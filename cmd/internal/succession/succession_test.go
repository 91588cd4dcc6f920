package succession

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func pair(t *testing.T) (a, b *Conn) {
	t.Helper()
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// More descriptors than fit into one message of the kernel, and a text longer than
// a socket's buffer, arrive in order.
func TestEverythingArrives(t *testing.T) {
	a, b := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	var fds []int
	for range 450 {
		fds = append(fds, int(r.Fd()))
	}
	fds[449] = int(w.Fd())
	body := bytes.Repeat([]byte("state"), 1<<20)
	sent := make(chan error, 1)
	go func() { sent <- a.Send(Message{Step: State, Version: "1", Body: body, Files: fds}, time.Time{}) }()
	m, err := b.Receive(time.Now().Add(20 * time.Second))
	if err != nil || <-sent != nil {
		t.Fatal(err)
	}
	if m.Step != State || m.Version != "1" || !bytes.Equal(m.Body, body) || len(m.Files) != len(fds) {
		t.Fatalf("%s %s, %d bytes, %d descriptors", m.Step, m.Version, len(m.Body), len(m.Files))
	}
	if _, err := unix.Write(m.Files[449], []byte("x")); err != nil {
		t.Errorf("the last descriptor is another one: %v", err)
	}
	if _, err := unix.Read(m.Files[0], make([]byte, 1)); err != nil {
		t.Errorf("the first descriptor is another one: %v", err)
	}
	for _, fd := range m.Files {
		unix.Close(fd)
	}
}

// What the successor does when the daemon says something, or dies.
func TestAwait(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(daemon *Conn)
		goes bool
	}{
		{"go", func(d *Conn) { d.Send(Message{Step: Go}, time.Time{}) }, true},
		{"no", func(d *Conn) { d.Send(Message{Step: No, Reason: "too late"}, time.Time{}); d.Close() }, false},
		{"death", func(d *Conn) { d.Close() }, true},
		{"nonsense", func(d *Conn) { d.Send(Message{Step: Hello}, time.Time{}) }, false},
	} {
		daemon, successor := pair(t)
		c.do(daemon)
		if err := successor.Await(); (err == nil) != c.goes {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReceiveEnds(t *testing.T) {
	a, b := pair(t)
	if _, err := b.Receive(time.Now().Add(time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing is said: %v", err)
	}
	if _, err := a.c.Write([]byte{0, 0, 0, 9, 0}); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if _, err := b.Receive(time.Time{}); !errors.Is(err, io.EOF) {
		t.Errorf("the other side dies in the middle of a word: %v", err)
	}
	a, b = pair(t)
	if _, err := a.c.Write([]byte{0xff, 0, 0, 9, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Receive(time.Time{}); err == nil {
		t.Error("a word without an end is read")
	}
}
