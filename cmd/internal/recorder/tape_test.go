package recorder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/capfile"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/hello/wire"
)

// hsrp is a hello of version 1 with a text.
func hsrp(priority byte, text string) []byte {
	h := wire.Headers{Src: ip("192.0.2.2"), Dst: ip("224.0.0.2"), TTL: 1, Proto: wire.ProtoUDP}
	return h.AppendUDP(nil, hello.PortHSRP, hello.PortHSRP,
		append([]byte{0, 0, 16, 3, 10, priority, 10, 0}, append([]byte(text), 192, 0, 2, 1)...))
}

func TestDevelop(t *testing.T) {
	r := New(began)
	r.Open(began, map[string]int{"eth1": 1})
	secret := hsrp(110, "SeCrEt42")
	r.Hear(after(0), "eth1", secret)
	r.Decide(transition(1, "eth1"))
	r.Done()
	r.Say(after(time.Second), "eth1", [][]byte{[]byte("a frame of ours")}, nil)
	r.SayTo(after(2*time.Second), "eth1", hello.MAC{2, 0, 0, 0, 0, 1}, ip("192.0.2.2"), ip("192.0.2.3"), []byte("\x31\x14\x64\x01\x00\x64\x12\x34\xc0\x00\x02\x01"))
	r.Decide(transition(2, "eth1"))
	tape := Develop(after(3*time.Second), r.rings)
	var b bytes.Buffer
	if err := tape.Write(&b); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b.Bytes(), []byte("SeCr")) {
		t.Error("the secret is in the file")
	}
	read, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		After time.Duration
		Iface string
		Way   capfile.Way
		Size  int
		Notes string
	}
	var got []line
	for _, r := range read.Records {
		got = append(got, line{r.At.Sub(began), r.Interface, r.Way, len(r.Frame), strings.Join(r.Notes, " | ")})
	}
	const moved = "hsrp:eth1:10 from Standby to Active: peer-resigned: Resign from 192.0.2.2"
	want := []line{
		{0, "eth1", capfile.Inbound, 62, remarkMasked + " | " + moved},
		{0, "eth1", 0, 0, moved}, // the event has the time of the first
		{time.Second, "eth1", capfile.Outbound, 15, ""},
		{2 * time.Second, "eth1", capfile.Outbound, 46, remarkComposed},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tape (-want +got):\n%s", diff)
	}
	if got, want := read.Contents(), (Contents{3, 2, after(0), after(2 * time.Second)}); !cmp.Equal(want, got) {
		t.Errorf("contents %+v, want %+v", got, want)
	}
	if got := len(read.Only(after(time.Second), "eth1").Records); got != 2 {
		t.Errorf("%d records from the first second on", got)
	}
	if got := len(read.Only(began, "eth2").Records); got != 0 {
		t.Errorf("%d records of another interface", got)
	}
}

// What a decision was about may be older than the ring.
func TestADecisionOutlivesItsFrame(t *testing.T) {
	ring := NewRing(256, began)
	n := ring.Add(began, Received, 0, bytes.Repeat([]byte{1}, 150))
	ring.Add(began, Note, n, []byte("decided"))
	ring.Add(began, Sent, 0, bytes.Repeat([]byte{1}, 100))
	tape := Develop(began, map[string]*Ring{"eth1": ring})
	if len(tape.Records) != 2 || tape.Records[0].Frame != nil || tape.Records[0].Notes[0] != "decided" {
		t.Errorf("%+v", tape.Records)
	}
}

func TestACaptureOfAnotherProgramIsMasked(t *testing.T) {
	var b bytes.Buffer
	w := capfile.NewWriter(&b)
	id := w.Interface("eth0", capfile.LinkEthernet)
	w.Packet(id, capfile.Packet{At: began, Data: hsrp(1, "SeCrEt42")})
	w.Packet(id, capfile.Packet{At: began, Data: hsrp(2, "SeCrEt42")})
	tape, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil || len(tape.Records) != 2 || bytes.Contains(tape.Records[0].Frame, []byte("SeCr")) {
		t.Errorf("%v, %q", err, tape.Records)
	}
	tape, err = Read(bytes.NewReader(b.Bytes()[:b.Len()-10]))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(tape.Records) != 1 {
		t.Errorf("a file that ends within a packet: %v, %+v", err, tape)
	}
}

