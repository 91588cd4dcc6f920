package status

import "github.com/fhrpd/fhrpd/fsm/engine"

// Command is a command that was carried out.
type Command struct {
	Name     string `json:"name"`               // set priority, announce, clear counters, set log
	About    string `json:"about,omitempty"`    // of the last two: protocol and groups, the level
	Priority *int   `json:"priority,omitempty"` // set priority: -1 for the file's
	UID      *int   `json:"uid"`                // who gave it; null when the kernel did not say
	PID      *int   `json:"pid"`
}

// CommandOf returns c in the shape that scripts rely on, and nil for nil.
func CommandOf(c *engine.Command) *Command {
	if c == nil {
		return nil
	}
	out := &Command{Name: c.Name, About: c.About}
	if c.Name == engine.CommandSetPriority {
		out.Priority = new(c.Priority)
	}
	if c.By.Known {
		out.UID, out.PID = new(int(c.By.UID)), new(int(c.By.PID))
	}
	return out
}

// Past is an entry of "fhrpd show events": a transition, or a command. That of a
// command says in its detail what was asked for and by whom, and has neither
// states nor a cause.
type Past struct {
	Transition
	Command *Command `json:"command,omitempty"`
}

// PastOf merges transitions and commands, oldest first. A command comes before
// what it has caused.
func PastOf(moves []engine.Transition, commands []engine.Event) []Past {
	out := []Past{}
	for _, t := range moves {
		for len(commands) > 0 && commands[0].Command.Moves < t.ID {
			out, commands = append(out, pastCommand(commands[0])), commands[1:]
		}
		out = append(out, Past{Transition: TransitionOf(t)})
	}
	for _, ev := range commands {
		out = append(out, pastCommand(ev))
	}
	return out
}

func pastCommand(ev engine.Event) Past {
	r := ev.Group
	if r == (engine.Ref{}) {
		return Past{Command: CommandOf(ev.Command), Transition: Transition{At: ev.At, Detail: ev.Message}}
	}
	return Past{Command: CommandOf(ev.Command), Transition: Transition{
		Protocol: r.Protocol.String(), Interface: r.Interface, Group: int(r.Number), Family: int(r.Family), Name: ev.Name,
		At: ev.At, Detail: ev.Message,
	}}
}
