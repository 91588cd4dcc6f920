package engine

import (
	"fmt"
	"time"
)

// Caller is who gave a command, as the kernel knows him. The zero Caller is
// nobody that is known.
type Caller struct {
	Known bool
	UID   uint32
	PID   int32
}

// String returns "uid 1000 (pid 4343)".
func (c Caller) String() string {
	if !c.Known {
		return "an unknown caller"
	}
	return fmt.Sprintf("uid %d (pid %d)", c.UID, c.PID)
}

// The names of the commands that change something of a group.
const (
	CommandSetPriority = "set priority"
	CommandAnnounce    = "announce"
	CommandReload      = "reload"
	CommandUpgrade     = "upgrade"

	CommandMaintenanceOn  = "maintenance on"
	CommandMaintenanceOff = "maintenance off"
	CommandHandover       = "handover"
)

// Command is a command that was carried out.
type Command struct {
	Name     string
	By       Caller
	About    string // of another command: what it was about
	Priority int    // CommandSetPriority: -1 for the configuration's
	Moves    int    // the ID of the last transition before it, of any group
}

// String returns what was asked for and who did: "set priority 130, by uid 1000
// (pid 4343)".
func (c Command) String() string {
	what := c.Name
	switch {
	case c.About != "":
		what += " " + c.About
	case c.Name != CommandSetPriority:
	case c.Priority < 0:
		what += " default"
	default:
		what += fmt.Sprintf(" %d", c.Priority)
	}
	return what + ", by " + c.By.String()
}

// keepCommands is how many past commands can be asked for.
const keepCommands = 256

// Commanded tells that a command was carried out that is the caller's own matter and
// about no single group, and keeps it.
func (e *Engine) Commanded(now time.Time, c Command) { e.commanded(now, Event{}, c) }

// commanded tells that a command for g is carried out, keeps it, and makes its
// record.
func (g *group) commanded(now time.Time, c Command) *Record {
	c = g.r.commanded(now, Event{Group: g.Ref, Name: g.Name}, c)
	return g.r.record(Record{At: now, Kind: RecordCommand, Group: g.Ref, Command: &c})
}

// commanded completes the event of a command, tells and keeps it.
func (j *journal) commanded(now time.Time, ev Event, c Command) Command {
	c.Moves = j.history.made
	ev.At, ev.Kind, ev.Message, ev.Command = now, KindCommand, c.String(), &c
	j.commands = append(j.commands[max(0, len(j.commands)+1-keepCommands):], ev)
	j.observe(ev)
	return c
}
