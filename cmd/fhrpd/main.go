// Command fhrpd is a first-hop redundancy daemon for Linux (HSRP versions 1
// and 2, VRRP versions 2 and 3) and the command that operates it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	a := &app{stdout: os.Stdout, stderr: os.Stderr, now: time.Now}
	a.journal, _ = journal.StderrIsJournalStream()
	os.Exit(a.execute(ctx, os.Args[1:]))
}
