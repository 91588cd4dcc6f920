package lab

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// flow returns what was sent every millisecond and what arrived of it: the
// string has a digit for each datagram, the number of copies that arrive.
func flow(copies string) ([]time.Time, []arrival) {
	var sent []time.Time
	var got []arrival
	for i, c := range copies {
		sent = append(sent, at(float64(i)))
		for range c - '0' {
			got = append(got, arrival{uint64(i), at(float64(i) + 0.5), nodeGW1})
		}
	}
	return sent, got
}

func TestAccount(t *testing.T) {
	const half = 500 * time.Microsecond
	for name, tc := range map[string]struct {
		copies string
		want   account
	}{
		"nothing lost": {"1111", account{Sent: 4, WorstDelay: half}},
		"an outage lasts until one arrives again": {
			"1100011", account{Sent: 7, Lost: 3, Outage: 3 * time.Millisecond, From: at(2), To: at(5), WorstDelay: half},
		},
		"the longest outage counts, all losses do": {
			"1011100111", account{Sent: 10, Lost: 3, Outage: 2 * time.Millisecond, From: at(5), To: at(7), WorstDelay: half},
		},
		"an outage may last to the end": {
			"1100", account{Sent: 4, Lost: 2, Outage: 2 * time.Millisecond, From: at(2), To: at(4), Open: true, WorstDelay: half},
		},
		"an outage may begin at once": {
			"0011", account{Sent: 4, Lost: 2, Outage: 2 * time.Millisecond, From: at(0), To: at(2), WorstDelay: half},
		},
		"copies beyond the first are duplicates": {"1321", account{Sent: 4, Duplicated: 3, WorstDelay: half}},
		"nothing sent":                           {"", account{}},
	} {
		t.Run(name, func(t *testing.T) {
			sent, got := flow(tc.copies)
			if d := cmp.Diff(tc.want, newAccount(sent, got, time.Millisecond)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHealthIsTheLastTwentieth(t *testing.T) {
	whole := strings.Repeat("1", 100)
	for copies, want := range map[string]bool{
		whole:                      true,
		"0000" + whole[4:]:         true,
		whole[:94] + "0" + "11111": true,
		whole[:95] + "01111":       false,
		whole[:99] + "0":           false,
	} {
		sent, got := flow(copies)
		if a := newAccount(sent, got, time.Millisecond); a.Healthy != want {
			t.Errorf("%s: healthy = %v", copies, a.Healthy)
		}
	}
}

func TestStallIsTimeBeyondThePace(t *testing.T) {
	sent := []time.Time{at(0), at(1), at(31), at(31.2), at(32)}
	if a := newAccount(sent, nil, time.Millisecond); a.Stall != 29*time.Millisecond {
		t.Errorf("stall = %v", a.Stall)
	}
}

func TestNumbersBeyondTheStreamAreIgnored(t *testing.T) {
	sent, got := flow("11")
	got = append(got, arrival{seq: 2, at: at(9)})
	if a := newAccount(sent, got, time.Millisecond); a.Duplicated != 0 || a.WorstDelay > time.Millisecond {
		t.Errorf("account %+v", a)
	}
}

func TestStreamFrames(t *testing.T) {
	const (
		mac  = "020000000910" + "020000000201"
		v4   = "0800" + "45000028000040003f110000" + "c0a8010a" + "cb00710a"
		v6   = "86dd" + "6000000000143f3f" + "fd000001000000000000000000000010" + "fd000002000000000000000000000010"
		udp  = "9c400009" + "00140000"
		body = "66687270" + "0000000000000102"
	)
	v6udp := strings.Replace(v6, "143f3f", "14113f", 1)
	for name, tc := range map[string]struct {
		frame string
		want  uint64
		ok    bool
	}{
		"IPv4":        {mac + v4 + udp + body, 0x102, true},
		"IPv6":        {mac + v6udp + udp + body, 0x102, true},
		"not UDP":     {mac + v6 + udp + body, 0, false},
		"other magic": {mac + v4 + udp + "00" + body[2:], 0, false},
		"cut short":   {(mac + v4 + udp + body)[:2*50], 0, false},
	} {
		b, err := hex.DecodeString(tc.frame)
		must(t, err)
		if got, ok := streamSeq(b); got != tc.want || ok != tc.ok {
			t.Errorf("%s: %#x %v, want %#x %v", name, got, ok, tc.want, tc.ok)
		}
		if got := forwarder(b); got != nodeGW2 {
			t.Errorf("%s: forwarded by %q", name, got)
		}
	}
}
