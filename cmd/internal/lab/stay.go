package lab

import (
	"fmt"
	"os"
	"strings"
)

// lookAround returns how a person gets into the running lab from another
// terminal.
func (r *rig) lookAround() string {
	var b strings.Builder
	enter, listen := fmt.Sprintf("nsenter -t %d -m", os.Getpid()), "tcpdump -ni "
	if ownUsers(os.Getppid()) {
		enter += " -U --preserve-credentials"
		listen = "fhrpd census -i " // tcpdump changes its user, which nobody can here
	}
	fmt.Fprintf(&b, "The lab is up until Ctrl-C. To look around from another terminal, as the same user:\n\n  L=%q\n", enter)
	for _, at := range []struct{ node, try string }{
		{nodeClient, "ip neigh"},
		{nodeSwitch, "bridge fdb show br " + lanBridge},
		{nodeGW1, "nft list ruleset"},
		{nodeGW2, listen + lanDev},
		{nodeHost, "ip -br addr"},
	} {
		fmt.Fprintf(&b, "  %-64s # %s\n", fmt.Sprintf("$L --net=%s %s", r.net[at.node].Path(), at.try), at.node)
	}
	for _, name := range pair {
		if g := r.gw[name]; g.alive() {
			fmt.Fprintf(&b, "  fhrpd show status --json --control %s\n", g.path("control.sock"))
		}
	}
	return b.String()
}

// ownUsers reports whether this process is in another user namespace than its
// parent. A parent that it may not look at is in another one.
func ownUsers(parent int) bool {
	own, err := os.Readlink("/proc/self/ns/user")
	theirs, perr := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", parent))
	return err == nil && (perr != nil || own != theirs)
}
