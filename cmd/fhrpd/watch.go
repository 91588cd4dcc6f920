package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/watch"
)

func watchCommand(a *app) *cobra.Command {
	o := watch.Options{Now: a.now}
	peer := ""
	cmd := a.controlFlag(&cobra.Command{
		Use:   "watch",
		Short: "the live view: groups, peers, proofs and the last transitions",
		Long: paragraphs("watch shows every group with its role, who else is there and what is left of\nthat router's hold time, which neighbours are proven, what is tracked, what is\nwrong, and the last transitions with their causes. Keys sort, filter and open a\ngroup: \"?\" lists them. Written to a pipe it is a plain table, again and again.",
			"--peer sets the other router of the pair beside this one: its control socket, or\nits status address as a URL, which is [daemon] metrics in its file.",
			"Exits 0 when it is left, 3 when no daemon runs, and 4 when this user may not\nlook."),
		Example: examples("fhrpd watch", "fhrpd watch --peer http://192.0.2.3:9650", "fhrpd watch --count 1 | grep Active"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Interval < 100*time.Millisecond {
				return usageError(cmd, fmt.Errorf("--interval %v is below 100ms", o.Interval))
			}
			if o.Count < 0 {
				return usageError(cmd, fmt.Errorf("--count %d is negative", o.Count))
			}
			o.Sources[0], o.Names[0] = a.daemon(), "this router"
			if peer != "" {
				o.Sources[1], o.Names[1] = other(peer), peer
			}
			if in, out, ok := a.terminal(); ok && o.Count == 0 {
				o.In, o.Environ = in, os.Environ()
				return watch.Interactive(cmd.Context(), out, o)
			}
			return watch.Plain(cmd.Context(), a.stdout, o)
		},
	})
	cmd.Flags().StringVar(&peer, "peer", "", "the other router: a control `socket`, or http://ADDRESS:PORT of its status page")
	cmd.Flags().DurationVar(&o.Interval, "interval", time.Second, "between two readings")
	cmd.Flags().IntVar(&o.Count, "count", 0, "end after so many plain tables; 0 goes on")
	return cmd
}

// other is the source behind --peer.
func other(peer string) watch.Source {
	if strings.HasPrefix(peer, "http://") || strings.HasPrefix(peer, "https://") {
		return watch.Over(peer)
	}
	return control.Dial(peer)
}

// terminal returns where keys come from and where a screen is painted, if both are
// a terminal.
func (a *app) terminal() (in, out *os.File, ok bool) {
	out, ok = a.screen.(*os.File)
	return os.Stdin, out, ok && term.IsTerminal(out.Fd()) && term.IsTerminal(os.Stdin.Fd())
}
