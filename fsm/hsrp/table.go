package hsrp

import (
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// event is a row of the table: RFC 2281 section 5.5, letter by letter. Where a
// cell of the RFC has a footnote with two outcomes there are two rows.
type event uint8

const (
	enabled         event = iota // a, no virtual address yet
	enabledWithIP                // a, virtual address configured: footnote (+)
	disabled                     // b
	activeExpired                // c
	standbyExpired               // d
	helloDue                     // e
	betterSpeaker                // f
	betterActive                 // g
	worseActive                  // h
	preemptedActive              // h, and this router may preempt: footnote (*)
	resigned                     // i
	coup                         // j
	betterStandby                // k
	worseStandby                 // l
	fenced                       // not in the RFC, nor are the next ones
	handedOver
	reclaimed
)

// The table of RFC 2281 section 5.7. A cell holds the actions of section 5.6,
// then a slash and the next state; without a slash the state stays.
//
// Capital letters are the RFC's and complete, but for one H: without the small
// letters the table is the RFC's. A router does not answer a Coup with a Resign, and
// neither do Cisco's. A third router, the standby one, may hear the Resign before the
// first Hello of the router that sent the Coup, and would become active for a moment.
// Small letters stand for the same actions, done in addition:
//
//   - f: a router sends a Hello at once when it begins to speak or takes a new role,
//     so that the others learn of it without waiting for a hello time;
//   - h on g: a router that loses to a better active one resigns, as Cisco's do; all
//     others have heard the better one's Hello;
//   - f and i on h and i in Active: this router stays active, but hosts and switches
//     may have listened to the other one, so the role is asserted again (on h without
//     the Hello when one was sent a moment ago);
//   - e on h: the times come from the active router whatever its priority;
//   - c on h: an active router watches no other one.
//
// The letter w is none of the RFC's: the hello of the standby router leaves with the
// active router's, see accompany.
//
// One cell waits: l in Listen, see mayBeSucceeded.
var table = [...][6]cell{
	//                 1 Initial   2 Learn     3 Listen    4 Speak     5 Standby   6 Active
	enabled:         {"AB/2    ", "        ", "        ", "        ", "        ", "        "},
	enabledWithIP:   {"AB/3    ", "        ", "        ", "        ", "        ", "        "},
	disabled:        {"        ", "CD/1    ", "CD/1    ", "CD/1    ", "CD/1    ", "CDH/1   "},
	activeExpired:   {"        ", "        ", "ABf/4   ", "        ", "CDFI/6  ", "        "},
	standbyExpired:  {"        ", "        ", "Bf/4    ", "Df/5    ", "        ", "        "},
	helloDue:        {"        ", "        ", "        ", "F       ", "F       ", "F       "},
	betterSpeaker:   {"        ", "        ", "        ", "B/3     ", "B/3     ", "        "},
	betterActive:    {"        ", "EAB/3   ", "EA      ", "EA      ", "EAw     ", "ABhf/4  "},
	worseActive:     {"        ", "EAB/3   ", "eA      ", "eA      ", "eAw     ", "Gfi     "},
	preemptedActive: {"        ", "EAB/3   ", "cBGFI/6 ", "cBGFI/6 ", "cBGFI/6 ", "Gfi     "},
	resigned:        {"        ", "        ", "ABf/4   ", "A       ", "CFI/6   ", "fi      "},
	coup:            {"        ", "        ", "        ", "        ", "        ", "ABf/4   "},
	betterStandby:   {"        ", "        ", "B       ", "B/3     ", "B/3     ", "B       "},
	worseStandby:    {"        ", "        ", "Bf/4    ", "Df/5    ", "        ", "B       "},
	fenced:          {"        ", "ab      ", "ab      ", "ab/3    ", "ab/3    ", "ab/3    "},
	handedOver:      {"        ", "        ", "        ", "        ", "        ", "abh/3   "},
	reclaimed:       {"        ", "        ", "cbfi/6  ", "cbfi/6  ", "cfi/6   ", "        "},
}

// cell is one field of the table, padded with blanks.
type cell string

// split returns the letters of the cell and the state it leads to from state.
func (c cell) split(state hello.HSRPState) (letters string, next hello.HSRPState) {
	letters, to, moves := strings.Cut(string(c), "/")
	if !moves {
		return letters, state
	}
	return letters, hello.HSRPState(to[0] - '0')
}
