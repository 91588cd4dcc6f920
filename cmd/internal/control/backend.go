// Package control is how the fhrpd command talks to the daemon: HTTP and JSON
// over a Unix socket. The daemon implements Backend and calls Listen and
// Serve; the command calls Dial and gets the same methods.
package control

import (
	"context"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// FilePriority given to SetPriority restores the priority of the file.
const FilePriority = -1

// Backend is the daemon as seen from its control socket. Methods may be called
// from any goroutine, and end early with the context's error when it is done.
//
// A group is named as engine.Find understands it. A reference that does not
// name exactly one group is a *engine.GroupError. A command that was understood
// and not carried out is a *engine.RefusedError. All other errors are faults of
// the daemon.
type Backend interface {
	// Status returns the whole daemon, complete and consistent.
	Status(ctx context.Context) (*status.Status, error)

	// History returns the recent transitions of all groups and the commands that
	// changed something, oldest first. The list is not nil when it is empty, because
	// scripts iterate over it.
	History(ctx context.Context) ([]status.Past, error)

	// Subscribe returns events as they happen until ctx is done, then closes
	// the channel. A reader that is too slow loses events, never holds up the
	// daemon, and is told how many it lost by an event of kind gap.
	Subscribe(ctx context.Context) (<-chan status.Event, error)

	// SetPriority sets the run-time priority of a group, 0-255 for HSRP and
	// 1-254 for VRRP; FilePriority restores that of the file.
	SetPriority(ctx context.Context, group string, priority int) error

	// Announce sends the announcements of an active group now. A group that is
	// not active refuses.
	Announce(ctx context.Context, group string) error

	// Verify proves afresh that the neighbours of an active group deliver to
	// this router, and returns one result for each. An empty list is not nil.
	Verify(ctx context.Context, group string) ([]status.Takeover, error)

	// Handover hands the role of a group that is active here to another router, and
	// returns how that ended. timeout is how long the other one has to prove its
	// neighbours; 0 is engine.DefaultHandoverTimeout. A hand-over that did not begin is
	// a *engine.RefusedError.
	Handover(ctx context.Context, group string, timeout time.Duration) (*status.Handover, error)

	// ClearCounters takes the present counters of groups of a protocol (hsrp, vrrp)
	// for the beginning from which "show" counts, and returns how many groups there
	// are. groups is what may follow "show standby", "" for all. The counters in
	// the status go on.
	ClearCounters(ctx context.Context, protocol, groups string) (int, error)

	// SetLog sets the level of the log (debug, info, warn, error) until the daemon
	// ends; FileLevel restores that of the file. It returns the level in force.
	SetLog(ctx context.Context, level string) (string, error)

	// Reload reads the file again and goes on with it: only what differs is
	// touched. With dryRun nothing is. The plan says what was done, or would be.
	// A file with faults is a *FaultsError, and nothing has changed then.
	Reload(ctx context.Context, dryRun bool) (*status.Plan, error)

	// Upgrade has the program on disk take the place of this process, which ends then.
	// The error is why it goes on instead, in one line.
	Upgrade(ctx context.Context) (*status.Succession, error)

	// Maintenance has groups, all when none is named, leave their elections (on) or
	// come back to them, from now on and over every restart. It returns the groups
	// that this is about, when those that leave have done so. Who follows another
	// group goes with it, and refuses to go alone.
	Maintenance(ctx context.Context, on bool, groups []string) ([]string, error)

	// Explain tells why the one who serves a group changed last.
	Explain(ctx context.Context, q status.Question) (*status.Explanation, error)

	// Recording returns what the flight recorder has, as a pcapng file without secrets.
	Recording(ctx context.Context) ([]byte, error)
}
