package lab

import (
	"fmt"
	"os"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// lookAround returns how a person gets into the running lab from another
// terminal.
func (r *rig) lookAround() string {
	var b strings.Builder
	pid := os.Getpid()
	enter := fmt.Sprintf("nsenter -t %d -m", pid)
	if ownUsers(os.Getppid()) {
		enter += " -U --preserve-credentials"
	}
	fmt.Fprintf(&b, "The lab is up until Ctrl-C. To look around from another terminal, as the same user:\n\n  L=%q\n", enter)
	for _, at := range []struct {
		ns   *netlab.NS
		name string
		try  string
	}{
		{r.net.client, nodeClient, "ip neigh"},
		{r.net.sw, nodeSwitch, "bridge fdb show br " + lanBridge},
		{r.net.gw[nodeGW1], nodeGW1, "nft list ruleset"},
		{r.net.gw[nodeGW2], nodeGW2, "tcpdump -ni " + lanDev},
		{r.net.host, nodeHost, "ip -br addr"},
	} {
		fmt.Fprintf(&b, "  %-64s # %s\n", fmt.Sprintf("$L --net=%s %s", at.ns.Path(), at.try), at.name)
	}
	for _, name := range []string{nodeGW1, nodeGW2} {
		if g := r.gw[name]; g.alive() {
			fmt.Fprintf(&b, "  fhrpd show status --json --control %s\n", g.path("control.sock"))
		}
	}
	return b.String()
}

// ownUsers reports whether this process is in another user namespace than its
// parent. One whose parent it may not look at is.
func ownUsers(parent int) bool {
	own, err := os.Readlink("/proc/self/ns/user")
	theirs, perr := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", parent))
	return err == nil && (perr != nil || own != theirs)
}
