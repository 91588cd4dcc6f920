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

// StartKeepalived runs one with a configuration. command is how it is called,
// with options or behind another program.
func StartKeepalived(g *Gateway, config string, command ...string) *Keepalived {
	g.T.Helper()
	file := g.Path("keepalived.conf")
	Must(g.T, os.WriteFile(file, []byte(config), 0o600))
	args := append(command[1:], "--dont-fork", "--vrrp", "--use-file", file)
	k := &Keepalived{g, g.Launch("keepalived.log", command[0], args...)}
	g.T.Cleanup(func() {
		if k.Running() {
			k.Kill()
		}
	})
	return k
}

// Running reports whether it was started and has not ended.
func (k *Keepalived) Running() bool { return k != nil && k.proc.Running() }

// PIDs returns the processes, the parent first.
func (k *Keepalived) PIDs() []int {
	parent := k.proc.Process.Pid
	list := []int{parent}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	for child := range strings.FieldsSeq(string(children)) {
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
