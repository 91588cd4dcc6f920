package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	eth0   = Ref{Interface: "eth0"}
	groupA = Ref{Interface: "eth0", Number: 1}
	groupB = Ref{Interface: "eth0", Number: 2}
)

func forger(n int) subject {
	return byAddr(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
}

func TestRepeatedComplaintComesBackAfterAnHour(t *testing.T) {
	c := newComplaints()
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute, false}, {59 * time.Minute, false}, {time.Hour, true}} {
		if got := c.first(start.Add(tt.after), eth0, "auth", forger(1)); got != tt.want {
			t.Errorf("after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}

func (l *ledger) size() int { return len(l.said) + cap(l.oldest.list)/2 }

func TestForgedSendersDoNotFillTheLogOrTheMemory(t *testing.T) {
	for _, word := range []string{"group", wordConflict} {
		c := newComplaints()
		said, minutes := 0, 300
		for i := range minutes * 600 {
			if c.first(start.Add(time.Duration(i)*time.Minute/600), eth0, word, forger(i)) {
				said++
			}
		}
		if limit := newcomers * minutes; said > limit || said < limit/2 {
			t.Errorf("%s: complained %d times in %d minutes, want at most %d", word, said, minutes, limit)
		}
		if n := c.ledger(word).size(); n > 4*60*newcomers {
			t.Errorf("%s: %d senders are remembered", word, n)
		}
	}
}

func TestAllReasonsTogetherAreLimitedToo(t *testing.T) {
	c := newComplaints()
	said := 0
	for i := range 100_000 {
		for _, word := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			if c.first(start.Add(time.Duration(i)*time.Microsecond), Ref{Interface: "eth0", Number: uint16(i % 1000)}, word, forger(i)) {
				said++
			}
		}
	}
	if said != perLedger {
		t.Errorf("%d lines in a tenth of a second, want %d", said, perLedger)
	}
}

// Whoever floods the log with one thing must not hide another by it.
func TestWhatIsImportantIsNotSilenced(t *testing.T) {
	c := newComplaints()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Millisecond) }
	for i := range 10_000 {
		for _, word := range []string{"group", "source", "auth", "checksum", "timers", "ttl", "short"} {
			c.first(at(i), groupA, word, forger(i))
		}
	}
	if c.first(at(10_000), groupB, "interval", forger(1)) {
		t.Error("the flood was to use up all lines for what is not important")
	}
	for _, word := range []string{wordConflict, wordDuplicate, wordAnswered} {
		if !c.first(at(10_000), groupB, word, forger(1)) {
			t.Errorf("%s was silenced by a flood of what is not important", word)
		}
	}
	for i := range 10_000 {
		for n := range 100 {
			c.first(at(10_000+i), Ref{Interface: "eth0", Number: uint16(n + 10)}, wordConflict, forger(i))
		}
	}
	if !c.first(at(20_001), groupA, wordConflict, forger(1)) {
		t.Error("the first conflict of a group was silenced by a flood of conflicts of other groups")
	}
	if !c.first(at(20_001), groupA, wordDuplicate, forger(1)) {
		t.Error("a duplicate address was silenced by a flood of conflicts")
	}
}

func TestWhatIsLeftOutIsOneLineAMinute(t *testing.T) {
	var said []string
	j := journal{complaints: newComplaints(), observe: func(ev Event) { said = append(said, ev.Message) }}
	made := 0
	for i := range 600 {
		now := start.Add(time.Duration(i) * 100 * time.Millisecond)
		for n := range 3 {
			if j.complaints.first(now, eth0, "group", forger(3*i+n)) {
				made++
			}
		}
		if j.complaints.first(now, eth0, "auth", forger(i)) {
			made++
		}
		j.tellLeftOut(now)
	}
	if len(said) > 0 {
		t.Fatalf("told %q before the minute was over", said)
	}
	at := j.complaints.leftOut.deadline()
	j.tellLeftOut(at)
	j.tellLeftOut(at)
	want := fmt.Sprintf("left out within a minute: %d (group %d, auth %d)", 4*600-made, 3*600-newcomers, 600-newcomers)
	if len(said) != 1 || !strings.Contains(said[0], want) {
		t.Errorf("told %q, want one line with %q", said, want)
	}
	if at := j.complaints.leftOut.deadline(); !at.IsZero() {
		t.Errorf("another line is due at %v", at)
	}
}

// BenchmarkComplaint is a packet of a sender that was never seen before, when so
// many have been seen that nothing more is said.
func BenchmarkComplaint(b *testing.B) {
	for _, seen := range []int{0, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("seen=%d", seen), func(b *testing.B) {
			c := newComplaints()
			now := start
			for i := range seen {
				now = now.Add(time.Hour / 100_000)
				c.first(now, eth0, "group", forger(i))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.first(now, eth0, "group", forger(i))
			}
		})
	}
}
