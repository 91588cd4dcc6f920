package capfile

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, "about the file")
	eth, note := w.Interface("eth1", LinkEthernet), w.Interface("eth1 (decisions)", LinkPrivate)
	at := time.Unix(1e9, 500)
	packets := []Packet{
		{At: at, Interface: "eth1", Link: LinkEthernet, Data: []byte("hello"), Way: Inbound, Comments: []string{"one", "two of them"}},
		{At: at.Add(1), Interface: "eth1", Link: LinkEthernet, Data: []byte("abcd"), Way: Outbound},
		{At: at.Add(2), Interface: "eth1 (decisions)", Link: LinkPrivate, Data: []byte{}, Comments: []string{"decided"}},
	}
	for i, p := range packets {
		w.Packet([]uint32{eth, eth, note}[i], p)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range packets {
		p, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("packet (-want +got):\n%s", diff)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the last packet: %v", err)
	}
}

// The comment is an option behind the data: draft-ietf-opsawg-pcapng section 3.5.
func TestBytesOfAComment(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	id := w.Interface("", LinkEthernet)
	b.Reset()
	w.Packet(id, Packet{At: time.Unix(0, 7), Data: []byte("abcde"), Way: Outbound, Comments: []string{"why"}})
	want := block(le, blockEnhanced, join(u32(le, 0, 0, 7, 5, 5), []byte("abcde\x00\x00\x00"),
		u16(le, 2, 4), u32(le, 2), u16(le, 1, 3), []byte("why\x00"), u16(le, 0, 0)))
	if diff := cmp.Diff(want, b.Bytes()); diff != "" {
		t.Errorf("block (-want +got):\n%s", diff)
	}
}

func TestALongCommentIsCut(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.Packet(w.Interface("eth1", LinkEthernet), Packet{Comments: []string{strings.Repeat("x", 1<<17), "short"}})
	r, err := NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Next()
	if err != nil || len(p.Comments) != 2 || len(p.Comments[0]) != mostOption || p.Comments[1] != "short" {
		t.Errorf("%v, %d comments", err, len(p.Comments))
	}
}

// full is a disk without room behind its first bytes.
type full struct{ left int }

var errFull = errors.New("no space left")

func (d *full) Write(b []byte) (int, error) {
	if len(b) > d.left {
		return 0, errFull
	}
	d.left -= len(b)
	return len(b), nil
}

func TestTheFirstErrorOfWritingIsTold(t *testing.T) {
	w := NewWriter(&full{left: 80})
	id := w.Interface("eth1", LinkEthernet)
	for range 10 {
		w.Packet(id, Packet{Data: make([]byte, 60)})
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("%v, want %v", err, errFull)
	}
}