// lan plays what two routers record of one segment, on clocks that differ.
func lan(ahead time.Duration, from, to time.Duration) (a, b *Tape) {
	a, b = &Tape{}, &Tape{}
	record := func(at time.Duration, sender, other *Tape, frame []byte) {
		padded := append(bytes.Clone(frame), make([]byte, max(0, 60-len(frame)))...)
		for _, t := range []*Tape{a, b} {
			r := Record{At: after(at), Interface: "eth1", Way: capfile.Outbound, Frame: frame}
			if t != sender {
				r.At, r.Way, r.Frame = r.At.Add(300*time.Microsecond), capfile.Inbound, padded
			}
			if t == b {
				if at < from || at > to {
					continue
				}
				r.At = r.At.Add(ahead)
			}
			t.Records = append(t.Records, r)
		}
	}
	for at := time.Duration(0); at < 2*time.Minute; at += 3 * time.Second {
		record(at, a, b, hsrp(110, strings.Repeat("\x00", 8)))
		record(at+1300*time.Millisecond, b, a, hsrp(100, strings.Repeat("\x00", 8)))
		record(at+1700*time.Millisecond, a, b, hsrp(111, strings.Repeat("\x00", 8))) // of another group
		record(at+1900*time.Millisecond, b, a, hsrp(101, strings.Repeat("\x00", 8)))
	}
	record(61*time.Second, a, b, append(append(make([]byte, 12), 8, 6), make([]byte, 28)...)) // an announcement
	return a, b
}

func TestClocksAreAlignedByCommonFrames(t *testing.T) {
	for _, tt := range []struct {
		ahead, from, to time.Duration
	}{
		{0, 0, time.Hour},
		{-2500 * time.Millisecond, 0, time.Hour},
		{1500 * time.Millisecond, 0, time.Hour}, // half of a period
		{3 * time.Hour, 0, time.Hour},
		{-400 * 24 * time.Hour, 0, time.Hour},
		{7 * time.Second, 30 * time.Second, 90 * time.Second}, // the announcement is in it
		{40 * time.Millisecond, 0, 30 * time.Second},          // hellos alone: the smallest that fits
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			a, b := lan(tt.ahead, tt.from, tt.to)
			b.Records = append(b.Records, Record{At: after(tt.from + tt.ahead), Notes: []string{"decided"}})
			merged, clocks, err := Merge(Labelled{"left", a}, Labelled{"right", b})
			if err != nil {
				t.Fatal(err)
			}
			if d := (clocks[0].Ahead - tt.ahead).Abs(); d > time.Millisecond || clocks[0].Within > time.Millisecond {
				t.Errorf("clock %+v, want %v", clocks[0], tt.ahead)
			}
			if n := len(merged.Comments); n != 1 || !strings.Contains(merged.Comments[0], "right: its clock was ") {
				t.Errorf("comments %q", merged.Comments)
			}
			if at := slices.IndexFunc(merged.Records, func(r Record) bool { return len(r.Notes) > 0 }); merged.Records[at].At.Sub(after(tt.from)).Abs() > time.Millisecond {
				t.Errorf("the decision at %v is at %v by the first clock", tt.from, merged.Records[at].At.Sub(began))
			}
			names := map[string]int{}
			for i, r := range merged.Records {
				names[r.Interface]++
				if i > 0 && r.At.Before(merged.Records[i-1].At) {
					t.Fatal("times go backwards")
				}
			}
			want := map[string]int{"left:eth1": len(a.Records), "right:eth1": len(b.Records) - 1, "right:router": 1}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("interfaces (-want +got):\n%s", diff)
			}
		})
	}
}

// A file may begin where the other one nearly ends. Hellos fit best where the tapes
// lie upon each other, which they do not.
func TestARareFrameOutweighsHellos(t *testing.T) {
	const ahead = 9 * time.Second
	a, b := lan(ahead, 30*time.Second, time.Hour)
	a.Records = slices.DeleteFunc(a.Records, func(r Record) bool { return r.At.After(after(62 * time.Second)) })
	_, clocks, err := Merge(Labelled{"left", a}, Labelled{"right", b})
	if err != nil || (clocks[0].Ahead-ahead).Abs() > time.Millisecond {
		t.Errorf("%v, %+v, want %v", err, clocks, ahead)
	}
}

func TestTapesWithoutCommonFramesAreNotMerged(t *testing.T) {
	a := &Tape{Records: []Record{{At: began, Frame: hsrp(1, "\x00\x00\x00\x00\x00\x00\x00\x00")}}}
	b := &Tape{Records: []Record{{At: began, Frame: hsrp(2, "\x00\x00\x00\x00\x00\x00\x00\x00")}}}
	_, _, err := Merge(Labelled{"left", a}, Labelled{"right", b})
	if !errors.Is(err, errNothingCommon) || !strings.Contains(fmt.Sprint(err), "left and right") {
		t.Errorf("%v", err)
	}
}
