package recorder

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/capfile"
	"github.com/fhrpd/fhrpd/hello"
)

// Record is a frame with what was decided about it, or a decision without a frame.
type Record struct {
	At        time.Time
	Interface string
	Way       capfile.Way
	Frame     []byte   // nil: there is none
	Notes     []string // decisions, and remarks on the frame
}

// Tape is what was recorded, oldest first, and comments about all of it.
type Tape struct {
	Comments []string
	Records  []Record
}

// Remarks on frames.
const (
	remarkMasked   = "recorder: the text of the authentication was overwritten with zeros, and the checksum changed by as much"
	remarkComposed = "recorder: the Ethernet and IP headers were made up: the kernel sent this to one router, in headers of its own"
)

// Develop makes a tape of copies of rings, by the names of their interfaces. Secrets
// are masked.
func Develop(now time.Time, rings map[string]*Ring) *Tape {
	t := &Tape{}
	for name, ring := range rings {
		t.add(name, ring.Entries(now))
	}
	t.sort()
	return t
}

func (t *Tape) add(name string, entries []Entry) {
	frames := map[uint64]int{} // where the record of a frame is
	for _, e := range entries {
		r := Record{At: e.At, Interface: name, Way: capfile.Inbound}
		switch e.Kind {
		case Note:
			if at, there := frames[e.About]; there {
				t.Records[at].Notes = append(t.Records[at].Notes, string(e.Data))
				continue
			}
			r.Way, r.Notes = capfile.WayUnknown, []string{string(e.Data)}
		default:
			if frames[e.Number] = len(t.Records); e.Kind != Received {
				r.Way = capfile.Outbound
			}
			if e.Kind == Composed {
				r.Notes = append(r.Notes, remarkComposed)
			}
			if r.Frame = e.Data; hello.MaskText(r.Frame) {
				r.Notes = append(r.Notes, remarkMasked)
			}
		}
		t.Records = append(t.Records, r)
	}
}

// sort orders what came at one time as it was recorded.
func (t *Tape) sort() {
	slices.SortStableFunc(t.Records, func(a, b Record) int { return a.At.Compare(b.At) })
}

// Only returns the records from a time on, and of one interface with what is about
// none when it is named.
func (t *Tape) Only(since time.Time, name string) *Tape {
	out := &Tape{Comments: t.Comments}
	for _, r := range t.Records {
		if !r.At.Before(since) && (name == "" || r.Interface == name || r.Interface == "") {
			out.Records = append(out.Records, r)
		}
	}
	return out
}

// Decisions have interfaces of their own in a file, because Wireshark takes an empty
// frame of a LAN for a damaged one.
const (
	decisions = " (decisions)"
	nowhere   = "router"
)

// Write writes the tape as pcapng. Notes are comments of their packets; decisions
// without a frame are empty packets of interfaces named "eth1 (decisions)", or
// "router (decisions)".
func (t *Tape) Write(w io.Writer) error {
	f := capfile.NewWriter(w, t.Comments...)
	ids := map[string]uint32{}
	for _, r := range t.Records {
		name, link := r.Interface, uint32(capfile.LinkEthernet)
		if name == "" {
			name = nowhere
		}
		if r.Frame == nil {
			name, link = name+decisions, capfile.LinkPrivate
		}
		id, known := ids[name]
		if !known {
			id = f.Interface(name, link)
			ids[name] = id
		}
		f.Packet(id, capfile.Packet{At: r.At, Data: r.Frame, Way: r.Way, Comments: r.Notes})
	}
	return f.Close()
}

// Read reads a tape from a file that Write wrote, or from a capture that another
// program made of a LAN. Of one that ends within a packet it returns what there is,
// and an error that wraps io.ErrUnexpectedEOF.
func Read(in io.Reader) (*Tape, error) {
	f, err := capfile.NewReader(in)
	if err != nil {
		return nil, err
	}
	t := &Tape{}
	for {
		p, err := f.Next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			t.sort()
			return t, err
		}
		if err != nil {
			return nil, err
		}
		t.read(&p)
	}
	t.sort()
	return t, nil
}

func (t *Tape) read(p *capfile.Packet) {
	r := Record{At: p.At, Interface: p.Interface, Way: p.Way, Notes: p.Comments}
	name, decided := strings.CutSuffix(p.Interface, decisions)
	if decided && p.Link == capfile.LinkPrivate {
		if r.Interface = name; name == nowhere {
			r.Interface = ""
		}
		t.Records = append(t.Records, r)
		return
	}
	if f, ok := p.Ethernet(); ok {
		r.Frame, r.Interface = slices.Clone(f.Data), f.Interface
		if hello.MaskText(r.Frame) { // another program has not
			r.Notes = append(r.Notes, remarkMasked)
		}
		t.Records = append(t.Records, r)
	}
}

// Contents counts the frames and the decisions of a tape, and says from when to when
// they are.
type Contents struct {
	Frames    int       `json:"frames"`
	Decisions int       `json:"decisions"`
	From      time.Time `json:"from"` // zero when the tape is empty
	To        time.Time `json:"to"`
}

// Contents returns what is on the tape.
func (t *Tape) Contents() (c Contents) {
	for _, r := range t.Records {
		if r.Frame != nil {
			c.Frames++
		}
		for _, n := range r.Notes {
			if !strings.HasPrefix(n, "recorder: ") {
				c.Decisions++
			}
		}
	}
	if n := len(t.Records); n > 0 {
		c.From, c.To = t.Records[0].At, t.Records[n-1].At
	}
	return c
}

// String returns "12 frames and 3 decisions, 12:00:00.000 to 12:09:59.000".
func (c Contents) String() string {
	if c.From.IsZero() {
		return "nothing was recorded"
	}
	return fmt.Sprintf("%d frames and %d decisions, from %s to %s", c.Frames, c.Decisions,
		c.From.Format("2006-01-02 15:04:05.000"), c.To.Format("2006-01-02 15:04:05.000"))
}
