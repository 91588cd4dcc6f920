package fhrptest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// Keepalived is a keepalived in the place of a gateway's daemon: a parent and
// the process that speaks.
type Keepalived struct {
	g    *Gateway
	proc *netlab.Process
}

// StartKeepalived runs one with a configuration and further options.
func StartKeepalived(g *Gateway, config string, options ...string) *Keepalived {
	g.T.Helper()
	file := g.Path("keepalived.conf")
	Must(g.T, os.WriteFile(file, []byte(config), 0o600))
	options = append(options, "--dont-fork", "--vrrp", "--use-file", file)
	return &Keepalived{g, g.Launch("keepalived.log", "keepalived", options...)}
}

// Running reports whether it has not ended.
func (k *Keepalived) Running() bool { return k.proc.Running() }

// PIDs returns the processes, the parent first.
func (k *Keepalived) PIDs() []int {
	parent := k.proc.Process.Pid
	list := []int{parent}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	for _, child := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			list = append(list, pid)
		}
	}
	return list
}

// Kill ends all processes. The first would give the second a successor, and the
// second says goodbye when the first has gone, so neither may notice.
func (k *Keepalived) Kill() {
	k.g.T.Helper()
	Must(k.g.T, k.proc.Process.Signal(unix.SIGSTOP))
	for _, pid := range slices.Backward(k.PIDs()) {
		Must(k.g.T, unix.Kill(pid, unix.SIGKILL))
	}
	k.g.Await(k.proc)
}

// Stop ends it as systemd does.
func (k *Keepalived) Stop() {
	k.g.T.Helper()
	Must(k.g.T, k.proc.Process.Signal(unix.SIGTERM))
	k.g.Await(k.proc)
}
